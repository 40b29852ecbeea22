"""Learning from a larger reader: what it says about each window, as the distributions for the small one to follow.

Distillation (Hinton et al. 2015): beside the one span that people marked, the student learns how likely the teacher
finds every start, every end, and silence. Teacher and student must cut text into the same tokens (all bundled bases
share BERT's word pieces), so that a position means the same to both; numbers and special tokens may differ.

A teacher takes longer than its student's training: what it said is kept in the build folder, part by part, and a
stopped run reads only the rest.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from bot.errors import TrainingError
from bot.reading.extractive import ExtractiveReader, load_extractive
from bot.reading.windows import Window, WindowCutter
from training.task import Row

PART = 512  # rows kept at once
FOLDER = "teacher"


def follow_teacher(
    rows: Sequence[Row],
    student: WindowCutter,
    teacher: Path,
    kept: Path,
    weight: float,
    tell: Callable[[float, str], None],
) -> None:
    """Fills in `seed_start` and `seed_end` of each row from the adapter folder `teacher`, with that weight.

    What it says is kept under `kept`. Raises TrainingError where the two cut text differently.
    """
    reader = load_extractive(teacher)
    renumbered = _renumbering(student, reader.cutter, reader.adapter)
    folder = kept / FOLDER
    folder.mkdir(exist_ok=True)
    for i in range(0, len(rows), PART):
        part = rows[i : i + PART]
        said = _part(folder / f"{i:07}.npy", part, student, reader, renumbered)
        tell(i / len(rows), f"asking the teacher: window {i} of {len(rows)}")
        at = 0
        for row in part:
            both = said[:, at : at + row["length"]]
            row["seed_start"], row["seed_end"] = both[0].tolist(), both[1].tolist()
            row["seed_weight"] = weight
            at += row["length"]


def _part(
    path: Path,
    rows: Sequence[Row],
    student: WindowCutter,
    reader: ExtractiveReader,
    renumbered: dict[int, int],
) -> np.ndarray[tuple[int, ...], np.dtype[np.float16]]:
    """(2, tokens of all rows) float16: P(start) and P(end) at each token, from the file where there is one."""
    tokens = sum(row["length"] for row in rows)
    if path.is_file():
        stored: np.ndarray[tuple[int, ...], np.dtype[np.float16]] = np.load(path)
        if stored.shape == (2, tokens):
            return stored
    windows = [_window(row, student, reader.cutter, renumbered) for row in rows]
    said = np.zeros((2, tokens), np.float16)
    at = 0
    for row, window, logits in zip(rows, windows, reader.logits(windows), strict=True):
        pieces = len(window.offsets)
        for side, values in enumerate(logits):
            allowed = np.append(values[window.first : window.first + pieces], values[0]).astype(np.float64)
            shares = np.exp(allowed - allowed.max())
            shares /= shares.sum()
            said[side, at] = shares[-1]
            said[side, at + row["first"] : at + row["first"] + pieces] = shares[:-1]
        at += row["length"]
    draft = path.with_suffix(".draft.npy")
    np.save(draft, said)
    os.replace(draft, path)
    return said


def _window(row: Row, student: WindowCutter, teacher: WindowCutter, renumbered: dict[int, int]) -> Window:
    """The row's window as the teacher reads it: the same tokens, by its numbers and in its form."""
    ids, first = row["input_ids"], row["first"]
    question = ids[len(student.before) : first - len(student.between)]
    piece = ids[first : row["length"] - len(student.after)]
    head = (*teacher.before, *(renumbered[i] for i in question), *teacher.between)
    return Window(
        (*head, *(renumbered[i] for i in piece), *teacher.after),
        len(head),
        tuple((0, 0) for _ in piece),  # nothing is decoded here
        0,
        (0, 0),
    )


def _renumbering(student: WindowCutter, teacher: WindowCutter, name: str) -> dict[int, int]:
    theirs = teacher.vocabulary
    common = {number: theirs[token] for token, number in student.vocabulary.items() if token in theirs}
    text = "Trains to Zürich-Örlikon leave at 7:45; unforeseeable?"
    ours, taught = student.tokens_of(text), teacher.tokens_of(text)
    if [common.get(i) for i in ours] != list(taught):
        raise TrainingError(
            f"Teacher {name} cuts text into other tokens than its student; expected the same word pieces: choose a "
            "teacher of the same tokenizer family."
        )
    return common
