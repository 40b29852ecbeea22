"""Queues of our own: Bolt's listener pool has five threads, and those must stay free to acknowledge buttons.

`WorkQueue` is bounded and says so at once when it is full. `Lanes` keeps what is posted to one channel in order, and lets
a rate limit of one channel hold up nobody but its own lane.
"""

from __future__ import annotations

import logging
import threading
import time
import zlib
from collections import deque
from collections.abc import Callable

Job = Callable[[], None]
log = logging.getLogger(__name__)


class WorkQueue:
    """Jobs that run one after the other on each of `workers` threads, in the order they came."""

    def __init__(self, name: str, *, workers: int = 1, size: int | None = None) -> None:
        self._name, self._workers, self._size = name, workers, size
        self._jobs: deque[Job] = deque()
        self._running = 0
        self._stopping = False
        self._changed = threading.Condition()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        with self._changed:
            self._stopping = False
            for number in range(len(self._threads), self._workers):
                thread = threading.Thread(target=self._work, name=f"{self._name}-{number}", daemon=True)
                self._threads.append(thread)
                thread.start()

    def submit(self, job: Job, *, beyond_size: bool = False) -> bool:
        """False when the queue is full or stopping. `beyond_size`: for the little that must not be refused."""
        with self._changed:
            full = self._size is not None and len(self._jobs) >= self._size and not beyond_size
            if full or self._stopping:
                return False
            self._jobs.append(job)
            self._changed.notify_all()
            return True

    def __len__(self) -> int:
        """Jobs that wait or run."""
        with self._changed:
            return len(self._jobs) + self._running

    def stop(self, *, seconds: float, drain: bool) -> None:
        """Waits for the running jobs, and with `drain` for the waiting ones too; what is left is dropped."""
        until = time.monotonic() + seconds
        with self._changed:
            self._stopping = True
            if not drain:
                self._jobs.clear()
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._jobs and not self._running, timeout=seconds)
            self._jobs.clear()
            threads, self._threads = self._threads, []
        for thread in threads:
            thread.join(timeout=max(0.0, until - time.monotonic()))

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._jobs or self._stopping)
                if not self._jobs:
                    return
                job = self._jobs.popleft()
                self._running += 1
            try:
                job()
            except Exception:
                log.exception("a job of %s failed", self._name)
            finally:
                with self._changed:
                    self._running -= 1
                    self._changed.notify_all()


class Lanes:
    """What goes to one channel goes in order; channels hardly wait for each other."""

    def __init__(self, count: int = 4) -> None:
        self._lanes = [WorkQueue(f"slack-lane-{number}") for number in range(count)]

    def start(self) -> None:
        for lane in self._lanes:
            lane.start()

    def submit(self, channel: str, job: Job) -> bool:
        return self._lanes[zlib.crc32(channel.encode()) % len(self._lanes)].submit(job)

    def __len__(self) -> int:
        return sum(len(lane) for lane in self._lanes)

    def stop(self, *, seconds: float) -> None:
        until = time.monotonic() + seconds
        for lane in self._lanes:
            lane.stop(seconds=max(0.1, until - time.monotonic()), drain=True)
