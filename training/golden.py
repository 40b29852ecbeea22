"""The golden set: labelled questions that come with the code, cut by text into parts that never mix.

The gate's half is what no candidate ever learns from: it tells whether a candidate forgot what the seed could do. Of the
other half two texts in three are replayed in every training; the rest fits the calibrator and the threshold. Replayed
questions can't: rehearsed as they are, they hide how silent a candidate has become everywhere else. A text's part is a
hash of the text, so that no later question about it, and no reordering of the file, moves anything across.
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
    """The parts, each in the order of the file."""

    gate: tuple[Item, ...]
    replay: tuple[Item, ...]
    calibration: tuple[Item, ...]

    @property
    def canaries(self) -> tuple[Item, ...]:
        """A few answerable questions, always the same, that any adapter in its right mind can handle."""
        return tuple(item for item in self.gate if item.answerable)[:CANARIES]


def read_golden(path: Path = GOLDEN) -> Golden:
    """Raises DataError where the file isn't what it should be."""
    parts: dict[str, list[Item]] = {"gate": [], "replay": [], "calibration": []}
    for item in read_items(path, strict=True):
        parts[_part_of(item.context)].append(item)
    return Golden(**{name: tuple(items) for name, items in parts.items()})


def as_replay(items: Sequence[Item]) -> list[Example]:
    """What the seed adapter is asked to go on doing: no labels, training compares with the seed itself."""
    return [Example(question=item.question, context=item.context, kind="replay") for item in items]


def _part_of(context: str) -> str:
    digest = hashlib.sha256(context.encode()).digest()
    if digest[0] % 2 == 0:
        return "gate"
    return "calibration" if digest[1] % 3 == 0 else "replay"
