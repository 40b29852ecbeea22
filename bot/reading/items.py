"""Labelled questions from a file: what `evaluate`, the calibrator and the seed recipe read.

SQuAD's JSON (v1, v2), JSONL (plain or gzipped) in its own flat form, CSV and TSV all become `Item`s. A file
is read whole and checked wholly before anything uses it; a mistake in it is named by line (or question) and
never skipped.
"""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bot.errors import DataError


@dataclass(frozen=True, slots=True)
class Reference:
    """An accepted answer: `context[start:start + len(text)] == text`."""

    text: str
    start: int


@dataclass(frozen=True, slots=True)
class Item:
    """A question on one context, with every accepted answer; none where the context doesn't answer it."""

    id: str
    question: str
    context: str
    answers: tuple[Reference, ...] = ()
    title: str = ""
    others: tuple[str, ...] = ()  # further passages to read along with the context; they hold no answer

    @property
    def answerable(self) -> bool:
        return bool(self.answers)

    @property
    def references(self) -> tuple[str, ...]:
        return tuple(answer.text for answer in self.answers)


def read_items(path: Path) -> list[Item]:
    """Every item of a file, by its name: .json, .jsonl, .csv, .tsv, each also with .gz.

    Raises DataError naming the line, what was found and what was expected.
    """
    if not path.is_file():
        raise DataError(f"Found no file {path}; expected a question file (.json, .jsonl[.gz], .csv, .tsv).")
    suffix = "".join(path.suffixes[-2:] if path.suffix == ".gz" else path.suffixes[-1:]).lower()
    kind = suffix.removesuffix(".gz")
    try:
        if kind == ".json":
            items = list(_squad(path))
        elif kind in (".jsonl", ".ndjson"):
            items = list(_lines(path))
        elif kind in (".csv", ".tsv"):
            items = list(_table(path, "," if kind == ".csv" else "\t"))
        else:
            raise DataError(
                f"Found {path.name}; expected a name ending in .json, .jsonl, .csv or .tsv (or + .gz)."
            )
    except (UnicodeDecodeError, OSError, EOFError) as error:
        raise DataError(f"{path} can't be read ({error}); expected UTF-8 text: save it again.") from error
    if not items:
        raise DataError(f"Found no question in {path}; expected at least one.")
    return items


def item_from_json(row: Mapping[str, Any]) -> Item:
    """The item of one JSON object: id, title, context, question, answers [{text, start}], is_impossible.

    Raises ValueError saying what was found and what was expected.
    """
    question, context = _text(row, "question"), _text(row, "context", may_be_empty=True)
    listed = row.get("answers") or []
    if not isinstance(listed, list):
        raise ValueError(f"found answers of type {type(listed).__name__}, expected a list of {{text, start}}")
    answers = () if row.get("is_impossible") else tuple(_reference(answer, context) for answer in listed)
    if not answers and not row.get("is_impossible", not listed):
        raise ValueError("found is_impossible false without an answer, expected at least one answer")
    return Item(
        str(row.get("id", "")),
        question,
        context,
        tuple(dict.fromkeys(answers)),
        str(row.get("title") or ""),
        tuple(row.get("others", ())),
    )


def item_to_json(item: Item) -> dict[str, Any]:
    """The inverse of `item_from_json`."""
    return {**asdict(item), "is_impossible": not item.answerable}


def _lines(path: Path) -> Iterator[Item]:
    with _open(path) as stream:
        for number, line in enumerate(stream, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
                if not isinstance(row, dict):
                    raise ValueError(f"found a {type(row).__name__}, expected a JSON object")
                yield item_from_json({"id": f"line-{number}", **row})
            except ValueError as error:
                raise DataError(f"{path} line {number}: {error}; correct the line.") from error


def _squad(path: Path) -> Iterator[Item]:
    with _open(path) as stream:
        try:
            content = json.load(stream)
        except json.JSONDecodeError as error:
            raise DataError(f"{path} line {error.lineno}: {error.msg}; expected SQuAD JSON.") from error
    articles = content.get("data") if isinstance(content, dict) else None
    if not isinstance(articles, list):
        raise DataError(f"{path} has no list `data`; expected SQuAD JSON: data > paragraphs > qas.")
    for a, article in enumerate(articles, 1):
        try:
            for paragraph in article["paragraphs"]:
                for qa in paragraph["qas"]:
                    yield item_from_json(
                        {**qa, "context": paragraph["context"], "title": article.get("title")}
                    )
        except (KeyError, TypeError, ValueError) as error:
            what = f"no {error}" if isinstance(error, KeyError) else str(error)
            raise DataError(
                f"{path} article {a} ({_title(article)}): {what}; expected SQuAD JSON."
            ) from error


def _table(path: Path, delimiter: str) -> Iterator[Item]:
    with _open(path, newline="") as stream:
        reader = csv.DictReader(stream, delimiter=delimiter)
        names = set(reader.fieldnames or ())
        answer = "text" if "text" in names else "answer"
        if not {"context", "question", answer} <= names:
            found = ", ".join(sorted(names)) or "none"
            raise DataError(
                f"{path} line 1: found columns {found}; expected context, question, text (or answer)."
            )
        for number, row in enumerate(reader, 1):
            text = (row[answer] or "").strip()
            start = (row["context"] or "").find(text)
            try:
                yield item_from_json(
                    {
                        "id": row.get("id") or f"row-{number}",
                        "title": row.get("title"),
                        "context": row["context"],
                        "question": row["question"],
                        "answers": [{"text": text, "start": start}] if text else [],
                    }
                )
            except ValueError as error:
                raise DataError(f"{path} line {reader.line_num}: {error}; correct the row.") from error


def _reference(answer: Any, context: str) -> Reference:
    if not isinstance(answer, dict) or not isinstance(answer.get("text"), str):
        raise ValueError(f"found answer {answer!r}, expected {{text, start}}")
    text, start = answer["text"], answer.get("start", answer.get("answer_start"))
    if not isinstance(start, int) or isinstance(start, bool):
        raise ValueError(f"found start {start!r} of answer {text!r}, expected a character offset")
    if not text.strip() or start < 0 or context[start : start + len(text)] != text:
        there = context[max(start, 0) : max(start, 0) + max(len(text), 1)]
        raise ValueError(f"found {there!r} in the context at {start}, expected the answer {text!r}")
    return Reference(text, start)


def _text(row: Mapping[str, Any], key: str, *, may_be_empty: bool = False) -> str:
    value = row.get(key)
    if not isinstance(value, str) or not (value.strip() or may_be_empty):
        raise ValueError(f"found {key} {value!r}, expected text")
    return value


def _title(article: Any) -> str:
    return str(article.get("title", "untitled")) if isinstance(article, dict) else repr(article)[:40]


def _open(path: Path, newline: str | None = None) -> Any:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline=newline)
    return path.open(encoding="utf-8-sig", newline=newline)
