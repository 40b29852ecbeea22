"""Training for the extractive reader: spans in windows, and the seed's distributions for what is replayed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bot.errors import TrainingError
from bot.reading.bases import Base
from bot.reading.windows import WindowCutter, load_cutter
from training.build import Build
from training.features import Collator, allowed_positions, as_dataset, model_inputs, window_rows
from training.objectives import batch_loss, log_distributions
from training.task import Row, Task
from training.teacher import follow_teacher

AT_ONCE = 32  # rows read together


def span_task(build: Build, base: Base, model: Any, tell: Callable[[float, str], None]) -> Task:
    """The task of a build. `model` is the one to train, still as the seed adapter left it."""
    cutter = load_cutter(base.folder, build.settings.max_length, build.settings.stride)
    rows = list(window_rows(build.examples, cutter, build.settings))
    if not rows:
        raise TrainingError(
            f"No example in {build.folder} has anything to learn; expected at least one that does."
        )
    if build.teacher is not None:
        follow_teacher(rows, cutter, build.teacher, build.folder, build.settings.teacher_weight, tell)
    else:
        _add_seed_distributions(rows, model, cutter, tell)
    return Task(
        as_dataset(rows),
        Collator(cutter.pad_id),
        lambda output, targets: batch_loss(output.start_logits, output.end_logits, targets),
    )


def _add_seed_distributions(
    rows: list[Row], model: Any, cutter: WindowCutter, tell: Callable[[float, str], None]
) -> None:
    """Fills in, for the rows of replay, what the untrained model says: the distributions to stay close to."""
    import torch

    replayed = sorted((row for row in rows if row["seed_weight"]), key=lambda row: row["length"])
    model.eval()
    for i in range(0, len(replayed), AT_ONCE):
        tell(0.0, f"reading what the seed says: window {i + 1} of {len(replayed)}")
        batch = replayed[i : i + AT_ONCE]
        inputs = model_inputs(batch, cutter.pad_id)
        with torch.inference_mode():
            # a quantised model is on the GPU from the start, where there is one
            output = model(**{name: each.to(model.device) for name, each in inputs.items()})
            allowed = allowed_positions(batch, inputs["input_ids"].shape[1])
            starts, ends = log_distributions(output.start_logits.cpu(), output.end_logits.cpu(), allowed)
        for row, start, end in zip(batch, starts.exp(), ends.exp(), strict=True):
            row["seed_start"] = start[: row["length"]].tolist()
            row["seed_end"] = end[: row["length"]].tolist()
