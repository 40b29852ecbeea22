"""Where things are said: which channels everybody may read, and who is in the others."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Mapping
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.store import Store, channels

KEEP_S = 60.0
PAGE = 1000
PAGES = 50
log = logging.getLogger(__name__)


class Places:
    """What isn't known counts as private, and whom Slack doesn't name as a member isn't one."""

    def __init__(self, store: Store, client: WebClient) -> None:
        self._store, self._client = store, client
        self._noted: dict[str, bool] = {}
        self._members: dict[str, tuple[float, frozenset[str]]] = {}
        self._lock = threading.Lock()

    def note(self, event: Mapping[str, Any]) -> None:
        """Keeps what a message event says of its channel. On Bolt's threads: writes only what is new."""
        channel, kind = event.get("channel"), event.get("channel_type")
        if not channel or not kind or kind == "im":
            return
        public = kind == "channel"
        if self._noted.get(str(channel)) is public:
            return
        try:
            channels.note(self._store, str(channel), public=public)
        except sqlite3.OperationalError:
            log.warning("that %s is a %s could not be noted; it counts as before", channel, kind)
        else:
            self._noted[str(channel)] = public

    def is_member(self, channel: str, person: str) -> bool:
        """Asks Slack, so never on Bolt's threads. Remembered for a minute."""
        now = time.monotonic()
        with self._lock:
            known = self._members.get(channel)
        if known is None or known[0] < now:
            try:
                known = (now + KEEP_S, self._ask(channel))
            except (SlackApiError, OSError) as error:
                log.warning("can't see who is in %s: %s; what was said there stays hidden", channel, error)
                return False
            with self._lock:
                self._members[channel] = known
        return person in known[1]

    def _ask(self, channel: str) -> frozenset[str]:
        members: set[str] = set()
        cursor = ""
        for _ in range(PAGES):
            more = {"cursor": cursor} if cursor else {}
            page = self._client.conversations_members(channel=channel, limit=PAGE, **more)
            members.update(page["members"] or [])
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                break
        return frozenset(members)
