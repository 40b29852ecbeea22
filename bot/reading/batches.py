"""Texts of similar length together: what a batch is padded with costs as much as what is read."""

from __future__ import annotations

from collections.abc import Sequence


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
