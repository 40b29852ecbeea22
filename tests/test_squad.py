"""SQuAD's normalisation and scores."""

from dataclasses import replace

import pytest

from bot.reading.scores import Outcome, answered_at, best_threshold, risk_coverage, threshold_to_answer
from bot.reading.squad import exact_match, f1, normalise


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The  Answer!", "answer"),
        ("an apple, a day", "apple day"),
        ("U.S.", "us"),
        ("theatre", "theatre"),
        ("", ""),
    ],
)
def test_case_punctuation_articles_and_space_do_not_count(text: str, expected: str) -> None:
    assert normalise(text) == expected


def test_an_answer_matches_any_of_the_references() -> None:
    assert exact_match("the Port 8080.", ["80", "port 8080"]) == 1.0
    assert exact_match("port", ["80", "port 8080"]) == 0.0


def test_f1_is_the_best_over_the_references() -> None:
    assert f1("on port 8080", ["port 8080", "nothing alike"]) == pytest.approx(0.8)


def test_f1_counts_a_repeated_word_as_often_as_it_stands_in_both() -> None:
    assert f1("very very old", ["very old"]) == pytest.approx(2 * (2 / 3) * 1 / (2 / 3 + 1))


def test_silence_is_right_only_where_there_is_no_answer() -> None:
    assert exact_match("", []) == f1("", []) == 1.0
    assert exact_match("something", []) == f1("something", []) == 0.0
    assert f1("", ["something"]) == 0.0


def test_an_answer_of_articles_alone_equals_nothing() -> None:
    assert f1("the", ["a"]) == 1.0  # both are empty once normalised, as in the official script


def test_the_risk_coverage_curve_goes_from_the_surest_answer_to_all() -> None:
    curve = risk_coverage([0.2, 0.9, 0.8, 0.4], [False, True, True, False])
    assert curve == [(0.25, 0.0), (0.5, 0.0), (0.75, pytest.approx(1 / 3)), (1.0, 0.5)]
    assert answered_at(curve, 0.9) == 0.5
    assert answered_at(curve, 0.5) == 1.0
    assert answered_at(risk_coverage([0.5], [False]), 0.8) == 0.0
    assert risk_coverage([], []) == []


def test_equal_confidences_can_only_be_answered_together() -> None:
    assert risk_coverage([0.5, 0.5], [True, False]) == [(1.0, 0.5)] * 2
    assert answered_at(risk_coverage([0.5, 0.5], [True, False]), 0.8) == 0.0


def made(confidence: float, gained: float) -> Outcome:
    """What an answerable question brings, if it is answered at all."""
    return Outcome(str(confidence), True, None, confidence, 0.0, 0.0, "a span", gained, gained, 0.0)


def test_the_best_threshold_is_the_highest_of_the_flat_top() -> None:
    silent = replace(made(0.6, 0.0), answerable=False)  # right to be silent from 0.61 on
    assert best_threshold([made(0.9, 1.0), made(0.8, 1.0), silent]) == 0.8
    assert best_threshold([made(0.9, 1.0), made(0.8, 0.015)]) == 0.9  # a loss too small to risk an answer for
    assert best_threshold([made(0.9, 1.0), made(0.8, 0.03)]) == 0.8
    assert best_threshold([]) == 0.99


@pytest.mark.parametrize(
    ("count", "expected"), [(0, 0.95), (1, 0.75), (2, 0.45), (3, 0.15), (9, 0.15), (-1, 0.95)]
)
def test_a_threshold_to_answer_so_many_lies_between_the_last_of_them_and_the_next(
    count: int, expected: float
) -> None:
    outcomes = [Outcome(str(c), True, None, c, 0.0, 0.0, "", 0.0, 0.0, 0.0) for c in (0.3, 0.9, 0.6)]
    assert threshold_to_answer(outcomes, count) == expected
