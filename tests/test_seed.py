"""The seed recipe's data: nothing leaks across the split, and what is called silent has no answer."""

from __future__ import annotations

import gzip
import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.errors import DataError
from bot.reading.bases import DEFAULT_BASE
from bot.reading.card import read_card
from bot.reading.items import Item, Reference
from bot.reading.squad import normalise
from bot.records import Example
from training.build import TrainingSettings
from training.seed import SHORT, Recipe, Stage, seed
from training.seed_data import (
    KEPT_APART,
    Mix,
    Neighbours,
    Part,
    Source,
    altered_question,
    chat_form,
    cropped,
    examples_of,
    load_sources,
    mixed,
    part_of,
    without_answer,
)

CITIES = ["Lisbon", "Prague", "Vienna", "Oslo", "Rome", "Madrid", "Dublin", "Athens", "Berlin", "Warsaw"]
OTHERS = ("wikipedia-unanswerable", "covid-papers", "reddit")


def context_of(i: int) -> str:
    city = CITIES[i % len(CITIES)]
    return (
        f"Office {i} lies in the city of {city} near the old harbour. "
        f"It was opened in {1900 + i} by the harbour company. "
        f"Visitors reach the building with tram number {i + 3} from the station square."
    )


def rows(count: int) -> list[dict[str, object]]:
    made: list[dict[str, object]] = []
    for i in range(count):
        context, city = context_of(i), CITIES[i % len(CITIES)]
        answer = {"text": city, "start": context.index(city)}
        made.append(
            {"id": f"{i}", "title": f"T{i % 40}", "context": context, "question": f"Where is office {i} now?",
             "answers": [answer], "is_impossible": False}
        )  # fmt: skip
    return made


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    (folder / "qa").mkdir()
    for name in ("wikipedia", "reddit"):
        with gzip.open(folder / "qa" / f"{name}.jsonl.gz", "wt", encoding="utf-8") as stream:
            stream.writelines(json.dumps(row) + "\n" for row in rows(300))
    return folder


def test_no_context_stands_on_both_sides_of_the_split(data: Path) -> None:
    for source in load_sources(data, ["wikipedia", "reddit"]):
        parts = [{item.context for item in items} for items in source.parts.values()]
        assert all(parts)
        assert sum(map(len, parts)) == len(set.union(*parts)) == 300
        trained = {example.context for example in examples_of(source, Mix(removed=0.0), 1)}
        assert trained <= {item.context for item in source.parts["train"]}


def test_development_and_calibration_take_whole_articles_where_there_are_articles(data: Path) -> None:
    (source,) = load_sources(data, ["wikipedia"])
    titles = [{item.title for item in items} for items in source.parts.values()]
    assert all(titles)
    assert sum(map(len, titles)) == len(set.union(*titles))
    parts = {
        title: part_of("wikipedia-unanswerable", Item("x", "q", "c", title=title.replace("_", " ")))
        for title in KEPT_APART
    }
    assert parts == KEPT_APART
    assert set(parts.values()) == {"calibration", "development"}


def test_a_seed_gives_the_same_examples_again(data: Path) -> None:
    first, second = (examples_of(load_sources(data, ["reddit"])[0], Mix(), 7, limit=20) for _ in range(2))
    assert first == second
    assert first != examples_of(load_sources(data, ["reddit"])[0], Mix(), 8, limit=20)


def test_silence_never_holds_an_answer_unless_the_question_was_changed(data: Path) -> None:
    (source,) = load_sources(data, ["reddit"])
    mix = Mix(neighbour=1.0, removed=1.0, altered=0.0, chat=0.0)
    answers = {item.question: item.references for item in source.parts["train"]}
    silent = [e for e in examples_of(source, mix, 1) if e.kind == "silence"]
    assert len(silent) > 100
    for example in silent:
        assert not any(normalise(a) in normalise(example.context).split() for a in answers[example.question])


def test_gold_spans_are_exact(data: Path) -> None:
    (source,) = load_sources(data, ["reddit"])
    for example in examples_of(source, Mix(), 1):
        if example.kind == "gold":
            assert example.context[example.start : example.end] in example.references


def test_the_answering_sentence_is_taken_out_whole() -> None:
    context = context_of(4)
    item = Item("a", "Where?", context, (Reference("Rome", context.index("Rome")),))
    shorter = without_answer(item)
    assert shorter is not None
    assert shorter.startswith("It was opened")
    twice = Item("a", "Where?", context + " Rome is warm.", item.answers)
    assert without_answer(twice) is None


def test_an_altered_question_asks_something_else() -> None:
    context = context_of(4)
    item = Item("a", "Where did the first tram of Paris stop in 1950?", context, (Reference("Rome", 30),))
    for n in range(30):
        changed = altered_question(item, random.Random(n))
        assert changed is not None
        assert changed != item.question


def test_neighbours_are_on_the_matter_and_without_the_answer() -> None:
    contexts = [context_of(i) for i in range(30)]
    item = Item("a", "Which tram number goes to office 4?", contexts[4], (Reference("7", 0),))
    near = Neighbours(contexts).find(item, 5)
    assert near
    assert contexts[4] not in near
    assert not any("number 7 " in context for context in near)


def test_chat_has_no_capitals_and_no_question_mark() -> None:
    assert chat_form("Where is the VPN guide? ") == "where is the vpn guide"


def test_the_calibrator_sees_contexts_alone_among_others_and_missing(data: Path) -> None:
    (source,) = load_sources(data, ["reddit"])
    items = mixed(source, "calibration")
    assert {item.context for item in items if item.answerable} <= {
        i.context for i in source.parts["calibration"]
    }
    assert any(item.others and item.answerable for item in items)
    assert any(not item.answerable for item in items)
    assert any(not item.others for item in items)


def test_a_third_of_what_service_brings_has_no_answer_whatever_the_source_holds() -> None:
    def item(number: int, *, trap: bool) -> Item:
        context = f"Passage {number} speaks of matter {number}. It goes on for a while, so that it isn't too short to stand."
        answers = () if trap else (Reference(f"matter {number}", context.index("matter")),)
        return Item(
            id=str(number),
            title="",
            context=context,
            question=f"What does passage {number} speak of?",
            answers=answers,
        )

    for traps in (0, 30, 50):
        items = tuple(item(n, trap=n < traps) for n in range(90))
        parts: dict[Part, tuple[Item, ...]] = {"train": (), "calibration": items, "development": ()}
        found = mixed(Source("made", parts, Neighbours([])), "calibration", most=45)
        silent = [each for each in found if not each.answerable]
        assert (len(found), len(silent)) == (45, 15)
        assert all(int(each.id) < traps for each in silent) == bool(traps)
        assert (any(each.others for each in silent) and any(not each.others for each in silent)) or not traps


def test_missing_data_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="--data"):
        load_sources(tmp_path, ["wikipedia"])


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Threads that wait for each other at every small product take minutes on a busy machine."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("one_thread")
def test_one_command_makes_an_adapter_and_uses_its_build_again(data: Path, tmp_path: Path) -> None:
    stage = Stage(TrainingSettings(r=2, alpha=4, epochs=1, batch=8), Mix())
    recipe = Recipe("tiny", (stage,))
    told: list[str] = []
    out = seed(
        data, tmp_path / "adapter", without=OTHERS, limit=12, recipe=recipe, work=tmp_path / "work",
        progress=lambda share, text: told.append(text),
    )  # fmt: skip
    card = json.loads((out / "card.json").read_text(encoding="utf-8"))
    assert card["parent"] is None
    assert list(card["data"]["sources"]) == ["wikipedia"]
    assert set(card["scores"]) == {"as served, all sources", "wikipedia"}
    assert 0 <= card["min_confidence"] < 1
    assert told[-1] == "done"
    assert len(list((tmp_path / "work").iterdir())) == 1


@pytest.mark.usefixtures("one_thread")
def test_a_later_stage_goes_on_from_the_adapter_of_the_one_before(data: Path, tmp_path: Path) -> None:
    stage = Stage(TrainingSettings(r=2, alpha=4, epochs=1, batch=8), Mix(cropped=1.0, crop=(40, 60)))
    first = seed(
        data, tmp_path / "first", without=OTHERS, limit=8, recipe=Recipe("tiny", (stage,)), work=tmp_path / "work"
    )  # fmt: skip
    both = Recipe("tiny", (stage, stage))
    second = seed(
        data, tmp_path / "second", without=OTHERS, limit=8, recipe=both, after=first, work=tmp_path / "work"
    )  # fmt: skip
    card = json.loads((second / "card.json").read_text(encoding="utf-8"))
    assert (card["stage"], card["parent"]) == (2, "first")
    third = seed(data, tmp_path / "third", without=OTHERS, recipe=both, after=second, work=tmp_path / "work")
    again = json.loads((third / "card.json").read_text(encoding="utf-8"))
    assert (again["id"], again["sha256"]) == ("third", card["sha256"])
    assert again["data"]["examples"] == card["data"]["examples"]
    assert again["scores"]["wikipedia"]["span_f1"] == card["scores"]["wikipedia"]["span_f1"]
    same = tmp_path / "shipped" / "first"
    same.parent.mkdir()
    seed(data, same, without=OTHERS, limit=8, recipe=both, after=first, work=tmp_path / "work")
    assert read_card(same)["parent"] is None, "a seed, though it was made of an earlier one of its name"


def test_a_passage_is_cut_down_to_the_sentences_that_matter() -> None:
    text = (
        "One fox. Two dogs bark at night. Three cats sleep. Four mice run. Five cows eat grass all day long."
    )
    draw = random.Random(3)
    for _ in range(20):
        start = text.index("cats")
        gold = cropped(Example("Who sleeps?", text, "gold", start, start + 4), draw, (20, 50))
        assert gold.context[gold.start : gold.end] == "cats"
        assert 20 <= len(gold.context) < len(text)
        silent = cropped(Example("Which mice run far?", text, "silence"), draw, (10, 30))
        assert "mice run" in silent.context and (silent.start, silent.end) == (0, 0)


def test_what_is_left_out_is_compared_on_short_recipes_of_one_stage() -> None:
    sys.path.insert(0, str(Path(__file__).parent / "bench"))
    import bench_left_out as bench

    (stage,) = bench.recipe(DEFAULT_BASE).stages
    assert (stage.settings.epochs, stage.teacher, stage.mix) == (1.0, None, SHORT)
    found = {"n": 96, "span_f1": 41.2, "has_answer_f1": 30.0, "f1": 30.0, "ece": 9.9}
    shown = bench.table({"covid-papers|as it is|nothing": found, "covid-papers|as it is|covid-papers": found})
    assert [line.split()[:4] for line in shown.splitlines()[1:]] == [
        ["covid-papers", "as", "it", "is"],
        ["covid-papers", "as", "it", "is"],
    ]
    assert all("41.2" in line and "9.9" in line for line in shown.splitlines()[1:])
