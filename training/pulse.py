"""A run's signs of life: its progress in the store, a heartbeat under long steps, and how it is told to end: by a mark
in the store (anybody, from any process), by quiet hours, by Ctrl-C or SIGTERM.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

from bot.errors import StoppedError
from bot.store import Store, runs

BEAT_S = 5.0
WRITE_S = 2.0
"""How often progress within one stage is written: every step of a training would wear the file for nothing."""
LOOK_S = 1.0
"""How often it is looked whether somebody asked the run to end."""

Tell = Callable[[float, str], None]
_log = logging.getLogger(__name__)


class Pulse:
    """Progress of one run: stages are shares of the whole, written to its row and told to `show`.

    Whoever tells progress hears there that the run has to end: StoppedError is raised between two steps, never amid one.
    `quiet` says whether quiet hours have begun, for a run that has to keep them.
    """

    def __init__(
        self,
        store: Store,
        run_id: int,
        show: Tell | None = None,
        quiet: Callable[[], bool] = lambda: False,
    ) -> None:
        self._store, self._run_id, self._show, self._quiet = store, run_id, show, quiet
        self._started, self._written, self._looked = time.monotonic(), 0.0, float("-inf")

    def stage(self, name: str, first: float, last: float) -> Tell:
        """Begins a stage between two shares of the whole run; returns what its progress is told to (0..1, text)."""
        self._write(name, first, name, at_once=True)

        def tell(share: float, text: str) -> None:
            self._write(name, first + (last - first) * min(max(share, 0.0), 1.0), text)

        return tell

    def _write(self, stage: str, progress: float, text: str, *, at_once: bool = False) -> None:
        now = time.monotonic()
        if now - self._looked >= LOOK_S:
            self._looked = now
            self._stop_if_asked()
        if self._show is not None:
            self._show(progress, text)
        if not at_once and now - self._written < WRITE_S:
            return
        self._written = now
        left = (now - self._started) * (1 - progress) / progress if progress > 0.1 else None
        detail = text if left is None else f"{text}, {_minutes(left)} left"
        runs.update(self._store, self._run_id, stage=stage, progress=round(progress, 4), detail=detail)

    def _stop_if_asked(self) -> None:
        if self._quiet():
            runs.cancel(self._store, runs.QUIET, self._run_id)
        by = runs.cancelled_by(self._store, self._run_id)
        if by is not None:
            raise StoppedError(f"cancelled by {by}")


@contextlib.contextmanager
def heartbeat(store: Store, run_id: int) -> Iterator[None]:
    """Inside it, the run's row shows life every few seconds, whatever the main thread is busy with."""
    stop = threading.Event()

    def beat() -> None:
        while not stop.wait(BEAT_S):
            try:
                runs.beat(store, run_id)
            except Exception:  # a busy file now is no reason to stop a training
                _log.exception("the heartbeat of run %d was missed", run_id)
        store.close()

    thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=BEAT_S)


@contextlib.contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Inside it, SIGTERM is a KeyboardInterrupt as Ctrl-C is, so that a stopped run can say so. Main thread only."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def stand_back(threads: int) -> None:
    """Lets everything else on this machine go first, and computes on so many threads."""
    import torch

    with contextlib.suppress(OSError):  # a container may forbid it
        os.nice(10)
    with contextlib.suppress(OSError):
        # Linux shares a processor out among sessions first, and a cycle has one of its own: among sessions only this
        # counts (sched(7), "The autogroup feature").
        Path("/proc/self/autogroup").write_text("10")
    torch.set_num_threads(threads)


def _minutes(seconds: float) -> str:
    return f"about {seconds:.0f} s" if seconds < 90 else f"about {seconds / 60:.0f} min"
