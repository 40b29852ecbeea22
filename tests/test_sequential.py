"""The sequential test: seldom wrong however often somebody looks, and quick where a drop is large."""

from __future__ import annotations

import random

import numpy as np
import pytest

from bot.sequential import HORIZON, PROVEN, Block, evidence, one_after_other, side_by_side


def called_at(before: list[bool], after: list[bool]) -> int | None:
    """After how many votes a drop was proven, looking after every block; None: never."""
    blocks = one_after_other(before, after)
    size = blocks[0].other_votes if blocks else 1
    found = (i for i in range(1, len(blocks) + 1) if evidence(blocks[:i]) >= PROVEN)
    at = next(found, None)
    return None if at is None else at * size


def votes(rng: np.random.Generator, rate: float, n: int) -> list[bool]:
    return [bool(up) for up in rng.random(n) < rate]


def test_no_votes_say_nothing() -> None:
    assert evidence([]) == 1.0
    assert one_after_other([], [False] * 50) == []
    assert one_after_other([True] * 50, []) == []
    assert side_by_side([]) == side_by_side([(True, False)] * 30) == []


def test_a_blocks_e_value_has_mean_one_at_most_wherever_the_rates_are_equal_or_the_other_way_round() -> None:
    def mean(rate: float, other: float, n: int, m: int) -> float:
        def chance(k: int, size: int, p: float) -> float:
            ways = 1.0
            for i in range(k):
                ways *= (size - i) / (i + 1)
            return float(ways * p**k * (1 - p) ** (size - k))

        return sum(
            chance(i, n, rate) * chance(j, m, other) * evidence([Block(i, n, j, m)])
            for i in range(n + 1)
            for j in range(m + 1)
        )

    for n, m in ((1, 1), (5, 1), (1, 4), (3, 2)):
        for rate in (0.02, 0.3, 0.5, 0.77, 0.99):
            assert mean(rate, rate, n, m) <= 1 + 1e-9
            assert mean(rate, min(1.0, rate + 0.2), n, m) <= 1 + 1e-9
    assert mean(0.8, 0.3, 3, 2) > 1.2, "where the first side is better, evidence grows"


def test_looking_after_every_vote_calls_a_drop_that_is_none_in_at_most_one_of_twenty() -> None:
    rng = np.random.default_rng(11)
    calls = [called_at(votes(rng, 0.7, 60), votes(rng, 0.7, 120)) for _ in range(120)]
    assert sum(call is not None for call in calls) <= 6


def test_a_team_that_grows_stricter_proves_nothing_against_a_challenger() -> None:
    rng = random.Random(3)
    proven = 0
    for _ in range(60):
        rates = [0.85 - 0.6 * i / 200 for i in range(200)]
        stream = [(rng.random() < 0.3, rng.random() < rate) for rate in rates]
        blocks = side_by_side(stream)
        proven += max(evidence(blocks[:i]) for i in range(1, len(blocks) + 1)) >= PROVEN
    assert proven <= 3


@pytest.mark.parametrize(("drop", "share", "within"), [(0.2, 0.75, 160), (0.3, 0.9, 80)])
def test_a_real_drop_is_called_soon(drop: float, share: float, within: int) -> None:
    rng = np.random.default_rng(7)
    calls = [called_at(votes(rng, 0.7, 500), votes(rng, 0.7 - drop, 200)) for _ in range(40)]
    found = sorted(call for call in calls if call is not None)
    assert len(found) >= share * len(calls)
    assert found[len(found) // 2] <= within


def test_a_better_side_is_never_called_worse_by_turning_the_question() -> None:
    block = Block(9, 10, 3, 10)
    assert evidence([block] * 3) > PROVEN
    assert evidence([block.turned()] * 3) < 1
    assert block.turned().turned() == block


def test_evidence_stays_a_number_whatever_comes() -> None:
    assert evidence([Block(100, 100, 0, 100)] * 50) > 1e100
    assert 0 <= evidence([Block(0, 100, 100, 100)] * 50) < 1e-100


def test_blocks_hold_every_vote_once_and_some_of_each_side() -> None:
    stream = [(False, True), (False, False), (True, True), (True, False), (True, False), (False, True)]
    assert side_by_side(stream) == [Block(1, 1, 1, 2), Block(0, 2, 1, 1)]
    many, few = (
        one_after_other([True] * (3 * HORIZON), [False] * 5),
        one_after_other([True] * 50, [False] * 9),
    )
    assert many == [Block(3, 3, 0, 1)] * 5
    assert few == [Block(1, 1, 0, 4)] * 2
