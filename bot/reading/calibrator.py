"""From scores to a probability: how likely the best span is a right answer (so also: that there is one at
all).

A logistic regression on a few features of the whole reading (Platt 1999 has one feature; Kamath et al. 2020,
"Selective question answering under domain shift", show that a few more help). It is fitted for each adapter
anew: a threshold on raw scores doesn't carry over from one adapter to the next, a threshold on calibrated
probabilities does.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot.errors import AdapterError
from bot.reading.decoding import Ranking
from bot.reading.telling import lacking

FEATURES = (
    "score",  # of the span, against silence
    "log_probability",  # of the span in its window
    "silence",  # ln P that no passage answers
    "support",  # of the same text at other places
    "lead_here",  # over the next best span apart from it in its passage
    "lead_elsewhere",  # over the best span of the other passages; 0 where there are none
    "question_words",  # ln(1 + n)
    "answer_words",  # ln(1 + n)
    "passages",  # ln n
    "lacking",  # share of the question's telling words that the passage doesn't mention
    "lacking_names",  # ln(1 + names and numbers of the question that it doesn't mention)
    "searched",  # 1 where search found the passages, 0 where they came with the question
    "nearest",  # cosine of question and nearest passage, where search found them, else 0
    "behind",  # the prior of the span's passage, in logits: 0 for the nearest
)
_LEAD = 10.0  # leads beyond it say no more
_PENALTY, _TIGHT = 4.0, 300.0  # L2, on standardised features: of the score and the bias, of the rest
_LEAST_SCALE = 0.2

Matrix = NDArray[np.float64]
Features = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Calibrator:
    """P(right) = 1 / (1 + exp(-(bias + weights . features)))."""

    weights: tuple[float, ...]
    bias: float
    fitted_on: int = 0  # items; 0: a stand-in
    features: tuple[str, ...] = FEATURES  # some of FEATURES: an older version knew fewer

    def confidence(self, features: Features) -> float:
        """The probability, 0 to 1."""
        z = self.bias + sum(self.parts(features).values())
        return 1 / (1 + math.exp(-max(-40.0, min(40.0, z))))

    def parts(self, features: Features) -> dict[str, float]:
        """What each feature adds to the log-odds."""
        return {name: w * features[name] for name, w in zip(self.features, self.weights, strict=True)}


UNFITTED = Calibrator((0.5,), -1.0, features=("score",))
"""For an adapter without items to fit on: doubtful, and only the score counts."""


def reading_features(
    question: str,
    ranking: Ranking,
    texts: Sequence[str],
    priors: Sequence[float] | None = None,
    nearest: float | None = None,
    chosen: int = 0,
) -> dict[str, float]:
    """The features of `ranking.spans[chosen]` among one question's spans over `texts`, by the names of `FEATURES`.

    `priors`, `nearest`: as in `Reader.read`.
    """
    spans, span = ranking.spans, ranking.spans[chosen]
    here = [
        s.score for s in spans if s.passage == span.passage and (s.end <= span.start or s.start >= span.end)
    ]
    elsewhere = [s.score for s in spans if s.passage != span.passage]
    share, names = lacking(question, texts[span.passage])
    return {
        "score": span.score,
        "log_probability": span.log_probability,
        "silence": ranking.silence,
        "support": span.support,
        "lead_here": _lead(span.score, max(here, default=span.score - _LEAD)),
        "lead_elsewhere": _lead(span.score, max(elsewhere))
        if elsewhere
        else (0.0 if len(texts) == 1 else _LEAD),
        "question_words": math.log1p(len(question.split())),
        "answer_words": math.log1p(len(span.words(texts).split())),
        "passages": math.log(max(len(texts), 1)),
        "lacking": share,
        "lacking_names": math.log1p(names),
        "searched": float(nearest is not None),
        "nearest": nearest or 0.0,
        "behind": priors[span.passage] if priors else 0.0,
    }


def fit(readings: Sequence[Features], right: Sequence[bool], *, prior: Calibrator = UNFITTED) -> Calibrator:
    """The calibrator of n readings, by the features of their best span and whether it was right.

    Newton's method on standardised features. An L2 penalty holds it near `prior` (the parent's calibrator, say):
    a few items move it a little, many decide, and separable ones stay finite. All but the score are held tighter: on
    questions of other articles and on the demo's handbook, the score alone ordered answers as well as all features
    freely fitted, search's worse than none (adapters/README.md).
    """
    if not readings:
        return prior
    features: Matrix = np.array([[each[name] for name in FEATURES] for each in readings], np.float64)
    truth = np.array(right, np.float64)
    before = dict(zip(prior.features, prior.weights, strict=True))
    mean, scale = features.mean(0), features.std(0)
    scale = np.maximum(
        scale, _LEAST_SCALE
    )  # a feature that hardly ever differs from 0 must not get a huge weight
    penalty = np.array([_PENALTY if name == "score" else _TIGHT for name in FEATURES] + [_PENALTY])
    x = np.hstack([(features - mean) / scale, np.ones((len(features), 1))])
    known = np.array([before.get(name, 0.0) for name in FEATURES])
    start = np.append(known * scale, prior.bias + known @ mean)
    theta = start.copy()
    for _ in range(50):
        p = 1 / (1 + np.exp(-np.clip(x @ theta, -40, 40)))
        gradient = x.T @ (p - truth) + penalty * (theta - start)
        step = np.linalg.solve((x * (p * (1 - p))[:, None]).T @ x + np.diag(penalty), gradient)
        theta -= np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-8:
            break
    weights = theta[:-1] / scale
    return Calibrator(tuple(map(float, weights)), float(theta[-1] - weights @ mean), len(readings))


def save_calibrator(calibrator: Calibrator, path: Path) -> None:
    path.write_text(json.dumps(asdict(calibrator), indent=2) + "\n", encoding="utf-8")


def load_calibrator(path: Path) -> Calibrator:
    """The calibrator of a file. Raises AdapterError where it isn't one for these features."""
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        features, weights = tuple(stored["features"]), tuple(map(float, stored["weights"]))
        calibrator = Calibrator(weights, float(stored["bias"]), int(stored["fitted_on"]), features)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise AdapterError(
            f"{path} is not a calibrator ({error!r}): import or train the adapter again."
        ) from error
    if not set(features) <= set(FEATURES) or len(weights) != len(features):
        raise AdapterError(
            f"{path} has features {', '.join(features)}; expected some of {', '.join(FEATURES)}: train the adapter again, "
            "or use the version of Lorebot that made it."
        )
    return calibrator


def _lead(score: float, other: float) -> float:
    return max(-_LEAD, min(_LEAD, score - other))
