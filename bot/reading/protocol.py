"""What a reader is, whatever runs inside it: the seam at which tests stand a fake, and the live reader is
swapped."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bot.records import Reading


class Reader(Protocol):
    """One loaded adapter, ready to read. Safe to call from several threads; never changed once loaded."""

    adapter: str
    """Id of the adapter that reads: its card's `id`."""

    def read(
        self,
        question: str,
        passages: Sequence[str],
        priors: Sequence[float] | None = None,
        nearest: float | None = None,
    ) -> Reading:
        """The candidates for one question over all its passages, best first.

        `priors`, one a passage, is added to its spans' scores for the ordering only (same unit: logits): how
        much likelier search finds one passage than another. `Candidate.score` stays the reader's own. `nearest`: the
        cosine similarity of the passage that search found nearest to the question, None where nothing was searched;
        the calibrator uses it.
        """
        ...

    def read_many(self, asks: Sequence[tuple[str, Sequence[str]]]) -> list[Reading]:
        """`read` for many (question, passages) at once, in the order given: quicker where there are many."""
        ...

    def log_probability(self, question: str, passage: str, start: int, end: int) -> float:
        """ln P(span) that this reader gives `passage[start:end]`; (0, 0) is "no answer here". At most 0."""
        ...

    def log_probabilities(self, spans: Sequence[tuple[str, str, int, int]]) -> list[float]:
        """`log_probability` of many (question, passage, start, end)."""
        ...

    def warm(self) -> None:
        """Does once what the first question would otherwise wait for."""
        ...
