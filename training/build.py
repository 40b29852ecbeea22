"""A build: all that one training needs, as a folder, so that the training itself knows no database and can
run anywhere (`python -m training finetune BUILD OUT`).

    build.json         the base and the hash of its weights, the seed adapter (or none), the settings
    examples.jsonl     what to learn, one `records.Example` a line
    calibration.jsonl  what to fit the calibrator on, one `items.Item` a line; never what the gate judges on
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from bot.errors import TrainingError
from bot.reading.generative import Writing
from bot.reading.items import Item, item_from_json, item_to_json
from bot.reading.quantization import Quantize
from bot.records import Example

BUILD, EXAMPLES, CALIBRATION = "build.json", "examples.jsonl", "calibration.jsonl"
CARRIED = "seed-adapter"
"""In a build that goes to another machine: the folder that holds the seed adapter."""
WEIGHTS = (
    "up_weight",
    "correction_weight",
    "silence_weight",
    "down_weight",
    "abstention_weight",
    "replay_weight",
)
"""The settings that say what each kind of example weighs."""


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """The hyperparameters. The defaults suit a few hundred examples of feedback on top of a seed adapter."""

    r: int = 32
    alpha: int = 64
    frozen_layers: int = 0  # lowest layers without LoRA: no gradient has to go through them
    dropout: float = 0.0  # dropout puts attention on a slow path: leave it off on a CPU
    learning_rate: float = 2e-4
    warmup: float = 0.1  # share of the steps
    weight_decay: float = 0.0
    epochs: float = 3.0
    batch: int = 16
    max_length: int = 384  # tokens of a window
    stride: int = 128  # tokens that neighbouring windows share
    up_weight: float = 1.0  # of moving towards the span of an up; importance makes it less
    correction_weight: float = 1.0  # of moving towards a corrected span
    silence_weight: float = 1.0  # of moving towards silence where people told to be silent
    down_weight: float = 0.1  # of moving away from a span, against moving towards one
    abstention_weight: float = 0.1  # of moving away from silence where people say there is an answer
    replay_weight: float = 1.0
    teacher_weight: float = (
        1.0  # of following the teacher's distributions, where there is one, against the labels
    )
    checkpoint_every: int = 50  # steps; saving LoRA layers takes less time than one of them
    seed: int = 1
    quantize: Quantize = ""  # the frozen base in 8 or 4 bits; "": whole


@dataclass(frozen=True, slots=True)
class Build:
    """A build as it was read."""

    folder: Path
    base: str
    base_sha256: str
    seed_adapter: Path | None  # the adapter to go on from; None: a fresh one
    settings: TrainingSettings
    examples: tuple[Example, ...]
    calibration: tuple[Item, ...]
    notes: dict[str, Any] = field(default_factory=dict)  # for the card: `id`, `data`, ...
    teacher: Path | None = None  # the adapter, of a larger base, whose distributions are followed
    writing: Writing = field(
        default_factory=Writing
    )  # how a generative reader will serve: its calibrator is fitted so


def write_build(
    folder: Path,
    *,
    base: str,
    base_sha256: str,
    seed_adapter: Path | None,
    settings: TrainingSettings,
    examples: Iterable[Example],
    calibration: Iterable[Item],
    notes: dict[str, Any] | None = None,
    teacher: Path | None = None,
    writing: Writing = Writing(),
) -> Path:
    """Writes the build; build.json last, so that a folder with one is whole. Returns the folder.

    `notes` go into the adapter's card as they are; `notes["id"]`, where given, is the new adapter's id.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / BUILD).unlink(missing_ok=True)
    _write_lines(folder / EXAMPLES, map(example_to_json, examples))
    _write_lines(folder / CALIBRATION, map(item_to_json, calibration))
    head = {
        "base": base,
        "base_sha256": base_sha256,
        "seed_adapter": str(seed_adapter.absolute()) if seed_adapter else None,
        "teacher": str(teacher) if teacher else None,
        "settings": asdict(settings),
        "writing": asdict(writing),
        "notes": notes or {},
    }
    (folder / BUILD).write_text(json.dumps(head, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return folder


def read_build(folder: Path) -> Build:
    """The build in `folder`. Raises TrainingError with file and line where it isn't one."""
    head_path = folder / BUILD
    if not head_path.is_file():
        raise TrainingError(
            f"Found no {BUILD} in {folder}; expected a build folder: write one with write_build."
        )
    try:
        head = json.loads(head_path.read_text(encoding="utf-8"))
        settings = TrainingSettings(**head["settings"])
        seed_adapter = folder / head["seed_adapter"] if head["seed_adapter"] else None
        teacher = Path(head["teacher"]) if head.get("teacher") else None
        writing = Writing(**head.get("writing", {}))
        base, base_sha256 = str(head["base"]), str(head["base_sha256"])
    except (ValueError, KeyError, TypeError) as error:
        raise TrainingError(
            f"{head_path} is not a build's head ({error!r}); expected base, base_sha256, seed_adapter and settings "
            f"({', '.join(f.name for f in fields(TrainingSettings))}): write the build again."
        ) from error
    return Build(
        folder,
        base,
        base_sha256,
        seed_adapter,
        settings,
        tuple(_read_lines(folder / EXAMPLES, example_from_json)),
        tuple(_read_lines(folder / CALIBRATION, item_from_json)),
        head.get("notes", {}),
        teacher,
        writing,
    )


def carry_seed(folder: Path) -> None:
    """Puts the seed adapter into the build, so that the folder alone is enough on another machine (with the base)."""
    path = folder / BUILD
    head = json.loads(path.read_text(encoding="utf-8"))
    if not head["seed_adapter"] or head["seed_adapter"] == CARRIED:
        return
    shutil.rmtree(folder / CARRIED, ignore_errors=True)
    shutil.copytree(head["seed_adapter"], folder / CARRIED)
    path.write_text(
        json.dumps({**head, "seed_adapter": CARRIED}, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )


def example_to_json(example: Example) -> dict[str, Any]:
    return asdict(example)


def example_from_json(row: dict[str, Any]) -> Example:
    """The example of one line. Raises ValueError where it makes no sense, so that it isn't found in
    mid-training."""
    rejected, feedback = row.get("rejected"), row.get("feedback")
    example = Example(
        **{
            **row,
            "rejected": tuple(rejected) if rejected else None,
            "references": tuple(row.get("references", ())),
            "feedback": tuple(feedback) if feedback else None,
        }
    )
    if not 0 <= example.start <= example.end <= len(example.context):
        raise ValueError(f"span {example.start}..{example.end} outside {len(example.context)} characters")
    if example.kind in ("up", "correction", "gold", "down") and example.start == example.end:
        raise ValueError(f"kind {example.kind} without a span")
    return example


def _write_lines(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8") as stream:
        for row in rows:
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")


def _read_lines(path: Path, parse: Any) -> Sequence[Any]:
    if not path.is_file():
        raise TrainingError(
            f"Found no {path.name} in {path.parent}; expected one in a build: write it again."
        )
    parsed = []
    with path.open(encoding="utf-8") as stream:
        for number, line in enumerate(stream, 1):
            try:
                parsed.append(parse(json.loads(line)))
            except (ValueError, KeyError, TypeError) as error:
                raise TrainingError(
                    f"{path} line {number} can't be used ({error}); write the build again."
                ) from error
    return parsed
