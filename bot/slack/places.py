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

from bot import sight
from bot.slack.people import People
from bot.store import Store, channels

KEEP_S = 60.0
LOOK_EVERY_S = 3600.0
"""Events say at once what changed, unless nobody was there to hear them."""
PAGE = 1000
PAGES = 50
log = logging.getLogger(__name__)


class Places:
    """What isn't known counts as private, and whom Slack doesn't name as a member isn't one."""

    def __init__(self, store: Store, client: WebClient, people: People) -> None:
        self._store, self._client, self._people = store, client, people
        self._members: dict[str, tuple[float, frozenset[str]]] = {}
        self._asked: dict[str, float] = {}
        self._lock = threading.Lock()

    def note(self, body: Mapping[str, Any]) -> None:
        """Keeps what an event says of its channel. On Bolt's threads: writes only what is new."""
        channel, public, outside = told(body)
        if channel is None:
            return
        # Compared with the store, not with what this process saw last: another one may have heard of a change.
        known = (channels.is_public(self._store, channel), channels.outside(self._store, channel))
        if all(new is None or new is old for new, old in zip((public, outside), known, strict=True)):
            return
        try:
            channels.note(self._store, channel, public=public, outside=outside)
        except sqlite3.OperationalError:
            log.warning("what Slack says of %s could not be noted; it counts as before", channel)

    def scopes(self, channel: str, person: str, *, direct: bool, alone: bool = False) -> tuple[str, ...]:
        """`sight.scopes` of somebody at a place, after asking Slack what isn't known of either: only from a lane."""
        if not direct:
            self.look(channel)
        kind = self._people.person(person).kind if direct or alone else "external"
        return sight.scopes(self._store, channel, kind, direct=direct, alone=alone)

    def look(self, channel: str) -> None:
        """Asks Slack what a channel is and who reads along, where that isn't known or was long ago: only from a lane.

        Slack Web API: conversations.info. What Slack doesn't tell stays unknown, and is asked again in a minute.
        """
        fresh = time.time() - channels.looked_at(self._store, channel) < LOOK_EVERY_S
        if fresh or self._asked.get(channel, 0.0) > time.monotonic():
            return
        self._asked[channel] = time.monotonic() + KEEP_S
        try:
            found = self._client.conversations_info(channel=channel)["channel"] or {}
        except (SlackApiError, OSError) as error:
            log.warning(
                "can't see what %s is: %s; the workspace's knowledge isn't told there", channel, error
            )
            return
        group = bool(found.get("is_mpim"))
        outside = bool(found.get("is_ext_shared")) or (group and self._not_all_of_the_house(channel))
        public = not (group or found.get("is_private") or found.get("is_im"))
        channels.note(self._store, channel, public=public, outside=outside)

    def _not_all_of_the_house(self, channel: str) -> bool:
        """Anybody can begin a group message, also a guest: in it, as in a direct one, people's own standing counts."""
        return any(
            self._people.person(each).kind not in (*sight.OF_THE_HOUSE, "bot")
            for each in self._member_ids(channel) or {""}
        )

    def is_member(self, channel: str, person: str) -> bool:
        """Asks Slack, so never on Bolt's threads. Remembered for a minute."""
        return person in self._member_ids(channel)

    def _member_ids(self, channel: str) -> frozenset[str]:
        now = time.monotonic()
        with self._lock:
            known = self._members.get(channel)
        if known is None or known[0] < now:
            try:
                known = (now + KEEP_S, self._ask(channel))
            except (SlackApiError, OSError) as error:
                log.warning("can't see who is in %s: %s; what was said there stays hidden", channel, error)
                return frozenset()
            with self._lock:
                self._members[channel] = known
        return known[1]

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


def told(body: Mapping[str, Any]) -> tuple[str | None, bool | None, bool | None]:
    """What an event tells of its channel: (its id, whether it is public, whether others read along); None: nothing.

    Slack's Events API: `is_ext_shared_channel` of the envelope, `channel_type` of messages; channel_shared and
    channel_unshared. Of a group message the envelope doesn't say whether guests are in it.
    """
    event = body.get("event") or {}
    channel, kind = event.get("channel"), event.get("channel_type")
    if not isinstance(channel, str) or sight.is_direct(channel):
        return None, None, None
    if event.get("type") == "channel_shared":
        return channel, None, True
    if event.get("type") == "channel_unshared":
        return channel, None, bool(event.get("is_ext_shared", True))
    outside = body.get("is_ext_shared_channel")
    if kind == "mpim" and not outside:
        outside = None
    public = None if kind is None else kind == "channel"
    return channel, public, outside if isinstance(outside, bool) else None
