"""What must not get worse while something else gets better: the golden set, the time a question takes, the size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.reading.scores import Outcome
from bot.records import Scores


@dataclass(frozen=True, slots=True)
class Margins:
    """How much worse a candidate may be where it isn't meant to be better. Percentage points but for the factors.

    On the golden half of some 200 questions two equal readers differ by about 2 points in F1 by chance (1 sd).
    """

    golden_f1: float = 3.0
    golden_has_answer_f1: float = 4.0
    golden_no_answer_accuracy: float = 6.0
    golden_abstention_rate: float = 10.0
    golden_ece: float = 6.0
    latency_factor: float = 1.5
    size_factor: float = 2.0


MOST = 2 / 3
"""Of the golden questions: a reader is slower where so many of them took longer by the factor, each beside its twin.

Both readers read in turns, so a busy minute slows a few questions of either, and half of all pairs never come out on one
side by chance; a reader that is twice as slow comes out slower on nearly all of them.
"""

NOTICED_S = 0.005
"""A question that takes less longer than this is not slower for anybody."""


def fallen(before: Scores, after: Scores, margins: Margins) -> tuple[str, ...]:
    """One sentence for each figure on the golden set that got worse by more than its margin."""
    falls = (
        ("F1", before.f1, after.f1, margins.golden_f1),
        ("F1 where there is an answer", before.has_answer_f1, after.has_answer_f1, margins.golden_has_answer_f1),
        ("accuracy where there is none", before.no_answer_accuracy, after.no_answer_accuracy,
         margins.golden_no_answer_accuracy),
    )  # fmt: skip
    rises = (
        ("abstention rate", before.abstention_rate, after.abstention_rate, margins.golden_abstention_rate),
        ("calibration error", before.ece, after.ece, margins.golden_ece),
    )
    found = [
        f"On the golden set {name} fell from {a:.1f} to {b:.1f}; at most {margin:g} points are allowed."
        for name, a, b, margin in falls
        if a - b > margin
    ]
    found += [
        f"On the golden set the {name} rose from {a:.1f} % to {b:.1f} %; at most {margin:g} points are allowed."
        for name, a, b, margin in rises
        if b - a > margin
    ]
    return tuple(found)


def slower(before: Sequence[Outcome], after: Sequence[Outcome], factor: float) -> tuple[str, ...]:
    """One sentence where most questions take longer by more than the factor; none otherwise.

    The outcomes are of the same questions in the same order.
    """
    pairs = [(a.seconds, b.seconds) for a, b in zip(before, after, strict=True)]
    longer = sum(b > factor * a > 0 and b - a > NOTICED_S for a, b in pairs)
    if longer < MOST * len(before) or not before:
        return ()
    a, b = (1000 * sorted(each.seconds for each in side)[len(side) // 2] for side in (before, after))
    return (
        f"A question takes {b:.0f} ms instead of {a:.0f} (median), and {longer} of {len(before)} took more than {factor:g} "
        "times as long; at most two thirds may.",
    )


def larger(before: int, after: int, factor: float) -> tuple[str, ...]:
    """One sentence where the adapter, in bytes, has grown by more than the factor; none otherwise."""
    if not after > factor * before > 0:
        return ()
    return (
        f"The adapter has {after / 1e6:.1f} MB instead of {before / 1e6:.1f}; at most {factor:g} times as much is allowed.",
    )
