"""A trial: a held-out question exactly as it was asked, with the texts that were offered for it then.

Champion and candidate read the same trials through the serving reader, passages, priors and threshold included, so
that what the gate measures is what people would have been shown.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from bot.reading.protocol import Reader
from bot.reading.scores import RIGHT, Outcome, with_threshold
from bot.reading.squad import exact_match, f1

TrialKind = Literal["correction", "up", "silence", "down"]


@dataclass(frozen=True, slots=True)
class Trial:
    """One person's word on one held-out answer, and what is needed to read its question again."""

    id: str  # answer and person
    cluster: str  # the normalised question: trials that share it count as one draw
    question: str
    texts: tuple[str, ...]
    priors: tuple[float, ...]  # one a text, in logits
    kind: TrialKind
    references: tuple[str, ...] = ()  # accepted answers; none for silence, unknown for down
    nearest: float | None = None  # similarity of the passage that search found nearest
    said: str | None = None  # what was answered then
    context: str = ""  # the text it is about; trials that share it are no independent evidence either
    reviewed: bool = False  # a reviewer agreed, so that an up is a reference too and not a vote alone
    public: bool = False  # everybody in the workspace may read where it was asked: a report may show it


def read_trials(
    reader: Reader,
    trials: Sequence[Trial],
    *,
    min_confidence: float,
    progress: Callable[[float, str], None] | None = None,
) -> list[Outcome]:
    """One outcome a trial, in their order, each question read by itself as in service.

    A trial of kind `down` has no accepted answer: only what was said counts there, its figures are 0.
    """
    outcomes = []
    for i, trial in enumerate(trials):
        before = time.perf_counter()
        best = reader.read(trial.question, trial.texts, trial.priors, trial.nearest).best
        seconds = time.perf_counter() - before
        span, confidence = (best.text, best.confidence) if best else ("", 0.0)
        answerable = bool(trial.references)
        span_em = exact_match(span, trial.references) if answerable else 0.0
        span_f1 = f1(span, trial.references) if answerable else 0.0
        whole = Outcome(trial.id, answerable, None, confidence, 0.0, 0.0, span, span_em, span_f1, seconds)
        outcomes.append(with_threshold(whole, min_confidence))
        if progress and i % 20 == 0:
            progress(i / len(trials), f"reading held-out question {i + 1} of {len(trials)}")
    return outcomes


def changed(trial: Trial, outcome: Outcome) -> bool:
    """Whether the reader now says something else than what was said then: other words, not a word more or less."""
    return f1(outcome.answer or "", (trial.said or "",)) < RIGHT
