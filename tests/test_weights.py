"""What each kind of example weighs is set, in both readers' training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import pytest

from bot.records import Example, Kind
from training.build import TrainingSettings
from training.features import window_rows
from training.generative import sequence_rows

TEXT = "Staff get 25 days. Interns get twelve days."
SETTINGS = TrainingSettings(
    up_weight=0.9,
    correction_weight=0.8,
    silence_weight=0.7,
    down_weight=0.3,
    abstention_weight=0.2,
    replay_weight=0.6,
)


@dataclass(frozen=True)
class Whole:
    """The whole text as one window, a token a character."""

    ids: tuple[int, ...] = tuple(range(len(TEXT) + 2))
    first: int = 1

    def position_span(self, start: int, end: int) -> tuple[int, int]:
        return start + 1, end


class Letters:
    """Cuts nothing, and writes a token a character."""

    no_answer = (0,)

    def cut(self, question: str, passages: Sequence[str]) -> list[Whole]:
        return [Whole()]

    def target(self, words: str) -> tuple[int, ...]:
        return tuple(map(ord, words))


def example(kind: Kind, **more: Any) -> Example:
    start, end = (
        (0, 0) if kind in ("silence", "down_abstention", "replay") else (TEXT.index("25"), TEXT.index("."))
    )
    return Example("How much?", TEXT, kind, start, end, 0.5, **more)


@pytest.mark.parametrize(
    ("kind", "weights"),
    [
        ("up", (0.45, 0.0, 0.0)),
        ("gold", (0.5, 0.0, 0.0)),
        ("silence", (0.35, 0.0, 0.0)),
        ("down", (0.0, 0.15, 0.0)),
        ("down_abstention", (0.0, 0.1, 0.0)),
        ("replay", (0.0, 0.0, 0.3)),
    ],
)
def test_each_kind_weighs_what_is_set_times_what_its_feedback_weighs(
    kind: Kind, weights: tuple[float, float, float]
) -> None:
    cutter = cast(Any, Letters())
    for rows in (
        list(window_rows([example(kind)], cutter, SETTINGS)),
        list(sequence_rows([example(kind)], cutter, SETTINGS, 100)),
    ):
        (row,) = rows
        found = (row["towards_weight"], row["away_weight"], row["seed_weight"])
        assert found == pytest.approx(weights)


def test_a_correction_pulls_to_its_span_and_pushes_the_rejected_one_with_their_own_weights() -> None:
    start = TEXT.index("twelve")
    corrected = example("correction", rejected=(start, start + 11))
    cutter = cast(Any, Letters())
    (row,) = window_rows([corrected], cutter, SETTINGS)
    assert (row["towards_weight"], row["away_weight"]) == pytest.approx((0.4, 0.15))
    assert row["away"] == [start + 1, start + 11]
    pull, push = sequence_rows([corrected], cutter, SETTINGS, 100)
    assert (pull["towards_weight"], pull["away_weight"]) == pytest.approx((0.4, 0.0))
    assert (push["towards_weight"], push["away_weight"]) == pytest.approx((0.0, 0.15))
    assert push["labels"] == list(cutter.target("twelve days"))
