"""What the Trainer has to know of the kind of reader that it trains: its data, how rows become a batch, and the loss."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datasets.arrow_dataset import Dataset
    from torch import Tensor

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Task:
    """One build's training for one kind of reader."""

    data: Dataset  # one row a window (or more), each with its `length` in tokens
    collate: Callable[[Sequence[Row]], dict[str, Any]]  # rows to the model's inputs, and "targets"
    loss: Callable[[Any, Any], Tensor]  # of the model's output and the "targets": a scalar
