"""Stands in at the two seams in front of the model: a reader that says what it was told to, an encoder that hashes words."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bot.records import Candidate, Reading


class HashingEncoder:
    """A text's vector is the sum of its words' random directions: shared words make texts similar."""

    dimension = 64

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        rows = np.zeros((len(texts), self.dimension), np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in re.findall(r"\w+", text.lower()):
                seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:4], "big")
                row += np.random.default_rng(seed).standard_normal(self.dimension).astype(np.float32)
            row /= np.linalg.norm(row) or 1.0
        return rows


class ScriptedReader:
    """Finds the first of its `known` answers that stands in a passage; sure of it as told, and of nothing else."""

    def __init__(self, adapter: str, known: dict[str, float]) -> None:
        self.adapter = adapter
        self.known = known
        self.asked: list[tuple[str, tuple[str, ...]]] = []
        self.warmed = False

    def read(
        self,
        question: str,
        passages: Sequence[str],
        priors: Sequence[float] | None = None,
        nearest: float | None = None,
    ) -> Reading:
        self.asked.append((question, tuple(passages)))
        found = [
            Candidate(i, at, at + len(answer), answer, 10 * sure, math.log(sure), sure)
            for answer, sure in self.known.items()
            for i, passage in enumerate(passages)
            if (at := passage.find(answer)) >= 0
        ]
        return Reading(tuple(sorted(found, key=lambda each: -each.confidence)), self.adapter)

    def read_many(self, asks: Sequence[tuple[str, Sequence[str]]]) -> list[Reading]:
        return [self.read(question, passages) for question, passages in asks]

    def log_probability(self, question: str, passage: str, start: int, end: int) -> float:
        return math.log(self.known.get(passage[start:end], 0.01))

    def log_probabilities(self, spans: Sequence[tuple[str, str, int, int]]) -> list[float]:
        return [self.log_probability(*span) for span in spans]

    def warm(self) -> None:
        self.warmed = True
