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
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot.errors import AdapterError
from bot.reading.decoding import Span

FEATURES = (
    "score",  # of the span, against silence
    "log_probability",  # of the span in its window
    "lead_here",  # over the next best span apart from it in its passage
    "lead_elsewhere",  # over the best span of the other passages; 0 where there are none
    "question_words",  # ln(1 + n)
    "answer_words",  # ln(1 + n)
    "passages",  # ln n
)
_LEAD = 10.0  # leads beyond it say no more

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Calibrator:
    """P(right) = 1 / (1 + exp(-(bias + weights . features)))."""

    weights: tuple[float, ...]
    bias: float
    fitted_on: int = 0  # items; 0: a stand-in
    features: tuple[str, ...] = FEATURES

    def confidence(self, features: Sequence[float]) -> float:
        """The probability, 0 to 1, for the features in the order of `FEATURES`."""
        z = self.bias + sum(w * f for w, f in zip(self.weights, features, strict=True))
        return 1 / (1 + math.exp(-max(-40.0, min(40.0, z))))


UNFITTED = Calibrator((0.5,) + (0.0,) * (len(FEATURES) - 1), -1.0)
"""For an adapter without items to fit on: doubtful, and only the score counts."""


def reading_features(
    question: str, spans: Sequence[Span], texts: Sequence[str], chosen: int = 0
) -> list[float]:
    """The features of `spans[chosen]` among the ranked spans of one question over `texts`, as in
    `FEATURES`."""
    span = spans[chosen]
    here = [
        s.score for s in spans if s.passage == span.passage and (s.end <= span.start or s.start >= span.end)
    ]
    elsewhere = [s.score for s in spans if s.passage != span.passage]
    return [
        span.score,
        span.log_probability,
        _lead(span.score, max(here, default=span.score - _LEAD)),
        _lead(span.score, max(elsewhere)) if elsewhere else (0.0 if len(texts) == 1 else _LEAD),
        math.log1p(len(question.split())),
        math.log1p(len(texts[span.passage][span.start : span.end].split())),
        math.log(max(len(texts), 1)),
    ]


def fit(
    features: Matrix, right: NDArray[np.float64], *, prior: Calibrator = UNFITTED, penalty: float = 4.0
) -> Calibrator:
    """The calibrator of n readings: `features` (n, len(FEATURES)), `right` (n,) in 0..1.

    Newton's method on standardised features. An L2 penalty holds it near `prior` (the parent's calibrator, say):
    a few items move it a little, many decide, and separable ones stay finite.
    """
    if len(features) == 0:
        return prior
    mean, scale = features.mean(0), features.std(0)
    scale[scale < 1e-9] = 1.0
    x = np.hstack([(features - mean) / scale, np.ones((len(features), 1))])
    known = np.array(prior.weights)
    start = np.append(known * scale, prior.bias + known @ mean)
    theta = start.copy()
    for _ in range(50):
        p = 1 / (1 + np.exp(-np.clip(x @ theta, -40, 40)))
        gradient = x.T @ (p - right) + penalty * (theta - start)
        step = np.linalg.solve((x * (p * (1 - p))[:, None]).T @ x + penalty * np.eye(x.shape[1]), gradient)
        theta -= np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-8:
            break
    weights = theta[:-1] / scale
    return Calibrator(tuple(map(float, weights)), float(theta[-1] - weights @ mean), len(features))


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
    if features != FEATURES or len(weights) != len(FEATURES):
        raise AdapterError(
            f"{path} has features {', '.join(features)}; expected {', '.join(FEATURES)}: train the adapter again, "
            "or use the version of Lorebot that made it."
        )
    return calibrator


def _lead(score: float, other: float) -> float:
    return max(-_LEAD, min(_LEAD, score - other))
