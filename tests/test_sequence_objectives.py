"""What each kind of example teaches a seq2seq base: losses by hand, and where one step moves what."""

from __future__ import annotations

import math
from typing import Any

import pytest

from bot.reading.sequences import IGNORED


def targets(labels: list[list[int]], **weights: list[float]) -> Any:
    import torch

    from training.sequence_objectives import SequenceTargets

    rows = len(labels)
    kept: dict[str, Any] = {
        name: torch.tensor(weights.pop(name)) for name in ("tokens", "shares") if name in weights
    }
    none = {"towards_weight": [0.0] * rows, "away_weight": [0.0] * rows, "seed_weight": [0.0] * rows}
    return SequenceTargets(
        labels=torch.tensor(labels),
        seed_tokens=kept.get("tokens", torch.zeros((rows, len(labels[0]), 0), dtype=torch.long)),
        seed_shares=kept.get("shares", torch.zeros((rows, len(labels[0]), 0))),
        **{name: torch.tensor(value) for name, value in {**none, **weights}.items()},
    )


def logits_of(shares: list[list[list[float]]]) -> Any:
    import torch

    return torch.log(torch.tensor(shares)).requires_grad_()


# one row, two places, three tokens: P of the label [0, 1] is 0.5 * 0.8
LOGITS = [[[0.5, 0.25, 0.25], [0.1, 0.8, 0.1]]]


def loss(labels: list[list[int]], logits: list[list[list[float]]] = LOGITS, **weights: Any) -> float:
    from training.sequence_objectives import sequence_loss

    return float(sequence_loss(logits_of(logits), targets(labels, **weights)).detach())


def test_learning_an_output_costs_the_mean_of_its_tokens() -> None:
    assert loss([[0, 1]], towards_weight=[1.0]) == pytest.approx(-(math.log(0.5) + math.log(0.8)) / 2)
    assert loss([[0, 1]], towards_weight=[0.25]) == pytest.approx(-(math.log(0.5) + math.log(0.8)) / 8)


def test_what_pads_an_output_costs_nothing() -> None:
    assert loss([[0, IGNORED]], towards_weight=[1.0]) == pytest.approx(-math.log(0.5))


def test_pushing_away_costs_by_the_probability_of_the_whole_output() -> None:
    assert loss([[0, 1]], away_weight=[0.1]) == pytest.approx(-0.1 * math.log(1 - 0.4))


def test_a_batch_costs_the_mean_of_its_rows() -> None:
    both = loss([[0, 1], [0, 1]], LOGITS * 2, towards_weight=[1.0, 0.0], away_weight=[0.0, 1.0])
    assert both == pytest.approx((-(math.log(0.5) + math.log(0.8)) / 2 - math.log(0.6)) / 2)


def test_staying_costs_nothing_where_nothing_moved_and_the_divergence_else() -> None:
    tokens, same = [[[0, 1], [1, 0]]], [[[0.5, 0.25], [0.8, 0.1]]]
    assert loss([[0, 1]], seed_weight=[1.0], tokens=tokens, shares=same) == pytest.approx(0, abs=1e-5)
    moved = [[[0.7, 0.2], [0.8, 0.1]]]  # the third token's share was 0.1, is 0.25
    kl = 0.7 * math.log(0.7 / 0.5) + 0.2 * math.log(0.2 / 0.25) + 0.1 * math.log(0.1 / 0.25)
    assert loss([[0, 1]], seed_weight=[1.0], tokens=tokens, shares=moved) == pytest.approx(kl / 2, abs=1e-5)


@pytest.mark.parametrize(("weight", "sign"), [("towards_weight", 1), ("away_weight", -1)])
def test_a_step_moves_the_output_towards_or_away(weight: str, sign: int) -> None:
    import torch

    from bot.reading.sequences import token_log_probabilities
    from training.sequence_objectives import sequence_loss

    logits, labels = logits_of(LOGITS), torch.tensor([[0, 1]])
    sequence_loss(logits, targets([[0, 1]], **{weight: [1.0]})).backward()
    before = token_log_probabilities(logits, labels).sum().item()
    after = token_log_probabilities(logits - 0.1 * logits.grad, labels).sum().item()
    assert sign * (after - before) > 0
