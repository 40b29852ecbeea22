"""What each kind of example teaches: one loss over a batch, so that every kind can stand in every batch.

- up, correction, gold: this span. silence: "no answer here". Both are cross-entropy on start and end.
- down: away from this span, and towards nothing in particular; a vote against an answer is no vote for
  silence.
- down_abstention: away from silence, likewise. A correction also pushes away from the span it rejects.
- replay: stay where the seed adapter was, so that what it knew outlives a few hundred votes.

Pushing away is unlikelihood, -ln(1 - p) (Welleck et al. 2020, "Neural text generation with unlikelihood
training"): its pull vanishes as p goes to 0, where the plain negative of a log-likelihood would grow without
bound. Staying is distillation (Hinton et al. 2015): the divergence KL(seed || now) of the start and of the
end distribution.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.records import Example, Kind
from training.build import TrainingSettings

if TYPE_CHECKING:
    from torch import Tensor

SPAN_KINDS: frozenset[Kind] = frozenset(("up", "correction", "gold"))
NULL_KINDS: frozenset[Kind] = frozenset(("silence",))
PUSH_KINDS: frozenset[Kind] = frozenset(("down", "down_abstention"))


def pull(example: Example, settings: TrainingSettings) -> float:
    """What moving towards an example's target weighs."""
    by_kind: dict[Kind, float] = {
        "up": settings.up_weight,
        "correction": settings.correction_weight,
        "silence": settings.silence_weight,
    }
    return example.weight * by_kind.get(example.kind, 1.0)


def push(example: Example, settings: TrainingSettings) -> float:
    """What moving away weighs: from silence, or from a span or words that people rejected."""
    silent = example.kind == "down_abstention"
    return example.weight * (settings.abstention_weight if silent else settings.down_weight)


_MASKED = -1e4  # a logit that leaves no probability, in bfloat16 too
_SURE = 1e-6  # keeps ln(1 - p) finite


@dataclass(frozen=True, slots=True)
class Targets:
    """What a batch of B windows of L positions teaches. A weight of 0 switches that part off for its row.

    Positions are token positions in the window; 0 is "no answer". `allowed` is True at 0 and at the passage's
    tokens.
    """

    allowed: Tensor  # (B, L) bool
    towards: Tensor  # (B, 2) int64: start and end position to learn
    towards_weight: Tensor  # (B,) float32
    away: Tensor  # (B, 2) int64: start and end position to move away from
    away_weight: Tensor  # (B,) float32
    seed_start: Tensor  # (B, L) float32: the seed adapter's distribution; any values where the weight is 0
    seed_end: Tensor  # (B, L) float32
    seed_weight: Tensor  # (B,) float32


def log_distributions(start: Tensor, end: Tensor, allowed: Tensor) -> tuple[Tensor, Tensor]:
    """ln P of each start and end position, (B, L) each: a softmax over [CLS] and the passage, as in
    serving."""
    import torch

    closed = ~allowed
    return (
        torch.log_softmax(start.float().masked_fill(closed, _MASKED), dim=-1),
        torch.log_softmax(end.float().masked_fill(closed, _MASKED), dim=-1),
    )


def batch_loss(start: Tensor, end: Tensor, targets: Targets) -> Tensor:
    """The mean loss over the batch's rows (a scalar), from start and end logits of shape (B, L)."""
    import torch

    log_start, log_end = log_distributions(start, end, targets.allowed)
    towards = -_span_log_probability(log_start, log_end, targets.towards) / 2
    p_away = _span_log_probability(log_start, log_end, targets.away).exp()
    away = -torch.log1p(-p_away.clamp(max=1 - _SURE))
    stay = (_divergence(targets.seed_start, log_start) + _divergence(targets.seed_end, log_end)) / 2
    rows = towards * targets.towards_weight + away * targets.away_weight + stay * targets.seed_weight
    return rows.mean()


def _span_log_probability(log_start: Tensor, log_end: Tensor, spans: Tensor) -> Tensor:
    first = log_start.gather(1, spans[:, :1]).squeeze(1)
    last = log_end.gather(1, spans[:, 1:]).squeeze(1)
    return first + last


def _divergence(seed: Tensor, log_now: Tensor) -> Tensor:
    """KL(seed || now) a row; 0 ln 0 is 0."""
    import torch

    return (torch.xlogy(seed, seed) - seed * log_now).sum(-1)
