"""Texts of similar length together: what a batch is padded with costs as much as what is read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def batches(lengths: Sequence[int], most_tokens: int) -> list[list[int]]:
    """Indices in batches of similar length, shortest first, each of at most `most_tokens` padded tokens.

    One that is longer than that by itself is a batch alone.
    """
    found: list[list[int]] = []
    for i in sorted(range(len(lengths)), key=lengths.__getitem__):
        if not found or (len(found[-1]) + 1) * lengths[i] > most_tokens:
            found.append([])
        found[-1].append(i)
    return found


def padded(rows: Sequence[Sequence[int]], pad_id: int, multiple: int = 1) -> dict[str, Tensor]:
    """input_ids and attention_mask of the rows, each (B, L) int64, L the longest row's up to a multiple.

    Without token types: the bases were made without a second segment, and PEFT's model drops them in training.
    """
    import torch

    width = -(-max(map(len, rows)) // multiple) * multiple
    ids = torch.full((len(rows), width), pad_id)
    mask = torch.zeros((len(rows), width), dtype=torch.long)
    for i, row in enumerate(rows):
        ids[i, : len(row)] = torch.tensor(row)
        mask[i, : len(row)] = 1
    return {"input_ids": ids, "attention_mask": mask}
