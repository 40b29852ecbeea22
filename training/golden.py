"""The golden set: labelled questions that come with the code, cut by text into two halves that never mix.

The gate's half is what no candidate ever learns from: it tells whether a candidate forgot what the seed could do. The
other half is replayed in every training, and fits the calibrator. A text's half is a hash of the text, so that no
later question about it, and no reordering of the file, moves anything across.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.reading.item_files import read_items
from bot.reading.items import Item
from bot.records import Example

GOLDEN = Path(__file__).parent / "golden.jsonl"
CANARIES = 8


@dataclass(frozen=True, slots=True)
class Golden:
    """Both halves, in the order of the file."""

    gate: tuple[Item, ...]
    replay: tuple[Item, ...]

    @property
    def canaries(self) -> tuple[Item, ...]:
        """A few answerable questions, always the same, that any adapter in its right mind can handle."""
        return tuple(item for item in self.gate if item.answerable)[:CANARIES]


def read_golden(path: Path = GOLDEN) -> Golden:
    """Raises DataError where the file isn't what it should be."""
    items = read_items(path, strict=True)
    return Golden(
        tuple(item for item in items if _is_the_gates(item.context)),
        tuple(item for item in items if not _is_the_gates(item.context)),
    )


def as_replay(items: Sequence[Item]) -> list[Example]:
    """What the seed adapter is asked to go on doing: no labels, training compares with the seed itself."""
    return [Example(question=item.question, context=item.context, kind="replay") for item in items]


def _is_the_gates(context: str) -> bool:
    return hashlib.sha256(context.encode()).digest()[0] % 2 == 0
