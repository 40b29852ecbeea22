"""Looking after what anybody wrote: this process, a training cycle or the command line."""

from __future__ import annotations

import logging
import math
import threading
import time
from abc import ABC, abstractmethod

from bot.store.database import Store

log = logging.getLogger(__name__)


class StoreWatch(ABC):
    """Looks, in a thread of its own, whenever somebody committed something, and once at its start.

    SQLite's data_version of a connection of its own tells that cheaply. A look that fails is noted as `failed` and made
    again `every_s` seconds later; `at_least_every_s`: also where nobody wrote anything.
    """

    def __init__(
        self, store: Store, name: str, *, failed: str, every_s: float, at_least_every_s: float = math.inf
    ) -> None:
        self._store, self._failed = store, failed
        self._every_s, self._at_least_every_s = every_s, at_least_every_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name=name, daemon=True)

    @abstractmethod
    def look(self) -> None:
        """One look."""

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(timeout=10)

    def _watch(self) -> None:
        seen, looked = -1, 0.0
        while not self._stop.is_set():
            try:
                version = self._store.version()
                if version != seen or time.monotonic() - looked > self._at_least_every_s:
                    self.look()
                    seen, looked = version, time.monotonic()
            except Exception:
                log.exception(self._failed)
            self._stop.wait(self._every_s)
