"""What a run leaves for people: a page that needs nothing from outside, and a picture of its head."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bot.records import Run, Verdict
from training import plots
from training.compared import Compared, Evidence, by_kind, proof
from training.page import page
from training.plots import Losses
from training.verdict import decision, meaning


def losses_of(card: Mapping[str, Any]) -> Losses:
    """The losses that the training noted on the adapter's card, wherever it ran; none where it noted none."""
    return tuple((int(step), float(loss)) for step, loss in card.get("losses", ()))


def write(
    path: Path, run: Run, verdict: Verdict, evidence: Evidence | None = None, losses: Losses = ()
) -> None:
    """Writes the page of a run, and beside it (as .png) the picture of its head; each whole or not at all.

    The page is read by whoever may open the folder: questions from places that not everybody may read are counted, not
    shown. Raises OSError where the folder can't be written.
    """
    rows = [*proof(verdict.numbers), *by_kind(evidence)] if evidence else []
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft")
    draft.write_text(page(run, verdict, evidence, rows, losses), encoding="utf-8")
    os.replace(draft, path)
    _write_picture(path.with_suffix(".png"), run, verdict, rows, evidence)


def _write_picture(
    path: Path, run: Run, verdict: Verdict, rows: Sequence[Compared], evidence: Evidence | None
) -> None:
    draft = path.with_suffix(".draft")
    plots.picture(
        draft,
        f"Run {run.id}: {decision(verdict)}",
        meaning(verdict),
        verdict.decision,
        rows,
        evidence.before.golden if evidence else (),
        evidence.after.golden if evidence else (),
    )
    os.replace(draft, path)
