"""Queues of our own: Bolt's listener pool has five threads, and those must stay free to acknowledge buttons.

`WorkQueue` is bounded and says so at once when it is full. `Lanes` keeps what is posted to one channel in order, and lets
a rate limit of one channel hold up nobody but that channel.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable

Job = Callable[[], object]
log = logging.getLogger(__name__)


class WorkQueue:
    """Jobs that run one after the other on each of `workers` threads, in the order they came."""

    def __init__(self, name: str, *, workers: int = 1, size: int | None = None) -> None:
        self._name, self._workers, self._size = name, workers, size
        self._jobs: deque[Job] = deque()
        self._running = 0
        self._stopping = False
        self._moved = time.monotonic()
        self._changed = threading.Condition()
        self._threads: list[threading.Thread] = []
        self.refused = 0
        """Jobs that were turned away, since this queue was made."""

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
                self.refused += full
                return False
            if not self._jobs and not self._running:
                self._moved = time.monotonic()
            self._jobs.append(job)
            self._changed.notify_all()
            return True

    def __len__(self) -> int:
        """Jobs that wait or run."""
        with self._changed:
            return len(self._jobs) + self._running

    @property
    def stuck_s(self) -> float:
        """Seconds in which nothing that waits or runs has come to its end; 0 where there is nothing to do."""
        with self._changed:
            return time.monotonic() - self._moved if self._jobs or self._running else 0.0

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
                    self._moved = time.monotonic()
                    self._changed.notify_all()


class Lanes:
    """What goes to one channel goes in order; channels don't wait for each other, however long one has to.

    Threads come with the work, `most` of them: only where that many channels are held up at once, others wait.
    """

    def __init__(self, most: int = 32) -> None:
        self._most = most
        self._jobs: dict[str, deque[Job]] = {}  # by channel, while it has any; the first one may be running
        self._ready: deque[str] = deque()  # channels whose first job nobody has begun
        self._idle = 0
        self._started = self._stopping = False
        self._changed = threading.Condition()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        with self._changed:
            self._started, self._stopping = True, False
            for _ in range(min(len(self._ready), self._most)):
                self._one_more_thread()

    def submit(self, channel: str, job: Job) -> bool:
        """False when it is stopping."""
        with self._changed:
            if self._stopping:
                return False
            waiting = self._jobs.setdefault(channel, deque())
            waiting.append(job)
            if len(waiting) == 1:
                self._ready.append(channel)
            if self._started and len(self._ready) > self._idle and len(self._threads) < self._most:
                self._one_more_thread()
            self._changed.notify_all()
            return True

    def __len__(self) -> int:
        """Jobs that wait or run."""
        with self._changed:
            return sum(map(len, self._jobs.values()))

    def stop(self, *, seconds: float) -> None:
        """Waits for what runs and waits; what is left then is dropped."""
        until = time.monotonic() + seconds
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._jobs, timeout=seconds)
            self._jobs.clear()
            self._ready.clear()
            threads, self._threads, self._started = self._threads, [], False
        for thread in threads:
            thread.join(timeout=max(0.0, until - time.monotonic()))

    def _one_more_thread(self) -> None:
        thread = threading.Thread(target=self._work, name=f"slack-lane-{len(self._threads)}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._idle += 1
                self._changed.wait_for(lambda: self._ready or self._stopping)
                self._idle -= 1
                if not self._ready:
                    return
                channel = self._ready.popleft()
                waiting = self._jobs[channel]
            try:
                waiting[0]()
            except Exception:
                log.exception("a job of a lane failed")
            finally:
                self._ended(channel, waiting)

    def _ended(self, channel: str, waiting: deque[Job]) -> None:
        with self._changed:
            if self._jobs.get(channel) is not waiting:  # dropped by a stop that couldn't wait
                return
            waiting.popleft()
            if waiting:
                self._ready.append(channel)
            else:
                del self._jobs[channel]
            self._changed.notify_all()
