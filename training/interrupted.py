"""What a run that was stopped or killed left: its checkpoints, its build, at worst a training command without a master.

Only the holder of the lock comes here, so the folders of other runs belong to nobody.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from pathlib import Path

from bot.records import Run
from bot.store import Store, runs
from training.build import BUILD, CALIBRATION, EXAMPLES
from training.elsewhere import end_orphans
from training.finetune import CHECKPOINTS

FINGERPRINT = "fingerprint"
"""In a build: what its checkpoints are good for, namely to learn the same from the same seed with the same settings."""

_log = logging.getLogger(__name__)


def build_to_go_on_with(store: Store, run: Run, folder: Path, key: str) -> Path | None:
    """The build that quiet hours stopped amid training, moved into this run's `folder`; None where there is none.

    Feedback comes in all through the day: a training that no night is long enough for would otherwise begin anew each
    night. Only runs that nobody asked for go on so: whoever asks for one wants to see what is known now. `key` names
    seed and settings, as for `take_over_checkpoints`.
    """
    before = runs.before(store, run.id or 0)
    if run.by not in runs.NOBODY or before is None or before.cancel != runs.QUIET:
        return None
    left = folder.with_name(f"run-{before.id}")
    build, mark = left / "build", left / "build" / FINGERPRINT
    end_orphans(left)
    if not (build / BUILD).is_file() or not mark.is_file() or not (build / CHECKPOINTS).is_dir():
        return None
    if mark.read_text() != _fingerprint(build, key):
        return None
    left.rename(folder)
    head_path = folder / "build" / BUILD
    head = json.loads(head_path.read_text(encoding="utf-8"))
    head["notes"]["run"] = run.id
    head_path.write_text(json.dumps(head, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    _log.info("training goes on where quiet hours stopped run %s", before.id)
    return folder / "build"


def take_over_checkpoints(build: Path, key: str) -> None:
    """Goes on from the checkpoints of a run that was stopped, if it had the same to learn; drops what others left."""
    fingerprint = _fingerprint(build, key)
    (build / FINGERPRINT).write_text(fingerprint)
    for other in build.parent.parent.glob("run-*"):
        if other == build.parent:
            continue
        end_orphans(other)
        mark, checkpoints = other / "build" / FINGERPRINT, other / "build" / CHECKPOINTS
        same = mark.is_file() and mark.read_text() == fingerprint
        if same and checkpoints.is_dir() and not (build / CHECKPOINTS).exists():
            checkpoints.rename(build / CHECKPOINTS)
            _log.info("training goes on from the checkpoints of %s", other.name)
        shutil.rmtree(other, ignore_errors=True)


def _fingerprint(build: Path, key: str) -> str:
    digest = hashlib.sha256(key.encode())
    for name in (EXAMPLES, CALIBRATION):
        digest.update((build / name).read_bytes())
    return digest.hexdigest()
