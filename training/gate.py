"""The gate: a candidate serves only if it is shown to be better, and nothing else got worse.

Champion and candidate read the same held-out questions. An accepted answer is known of ups (what was said then is
right), corrections (the person's words are) and confirmed silences. Corrections exist only where the reader then in
service was wrong, so a candidate that merely answers differently gains on them what it loses on the ups: all have to
count together, and with them the downs that nobody corrected. Where both readers say the same there, nothing is gained
or lost. Where they differ, nobody knows; such a down counts with the mean gain of the corrections on which the two
differ, reckoned with one more of them that gains nothing, so that few corrections promise little.

That figure is the proof. Beside it stands F1 on references alone (corrections, and what a reviewer agreed to), which
flatters whatever differs from the champion: it can't prove a gain, but a candidate that loses even there is refused. What
both lean on is that people speak up about right answers as readily as about wrong ones; the verdict says how far from
that they may be before the gain is gone.

The interval is a paired bootstrap (Efron & Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13; for
comparing two systems on the same items: Koehn 2004): draw as many questions as there are, with replacement, and see
how the mean difference moves. Neither answers to one question nor answers out of one text are independent evidence:
whole questions are drawn, then whole texts, and the two spreads are put together. How sure it has to be grows with the
tests made before (tries.py). McNemar's exact test on exact match is reported beside it.

With votes alone nothing is proven; a candidate that seems no worse may be tried on people (votes.py).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from bot.reading.scores import RIGHT, Outcome, summarise
from bot.reading.squad import mean_percent, normalise
from bot.records import Verdict
from training.guards import Margins, fallen, larger, slower
from training.trials import Trial, TrialKind, changed
from training.tries import KEY, Tries
from training.votes import votes

Floats = NDArray[np.float64]
Ruling = Literal["promote", "reject", "not_yet", "trial"]
Interval = tuple[float, float, float]
"""A figure, and the ends of its interval."""

KINDS: tuple[TrialKind, ...] = ("correction", "up", "silence", "down")

RESAMPLES = 10_000
IN_TAIL = 25  # resamples beyond either end of an interval, at least: fewer would leave the end to chance
SEED = 20_231
USUAL = 0.025
"""Probability beyond either end of a 95 % interval."""

MIN_QUESTIONS = 20
"""Held-out questions with feedback, below which an interval means nothing."""

MIN_CORRECTED = 8
"""Of them, questions that somebody corrected: without them a gain can't show, for ups only tell what was right."""

ONE_IN = 4
"""About one question in so many is held out (examples.HELD_OUT): what a person has to bring for one more."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What one adapter did on all that the gate judges by: outcomes in the order of trials and golden items."""

    adapter: str
    trials: tuple[Outcome, ...]
    golden: tuple[Outcome, ...]
    size: int  # bytes of its weights


@dataclass(frozen=True, slots=True)
class Difference:
    """Candidate less champion, mean F1 in percentage points, with its interval."""

    mean: float
    low: float
    high: float
    n: int  # items
    clusters: int  # questions
    confidence: float = 95.0  # of the interval, in percent


@dataclass(frozen=True, slots=True)
class McNemar:
    """Items that only the candidate, and only the champion, got exactly right; two-sided exact p."""

    better: int
    worse: int
    p: float


def judge(
    trials: Sequence[Trial],
    champion: Measured,
    candidate: Measured,
    margins: Margins = Margins(),
    tries: Tries = Tries(),
) -> Verdict:
    """The verdict on a candidate, win or lose, with its numbers and one sentence a reason.

    Where the verdict rests on a test, its numbers keep it under `tries.KEY`: it was one of the champion's.
    """
    before, after = (summarise(each.adapter, each.golden) for each in (champion, candidate))
    golden = mean_difference(
        [b.f1 - a.f1 for a, b in zip(champion.golden, candidate.golden, strict=True)],
        [outcome.id for outcome in champion.golden],
    )
    held_out = _held_out(trials, champion.trials, candidate.trials)
    numbers: dict[str, Any] = {
        "champion": champion.adapter,
        "candidate": candidate.adapter,
        "held_out": held_out,
        "golden": {
            "champion": asdict(before),
            "candidate": asdict(after),
            "difference": asdict(golden),
            "mcnemar": asdict(mcnemar(champion.golden, candidate.golden)),
        },
        "size": {"champion": champion.size, "candidate": candidate.size},
    }
    worse = (
        *fallen(before, after, margins),
        *slower(champion.golden, candidate.golden, margins.latency_factor),
        *larger(champion.size, candidate.size, margins.size_factor),
    )
    lacking, uncorrected = waiting(trials, tries), too_few_corrected(trials)
    kept = f"On the golden set F1 went from {before.f1:.1f} to {after.f1:.1f} ({_interval(golden)})."
    if worse:
        return Verdict("reject", (*worse, *lacking, *uncorrected, kept), numbers)
    if lacking:
        return Verdict("not_yet", (*lacking, *uncorrected, *_sides(held_out), kept), numbers)
    if uncorrected:
        decision, reasons = _by_votes(trials, champion.trials, candidate.trials, numbers)
        reasons = (*reasons, *uncorrected)
    else:
        sure = Difference(**held_out["difference"])
        if tries.error != USUAL:
            sure = feedback_difference(trials, champion.trials, candidate.trials, tries.error)
        numbers["held_out"] = {**held_out, "proof": asdict(sure)}
        decision, reasons = _by_proof(sure, numbers["held_out"], tries)
    if decision == "trial" or not uncorrected:
        numbers[KEY] = tries.as_data(held_out["questions"])
    return Verdict(decision, (*reasons, *_sides(held_out), kept), numbers)


def waiting(trials: Sequence[Trial], tries: Tries) -> tuple[str, ...]:
    """Why no test can be made on these trials whatever the candidate: a sentence each, and what would mend it."""
    have = len({trial.cluster for trial in trials})
    if have < MIN_QUESTIONS:
        return (
            f"Only {have} questions with feedback are held out, {MIN_QUESTIONS} are needed: {_more(MIN_QUESTIONS - have)}.",
        )
    if have < tries.waits_for:
        return (
            f"{have} questions with feedback are held out, {tries.questions} were at the last test against this champion; "
            f"the next one waits for {tries.waits_for}, for trying again and again on the same questions would find luck: "
            f"{_more(tries.waits_for - have)}.",
        )
    return ()


def too_few_corrected(trials: Sequence[Trial]) -> tuple[str, ...]:
    """Why there can be no proof on these trials, only votes that speak; nothing where there can."""
    have = len({trial.cluster for trial in trials if trial.kind == "correction"})
    if have >= MIN_CORRECTED:
        return ()
    return (
        f"Only {have} corrected questions are held out, {MIN_CORRECTED} are needed for a proof: "
        f"{_more(MIN_CORRECTED - have, 'corrected')}.",
    )


def bootstrap(
    tallies: Mapping[str, Sequence[float] | Floats],
    statistic: Callable[[Floats], Floats],
    tail: float = USUAL,
) -> Interval:
    """A statistic and the ends of its percentile interval, beyond each of which lies a probability of `tail`.

    `tallies` holds each question's sums; `statistic` turns sums over all questions (..., k) into figures (...).
    """
    table = np.array(list(tallies.values()), dtype=np.float64)
    generator = np.random.default_rng(SEED)
    resamples = max(RESAMPLES, math.ceil(IN_TAIL / tail))
    drawn = np.empty(resamples)
    for i in range(0, resamples, 500):  # in parts: all draws at once would take hundreds of MB
        picked = generator.integers(len(table), size=(min(500, resamples - i), len(table)))
        drawn[i : i + len(picked)] = statistic(table[picked].sum(1))
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return float(statistic(table.sum(0))), float(low), float(high)


def mean_difference(differences: Sequence[float], clusters: Sequence[str]) -> Difference:
    """The mean of paired differences (0..1), in points."""
    rows = [(100 * difference, 1.0) for difference in differences]
    tallies = _tallies(rows, clusters)
    return Difference(*bootstrap(tallies, _ratio), n=len(differences), clusters=len(tallies))


def two_way_difference(
    differences: Sequence[float], questions: Sequence[str], contexts: Sequence[str]
) -> Difference:
    """`mean_difference` that counts neither a question nor a text twice."""
    rows = [(100 * difference, 1.0) for difference in differences]
    found = _two_way(rows, questions, contexts, _ratio)
    return Difference(*found, n=len(rows), clusters=len(set(questions)))


def feedback_difference(
    trials: Sequence[Trial], champion: Sequence[Outcome], candidate: Sequence[Outcome], tail: float = USUAL
) -> Difference:
    """The mean difference in F1 over all held-out feedback, as the module's head describes it, in points.

    `tail`: the probability beyond either end of its interval.
    """
    rows = [_sums(*row) for row in zip(trials, champion, candidate, strict=True)]
    questions, contexts = [t.cluster for t in trials], [t.context or t.cluster for t in trials]
    found = _two_way(rows, questions, contexts, _mean_gain, tail)
    return Difference(*found, n=len(rows), clusters=len(set(questions)), confidence=100 * (1 - 2 * tail))


def mcnemar(champion: Sequence[Outcome], candidate: Sequence[Outcome]) -> McNemar:
    """McNemar's test on exact match in its exact form: under no difference, each disagreement is a coin's toss."""
    pairs = [(a.exact_match, b.exact_match) for a, b in zip(champion, candidate, strict=True)]
    better, worse = sum(a < b for a, b in pairs), sum(a > b for a, b in pairs)
    n, k = better + worse, min(better, worse)
    tail = sum(math.comb(n, i) for i in range(k + 1)) / 2**n
    return McNemar(better, worse, min(1.0, 2 * tail))


def _two_way(
    rows: Sequence[Sequence[float]],
    questions: Sequence[str],
    contexts: Sequence[str],
    statistic: Callable[[Floats], Floats],
    tail: float = USUAL,
) -> Interval:
    """The interval where rows share questions and texts.

    Its variance is that of drawing questions, plus that of drawing texts, less that of drawing both together, which the
    two have counted twice (Cameron, Gelbach and Miller 2011); here with the distances of a percentile interval's ends,
    each by itself, for the one may be farther than the other. Never less than either.
    """
    pairs = [f"{question}\n{context}" for question, context in zip(questions, contexts, strict=True)]
    by_question = bootstrap(_tallies(rows, questions), statistic, tail)
    if len(set(contexts)) == len(set(pairs)):  # no text of two questions
        return by_question
    by_context, by_pair = (bootstrap(_tallies(rows, way), statistic, tail) for way in (contexts, pairs))
    mean = by_question[0]

    def reach(end: int) -> float:
        question, context, pair = ((each[end] - mean) ** 2 for each in (by_question, by_context, by_pair))
        return math.sqrt(max(question + context - pair, question, context))

    return mean, mean - reach(1), mean + reach(2)


def _tallies(rows: Iterable[Sequence[float]], names: Iterable[str]) -> dict[str, Floats]:
    """The sums of the rows of each name."""
    found: dict[str, Floats] = {}
    for row, name in zip(rows, names, strict=True):
        found[name] = found.get(name, 0.0) + np.asarray(row, np.float64)
    return found


def _ratio(sums: Floats) -> Floats:
    found: Floats = sums[..., 0] / sums[..., 1]
    return found


def _sums(trial: Trial, champion: Outcome, candidate: Outcome) -> tuple[float, ...]:
    """What one trial adds: itself; gain where it is known; 1 where it is not; gain, and 1, where a correction tells."""
    gain = 100 * (candidate.f1 - champion.f1)
    differ = normalise(champion.answer or "") != normalise(candidate.answer or "")
    known, tells = trial.kind != "down", trial.kind == "correction" and differ
    return 1.0, gain if known else 0.0, float(differ and not known), gain if tells else 0.0, float(tells)


def _mean_gain(sums: Floats) -> Floats:
    n, known, unknown, gained, corrected = (sums[..., i] for i in range(5))
    total: Floats = (known + unknown * gained / (corrected + 1)) / n
    return total


def _held_out(
    trials: Sequence[Trial], champion: Sequence[Outcome], candidate: Sequence[Outcome]
) -> dict[str, Any]:
    """The figures on held-out feedback; no difference where no correction makes one possible."""
    rows = list(zip(trials, champion, candidate, strict=True))
    by_kind = {kind: [row for row in rows if row[0].kind == kind] for kind in KINDS}
    judged = [row for row in rows if row[0].kind != "down"]
    referenced = [row for row in judged if row[0].kind == "correction" or row[0].reviewed]
    corrected = by_kind["correction"]
    numbers: dict[str, Any] = {
        "questions": len({trial.cluster for trial in trials}),
        "corrected": len({trial.cluster for trial, _, _ in corrected}),
        "difference": asdict(feedback_difference(trials, champion, candidate)) if corrected else None,
        "holds_up_to": _holds_up_to(rows) if corrected else None,
        "referenced": _side(referenced),
        "mcnemar": asdict(mcnemar([a for _, a, _ in judged], [b for _, _, b in judged])),
        "abstention_rate": {"champion": _silent(champion), "candidate": _silent(candidate)},
        "downs_changed": sum(changed(trial, b) for trial, _, b in by_kind["down"]),
        "ups_kept": sum(not changed(trial, b) for trial, _, b in by_kind["up"]),
    }
    if referenced:
        found = two_way_difference(
            [b.f1 - a.f1 for _, a, b in referenced],
            [trial.cluster for trial, _, _ in referenced],
            [trial.context or trial.cluster for trial, _, _ in referenced],
        )
        numbers["referenced"]["difference"] = asdict(found)
    return {**numbers, **{kind: _side(group) for kind, group in by_kind.items()}}


def _side(rows: Sequence[tuple[Trial, Outcome, Outcome]]) -> dict[str, Any]:
    return {
        "n": len(rows),
        "champion_f1": _mean_f1([a for _, a, _ in rows]),
        "candidate_f1": _mean_f1([b for _, _, b in rows]),
    }


def _holds_up_to(rows: Sequence[tuple[Trial, Outcome, Outcome]]) -> float | None:
    """How many times as readily people may speak up about wrong answers as about right ones, and it still is a gain.

    What is mended stands among the champion's wrong answers, what is broken among its right ones: it is the points gained
    on the ones over the points lost on the others. None where nothing was lost.
    """
    sums = [np.array(_sums(*row)) for row in rows]
    wrong, right = (
        sum((each for each, row in zip(sums, rows, strict=True) if (row[1].f1 < RIGHT) == side), np.zeros(5))
        for side in (True, False)
    )
    won, lost = float(_mean_gain(wrong) * wrong[0]) if wrong[0] else 0.0, -float(right[1])
    return max(won, 0.0) / lost if lost > 0 else None


def _by_proof(sure: Difference, held_out: dict[str, Any], tries: Tries) -> tuple[Ruling, tuple[str, ...]]:
    """Better, not better, or not known yet; the interval is as wide as this test of the champion's makes it."""
    found = f"On {sure.n} held-out answers to {sure.clusters} questions F1 changed by {_interval(sure)}"
    number = (
        f"It is test {tries.number} against this champion: each has to be surer than the one before, so that all together "
        "err in at most 5 of 100 cases."
    )
    also = (number,) if tries.number > 1 else ()
    referenced = held_out["referenced"]["difference"]
    if sure.low > 0 and referenced["mean"] < 0:
        why = f"F1 on the {referenced['n']} answers with a reference fell by {-referenced['mean']:.1f} points"
        return "reject", (f"{why}; expected no loss there.", f"{found}.", *also)
    if sure.low > 0:
        times = held_out["holds_up_to"]
        stands = (
            f"It would be a gain still if people spoke up {times:.1f} times as readily about wrong answers as about right ones."
            if times is not None
            else "Nothing that people liked was lost."
        )
        return "promote", (f"{found}; all of it above 0.", stands, *also)
    if sure.mean > 0 and sure.mean + sure.low > 0:  # four times as many questions halve the interval
        more = _enough(sure, tries) - sure.clusters
        return "not_yet", (
            f"{found}; expected all of it above 0: too wide to tell. A gain of that size needs {_more(more)}.",
            *also,
        )
    return "reject", (f"{found}; expected all of it above 0: not proven better.", *also)


def _enough(found: Difference, tries: Tries) -> int:
    """Held-out questions on which the next test would show a gain of this size: an interval's width goes with the square
    root of their number, and with how sure it has to be."""
    after = Tries(tries.number, found.clusters)
    surer = NormalDist().inv_cdf(after.error) / NormalDist().inv_cdf(tries.error)
    needed = math.ceil(found.clusters * (surer * (found.mean - found.low) / found.mean) ** 2)
    return max(needed, after.waits_for)


def _by_votes(
    trials: Sequence[Trial],
    champion: Sequence[Outcome],
    candidate: Sequence[Outcome],
    numbers: dict[str, Any],
) -> tuple[Ruling, tuple[str, ...]]:
    """Whether a candidate may be tried on people, where nobody's words tell whether it is better."""
    found = votes(trials, champion, candidate)
    numbers["held_out"] = {**numbers["held_out"], "votes": asdict(found)}
    lacks, known = found.lacks(), numbers["held_out"]["referenced"].get("difference")
    if known and known["mean"] < 0:
        lacks = (
            *lacks,
            f"F1 on the {known['n']} answers with a reference fell by {-known['mean']:.1f} points.",
        )
    alone = "Votes alone can't prove a gain."
    return ("not_yet", (alone, *lacks)) if lacks else ("trial", (f"{alone} {found.told()}",))


def _more(questions: int, kind: str = "with feedback") -> str:
    return f"{questions} more held-out questions, so about {ONE_IN * questions} more questions {kind}"


def _sides(held_out: dict[str, Any]) -> tuple[str, ...]:
    """What changed on each kind of feedback, as far as there is any."""
    correction, up, down, exact = (held_out[name] for name in ("correction", "up", "down", "mcnemar"))
    found = []
    if correction["n"]:
        found.append(
            f"F1 on {correction['n']} corrected answers went from {correction['champion_f1']:.1f} to "
            f"{correction['candidate_f1']:.1f}"
        )
    if up["n"]:
        found.append(f"{held_out['ups_kept']} of {up['n']} answers that people liked stayed")
    if down["n"]:
        found.append(f"{held_out['downs_changed']} of {down['n']} disliked changed")
    if exact["better"] + exact["worse"]:
        found.append(
            f"only the candidate is exactly right on {exact['better']}, only the champion on {exact['worse']} "
            f"(McNemar p = {exact['p']:.2g})"
        )
    return (f"{'; '.join(found)}.",) if found else ()


def _interval(difference: Difference) -> str:
    return (
        f"{difference.mean:+.1f} points, {difference.confidence:.4g} % interval {difference.low:+.1f} to "
        f"{difference.high:+.1f}"
    )


def _mean_f1(outcomes: Sequence[Outcome]) -> float | None:
    return mean_percent(outcome.f1 for outcome in outcomes) if outcomes else None


def _silent(outcomes: Sequence[Outcome]) -> float:
    return 100 * sum(outcome.answer is None for outcome in outcomes) / len(outcomes) if outcomes else 0.0
