"""What is looked after every so often, in a thread of its own, while the room is open."""

from __future__ import annotations

import logging
import threading
from abc import ABC, abstractmethod

STOP_S = 5.0
log = logging.getLogger(__name__)


class Rounds(ABC):
    """A companion of the room that looks every `every_s` seconds from `start` to `stop`; `at_once`: also at the start.

    A look that raises is noted, and the next one comes all the same. May be started again.
    """

    def __init__(self, name: str, every_s: float, *, at_once: bool = False) -> None:
        self._name, self._every_s, self._at_once = name, every_s, at_once
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    @abstractmethod
    def look(self) -> None:
        """One look."""

    def start(self) -> None:
        self._stopped.clear()
        self._thread = threading.Thread(target=self._go_round, name=self._name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Waits a few seconds for a look that is under way."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(timeout=STOP_S)

    def turn(self) -> None:
        """What is done at each turn: a look, unless it is another's."""
        self.look()

    def _go_round(self) -> None:
        if not self._at_once:
            self._stopped.wait(self._every_s)
        while not self._stopped.is_set():
            try:
                self.turn()
            except Exception:
                log.exception("a look of %s failed; the next one is in %g s", self._name, self._every_s)
            self._stopped.wait(self._every_s)
