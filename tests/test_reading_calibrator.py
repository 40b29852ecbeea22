"""The map from scores to probabilities."""

from pathlib import Path

import numpy as np
import pytest

from bot.errors import AdapterError
from bot.reading.calibrator import (
    FEATURES,
    UNFITTED,
    Calibrator,
    fit,
    load_calibrator,
    reading_features,
    save_calibrator,
)
from bot.reading.decoding import Span
from bot.reading.scores import calibration_error

GENERATOR = np.random.default_rng(5)


def test_a_fit_gives_the_shares_that_were_right() -> None:
    features = GENERATOR.normal(size=(4000, len(FEATURES)))
    truth = 1 / (1 + np.exp(-(2 * features[:, 0] - features[:, 5] + 0.5)))
    right = (GENERATOR.random(4000) < truth).astype(float)
    calibrator = fit(features, right)
    said = [calibrator.confidence(row) for row in features]
    assert calibration_error(said, [bool(r) for r in right]) < 0.03
    assert calibrator.weights[0] == pytest.approx(2, abs=0.2)
    assert calibrator.weights[5] == pytest.approx(-1, abs=0.2)


def test_separable_and_constant_features_stay_finite() -> None:
    features = np.zeros((20, len(FEATURES)))
    features[:, 0] = np.arange(20)
    calibrator = fit(features, (np.arange(20) >= 10).astype(float))
    assert calibrator.confidence(features[0]) < 0.2 < 0.8 < calibrator.confidence(features[19])
    assert all(np.isfinite(calibrator.weights))


def test_all_right_and_all_wrong_stay_finite() -> None:
    features = GENERATOR.normal(size=(400, len(FEATURES)))
    assert fit(features, np.ones(400)).confidence(features[0]) > 0.9
    assert fit(features, np.zeros(400)).confidence(features[0]) < 0.1


def test_few_items_move_the_parents_calibrator_little_and_many_decide() -> None:
    parent = Calibrator((1.0,) + (0.0,) * 6, 0.0)
    features = GENERATOR.normal(size=(2000, len(FEATURES)))
    right = np.zeros(2000)
    few, many = (fit(features[:n], right[:n], prior=parent).confidence([0.0] * 7) for n in (3, 2000))
    assert many < 0.05 < 0.25 < few < 0.5


def test_nothing_to_fit_on_gives_the_doubtful_stand_in() -> None:
    calibrator = fit(np.zeros((0, len(FEATURES))), np.zeros(0))
    assert calibrator == UNFITTED
    assert calibrator.confidence([0.0] * len(FEATURES)) < 0.5


def test_a_calibrator_is_read_as_it_was_written(tmp_path: Path) -> None:
    save_calibrator(UNFITTED, tmp_path / "calibrator.json")
    assert load_calibrator(tmp_path / "calibrator.json") == UNFITTED


@pytest.mark.parametrize(
    "content", ["", "[]", '{"features": ["other"], "weights": [1], "bias": 0, "fitted_on": 1}']
)
def test_another_file_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "calibrator.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(AdapterError, match="train the adapter again"):
        load_calibrator(path)


def test_leads_are_over_spans_apart_from_the_chosen_one() -> None:
    spans = [
        Span(0, 0, 4, 5.0, -0.1),
        Span(0, 2, 6, 4.5, -0.2),
        Span(0, 8, 9, 2.0, -3.0),
        Span(1, 0, 1, 1.0, -4.0),
    ]
    named = dict(zip(FEATURES, reading_features("who is it", spans, ["some text here", "x"]), strict=True))
    assert named["lead_here"] == 3.0
    assert named["lead_elsewhere"] == 4.0
    assert named["passages"] == pytest.approx(np.log(2))
