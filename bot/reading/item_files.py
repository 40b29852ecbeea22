"""Question files: SQuAD's JSON (v1, v2), JSON lines, CSV, TSV and Parquet, as the items that can be trusted.

A bad row costs itself and not the file: it is left out, counted by its kind and named by its place. What can be put
right without a doubt (an answer that stands elsewhere than said) is mended and counted too. Whoever reads the file
shows `ItemFile.lines`, or asks for a strict reading, which stops instead.
"""

from __future__ import annotations

import codecs
import gzip
import io
import json
import logging
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bot.errors import DataError
from bot.reading.item_tables import Row, csv_rows, parquet_rows
from bot.reading.items import Item, RowError, is_flat, item_of

NAMED = 3  # places named for each kind of problem
_SUFFIXES = ".json, .jsonl, .csv, .tsv (each also + .gz) or .parquet"
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Problem:
    """A row that was left out, or mended."""

    kind: str
    place: str  # a line, a row, or a path such as data[3].paragraphs[2].qas[1]
    said: str  # what was found, what was expected
    mended: bool = False


@dataclass(frozen=True, slots=True)
class ItemFile:
    """What a question file holds: every item that can be trusted, and what was wrong with the rest."""

    path: Path
    items: tuple[Item, ...]
    problems: tuple[Problem, ...]

    @property
    def left_out(self) -> dict[str, int]:
        """How many rows were left out, by kind of problem."""
        return dict(Counter(problem.kind for problem in self.problems if not problem.mended))

    @property
    def mended(self) -> dict[str, int]:
        """How many things were put right, by kind of problem."""
        return dict(Counter(problem.kind for problem in self.problems if problem.mended))

    @property
    def lines(self) -> list[str]:
        """The problems for people, one line a kind, a few places named; empty where there are none."""
        if not self.problems:
            return []
        left, mended = sum(self.left_out.values()), sum(self.mended.values())
        told = [f"{self.path}: {len(self.items)} questions read, {left} left out, {mended} mended"]
        for kind in {**self.left_out, **self.mended}:
            those = [problem for problem in self.problems if problem.kind == kind]
            named = "; ".join(f"{problem.place}: {problem.said}" for problem in those[:NAMED])
            more = f"; and {len(those) - NAMED} more" if len(those) > NAMED else ""
            told.append(f"  {kind} ({len(those)}): {named}{more}")
        return told


def read_items(path: Path, *, strict: bool = False) -> list[Item]:
    """The items of a file; what was wrong with it is logged. Raises DataError as `read_item_file` does."""
    file = read_item_file(path, strict=strict)
    for line in file.lines:
        logging.getLogger(__name__).warning(line)
    return list(file.items)


def read_item_file(path: Path, *, strict: bool = False) -> ItemFile:
    """The items of a file, by its name: .json, .jsonl, .ndjson, .csv, .tsv, each also with .gz, and .parquet.

    Raises DataError where the file can't be read as one of these or holds nothing usable; where `strict`, for
    any problem.
    """
    problems: list[Problem] = []
    items = _gathered(_rows(path, problems), problems)
    file = ItemFile(path, tuple(items), tuple(problems))
    told = "".join("\n" + line for line in file.lines)
    if not items:
        raise DataError(f"Found no question in {path} that can be used; expected at least one.{told}")
    if strict and problems:
        raise DataError(
            f"Found bad rows in {path}; expected none, for it is read strictly: correct them.{told}"
        )
    return file


def _gathered(rows: Iterator[Row], problems: list[Problem]) -> list[Item]:
    """The items of the rows, each under an id of its own; what is wrong is added to `problems`."""
    items: dict[str, Item] = {}
    places: dict[str, str] = {}
    asked: dict[tuple[str, str, str], str] = {}  # flat rows may repeat a question, each with a further answer
    for place, row in rows:
        try:
            if isinstance(row, RowError):
                raise row
            item, mended = item_of(row)
            name, key = item.id or place.replace(" ", "-"), (item.id, item.question, item.context)
            if is_flat(row) and key in asked:
                name = asked[key]
                items[name] = _joined(items[name], item, places[name])
            elif name in items:
                raise RowError("duplicate id", f"found id {name!r} of {places[name]} again, expected its own")
            else:
                items[name], places[name] = replace(item, id=name), place
                if is_flat(row):
                    asked[key] = name
            if mended:
                problems.append(Problem("wrong start", place, mended, mended=True))
        except RowError as error:
            problems.append(Problem(error.kind, place, str(error)))
    return list(items.values())


def _joined(first: Item, again: Item, place: str) -> Item:
    if first.answerable != again.answerable:
        raise RowError("contradiction", f"found the question of {place} both answered and not, expected one")
    return replace(first, answers=tuple(dict.fromkeys(first.answers + again.answers)))


def _rows(path: Path, problems: list[Problem]) -> Iterator[Row]:
    """Every row of a file with its place; what concerns the whole file is added to `problems`."""
    if not path.is_file():
        raise DataError(f"Found no file {path}; expected a question file ({_SUFFIXES}).")
    kind = (path.with_suffix("") if path.suffix.lower() == ".gz" else path).suffix.lower()
    if kind == ".parquet":
        yield from parquet_rows(path)
    elif kind in (".json", ".jsonl", ".ndjson", ".csv", ".tsv"):
        text, wrong = _decoded(path, _unpacked(path), problems)
        if not text.strip():
            raise DataError(f"{path} is empty; expected at least one question.")
        if kind in (".csv", ".tsv"):
            yield from csv_rows(path, text, wrong)
        elif kind == ".json":
            yield from _json_rows(path, text, wrong)
        else:
            yield from _json_lines(text, wrong)
    else:
        raise DataError(f"Found {path.name}; expected a name ending in {_SUFFIXES}.")


def _unpacked(path: Path) -> bytes:
    found = bytearray()
    try:
        data = path.read_bytes()
        if not data.startswith(_GZIP):
            if path.suffix.lower() == ".gz":
                raise OSError("it isn't packed with gzip")
            return data
        with gzip.open(io.BytesIO(data)) as stream:
            while chunk := stream.read(1 << 16):
                found += chunk
    except EOFError:
        end = found.count(b"\n") + 1
        raise DataError(
            f"{path} breaks off in line {end}; expected a whole .gz: fetch or pack it again."
        ) from None
    except (OSError, zlib.error) as error:
        raise DataError(f"{path} can't be read ({error}); expected a question file ({_SUFFIXES}).") from error
    return bytes(found)


def _decoded(path: Path, data: bytes, problems: list[Problem]) -> tuple[str, dict[int, str]]:
    """The text of a file, and of each line that isn't UTF-8 what is wrong with it; there the text has U+FFFD."""
    encoding = json.detect_encoding(data)  # by its mark, or where its first zeros are
    if not encoding.startswith("utf-8"):
        said = f"found {encoding.upper()}, expected UTF-8: read as what it is"
        problems.append(Problem("wrong encoding", "line 1", said, mended=True))
    try:
        return data.decode(encoding), {}
    except UnicodeDecodeError as error:
        if not encoding.startswith("utf-8"):
            raise DataError(f"{path} can't be read ({error}); expected UTF-8 text: save it again.") from error
    data = data.removeprefix(codecs.BOM_UTF8)
    return data.decode("utf-8", errors="replace"), dict(_not_utf8(data))


def _not_utf8(data: bytes) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(data.split(b"\n"), 1):
        try:
            line.decode()
        except UnicodeDecodeError as error:
            yield number, f"found byte 0x{line[error.start]:02x}, expected UTF-8: save the file as that"


def _json_lines(text: str, wrong: Mapping[int, str]) -> Iterator[Row]:
    for number, line in enumerate(text.split("\n"), 1):  # no other break: U+2028 may stand inside a JSON text
        place = f"line {number}"
        if number in wrong:
            yield place, RowError("wrong encoding", wrong[number])
        elif line.strip():
            try:
                yield place, _as_row(json.loads(line))
            except (ValueError, RecursionError) as error:
                yield place, RowError("broken line", f"found {error}, expected a JSON object")


def _json_rows(path: Path, text: str, wrong: Mapping[int, str]) -> Iterator[Row]:
    """SQuAD's articles > paragraphs > qas; or a list of rows, bare or under `data`; or JSON lines after all."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        if isinstance(error, json.JSONDecodeError) and error.msg == "Extra data":
            yield from _json_lines(text, wrong)
            return
        line = f" line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise DataError(f"{path}{line}: {error}; expected SQuAD JSON.") from error
    base, entries = ("data", content.get("data")) if isinstance(content, dict) else ("", content)
    if not isinstance(entries, list):
        raise DataError(f"{path} has no list `data`; expected SQuAD JSON: data > paragraphs > qas.")
    for number, entry in enumerate(entries):
        for place, row in _of_entry(f"{base}[{number}]", entry):
            damaged = (
                wrong and not isinstance(row, RowError) and "\ufffd" in json.dumps(row, ensure_ascii=False)
            )
            yield place, RowError("wrong encoding", next(iter(wrong.values()))) if damaged else row


def _of_entry(place: str, entry: Any) -> Iterator[Row]:
    if not isinstance(entry, dict) or "paragraphs" not in entry:
        whole = isinstance(entry, dict) and "question" in entry
        yield (
            place,
            entry if whole else RowError("broken structure", "found no paragraphs, expected a list of them"),
        )
        return
    for inside, paragraph in _listed(place, entry, "paragraphs"):
        if isinstance(paragraph, RowError):
            yield inside, paragraph
            continue
        for spot, qa in _listed(inside, paragraph, "qas"):
            shared = {"title": entry.get("title"), "context": paragraph.get("context")}
            yield spot, qa if isinstance(qa, RowError) else {**shared, **qa}


def _listed(place: str, holder: Mapping[str, Any], key: str) -> Iterator[Row]:
    """The objects in the list `key` of an object, each with its place."""
    listed = holder.get(key)
    if not isinstance(listed, list):
        yield place, RowError("broken structure", f"found no list {key}, expected one")
        return
    for number, each in enumerate(listed):
        yield f"{place}.{key}[{number}]", _as_row(each)


def _as_row(value: Any) -> Mapping[str, Any] | RowError:
    if isinstance(value, dict):
        return value
    return RowError("broken structure", f"found a {type(value).__name__}, expected a JSON object")
