"""Where a person's words stand in a text: exactly, else whatever their case, spacing and punctuation.

People correct from memory or paste with other quotes and line breaks; a reader can only learn a span. Words must match
whole: "three" does not stand in "thirty-three".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.reading.sentence import sentence_around
from bot.reading.squad import normalise

_WORD = re.compile(r"\w+(?:[.,:]\d+)*")
_MARKS = " \t\r\n\"'`“”‘’«»()[]{}*_.,;:!?…"


@dataclass(frozen=True, slots=True)
class Place:
    """Words found: `text[start:end]`."""

    text: str
    start: int
    end: int


def locate(words: str, texts: Sequence[str], question: str) -> Place | None:
    """The first text that holds `words` exactly, else the first that holds them tolerantly; None: nowhere.

    Where a text holds them more than once, the sentence that shares most words with the question has it.
    """
    wanted = words.strip(_MARKS)
    if not wanted:
        return None
    for find in (_exact, _tolerant):
        for text in texts:
            spans = list(find(wanted, text))
            if spans:
                start, end = max(spans, key=lambda span: (_nearness(text, span, question), -span[0]))
                return Place(text, start, end)
    return None


def _exact(wanted: str, text: str) -> Iterator[tuple[int, int]]:
    at = text.find(wanted)
    while at >= 0:
        if _is_whole(text, at, at + len(wanted)):
            yield at, at + len(wanted)
        at = text.find(wanted, at + 1)


def _tolerant(wanted: str, text: str) -> Iterator[tuple[int, int]]:
    looked_for = [word.group().casefold() for word in _WORD.finditer(wanted)]
    there = [(word.group().casefold(), word.start(), word.end()) for word in _WORD.finditer(text)]
    for i in range(len(there) - len(looked_for) + 1 if looked_for else 0):
        if [word for word, _, _ in there[i : i + len(looked_for)]] == looked_for:
            yield there[i][1], there[i + len(looked_for) - 1][2]


def _is_whole(text: str, start: int, end: int) -> bool:
    before, after = text[max(start - 1, 0) : start + 1], text[end - 1 : end + 1]
    return not (start > 0 and before.isalnum()) and not (end < len(text) and after.isalnum())


def _nearness(text: str, span: tuple[int, int], question: str) -> int:
    first, last = sentence_around(text, *span)
    return len(set(normalise(text[first:last]).split()) & set(normalise(question).split()))
