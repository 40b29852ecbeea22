"""Training for the generative reader: what each example has the base write, and what the seed writes where it is replayed.

One example gives one row a window. An answer counts in every window that holds its place whole; the other windows of
the same passage learn "no answer", as that is the right thing to say there. A correction gives a second row a window: away
from the words it rejects.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from bot.errors import TrainingError
from bot.reading.bases import Base
from bot.reading.batches import padded
from bot.reading.generative import set_generation
from bot.reading.sequences import SequenceCutter, as_labels, load_sequences
from bot.reading.windows import Window
from bot.records import Example
from training.build import Build, TrainingSettings
from training.features import PAD_TO
from training.objectives import NULL_KINDS, SPAN_KINDS, pull, push
from training.sequence_objectives import SequenceTargets, sequence_loss
from training.task import Row, Task

if TYPE_CHECKING:
    from datasets.arrow_dataset import Dataset

AT_ONCE = 16  # rows read together
LIKELIEST = 16  # tokens of the seed's distribution that are kept at each place

_log = logging.getLogger(__name__)


def sequence_task(build: Build, base: Base, model: Any) -> Task:
    """The task of a build. `model` is the one to train, still as the seed adapter left it."""
    if build.teacher is not None or build.settings.frozen_layers:
        what = "a teacher" if build.teacher is not None else "frozen_layers"
        raise TrainingError(
            f"The build in {build.folder} has {what}, which only extractive readers learn with; expected none for base "
            f"{base.name}: build again without."
        )
    cutter = load_sequences(base.folder, build.settings.max_length, build.settings.stride)
    rows = list(sequence_rows(build.examples, cutter, build.settings, build.writing.answer_tokens))
    if not rows:
        raise TrainingError(
            f"No example in {build.folder} has anything to learn; expected at least one that does."
        )
    _add_what_the_seed_writes(rows, model, cutter, build)
    return Task(
        _as_dataset(rows),
        SequenceCollator(cutter.pad_id),
        lambda output, targets: sequence_loss(output.logits, targets),
    )


def sequence_rows(
    examples: Iterable[Example], cutter: SequenceCutter, settings: TrainingSettings, most_tokens: int
) -> Iterator[Row]:
    """The rows of all examples. An example whose answer is longer than a window, or than what is ever written, is left
    out, and told."""
    left_out = 0
    for example in examples:
        target = cutter.target(example.words or example.context[example.start : example.end])
        windows = cutter.cut(example.question, [example.context])
        holds = [_holds(window, (example.start, example.end)) for window in windows]
        if example.kind in SPAN_KINDS and (len(target) > most_tokens or not any(holds)):
            left_out += 1
            continue
        for window, held in zip(windows, holds, strict=True):
            yield from _rows(example, window, target if held else None, cutter, settings)
    if left_out:
        _log.warning(
            "%d examples are left out: their answer is longer than what is read or written.", left_out
        )


class SequenceCollator:
    """Rows to a batch: the model's inputs with their labels, and the `SequenceTargets` under "targets"."""

    def __init__(self, pad_id: int) -> None:
        self._pad_id = pad_id

    def __call__(self, rows: Sequence[Row]) -> dict[str, Any]:
        import torch

        labels = as_labels([row["labels"] for row in rows])
        kept = max((len(place) for row in rows for place in row["seed_tokens"]), default=0)
        tokens = torch.zeros((*labels.shape, kept), dtype=torch.long)
        shares = torch.zeros(tokens.shape)
        for i, row in enumerate(rows):
            if row["seed_tokens"]:
                tokens[i, : len(row["seed_tokens"])] = torch.tensor(row["seed_tokens"])
                shares[i, : len(row["seed_shares"])] = torch.tensor(row["seed_shares"])
        weights = {
            name: torch.tensor([row[name] for row in rows])
            for name in ("towards_weight", "away_weight", "seed_weight")
        }
        targets = SequenceTargets(labels=labels, seed_tokens=tokens, seed_shares=shares, **weights)
        inputs = padded([row["input_ids"] for row in rows], self._pad_id, PAD_TO)
        return {**inputs, "labels": labels, "targets": targets}


def _holds(window: Window, span: tuple[int, int]) -> bool:
    return span[0] < span[1] and window.position_span(*span) is not None


def _rows(
    example: Example,
    window: Window,
    target: tuple[int, ...] | None,  # None: its place isn't in this window
    cutter: SequenceCutter,
    settings: TrainingSettings,
) -> Iterator[Row]:
    """One window's rows; none where the example teaches nothing there."""
    pushed = push(example, settings)
    if example.kind in SPAN_KINDS:
        yield _row(window, target or cutter.no_answer, towards_weight=pull(example, settings))
        rejected = _rejected(example, window)
        if rejected and cutter.target(rejected) != target:
            yield _row(window, cutter.target(rejected), away_weight=pushed)
    elif example.kind in NULL_KINDS:
        yield _row(window, cutter.no_answer, towards_weight=pull(example, settings))
    elif example.kind == "down_abstention":
        yield _row(window, cutter.no_answer, away_weight=pushed)
    elif example.kind == "down" and target is not None:
        yield _row(window, target, away_weight=pushed)
    elif example.kind == "replay":
        yield _row(window, (), seed_weight=example.weight * settings.replay_weight)


def _rejected(example: Example, window: Window) -> str | None:
    """The words that a correction rejects, if they can come from this window."""
    if example.rejected_words is not None:
        return example.rejected_words
    if example.rejected is not None and _holds(window, example.rejected):
        return example.context[slice(*example.rejected)]
    return None


def _row(window: Window, labels: Sequence[int], **weights: float) -> Row:
    return {
        "input_ids": list(window.ids),
        "length": len(window.ids),
        "labels": list(labels),
        "towards_weight": 0.0,
        "away_weight": 0.0,
        "seed_weight": 0.0,
        "seed_tokens": [],
        "seed_shares": [],
        **weights,
    }


def _add_what_the_seed_writes(rows: list[Row], model: Any, cutter: SequenceCutter, build: Build) -> None:
    """Fills in, for the rows of replay, what the untrained model writes, and its likeliest tokens at each place."""
    import torch

    replayed = sorted((row for row in rows if row["seed_weight"]), key=lambda row: row["length"])
    set_generation(model, cutter, build.writing.answer_tokens, may_be_silent=True)
    model.eval()
    for i in range(0, len(replayed), AT_ONCE):
        batch = replayed[i : i + AT_ONCE]
        inputs = {
            name: each.to(model.device)
            for name, each in padded([row["input_ids"] for row in batch], cutter.pad_id).items()
        }
        with torch.inference_mode():
            written = model.generate(**inputs).tolist()
            for row, ids in zip(batch, written, strict=True):
                row["labels"] = _without_padding(ids[1:], cutter)  # behind the decoder's start
            labels = as_labels([row["labels"] for row in batch]).to(model.device)
            shares = torch.softmax(model(**inputs, labels=labels).logits.float(), dim=2)
            kept = shares.topk(min(LIKELIEST, shares.shape[2]))
        for row, likeliest, tokens in zip(batch, kept.values.tolist(), kept.indices.tolist(), strict=True):
            row["seed_shares"] = likeliest[: len(row["labels"])]
            row["seed_tokens"] = tokens[: len(row["labels"])]


def _without_padding(ids: list[int], cutter: SequenceCutter) -> list[int]:
    return ids[: ids.index(cutter.eos_id) + 1] if cutter.eos_id in ids else ids


def _as_dataset(rows: Sequence[Row]) -> Dataset:
    """The rows as a data set, its columns fixed even where every list is empty."""
    from datasets.arrow_dataset import Dataset
    from datasets.features import Features, List, Value

    weight = Value("float32")
    columns: Any = {
        "input_ids": List(Value("int32")),
        "length": Value("int32"),
        "labels": List(Value("int32")),
        "towards_weight": weight,
        "away_weight": weight,
        "seed_weight": weight,
        "seed_tokens": List(List(Value("int32"))),
        "seed_shares": List(List(Value("float32"))),
    }
    features: Any = Features(columns)  # type: ignore[no-untyped-call]
    return Dataset.from_dict({name: [row[name] for row in rows] for name in features}, features=features)
