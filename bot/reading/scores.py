"""How good a reader is on labelled questions: what `evaluate` prints, and each question's part in it for the
gate.

F1 and exact match are SQuAD's. An answer counts as right where its F1 with a reference is at least 0.5: what
a person would give a thumbs-up, and what the calibrator's probability is a probability of.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.reading.items import Item
from bot.reading.protocol import Reader
from bot.reading.squad import exact_match, f1, mean_percent
from bot.records import Scores

RIGHT = 0.5  # the F1 from which an answer is right
BINS = 10  # of the expected calibration error
FLAT = 0.01  # of F1: what fewer wrong answers may cost


@dataclass(frozen=True, slots=True)
class Outcome:
    """One question's result. Shares are 0 to 1."""

    id: str
    answerable: bool
    answer: str | None  # None: abstained
    confidence: float  # of the best span, given or not
    exact_match: float  # of what was said; silence is right where there is no answer
    f1: float
    span: str  # the best span, whatever the confidence; "" where there is none
    span_exact_match: float  # of that span; 0 where there is no answer
    span_f1: float
    seconds: float

    @property
    def right(self) -> bool:
        """Whether the best span is a right answer."""
        return self.span_f1 >= RIGHT


def evaluate(
    reader: Reader,
    items: Sequence[Item],
    *,
    min_confidence: float,
    progress: Callable[[float, str], None] | None = None,
) -> tuple[Scores, list[Outcome]]:
    """Reads each item by itself, as a question comes in service, and scores what would be said.

    Below `min_confidence` the reader abstains. Outcomes are in the order of the items.
    """
    if items:
        reader.warm()  # loading is no part of a question's time
    outcomes = []
    for i, item in enumerate(items):
        outcomes.append(_outcome(reader, item, min_confidence))
        if progress and i % 50 == 0:
            progress(i / len(items), f"reading question {i + 1} of {len(items)}")
    return summarise(reader.adapter, outcomes), outcomes


def summarise(adapter: str, outcomes: Sequence[Outcome]) -> Scores:
    """The scores of any set of outcomes; a figure over no item is 0."""
    answerable = [o for o in outcomes if o.answerable]
    seconds = sorted(o.seconds for o in outcomes)
    curve = risk_coverage([o.confidence for o in outcomes], [o.right for o in outcomes])
    return Scores(
        adapter=adapter,
        n=len(outcomes),
        exact_match=mean_percent(o.exact_match for o in outcomes),
        f1=mean_percent(o.f1 for o in outcomes),
        has_answer_exact_match=mean_percent(o.exact_match for o in answerable),
        has_answer_f1=mean_percent(o.f1 for o in answerable),
        no_answer_accuracy=mean_percent(o.f1 for o in outcomes if not o.answerable),
        span_exact_match=mean_percent(o.span_exact_match for o in answerable),
        span_f1=mean_percent(o.span_f1 for o in answerable),
        abstention_rate=mean_percent(o.answer is None for o in outcomes),
        ece=100 * calibration_error([o.confidence for o in outcomes], [o.right for o in outcomes]),
        latency_p50_ms=1000 * _quantile(seconds, 0.5),
        latency_p95_ms=1000 * _quantile(seconds, 0.95),
        aurc=100 * sum(risk for _, risk in curve) / max(len(curve), 1),
        answered_at_80=100 * answered_at(curve, 0.8),
        answered_at_90=100 * answered_at(curve, 0.9),
    )


def calibration_error(confidences: Sequence[float], right: Sequence[bool]) -> float:
    """Expected calibration error, 0 to 1, over equally wide bins (Guo et al. 2017): the mean gap, weighted by
    bin, between the mean confidence and the share that was right."""
    gaps = (abs(sum(confidences[i] - right[i] for i in members)) for members in binned(confidences))
    return sum(gaps) / len(confidences) if confidences else 0.0


def binned(confidences: Sequence[float]) -> list[list[int]]:
    """Which confidences, 0 to 1, fall into each of `BINS` equally wide bins, least sure first; the last holds 1 too."""
    found: list[list[int]] = [[] for _ in range(BINS)]
    for i, confidence in enumerate(confidences):
        found[min(int(confidence * BINS), BINS - 1)].append(i)
    return found


def risk_coverage(confidences: Sequence[float], right: Sequence[bool]) -> list[tuple[float, float]]:
    """(coverage, risk), both 0 to 1, at each threshold that confidences allow, surest first: the share of questions
    answered there and the share of those answers that is wrong (El-Yaniv and Wiener 2010). Equal confidences can only
    be answered together: their points share one risk."""
    order = sorted(range(len(confidences)), key=lambda i: -confidences[i])
    curve: list[tuple[float, float]] = []
    wrong = first = 0
    for at, i in enumerate(order):
        wrong += not right[i]
        if at + 1 == len(order) or confidences[order[at + 1]] < confidences[i]:
            curve += [((at + 1) / len(order), wrong / (at + 1))] * (at + 1 - first)
            first = at + 1
    return curve


def answered_at(curve: Sequence[tuple[float, float]], right: float) -> float:
    """The largest coverage, 0 to 1, at which at least that share of the answers is right; 0 where there is none."""
    return max((coverage for coverage, risk in curve if risk <= 1 - right + 1e-9), default=0.0)


def with_threshold(outcome: Outcome, min_confidence: float) -> Outcome:
    """The outcome as it would be at another threshold: nothing needs to be read again."""
    said = outcome.span if outcome.span and outcome.confidence >= min_confidence else None
    silent = float(not outcome.answerable)
    return Outcome(
        outcome.id,
        outcome.answerable,
        said,
        outcome.confidence,
        silent if said is None else outcome.span_exact_match,
        silent if said is None else outcome.span_f1,
        outcome.span,
        outcome.span_exact_match,
        outcome.span_f1,
        outcome.seconds,
    )


def best_threshold(outcomes: Sequence[Outcome]) -> float:
    """The highest `min_confidence`, in steps of 0.01, whose mean F1 is within `FLAT` of the best.

    The top is flat: along it questions answered rightly become fewer about as fast as questions answered wrongly. People
    forgive silence sooner than a wrong answer.
    """
    steps = [step / 100 for step in range(100)]
    means = [sum(with_threshold(o, t).f1 for o in outcomes) / max(len(outcomes), 1) for t in steps]
    return max(step for step, mean in zip(steps, means, strict=True) if mean >= max(means) - FLAT)


def threshold_to_answer(outcomes: Sequence[Outcome], count: int) -> float:
    """The `min_confidence` from which `count` of the outcomes are answered: halfway between the least sure of those and the
    surest of the others. Outcomes of one confidence are answered together."""
    sure = [1.0, *sorted((outcome.confidence for outcome in outcomes), reverse=True), 0.0]
    last = min(max(count, 0), len(outcomes))
    return round((sure[last] + sure[last + 1]) / 2, 4)


def _outcome(reader: Reader, item: Item, min_confidence: float) -> Outcome:
    before = time.perf_counter()
    best = reader.read(item.question, [item.context, *item.others]).best
    seconds = time.perf_counter() - before
    span, confidence = (best.text, best.confidence) if best else ("", 0.0)
    return judged(item, span, confidence, min_confidence, seconds)


def judged(item: Item, span: str, confidence: float, min_confidence: float, seconds: float = 0.0) -> Outcome:
    """The outcome of an item whose best span (or "") has that confidence."""
    span_em = exact_match(span, item.references) if item.answerable else 0.0
    span_f1 = f1(span, item.references) if item.answerable else 0.0
    whole = Outcome(item.id, item.answerable, None, confidence, 0.0, 0.0, span, span_em, span_f1, seconds)
    return with_threshold(whole, min_confidence)


def _quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0
