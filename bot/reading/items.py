"""Labelled questions: what `evaluate`, the calibrator and the seed recipe read.

An `Item` can be trusted: each answer stands in its context, at its offset. What people's files hold is less
sure, so `item_of` reads a row in any of the usual spellings and says what is wrong with it, or what it mended.
Files are read in `item_files.py`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

Candidate = tuple[str, int | None]  # an answer's text, and where it is said to start

_HALF = re.compile("[\ud800-\udfff]")  # of a pair of surrogates: no text can be written with it
_SAID = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


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


class RowError(ValueError):
    """Why a row is no item: the kind under which it is counted, and what was found and expected."""

    def __init__(self, kind: str, said: str) -> None:
        super().__init__(said)
        self.kind = kind


def item_from_json(row: Mapping[str, Any]) -> Item:
    """The item that `item_to_json` wrote. Raises ValueError saying what was found and what was expected."""
    item, mended = item_of(row)
    if mended:
        raise ValueError(mended)
    return item


def item_to_json(item: Item) -> dict[str, Any]:
    """The inverse of `item_from_json`."""
    return {**asdict(item), "is_impossible": not item.answerable}


def item_of(row: Mapping[str, Any]) -> tuple[Item, str]:
    """The item of a row, and what had to be mended in it ("" where nothing).

    A row has question and context; its answers as a list of {text, start} (or answer_start), as the hub's
    {"text": [...], "answer_start": [...]}, as either of them in JSON text, or one answer as `text` or `answer`;
    and, where it likes, id, title and is_impossible. An answer without a start is looked for; one that stands
    elsewhere than said is moved to the nearest place. Raises RowError where no item can be made of it.
    """
    question, context = _text(row, "question"), _text(row, "context")
    impossible = _truth(row.get("is_impossible"))
    placed = [_placed(answer, context) for answer in ([] if impossible else _candidates(row))]
    if impossible is False and not placed:
        raise RowError("missing answer", "found is_impossible false without an answer, expected an answer")
    others = row.get("others") or ()
    if not (isinstance(others, (list, tuple)) and all(isinstance(other, str) for other in others)):
        raise RowError("wrong type", f"found others {_short(others)}, expected a list of texts")
    answers = tuple(dict.fromkeys(reference for reference, _ in placed))
    name, title = ("" if row.get(key) is None else str(row[key]) for key in ("id", "title"))
    if any(_HALF.search(text) for text in (name, title, question, context, *others)):
        raise RowError("wrong encoding", "found half of a surrogate pair, expected whole characters")
    mended = next((note for _, note in placed if note), "")
    return Item(name, question, context, answers, title, tuple(others)), mended


def is_flat(row: Mapping[str, Any]) -> bool:
    """Whether a row holds one answer as plain text: further ones to its question then stand in further rows."""
    return _absent(row.get("answers")) and ("text" in row or "answer" in row)


def _candidates(row: Mapping[str, Any]) -> list[Candidate]:
    """The answers that a row states, not yet looked for."""
    listed = row.get("answers")
    if is_flat(row):
        text = row.get("answer") if _absent(row.get("text")) else row["text"]
        if _absent(text):
            return []
        if not isinstance(text, str):
            raise RowError("wrong type", f"found answer {_short(text)}, expected text")
        return [(text.strip(), _start(row))]
    if "answers" not in row or listed is None:
        if _truth(row.get("is_impossible")):
            return []
        raise RowError("missing column", "found no answers, expected answers, or text, or answer")
    if isinstance(listed, str):
        listed = _from_json(listed)
    if isinstance(listed, Mapping):
        return list(_from_columns(listed))
    if not isinstance(listed, list):
        raise RowError("wrong type", f"found answers {_short(listed)}, expected a list of {{text, start}}")
    return [_candidate(each) for each in listed]


def _from_json(text: str) -> Any:
    try:
        return json.loads(text) if text.strip() else []
    except ValueError:
        raise RowError("wrong type", f"found answers {_short(text)}, expected a JSON list") from None


def _from_columns(answers: Mapping[str, Any]) -> Iterator[Candidate]:
    """The hub's form: a list of the texts beside a list of their starts."""
    texts, starts = answers.get("text"), answers.get("answer_start", answers.get("start"))
    if isinstance(texts, str):
        yield _candidate(answers)
        return
    if not (isinstance(texts, list) and isinstance(starts, list) and len(texts) == len(starts)):
        raise RowError(
            "wrong type",
            f"found answers {_short(answers)}, expected lists text and answer_start, equally long",
        )
    for text, start in zip(texts, starts, strict=True):
        yield _candidate({"text": text, "start": start})


def _candidate(answer: Any) -> Candidate:
    if isinstance(answer, str):
        return answer, None
    if not isinstance(answer, Mapping) or not isinstance(answer.get("text"), str):
        raise RowError("wrong type", f"found answer {_short(answer)}, expected {{text, start}}")
    return answer["text"], _start(answer)


def _start(answer: Mapping[str, Any]) -> int | None:
    start = answer.get("start", answer.get("answer_start"))
    if _absent(start):
        return None
    try:
        number = float("nan") if isinstance(start, bool) else float(start)  # "12.0" of a spreadsheet too
        if number != int(number):
            raise ValueError
        return int(number)
    except (TypeError, ValueError, OverflowError):
        raise RowError("wrong type", f"found start {_short(start)}, expected a character offset") from None


def _placed(answer: Candidate, context: str) -> tuple[Reference, str]:
    """Where an answer stands, and what was mended ("" where it stands where it was said to)."""
    text, start = answer
    if not text.strip():
        raise RowError("empty field", "found an empty answer, expected text (or no answer at all)")
    if start is not None and start >= 0 and context.startswith(text, start):
        return Reference(text, start), ""
    for said in (text, text.strip()):
        at = _nearest(context, said, max(start or 0, 0))
        if at >= 0:
            off = start is not None or said != text
            return Reference(
                said, at
            ), f"found answer {_short(said)} at {at}, expected it at {start}" if off else ""
    raise RowError(
        "answer not in context", f"found no {_short(text)} in the context, expected the answer there"
    )


def _nearest(context: str, text: str, start: int) -> int:
    """Where `text` stands nearest to `start`; -1 where it doesn't stand at all."""
    before, after = context.rfind(text, 0, start + len(text)), context.find(text, start)
    if before < 0 or after < 0:
        return max(before, after)
    return before if start - before <= after - start else after


def _text(row: Mapping[str, Any], key: str) -> str:
    value = row.get(key)
    if value is None:
        raise RowError("missing column", f"found no {key}, expected text")
    if not isinstance(value, str):
        raise RowError("wrong type", f"found {key} {_short(value)}, expected text")
    if not value.strip():
        raise RowError("empty field", f"found {key} {_short(value)}, expected text")
    return value


def _truth(value: Any) -> bool | None:
    """True or false in its usual spellings, None where nothing is said."""
    if _absent(value):
        return None
    spelt = str(int(value) if isinstance(value, float) and value in (0, 1) else value).strip().lower()
    if spelt not in _SAID:
        raise RowError("wrong type", f"found is_impossible {_short(value)}, expected true or false")
    return _SAID[spelt]


def _absent(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _short(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else shown[:57] + "..."
