"""The sign that a question is being read: Slack's status line, or a reaction where there is none.

It is shown by threads of its own, so that whoever asked sees it within a second however busy the rest is. Slack drops a
status after two minutes and whenever a reply comes; until then it is renewed, and where no reply comes it is taken back.
Slack Web API: assistant.threads.setStatus, reactions.add.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from slack_sdk.errors import SlackApiError

from bot.slack import words
from bot.slack.connection.clients import Clients
from bot.slack.connection.queue import WorkQueue
from bot.slack.connection.rounds import Rounds
from bot.slack.talk.asks import Ask

EYES = "eyes"
RENEW_S = 90.0
LOOK_EVERY_S = 5.0
log = logging.getLogger(__name__)


class Signs(Rounds):
    """The signs that show now, one for each question being worked on; a look renews those that fade."""

    def __init__(self, clients: Clients) -> None:
        super().__init__("signs-renewed", min(LOOK_EVERY_S, RENEW_S))
        self._clients = clients
        self._showing = WorkQueue("signs", workers=2)
        self._open: dict[str, Sign] = {}
        self._lock = threading.Lock()

    def start(self) -> None:
        self._showing.start()
        super().start()

    def stop(self) -> None:
        self._showing.stop(seconds=1, drain=False)
        super().stop()

    def show(self, ask: Ask) -> None:
        """Returns at once. Nothing is shown for what only its asker will see, and for an edit, whose reply is there."""
        if ask.response_url is not None or ask.edited is not None or ask.ts is None:
            return
        sign = Sign(self._clients, ask)
        with self._lock:
            self._open[ask.claim_key] = sign
        self._showing.submit(sign.show)

    @contextmanager
    def replying(self, ask: Ask) -> Iterator[None]:
        """Around posting a reply: its sign goes with it, or is taken back where the reply fails."""
        sign = self._close(ask)
        replied = False
        try:
            yield
            replied = True
        finally:
            if sign is not None:
                sign.take_back(replied=replied)

    def drop(self, ask: Ask, *, left_behind: bool = False) -> None:
        """No reply comes. `left_behind`: an earlier process may have shown the sign."""
        sign = self._close(ask) or (Sign(self._clients, ask, "reaction") if left_behind and ask.ts else None)
        if sign is not None:
            sign.take_back(replied=False)

    def _close(self, ask: Ask) -> Sign | None:
        """From here on it is neither shown nor renewed; waits for a call that is on its way, or it would come after."""
        with self._lock:
            sign = self._open.pop(ask.claim_key, None)
        if sign is not None:
            sign.settle()
        return sign

    def look(self) -> None:
        with self._lock:
            fading = [sign for sign in self._open.values() if sign.fading]
        for sign in fading:
            self._showing.submit(sign.show)


class Sign:
    """One question's sign."""

    def __init__(self, clients: Clients, ask: Ask, how: Literal["status", "reaction"] | None = None) -> None:
        self._clients, self._ask = clients, ask
        self._how = how
        self._shown_at = 0.0
        self._over = False
        self._lock = threading.Lock()

    @property
    def fading(self) -> bool:
        return self._how == "status" and time.monotonic() - self._shown_at >= RENEW_S

    def show(self) -> None:
        with self._lock:
            if self._over:
                return
            if self._set_status(words.READING):
                self._how, self._shown_at = "status", time.monotonic()
            elif self._react():
                self._how = "reaction"

    def settle(self) -> None:
        with self._lock:
            self._over = True

    def take_back(self, *, replied: bool) -> None:
        """May wait: only from a lane."""
        if self._how == "status" and not replied:
            self._set_status("")
        if self._how == "reaction":
            try:
                self._clients.patient.reactions_remove(
                    channel=self._ask.channel, timestamp=str(self._ask.ts), name=EYES
                )
            except (SlackApiError, OSError):
                log.info("the %s reaction stays on %s", EYES, self._ask.key)

    def _set_status(self, status: str) -> bool:
        try:
            self._clients.quick.assistant_threads_setStatus(
                channel_id=self._ask.channel, thread_ts=str(self._ask.thread), status=status
            )
        except (SlackApiError, OSError):
            return False
        return True

    def _react(self) -> bool:
        try:
            self._clients.quick.reactions_add(
                channel=self._ask.channel, timestamp=str(self._ask.ts), name=EYES
            )
        except SlackApiError as error:
            return bool(error.response.get("error") == "already_reacted")  # ours, from before a crash
        except OSError:
            return False
        return True
