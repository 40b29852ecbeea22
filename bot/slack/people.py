"""Who somebody is: their name, and whether they may retrain. Asked of Slack once in a while, not each time."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Collection
from dataclasses import dataclass

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

KEEP_S = 300.0
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Person:
    name: str | None  # None: Slack wouldn't say
    admin: bool = False
    bot: bool = False


class People:
    """Looks people up; calls Slack, so never on Bolt's threads."""

    def __init__(self, client: WebClient, admins: Collection[str]) -> None:
        self._client, self._admins = client, frozenset(admins)
        self._known: dict[str, tuple[float, Person]] = {}
        self._lock = threading.Lock()

    def may_administer(self, user: str) -> bool:
        """Workspace admins and owners, and whom the settings name. Whom Slack doesn't vouch for may not."""
        return user in self._admins or self.person(user).admin

    def person(self, user: str) -> Person:
        now = time.monotonic()
        with self._lock:
            known = self._known.get(user)
        if known is not None and known[0] > now:
            return known[1]
        try:
            found = self._client.users_info(user=user)["user"] or {}
        except (SlackApiError, OSError) as error:
            log.warning("can't look %s up: %s", user, error)
            return Person(None)
        profile = found.get("profile") or {}
        name = profile.get("display_name") or found.get("real_name") or found.get("name")
        person = Person(name, bool(found.get("is_admin") or found.get("is_owner")), bool(found.get("is_bot")))
        with self._lock:
            self._known[user] = (now + KEEP_S, person)
        return person
