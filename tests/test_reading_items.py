"""Rows of labelled questions: every usual spelling becomes the same item, and a mistake is told by its kind."""

import json
from typing import Any

import pytest

from bot.reading.items import Item, Reference, RowError, item_from_json, item_of, item_to_json

CONTEXT = "The port is 8080, the host is Größe🎉; port 8080 again."
ROW = {"id": "a", "title": "T", "context": CONTEXT, "question": "Port?"}
ITEM = Item("a", "Port?", CONTEXT, (Reference("8080", 12),), "T")


@pytest.mark.parametrize(
    "spelt",
    [
        {"answers": [{"text": "8080", "start": 12}]},
        {"answers": [{"text": "8080", "answer_start": 12}] * 3},  # marked by three people: counts once
        {"answers": [{"text": "8080", "answer_start": 12.0}], "is_impossible": False},
        {"answers": {"text": ["8080"], "answer_start": [12]}},
        {"answers": {"text": "8080", "answer_start": 12}},
        {"answers": '[{"text": "8080", "start": 12}]'},
        {"answers": '{"text": ["8080"], "answer_start": [12]}'},
        {"answers": ["8080"]},
        {"text": " 8080 "},
        {"answer": "8080", "text": None, "is_impossible": ""},
        {"answer": "8080", "answers": "", "answer_start": "12"},
        {"text": "8080", "answers": None, "start": None},
    ],
)
def test_every_usual_spelling_of_an_answer_is_read(spelt: dict[str, Any]) -> None:
    assert item_of({**ROW, **spelt}) == (ITEM, "")


@pytest.mark.parametrize("spelt", [True, "true", "True", " TRUE ", 1, "1", 1.0, "yes"])
def test_a_question_without_answer_is_marked_in_any_spelling(spelt: object) -> None:
    plausible = {
        "is_impossible": spelt,
        "answers": [{"text": "no answer, only plausible", "answer_start": 0}],
    }
    assert item_of({**ROW, **plausible})[0].answers == ()
    assert item_of({**ROW, "is_impossible": spelt})[0].answers == ()


@pytest.mark.parametrize(
    "spelt", [{"answers": []}, {"answers": {"text": [], "answer_start": []}}, {"text": ""}]
)
def test_no_answer_is_read_as_none(spelt: dict[str, Any]) -> None:
    assert item_of({**ROW, **spelt}) == (Item("a", "Port?", CONTEXT, (), "T"), "")


@pytest.mark.parametrize(
    ("start", "found"), [(13, 12), (0, 12), (-1, 12), (45, 43), (27, 12), (28, 43), (999, 43)]
)
def test_an_answer_that_stands_elsewhere_is_moved_to_the_nearest_place(start: int, found: int) -> None:
    item, mended = item_of({**ROW, "answers": [{"text": "8080", "start": start}]})
    assert item.answers == (Reference("8080", found),)
    assert mended == f"found answer '8080' at {found}, expected it at {start}"


def test_white_space_around_an_answer_is_dropped_where_the_context_has_none() -> None:
    item, mended = item_of({**ROW, "context": "8080", "answers": [{"text": "8080\n", "start": 0}]})
    assert item.answers == (Reference("8080", 0),)
    assert mended


@pytest.mark.parametrize(
    ("row", "kind", "said"),
    [
        (
            {"answers": [{"text": "9090", "start": 12}]},
            "answer not in context",
            "found no '9090' in the context",
        ),
        ({"text": "9090"}, "answer not in context", "found no '9090'"),
        ({"answers": [{"text": "", "start": 0}]}, "empty field", "an empty answer"),
        ({"question": " ", "answers": []}, "empty field", "found question ' '"),
        ({"context": None, "answers": []}, "missing column", "found no context"),
        ({"question": 7, "answers": []}, "wrong type", "found question 7"),
        ({}, "missing column", "found no answers"),
        ({"answers": None}, "missing column", "found no answers"),
        ({"answers": "8080"}, "wrong type", "expected a list"),
        ({"answers": "{half"}, "wrong type", "expected a JSON list"),
        ({"answers": [8080]}, "wrong type", "found answer 8080"),
        ({"answers": {"text": ["8080"], "answer_start": []}}, "wrong type", "equally long"),
        ({"answers": [{"text": "8080", "start": "twelve"}]}, "wrong type", "found start 'twelve'"),
        ({"answers": [{"text": "8080", "start": True}]}, "wrong type", "found start True"),
        ({"answers": [{"text": "8080", "start": 12.5}]}, "wrong type", "found start 12.5"),
        ({"answers": [{"text": "8080", "start": float("inf")}]}, "wrong type", "found start inf"),
        ({"text": 8080}, "wrong type", "found answer 8080"),
        ({"answers": [], "is_impossible": "perhaps"}, "wrong type", "found is_impossible 'perhaps'"),
        ({"answers": [], "is_impossible": "FALSE"}, "missing answer", "without an answer"),
        ({"answers": [], "title": "\ud83d"}, "wrong encoding", "half of a surrogate pair"),
        ({"answers": [], "others": "text"}, "wrong type", "found others 'text'"),
    ],
)
def test_a_mistake_is_told_by_its_kind(row: dict[str, Any], kind: str, said: str) -> None:
    with pytest.raises(RowError) as refused:
        item_of({**ROW, **row})
    assert refused.value.kind == kind
    assert said in str(refused.value)


def test_an_item_survives_its_own_json_and_nothing_in_it_is_mended() -> None:
    item = Item("a", "Port?", CONTEXT, (Reference("8080", 12),), "T", ("other",))
    written = json.loads(json.dumps(item_to_json(item)))
    assert item_from_json(written) == item
    written["answers"][0]["start"] = 13
    with pytest.raises(ValueError, match="expected it at 13"):
        item_from_json(written)
