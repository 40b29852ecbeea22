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
from bot.reading.decoding import Ranking, Span
from bot.reading.scores import calibration_error
from bot.reading.telling import lacking

GENERATOR = np.random.default_rng(5)


def readings(matrix: np.ndarray) -> list[dict[str, float]]:
    return [dict(zip(FEATURES, map(float, row), strict=True)) for row in matrix]


def test_a_fit_gives_the_shares_that_were_right() -> None:
    """Of so many items that what holds the features near nothing doesn't count."""
    matrix = GENERATOR.normal(size=(40000, len(FEATURES)))
    truth = 1 / (1 + np.exp(-(2 * matrix[:, 0] - matrix[:, 5] + 0.5)))
    right = [bool(r) for r in GENERATOR.random(40000) < truth]
    calibrator = fit(readings(matrix), right)
    said = [calibrator.confidence(each) for each in readings(matrix)]
    assert calibration_error(said, right) < 0.03
    assert calibrator.weights[0] == pytest.approx(2, abs=0.2)
    assert calibrator.weights[5] == pytest.approx(-1, abs=0.2)


def test_separable_and_constant_features_stay_finite() -> None:
    matrix = np.zeros((20, len(FEATURES)))
    matrix[:, 0] = np.arange(20)
    calibrator = fit(readings(matrix), [i >= 10 for i in range(20)])
    first, *_, last = (calibrator.confidence(each) for each in readings(matrix))
    assert first < 0.2 < 0.8 < last
    assert all(np.isfinite(calibrator.weights))


def test_all_right_and_all_wrong_stay_finite() -> None:
    seen = readings(GENERATOR.normal(size=(400, len(FEATURES))))
    assert fit(seen, [True] * 400).confidence(seen[0]) > 0.9
    assert fit(seen, [False] * 400).confidence(seen[0]) < 0.1


def test_few_items_move_the_parents_calibrator_little_and_many_decide() -> None:
    parent = Calibrator((1.0,), 0.0, features=("score",))
    seen = readings(GENERATOR.normal(size=(2000, len(FEATURES))))
    none = dict.fromkeys(FEATURES, 0.0)
    few, many = (fit(seen[:n], [False] * n, prior=parent).confidence(none) for n in (3, 2000))
    assert many < 0.05 < 0.25 < few < 0.5


def test_nothing_to_fit_on_gives_the_doubtful_stand_in() -> None:
    assert fit([], []) == UNFITTED
    assert UNFITTED.confidence(dict.fromkeys(FEATURES, 0.0)) < 0.5


def test_a_calibrator_of_an_older_version_that_knew_fewer_features_still_serves(tmp_path: Path) -> None:
    older = Calibrator((1.0, -2.0), 0.5, 10, ("score", "passages"))
    save_calibrator(older, tmp_path / "calibrator.json")
    loaded = load_calibrator(tmp_path / "calibrator.json")
    seen = {**dict.fromkeys(FEATURES, 9.0), "score": 3.0, "passages": 1.0}
    assert loaded.parts(seen) == {"score": 3.0, "passages": -2.0}
    assert loaded.confidence(seen) == pytest.approx(1 / (1 + np.exp(-1.5)))


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
    spans = (
        Span(0, 0, 4, 5.0, -0.1),
        Span(0, 2, 6, 4.5, -0.2),
        Span(0, 8, 9, 2.0, -3.0),
        Span(1, 0, 1, 1.0, -4.0),
    )
    named = reading_features("who is it", Ranking(spans, -0.5), ["some text here", "x"])
    assert tuple(named) == FEATURES
    assert named["lead_here"] == 3.0
    assert named["lead_elsewhere"] == 4.0
    assert named["passages"] == pytest.approx(np.log(2))
    assert named["silence"] == -0.5
    assert (named["searched"], named["nearest"], named["behind"]) == (0.0, 0.0, 0.0)


def test_search_tells_how_near_and_how_far_behind() -> None:
    ranking = Ranking((Span(1, 0, 1, 1.0, -1.0),), -0.5)
    named = reading_features("q", ranking, ["a", "b"], [0.0, -1.5], 0.8)
    assert (named["searched"], named["nearest"], named["behind"]) == (1.0, 0.8, -1.5)


def test_what_a_passage_lacks_of_a_question_counts() -> None:
    passage = "The engine of James Watt saved coal; it condensed apart from the cylinder in 1769."
    assert lacking("When did Watt condense apart from cylinders?", passage) == (0.0, 0)
    assert lacking("When did Newcomen condense in 1712?", passage) == (pytest.approx(2 / 3), 2)
    assert lacking("what is it?", passage) == (0.0, 0)
