"""Question files: every accepted form, and mistakes named by their place."""

import gzip
import json
from pathlib import Path

import pytest

from bot.errors import DataError
from bot.reading.items import Item, Reference, item_from_json, item_to_json, read_items

CONTEXT = "The port is 8080, the host is Größe🎉."
ROW = {
    "id": "a",
    "title": "T",
    "context": CONTEXT,
    "question": "Port?",
    "answers": [{"text": "8080", "start": 12}],
}
ITEM = Item("a", "Port?", CONTEXT, (Reference("8080", 12),), "T")


def write(path: Path, text: str) -> Path:
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ["q.jsonl", "q.jsonl.gz"])
def test_jsonl_is_read_plain_and_gzipped(tmp_path: Path, name: str) -> None:
    silent = {**ROW, "id": "b", "answers": [], "is_impossible": True}
    path = write(tmp_path / name, json.dumps(ROW) + "\n\n" + json.dumps(silent) + "\n")
    items = read_items(path)
    assert items[0] == ITEM
    assert not items[1].answerable


def test_squad_of_both_versions_is_read(tmp_path: Path) -> None:
    qas = [
        {"id": "a", "question": "Port?", "answers": [{"text": "8080", "answer_start": 12}] * 3},
        {"id": "b", "question": "Why?", "answers": [], "is_impossible": True, "plausible_answers": []},
    ]
    squad = {"version": "v2.0", "data": [{"title": "T", "paragraphs": [{"context": CONTEXT, "qas": qas}]}]}
    first, second = read_items(write(tmp_path / "q.json", json.dumps(squad)))
    assert first == ITEM  # the same answer marked three times counts once
    assert second.answers == ()


@pytest.mark.parametrize(("name", "column", "mark"), [("q.csv", "text", ","), ("q.tsv", "answer", "\t")])
def test_tables_find_where_the_answer_stands(tmp_path: Path, name: str, column: str, mark: str) -> None:
    quoted = '"' + CONTEXT + '"'
    lines = [
        mark.join(["context", "question", column]),
        mark.join([quoted, "Port?", "8080"]),
        mark.join([quoted, "Why?", ""]),
    ]
    first, second = read_items(write(tmp_path / name, "\r\n".join(lines)))
    assert first.answers == (Reference("8080", 12),)
    assert not second.answerable


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path: Path) -> None:
    path = write(tmp_path / "q.csv", "\ufeffcontext,question,text\nabc,q,b\n")
    assert read_items(path)[0].answers == (Reference("b", 1),)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("q.jsonl", json.dumps(ROW) + "\n{broken", "line 2"),
        (
            "q.jsonl",
            json.dumps({**ROW, "answers": [{"text": "8080", "start": 13}]}),
            "line 1: found '080,' in the context",
        ),
        ("q.jsonl", json.dumps({**ROW, "question": ""}), "line 1: found question ''"),
        ("q.jsonl", json.dumps({**ROW, "context": None}), "line 1: found context None"),
        ("q.jsonl", json.dumps({**ROW, "answers": "8080"}), "line 1: found answers of type str"),
        ("q.jsonl", "[1]", "line 1: found a list"),
        ("q.jsonl", "\n", "Found no question"),
        ("q.csv", "question,text\na,b\n", "expected context, question, text"),
        ("q.csv", "context,question,text\nabc,q,zzz\n", "line 2"),
        ("q.json", "{}", "no list `data`"),
        ("q.json", "{", "line 1"),
        ("q.json", '{"data": [{"title": "T"}]}', "article 1 (T): no 'paragraphs'"),
        ("q.txt", "x", "expected a name ending"),
    ],
)
def test_a_mistake_is_named_by_its_place(tmp_path: Path, name: str, text: str, said: str) -> None:
    with pytest.raises(DataError) as refused:
        read_items(write(tmp_path / name, text))
    assert said in str(refused.value)


def test_bytes_that_are_no_text_and_a_missing_file_are_told(tmp_path: Path) -> None:
    (tmp_path / "q.jsonl").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(DataError, match="UTF-8"):
        read_items(tmp_path / "q.jsonl")
    with pytest.raises(DataError, match="Found no file"):
        read_items(tmp_path / "none.jsonl")


def test_an_item_survives_its_own_json() -> None:
    item = Item("a", "Port?", CONTEXT, (Reference("8080", 12),), "T", ("other",))
    assert item_from_json(json.loads(json.dumps(item_to_json(item)))) == item
