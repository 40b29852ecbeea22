"""The room that the listeners share: clients, queues, and the claims this process holds.

A claim is held from the event to its reply. What a crash leaves behind comes back through `recover`, at the start and
every half minute; a graceful stop hands back what it didn't get to.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

from filelock import FileLock, Timeout

from bot import metrics
from bot.slack.connection.clients import Clients
from bot.slack.connection.queue import Lanes, WorkQueue
from bot.slack.people import People
from bot.slack.places import Places
from bot.slack.services import Services
from bot.store import claims

RECOVER_EVERY_S = 30.0
FORGET_EVERY_S = 3600.0
STOP_S = 15.0
Take = Callable[[str, dict[str, Any]], None]
log = logging.getLogger(__name__)


class Companion(Protocol):
    """What starts and stops with a room."""

    def start(self) -> None: ...

    def stop(self) -> None: ...


class Room:
    """Starts and stops everything that runs beside Bolt. Listeners reach each other only through here."""

    def __init__(self, services: Services, clients: Clients) -> None:
        self.services = services
        self.clients = clients
        self.people = People(clients.patient, services.settings.admins, services.store)
        self.places = Places(services.store, clients.patient, self.people)
        self.inference = WorkQueue("inference", workers=1, size=services.settings.queue_size)
        self.lanes = Lanes()
        self._takes: dict[str, Take] = {}
        self._gives_up: dict[str, Take] = {}
        self._companions: list[Companion] = []
        self._held: set[str] = set()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.gone = ""
        """Why Slack won't have this app any more: uninstalled, or its token revoked. Empty while it does."""
        self.left = threading.Event()
        self._watch = FileLock(services.settings.home / "watch.lock", thread_local=False)
        clients.line.gone = self._leave

    def takes(self, kind: str, take: Take, give_up: Take | None = None) -> None:
        """Who takes up claims whose payload is of this kind, and who tells people of those that came to nothing."""
        self._takes[kind] = take
        if give_up is not None:
            self._gives_up[kind] = give_up

    def beside(self, companion: Companion) -> None:
        """Something that starts and stops with the room."""
        self._companions.append(companion)

    # Claims

    def claim(self, key: str, payload: dict[str, Any]) -> bool:
        fresh = claims.claim(self.services.store, key, payload)
        metrics.CLAIMS.labels("claimed" if fresh else "repeated").inc()
        if not fresh:
            return False
        with self._lock:
            self._held.add(key)
        return True

    def finish(self, key: str) -> None:
        self.let_go(key)
        claims.finish(self.services.store, key)

    def let_go(self, key: str) -> None:
        """Left undone for now: it is taken up again when its lease has run out, or by the next start."""
        with self._lock:
            self._held.discard(key)
        if self.stopping:
            claims.hand_back(self.services.store, key)

    def recover(self) -> int:
        """Takes up what a crash interrupted; returns how much that was."""
        with self._lock:
            held = set(self._held)
        if held:
            claims.renew(self.services.store, held)
        store = self.services.store
        for key, payload in claims.worn_out(store):
            log.error("%s came to nothing after %d attempts", key, claims.MAX_ATTEMPTS)
            metrics.CLAIMS.labels("given_up").inc()
            self._hand_on(self._gives_up, key, payload)
        return sum(self._hand_on(self._takes, key, payload) for key, payload in claims.take_over(store))

    def _hand_on(self, takes: dict[str, Take], key: str, payload: dict[str, Any]) -> bool:
        take = takes.get(str(payload.get("kind")))
        if take is None:
            claims.finish(self.services.store, key)
            return False
        with self._lock:
            self._held.add(key)
        log.info("taking up %s again", key)
        metrics.CLAIMS.labels("resumed").inc()
        take(key, payload)
        return True

    # Coming and going

    @property
    def stopping(self) -> bool:
        """Whether it has been told to stop: what isn't done by now is better left to the next start."""
        return self._stop.is_set()

    @property
    def started(self) -> bool:
        return self._thread is not None and self._thread.is_alive() and not self.stopping

    def keeps_watch(self) -> bool:
        """Whether this process, of those that share the state folder, does what must not be done twice and has no event
        to be claimed by. When it ends, however that is, another one takes over at its next look."""
        try:
            return self._watch.is_locked or bool(self._watch.acquire(blocking=False))
        except Timeout:
            return False

    def _leave(self, method: str, code: str) -> None:
        """Slack has taken the app away: said once, and whoever runs this room waits for `left`."""
        if self.left.is_set():
            return
        token = {"apps.connections.open": "app", "oauth.v2.access": "refresh"}.get(method, "bot")
        self.gone = f"Slack refuses the {token} token ({code})"
        log.error("%s: nothing more is asked of Slack", self.gone)
        self.left.set()

    def start(self) -> None:
        """Starts the threads, and takes up at once what the last run left behind. Starting twice does no harm."""
        if self._thread is not None:
            return
        self._stop.clear()
        self.clients.line.closing.clear()
        self.lanes.start()
        self.inference.start()
        for companion in self._companions:
            companion.start()
        self._thread = threading.Thread(target=self._look_after_claims, name="slack-claims", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Finishes what runs, posts what is ready, hands the rest back for the next start."""
        if self._thread is None:
            return
        self._stop.set()
        self.clients.line.closing.set()
        for companion in self._companions:
            companion.stop()
        until = time.monotonic() + STOP_S
        self.inference.stop(seconds=STOP_S * 2 / 3, drain=False)
        self.lanes.stop(seconds=until - time.monotonic())
        with self._lock:
            left, self._held = self._held, set()
        for key in left:
            claims.hand_back(self.services.store, key)
        self._watch.release(force=True)
        self._thread.join(timeout=1)
        self._thread = None

    def settled(self, seconds: float) -> bool:
        """Waits until nothing waits or runs; False if that takes longer than `seconds`."""
        until = time.monotonic() + seconds
        # A question goes lane, inference, lane: looking in this order can't miss it on its way.
        while len(self.lanes) or len(self.inference) or len(self.lanes):
            if time.monotonic() > until:
                return False
            time.sleep(0.005)
        return True

    def _look_after_claims(self) -> None:
        forgotten = 0.0
        while not self._stop.is_set():
            try:
                self.recover()
                if time.monotonic() - forgotten > FORGET_EVERY_S:
                    claims.forget_old(self.services.store)
                    forgotten = time.monotonic()
            except Exception:
                log.exception("looking after claims failed; the next look is in %d s", RECOVER_EVERY_S)
            self._stop.wait(RECOVER_EVERY_S)
