"""What each kind of example teaches a seq2seq base: `objectives`, with a whole output in place of a span.

- up, correction, gold: this text; silence: the output that says "no answer". Cross-entropy, the mean over its tokens.
- down, down_abstention, the words a correction rejects: away from this output. Unlikelihood of the whole of it,
  -ln(1 - P): token by token (Welleck et al. 2020) it would push away what rejected and right answers share.
- replay: where the seed adapter was, token by token along what the seed itself writes: KL(seed || now) over its
  likeliest tokens and, as one more, all the others together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.reading.sequences import IGNORED, token_log_probabilities

if TYPE_CHECKING:
    from torch import Tensor

_SURE = 1e-6  # keeps ln(1 - p) finite


@dataclass(frozen=True, slots=True)
class SequenceTargets:
    """What a batch of B outputs of at most T tokens teaches. A weight of 0 switches that part off for its row."""

    labels: Tensor  # (B, T) int64: the output; `IGNORED` behind its end
    towards_weight: Tensor  # (B,) float32
    away_weight: Tensor  # (B,) float32
    seed_weight: Tensor  # (B,) float32
    seed_tokens: (
        Tensor  # (B, T, K) int64: the seed's likeliest tokens at each place; any where the weight is 0
    )
    seed_shares: Tensor  # (B, T, K) float32: how likely it found each


def sequence_loss(logits: Tensor, targets: SequenceTargets) -> Tensor:
    """The mean loss over the batch's rows (a scalar), from logits of shape (B, T, V)."""
    import torch

    real = (targets.labels != IGNORED).float()
    length = real.sum(1).clamp(min=1)
    log_probability = token_log_probabilities(logits, targets.labels).sum(1)
    away = -torch.log1p(-log_probability.exp().clamp(max=1 - _SURE))
    rows = -log_probability / length * targets.towards_weight + away * targets.away_weight
    if targets.seed_weight.any():
        drifted = divergence(logits, targets.seed_tokens, targets.seed_shares)
        rows = rows + (drifted * real).sum(1) / length * targets.seed_weight
    return rows.mean()


def divergence(logits: Tensor, tokens: Tensor, shares: Tensor) -> Tensor:
    """KL(seed || now) at each place, (B, T): over the given tokens, and all others together as one."""
    import torch

    log_now = torch.log_softmax(logits.float(), dim=2).gather(2, tokens)
    other = (1 - shares.sum(2)).clamp(min=0)
    other_now = (1 - log_now.exp().sum(2)).clamp(min=_SURE)
    known = (torch.xlogy(shares, shares) - shares * log_now).sum(2)
    return known + torch.xlogy(other, other) - other * other_now.log()
