"""From logits to spans, without a model."""

import itertools
import math

import numpy as np
import pytest

from bot.reading.decoding import Span, rank_spans, span_log_probability, window_spans
from bot.reading.windows import Window

TEXT = "red green  blue"
WINDOW = Window(
    ids=(1, 7, 2, 10, 11, 12, 2), first=3, offsets=((0, 3), (4, 9), (11, 15)), passage=0, reach=(0, 15)
)


def logits(**at: float) -> np.ndarray:
    values = np.zeros(7, np.float32)
    for position, value in at.items():
        values[int(position[1:])] = value
    return values


def test_the_best_span_lies_in_the_passage_only() -> None:
    best = window_spans(WINDOW, TEXT, logits(p1=99, p4=5), logits(p6=99, p5=4))[0]
    assert (TEXT[best.start : best.end], best.score) == ("green  blue", 9.0)


def test_the_score_is_measured_against_silence() -> None:
    best = window_spans(WINDOW, TEXT, logits(p0=3, p4=5), logits(p0=2, p4=4))[0]
    assert best.score == pytest.approx(4.0)


def test_an_end_never_precedes_its_start_and_answers_have_a_longest_length() -> None:
    spans = window_spans(WINDOW, TEXT, logits(p5=9), logits(p3=9), n_best=50)
    assert all(span.start < span.end for span in spans)
    assert len(spans) == 6
    short = window_spans(WINDOW, TEXT, logits(), logits(), n_best=50, max_answer=1)
    assert sorted(TEXT[s.start : s.end] for s in short) == ["blue", "green", "red"]


def test_probabilities_of_starts_and_ends_count_silence_in() -> None:
    start, end = logits(p0=1, p4=2), logits(p0=1, p4=2)
    best = window_spans(WINDOW, TEXT, start, end)[0]
    total = math.exp(1) + math.exp(2) + 2
    assert best.log_probability == pytest.approx(2 * (2 - math.log(total)), abs=1e-6)
    assert best.silence == pytest.approx(2 * (1 - math.log(total)), abs=1e-6)
    assert span_log_probability(WINDOW, start, end, (4, 9)) == pytest.approx(best.log_probability, abs=1e-6)
    assert span_log_probability(WINDOW, start, end, (0, 0)) == pytest.approx(
        2 * (1 - math.log(total)), abs=1e-6
    )


def test_a_span_outside_the_window_has_no_probability_in_it() -> None:
    assert span_log_probability(WINDOW, logits(), logits(), (4, 99)) is None


def test_an_empty_window_has_no_spans() -> None:
    assert (
        window_spans(
            Window((1, 2, 2), 2, (), 0, (0, 0)), "", np.zeros(3, np.float32), np.zeros(3, np.float32)
        )
        == []
    )


def test_the_same_text_is_offered_once_and_the_best_place_wins() -> None:
    spans = [
        Span(0, 0, 4, 1.0, -1.0),
        Span(1, 2, 6, 3.0, -1.0),
        Span(0, 0, 4, 2.0, -1.0),
        Span(1, 0, 1, 0.5, -1.0),
    ]
    ranked = rank_spans(spans, ["Port", "a PORT"]).spans
    assert [(s.passage, s.score) for s in ranked] == [(1, 3.0), (1, 0.5)]


def test_two_passages_that_say_the_same_beat_a_better_one_that_stands_alone() -> None:
    spans = [Span(0, 0, 1, 3.0, -1.0), Span(1, 0, 1, 2.8, -1.0), Span(2, 0, 1, 2.6, -1.0)]
    ranked = rank_spans(spans, ["x", "y", "Y"]).spans
    assert [(s.passage, s.score) for s in ranked] == [(1, 2.8), (0, 3.0)]
    assert ranked[0].support == pytest.approx(math.log(math.exp(2.8) + math.exp(2.6)) - 2.8)
    assert ranked[1].support == 0.0


def test_two_windows_over_one_place_are_no_second_witness() -> None:
    spans = [Span(0, 0, 1, 2.0, -1.0), Span(0, 0, 1, 1.9, -1.0)]
    (best,) = rank_spans(spans, ["x"]).spans
    assert (best.score, best.support) == (2.0, 0.0)


def test_silence_is_that_of_the_window_that_is_least_silent() -> None:
    spans = [Span(0, 0, 1, 2.0, -1.0, silence=-3.0), Span(1, 0, 1, 1.0, -1.0, silence=-0.1)]
    assert rank_spans(spans, ["x", "y"]).silence == -3.0
    assert rank_spans([], []).silence == 0.0


def test_priors_reorder_but_leave_scores_alone() -> None:
    spans = [Span(0, 0, 1, 2.0, -1.0), Span(1, 0, 1, 1.0, -1.0)]
    ranked = rank_spans(spans, ["x", "y"], [0.0, 5.0]).spans
    assert [(s.passage, s.score) for s in ranked] == [(1, 1.0), (0, 2.0)]


def _pieces(text: str, *cuts: int) -> Window:
    edges = [0, *cuts, len(text)]
    offsets = tuple(itertools.pairwise(edges))
    return Window((1, 7, 2, *range(10, 10 + len(offsets)), 2), 3, offsets, 0, (0, len(text)))


@pytest.mark.parametrize(
    ("text", "cuts", "whole"),
    [
        ("unhappily", (2, 5), {"unhappily"}),
        ("Zürich2", (3, 6), {"Zürich2"}),
        ("state-owned", (5, 6), {"state", "-", "owned", "state-", "-owned", "state-owned"}),
        ("(https://a.io/b).", (1, 6, 9, 13, 15), None),
        ("東京都", (1, 2), {"東", "京", "都", "東京", "京都", "東京都"}),
    ],
)
def test_no_answer_begins_or_ends_inside_a_word_or_a_url(
    text: str, cuts: tuple[int, ...], whole: set[str] | None
) -> None:
    window = _pieces(text, *cuts)
    flat = np.zeros(len(window.ids), np.float32)
    found = {text[s.start : s.end] for s in window_spans(window, text, flat, flat, n_best=50)}
    if whole is None:
        assert {"https://a.io/b", "https://a.io/b).", "(https://a.io/b"} <= found
        assert not any(each.strip("().") not in ("https://a.io/b", "") for each in found)
    else:
        assert found == whole


def test_a_word_longer_than_an_answer_may_be_is_cut_all_the_same() -> None:
    window = _pieces("abcdef", 1, 2, 3, 4, 5)
    flat = np.zeros(len(window.ids), np.float32)
    assert window_spans(window, "abcdef", flat, flat, max_answer=3)
