"""The gate: a candidate serves only if it is shown to be better, and nothing else got worse.

Champion and candidate read the same held-out questions. An accepted answer is known of ups (what was said then is
right), corrections (the person's words are) and confirmed silences. Corrections exist only where the reader then in
service was wrong, so a candidate that merely answers differently gains on them what it loses on the ups: all have to
count together, and with them the downs that nobody corrected. Where both readers say the same there, nothing is gained
or lost. Where they differ, nobody knows; such a down counts with the mean gain of the corrections on which the two
differ, reckoned with one more of them that gains nothing, so that few corrections promise little.

The interval is a paired bootstrap (Efron & Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13; for
comparing two systems on the same items: Koehn 2004): draw as many questions as there are, with replacement, and see
how the mean difference moves. Whole questions are drawn, for answers to one question are no independent evidence.
McNemar's exact test on exact match is reported beside it.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from bot.reading.scores import Outcome, summarise
from bot.reading.squad import mean_percent, normalise
from bot.records import Scores, Verdict
from training.trials import Trial, TrialKind, changed

Floats = NDArray[np.float64]
KINDS: tuple[TrialKind, ...] = ("correction", "up", "silence", "down")

RESAMPLES = 10_000
SEED = 20_231

MIN_QUESTIONS = 20
"""Held-out questions with feedback, below which an interval means nothing."""

MIN_CORRECTED = 8
"""Of them, questions that somebody corrected: without them a gain can't show, for ups only tell what was right."""


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


@dataclass(frozen=True, slots=True)
class Measured:
    """What one adapter did on all that the gate judges by: outcomes in the order of trials and golden items."""

    adapter: str
    trials: tuple[Outcome, ...]
    golden: tuple[Outcome, ...]
    size: int  # bytes of its weights


@dataclass(frozen=True, slots=True)
class Difference:
    """Candidate less champion, mean F1 in percentage points, with its 95 % interval."""

    mean: float
    low: float
    high: float
    n: int  # items
    clusters: int  # questions


@dataclass(frozen=True, slots=True)
class McNemar:
    """Items that only the candidate, and only the champion, got exactly right; two-sided exact p."""

    better: int
    worse: int
    p: float


def judge(
    trials: Sequence[Trial], champion: Measured, candidate: Measured, margins: Margins = Margins()
) -> Verdict:
    """The verdict on a candidate, win or lose, with its numbers and one sentence a reason."""
    numbers, difference = _held_out(trials, champion.trials, candidate.trials)
    before, after = (
        summarise(champion.adapter, champion.golden),
        summarise(candidate.adapter, candidate.golden),
    )
    golden = mean_difference(
        [b.f1 - a.f1 for a, b in zip(champion.golden, candidate.golden, strict=True)],
        [outcome.id for outcome in champion.golden],
    )
    numbers = {
        "champion": champion.adapter,
        "candidate": candidate.adapter,
        "held_out": numbers,
        "golden": {
            "champion": asdict(before),
            "candidate": asdict(after),
            "difference": asdict(golden),
            "mcnemar": asdict(mcnemar(champion.golden, candidate.golden)),
        },
        "size": {"champion": champion.size, "candidate": candidate.size},
    }
    worse = _worse(before, after, champion.size, candidate.size, margins)
    kept = f"On the golden set F1 went from {before.f1:.1f} to {after.f1:.1f} ({_interval(golden)})."
    missing = _missing(numbers["held_out"])
    if worse:
        return Verdict("reject", (*worse, *missing, kept), numbers)
    if missing or difference is None:
        return Verdict("not_yet", (*missing, *_votes_only(numbers["held_out"]), kept), numbers)
    proof = f"On {difference.n} held-out answers to {difference.clusters} questions F1 changed by {_interval(difference)}"
    decision: Literal["promote", "reject"] = "promote" if difference.low > 0 else "reject"
    tail = "all of it above 0." if difference.low > 0 else "expected all of it above 0: not proven better."
    return Verdict(decision, (f"{proof}; {tail}", _sides(numbers["held_out"]), kept), numbers)


def bootstrap(
    tallies: Mapping[str, Sequence[float]], statistic: Callable[[Floats], Floats], resamples: int = RESAMPLES
) -> tuple[float, float, float]:
    """A statistic and the ends of its 95 % percentile interval.

    `tallies` holds each question's sums; `statistic` turns sums over all questions (..., k) into figures (...).
    """
    table = np.array(list(tallies.values()), dtype=np.float64)
    generator = np.random.default_rng(SEED)
    drawn = np.empty(resamples)
    for i in range(0, resamples, 500):  # in parts: all draws at once would take hundreds of MB
        picked = generator.integers(len(table), size=(min(500, resamples - i), len(table)))
        drawn[i : i + len(picked)] = statistic(table[picked].sum(1))
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(statistic(table.sum(0))), float(low), float(high)


def mean_difference(differences: Sequence[float], clusters: Sequence[str]) -> Difference:
    """The mean of paired differences (0..1), in points."""
    tallies: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for difference, name in zip(differences, clusters, strict=True):
        tallies[name][0] += 100 * difference
        tallies[name][1] += 1
    figures = bootstrap(tallies, lambda sums: sums[..., 0] / sums[..., 1])
    return Difference(*figures, n=len(differences), clusters=len(tallies))


def feedback_difference(
    trials: Sequence[Trial], champion: Sequence[Outcome], candidate: Sequence[Outcome]
) -> Difference:
    """The mean difference in F1 over all held-out feedback, as the module's head describes it, in points."""
    tallies: dict[str, list[float]] = defaultdict(lambda: [0.0] * 5)
    for trial, a, b in zip(trials, champion, candidate, strict=True):
        tally = tallies[trial.cluster]
        gain, differ = 100 * (b.f1 - a.f1), normalise(a.answer or "") != normalise(b.answer or "")
        tally[0] += 1
        if trial.kind != "down":
            tally[1] += gain
        elif differ:
            tally[2] += 1
        if trial.kind == "correction" and differ:
            tally[3] += gain
            tally[4] += 1

    def mean(sums: Floats) -> Floats:
        n, known, unknown, gained, corrected = (sums[..., i] for i in range(5))
        total: Floats = (known + unknown * gained / (corrected + 1)) / n
        return total

    return Difference(*bootstrap(tallies, mean), n=len(trials), clusters=len(tallies))


def mcnemar(champion: Sequence[Outcome], candidate: Sequence[Outcome]) -> McNemar:
    """McNemar's test on exact match in its exact form: under no difference, each disagreement is a coin's toss."""
    pairs = [(a.exact_match, b.exact_match) for a, b in zip(champion, candidate, strict=True)]
    better, worse = sum(a < b for a, b in pairs), sum(a > b for a, b in pairs)
    n, k = better + worse, min(better, worse)
    tail = sum(math.comb(n, i) for i in range(k + 1)) / 2**n
    return McNemar(better, worse, min(1.0, 2 * tail))


def _held_out(
    trials: Sequence[Trial], champion: Sequence[Outcome], candidate: Sequence[Outcome]
) -> tuple[dict[str, Any], Difference | None]:
    """The figures on held-out feedback; no difference where no correction makes one possible."""
    rows = list(zip(trials, champion, candidate, strict=True))
    by_kind = {kind: [row for row in rows if row[0].kind == kind] for kind in KINDS}
    judged = [row for row in rows if row[0].kind != "down"]
    difference = feedback_difference(trials, champion, candidate) if by_kind["correction"] else None
    numbers: dict[str, Any] = {
        "questions": len({trial.cluster for trial in trials}),
        "corrected": len({trial.cluster for trial, _, _ in by_kind["correction"]}),
        "difference": asdict(difference) if difference else None,
        "mcnemar": asdict(mcnemar([a for _, a, _ in judged], [b for _, _, b in judged])),
        "abstention_rate": {"champion": _silent(champion), "candidate": _silent(candidate)},
        "downs_changed": sum(changed(trial, b) for trial, _, b in by_kind["down"]),
        "ups_kept": sum(not changed(trial, b) for trial, _, b in by_kind["up"]),
    }
    for kind, group in by_kind.items():
        numbers[kind] = {
            "n": len(group),
            "champion_f1": _mean_f1([a for _, a, _ in group]),
            "candidate_f1": _mean_f1([b for _, _, b in group]),
        }
    return numbers, difference


def _worse(before: Scores, after: Scores, size: int, new_size: int, margins: Margins) -> tuple[str, ...]:
    """One sentence for each figure that fell beyond its margin."""
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
    if after.latency_p50_ms > margins.latency_factor * before.latency_p50_ms > 0:
        found.append(
            f"A question takes {after.latency_p50_ms:.0f} ms instead of {before.latency_p50_ms:.0f} (median); "
            f"at most {margins.latency_factor:g} times as much is allowed."
        )
    if new_size > margins.size_factor * size > 0:
        found.append(
            f"The adapter has {new_size / 1e6:.1f} MB instead of {size / 1e6:.1f}; at most {margins.size_factor:g} "
            "times as much is allowed."
        )
    return tuple(found)


def _missing(held_out: dict[str, Any]) -> tuple[str, ...]:
    """What is lacking for a judgement, and about how much more feedback would bring it."""
    found = []
    for name, have, need in (
        ("questions with feedback are", held_out["questions"], MIN_QUESTIONS),
        ("corrected questions are", held_out["corrected"], MIN_CORRECTED),
    ):
        if have < need:
            found.append(
                f"Only {have} {name} held out, {need} are needed; about one in four is held out, so about "
                f"{4 * (need - have)} more such questions will do."
            )
    return tuple(found)


def _votes_only(held_out: dict[str, Any]) -> tuple[str, ...]:
    if held_out["corrected"]:
        return ()
    return (
        f"Votes alone can't prove a gain: {held_out['ups_kept']} of {held_out['up']['n']} held-out answers that "
        f"people liked stayed, {held_out['downs_changed']} of {held_out['down']['n']} that they disliked changed; "
        "whether for the better, corrections would tell.",
    )


def _sides(held_out: dict[str, Any]) -> str:
    correction, up, down = held_out["correction"], held_out["up"], held_out["down"]
    liked = (
        f"{held_out['ups_kept']} of {up['n']} answers that people liked stayed"
        if up["n"]
        else "no ups held out"
    )
    return (
        f"F1 on {correction['n']} corrected answers went from {correction['champion_f1']:.1f} to "
        f"{correction['candidate_f1']:.1f}; {liked}; {held_out['downs_changed']} of {down['n']} disliked changed."
    )


def _interval(difference: Difference) -> str:
    return f"{difference.mean:+.1f} points, 95 % interval {difference.low:+.1f} to {difference.high:+.1f}"


def _mean_f1(outcomes: Sequence[Outcome]) -> float | None:
    return mean_percent(outcome.f1 for outcome in outcomes) if outcomes else None


def _silent(outcomes: Sequence[Outcome]) -> float:
    return 100 * sum(outcome.answer is None for outcome in outcomes) / len(outcomes) if outcomes else 0.0
