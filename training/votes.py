"""Votes without words: whether a candidate that nobody can prove better deserves to be tried on people.

An up says that an answer was right, a down that it was wrong; neither says what a new answer is worth. So votes alone
never put a candidate into service. But one that keeps what people liked, and says something else where they disliked
what the champion says, may answer a share of the questions for a while, and people decide.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from bot.reading.scores import Outcome
from training.trials import Trial, TrialKind, changed

MIN_LIKED, MIN_DISLIKED = 20, 10
"""Held-out questions with an up, and with a down, on what the champion says."""

MOST_LOST = 0.15
"""Share of liked answers that a candidate may take away, at most: the upper end of the exact interval has to be below.

0 of 20 lost are enough to know that, 1 of 30, 4 of 64; a candidate that answers every tenth question otherwise at random
keeps too little of what people liked to come below.
"""

LEAST_CHANGED = 0.25
"""Share of disliked answers in whose place a candidate has to say something else: the others it didn't learn from."""


@dataclass(frozen=True, slots=True)
class Votes:
    """Questions whose held-out votes are on what the champion still says, and where the candidate says something else."""

    liked: int
    lost: int
    most_lost: float  # upper end of the one-sided 95 % interval of the share that is lost, 0..1
    disliked: int
    changed: int

    def lacks(self) -> tuple[str, ...]:
        """Why this is not enough for a live trial, a sentence each; nothing: it is."""
        found = []
        if self.liked < MIN_LIKED:
            found.append(
                f"Only {self.liked} held-out questions have an answer of the champion's that people liked, {MIN_LIKED} "
                "are needed for a live trial."
            )
        elif self.most_lost > MOST_LOST:
            found.append(
                f"It answers {self.lost} of {self.liked} questions otherwise whose answers people liked (so up to "
                f"{100 * self.most_lost:.0f} % may be lost); at most {100 * MOST_LOST:.0f} % are allowed for a live trial."
            )
        if self.disliked < MIN_DISLIKED:
            found.append(
                f"Only {self.disliked} held-out questions have an answer of the champion's that people disliked, "
                f"{MIN_DISLIKED} are needed for a live trial."
            )
        elif self.changed < LEAST_CHANGED * self.disliked:
            found.append(
                f"It answers {self.changed} of {self.disliked} questions otherwise whose answers people disliked; at least "
                f"{100 * LEAST_CHANGED:.0f} % are needed for a live trial."
            )
        return tuple(found)

    def told(self) -> str:
        return (
            f"Of {self.liked} held-out questions whose answers people liked it answers {self.lost} otherwise (so at most "
            f"{100 * self.most_lost:.0f} % are lost; {100 * MOST_LOST:.0f} % are allowed), of {self.disliked} disliked "
            f"{self.changed}: no worse, as far as votes tell; whether better, people have to say."
        )


def votes(trials: Sequence[Trial], champion: Sequence[Outcome], candidate: Sequence[Outcome]) -> Votes:
    """What the candidate keeps and changes of what the champion says; a question counts once, however many voted."""

    def otherwise(kind: TrialKind) -> dict[str, bool]:
        found: dict[str, bool] = {}
        for trial, a, b in zip(trials, champion, candidate, strict=True):
            if trial.kind == kind and not changed(trial, a):
                found[trial.cluster] = found.get(trial.cluster, False) or changed(trial, b)
        return found

    liked, disliked = otherwise("up"), otherwise("down")
    lost = sum(liked.values())
    return Votes(len(liked), lost, upper(lost, len(liked)), len(disliked), sum(disliked.values()))


def upper(hits: int, n: int, error: float = 0.05) -> float:
    """The largest share, 0..1, of which `hits` of `n` or fewer still come with a probability of `error`: the upper end
    of the one-sided exact interval (Clopper and Pearson 1934)."""
    low, high = 0.0, 1.0
    if hits >= n:
        return high
    for _ in range(40):
        share = (low + high) / 2
        tail = sum(math.comb(n, i) * share**i * (1 - share) ** (n - i) for i in range(hits + 1))
        low, high = (share, high) if tail > error else (low, share)
    return high
