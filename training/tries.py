"""Nightly candidates are not thirty free tickets: one chance of error is shared out among all the tests of a champion.

A test that is wrong in 2.5 % of cases is wrong in half of the months in which it is made every night. So the k-th test
since the champion took its place may err with a probability of `ERROR` / (k (k + 1)): 2.5 %, 0.8 %, 0.4 %, ... which add up
to `ERROR` and no more, however many follow and however alike the candidates are (the union bound). A test is worth
making only on something new, so each waits for a quarter more held-out questions than the one before had; as the
questions grow by a factor, the level falls only as slowly as in the law of the iterated logarithm (the stitching of
Howard, Ramdas, McAuliffe, Sekhon 2021, "Time-uniform, nonparametric, nonasymptotic confidence sequences").

Only a test that could have promoted is spent: none where a margin was broken or something was missing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bot.records import Promotion
from bot.store import Store, runs

ERROR = 0.05
"""The probability that any of a champion's tests puts a candidate in its place that is no better."""

FRESH = 1.25
"""Held-out questions of a test, over those of the last one: at least."""

KEY = "try"
"""Where a verdict's numbers tell of the test that it spent; without it, none was."""


@dataclass(frozen=True, slots=True)
class Tries:
    """The tests made against one champion so far."""

    spent: int = 0
    questions: int = 0  # held out at the last of them

    @property
    def number(self) -> int:
        """Of the test to make now, from 1."""
        return self.spent + 1

    @property
    def error(self) -> float:
        """The probability with which the test to make now may promote a candidate that is no better."""
        return ERROR / (self.number * (self.number + 1))

    @property
    def waits_for(self) -> int:
        """Held-out questions that there have to be for the test to be made."""
        return math.ceil(FRESH * self.questions)

    def as_data(self, questions: int) -> dict[str, Any]:
        """What a verdict keeps of the test that it made on so many held-out questions."""
        return {"number": self.number, "error": self.error, "questions": questions}


def tries_against(store: Store, champion: str, promotions: Sequence[Promotion]) -> Tries:
    """The tests against the champion since it took its place, out of the runs' verdicts."""
    since = promotions[-1].at if promotions else 0.0
    tests = [
        numbers[KEY]
        for run in runs.runs(store, limit=-1)  # all: a team may retrain for years without a promotion
        if run.verdict is not None and run.started_at >= since
        if KEY in (numbers := run.verdict.numbers) and numbers.get("champion") == champion
    ]
    return Tries(len(tests), tests[0]["questions"] if tests else 0)
