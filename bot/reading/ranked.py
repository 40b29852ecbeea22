"""What all readers do with what their models make of a question: rank it over all passages, then say how sure they are.

A reader of its own kind gives the ranking (`rankings`) and the probability of one span (`log_probabilities`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from bot.reading.calibrator import Calibrator, reading_features
from bot.reading.decoding import Ranking
from bot.records import Candidate, Reading, Weighed

Ask = tuple[str, Sequence[str]]


class RankedReader(ABC):
    """The half of a `Reader` that is the same for all; see there for what the methods promise."""

    def __init__(self, adapter: str, calibrator: Calibrator) -> None:
        self.adapter = adapter
        self._calibrator = calibrator

    @abstractmethod
    def rankings(
        self, asks: Sequence[Ask], priors: Sequence[Sequence[float] | None] | None = None
    ) -> list[Ranking]:
        """The ranked spans of each ask, without confidence: what the calibrator is fitted on."""

    @abstractmethod
    def log_probabilities(self, spans: Sequence[tuple[str, str, int, int]]) -> list[float]: ...

    def read(
        self,
        question: str,
        passages: Sequence[str],
        priors: Sequence[float] | None = None,
        nearest: float | None = None,
    ) -> Reading:
        if priors is not None and len(priors) != len(passages):
            raise ValueError(f"{len(priors)} priors for {len(passages)} passages")
        (ranking,) = self.rankings([(question, passages)], [priors])
        return self._reading(question, passages, ranking, priors, nearest)

    def read_many(self, asks: Sequence[Ask]) -> list[Reading]:
        return [self._reading(*ask, ranking) for ask, ranking in zip(asks, self.rankings(asks), strict=True)]

    def log_probability(self, question: str, passage: str, start: int, end: int) -> float:
        return self.log_probabilities([(question, passage, start, end)])[0]

    def warm(self) -> None:
        self.read("What is warmed?", ["The reader is warmed by a first question."])

    def _reading(
        self,
        question: str,
        passages: Sequence[str],
        ranking: Ranking,
        priors: Sequence[float] | None = None,
        nearest: float | None = None,
    ) -> Reading:
        candidates: list[Candidate] = []
        weighed: list[tuple[Weighed, ...]] = []
        for i, span in enumerate(ranking.spans):
            features = reading_features(question, ranking, passages, priors, nearest, i)
            parts = self._calibrator.parts(features)
            confidence = self._calibrator.confidence(features)
            if candidates:  # fitted on best spans: no other is trusted more than the one ranked above all
                confidence = min(confidence, candidates[0].confidence)
            candidates.append(
                Candidate(
                    span.passage,
                    span.start,
                    span.end,
                    span.words(passages),
                    span.score,
                    span.log_probability,
                    confidence,
                    grounded=span.text is None,
                )
            )
            weighed.append(
                (
                    Weighed("bias", 1.0, self._calibrator.bias),
                    *(Weighed(name, features[name], part) for name, part in parts.items()),
                )
            )
        return Reading(tuple(candidates), self.adapter, ranking.silence, tuple(weighed))
