"""Examples to what the Trainer feeds the model: token windows with their targets, and batches of them.

One example gives one row a window. A span counts in every window that holds it whole; a window of the same
passage that lacks it teaches silence, as that is the right thing to say there. A row holds plain integers and
floats, so that `datasets` can keep them outside Python's heap.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from bot.reading.batches import padded
from bot.reading.windows import Window, WindowCutter
from bot.records import Example
from training.build import TrainingSettings
from training.objectives import NULL_KINDS, SPAN_KINDS, Targets, pull, push
from training.task import Row

if TYPE_CHECKING:
    from datasets.arrow_dataset import Dataset
    from torch import Tensor

PAD_TO = 16  # few distinct batch shapes: the kernels of each are set up once

_log = logging.getLogger(__name__)


def window_rows(
    examples: Iterable[Example], cutter: WindowCutter, settings: TrainingSettings
) -> Iterator[Row]:
    """The rows of all examples. An example whose span no window holds whole is left out, and told."""
    left_out = 0
    for example in examples:
        windows = cutter.cut(example.question, [example.context])
        rows = [row for window in windows if (row := _row(window, example, settings))]
        if example.kind in SPAN_KINDS and not any(row["towards"] != [0, 0] for row in rows):
            left_out += 1
            continue
        yield from rows
    if left_out:
        _log.warning("%d examples are left out: their answer is longer than a window.", left_out)


def as_dataset(rows: Iterable[Row]) -> Dataset:
    """The rows as a data set, its columns fixed even where every list is empty."""
    from datasets.arrow_dataset import Dataset
    from datasets.features import Features, List, Value

    columns: Any = {
        "input_ids": List(Value("int32")),
        "first": Value("int32"),
        "length": Value("int32"),
        "towards": List(Value("int32")),
        "towards_weight": Value("float32"),
        "away": List(Value("int32")),
        "away_weight": Value("float32"),
        "seed_weight": Value("float32"),
        "seed_start": List(Value("float16")),
        "seed_end": List(Value("float16")),
    }
    features: Any = Features(columns)  # type: ignore[no-untyped-call]
    listed = list(rows)
    return Dataset.from_dict({name: [row[name] for row in listed] for name in features}, features=features)


def model_inputs(rows: Sequence[Row], pad_id: int) -> dict[str, Tensor]:
    """input_ids and attention_mask of the rows, each (B, L) int64, L a multiple of `PAD_TO`."""
    return padded([row["input_ids"] for row in rows], pad_id, PAD_TO)


def allowed_positions(rows: Sequence[Row], width: int) -> Tensor:
    """(B, width) bool: position 0 ("no answer") and the passage's tokens, without the [SEP] that closes
    it."""
    import torch

    allowed = torch.zeros((len(rows), width), dtype=torch.bool)
    for i, row in enumerate(rows):
        allowed[i, 0] = True
        allowed[i, row["first"] : row["length"] - 1] = True
    return allowed


class Collator:
    """Rows to a batch: the model's inputs, and the `Targets` under "targets"."""

    def __init__(self, pad_id: int) -> None:
        self._pad_id = pad_id

    def __call__(self, rows: Sequence[Row]) -> dict[str, Any]:
        import torch

        inputs = model_inputs(rows, self._pad_id)
        shape = inputs["input_ids"].shape
        seeds = {"seed_start": torch.zeros(shape), "seed_end": torch.zeros(shape)}
        for i, row in enumerate(rows):
            for name, distribution in seeds.items():
                distribution[i, : len(row[name])] = torch.tensor(row[name])
        targets = Targets(
            allowed=allowed_positions(rows, shape[1]),
            towards=torch.tensor([row["towards"] for row in rows]),
            towards_weight=torch.tensor([row["towards_weight"] for row in rows]),
            away=torch.tensor([row["away"] for row in rows]),
            away_weight=torch.tensor([row["away_weight"] for row in rows]),
            seed_weight=torch.tensor([row["seed_weight"] for row in rows]),
            **seeds,
        )
        return {**inputs, "targets": targets}


def _row(window: Window, example: Example, settings: TrainingSettings) -> Row | None:
    """One window's row; None where the example teaches nothing there."""
    towards, towards_weight = [0, 0], 0.0
    away, away_weight = [0, 0], 0.0
    span = window.position_span(example.start, example.end) if example.end > example.start else None
    if example.kind in SPAN_KINDS:
        towards, towards_weight = list(span or (0, 0)), pull(example, settings)
    elif example.kind in NULL_KINDS:
        towards_weight = pull(example, settings)
    elif example.kind == "down_abstention":
        away_weight = push(example, settings)
    elif example.kind == "down":
        if span is None:
            return None
        away, away_weight = list(span), push(example, settings)
    if example.kind == "correction" and example.rejected:
        rejected = window.position_span(*example.rejected)
        if rejected and rejected != span:
            away, away_weight = list(rejected), push(example, settings)
    return {
        "input_ids": list(window.ids),
        "first": window.first,
        "length": len(window.ids),
        "towards": towards,
        "towards_weight": towards_weight,
        "away": away,
        "away_weight": away_weight,
        "seed_weight": example.weight * settings.replay_weight if example.kind == "replay" else 0.0,
        "seed_start": [],
        "seed_end": [],
    }
