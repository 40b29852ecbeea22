"""Where a person's words stand in a text: exactly, else whatever their case, spacing and punctuation.

A reader that cuts its answers out can only learn a span. Inflected words are none: a person who corrects "report" to
"reports" means it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.reading.aligning import exact, find_words, tolerant


@dataclass(frozen=True, slots=True)
class Place:
    """Words found: `text[start:end]`."""

    text: str
    start: int
    end: int


def locate(words: str, texts: Sequence[str], question: str) -> Place | None:
    """The first text that holds `words` exactly, else the first that holds them tolerantly; None: nowhere."""
    found = find_words(words, texts, question, (exact, tolerant))
    return Place(texts[found.text], found.start, found.end) if found else None
