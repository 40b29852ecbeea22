"""Who somebody is: their name, what they are to the workspace, and whether they may retrain.

Asked of Slack once in a while, not each time; what they are is noted in the store, where trust looks for it.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.records import PersonKind
from bot.sight import OF_THE_HOUSE
from bot.store import Store, people

KEEP_S = 300.0
NOT_OURS = "user_not_visible"
"""What Slack says of people of other organisations."""
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Person:
    name: str | None  # None: Slack wouldn't say
    admin: bool = False
    kind: PersonKind = "member"

    @property
    def bot(self) -> bool:
        return self.kind == "bot"

    @property
    def of_the_house(self) -> bool:
        """Whether Slack vouches for them as a full member of this workspace."""
        return self.name is not None and self.kind in OF_THE_HOUSE


class People:
    """Looks people up; calls Slack, so never on Bolt's threads."""

    def __init__(self, client: WebClient, admins: Collection[str], store: Store) -> None:
        self._client, self._admins, self._store = client, frozenset(admins), store
        self._known: dict[str, tuple[float, Person]] = {}
        self._home: Mapping[str, Any] | None = None
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
            if isinstance(error, SlackApiError) and error.response.get("error") == NOT_OURS:
                self._note(user, "external")
            # As they were last seen; nobody is taken for a member of the house unseen.
            return Person(None, kind=people.kind(self._store, user) or "external")
        profile = found.get("profile") or {}
        name = profile.get("display_name") or found.get("real_name") or found.get("name")
        kind = self._kind(found)
        person = Person(name, bool(found.get("is_admin") or found.get("is_owner")), kind)
        self._note(user, kind)
        with self._lock:
            self._known[user] = (now + KEEP_S, person)
        return person

    def _kind(self, found: Mapping[str, Any]) -> PersonKind:
        if found.get("is_bot") or found.get("is_workflow_bot"):
            return "bot"
        if found.get("is_stranger") or not self._is_ours(found):
            return "external"
        return "guest" if found.get("is_restricted") or found.get("is_ultra_restricted") else "member"

    def _is_ours(self, found: Mapping[str, Any]) -> bool:
        """Whether somebody belongs to this workspace, or to another one of the same organisation."""
        team = found.get("team_id")
        if not team:
            return True
        if self._home is None:
            try:
                answer = self._client.auth_test()
            except (SlackApiError, OSError) as error:
                log.warning("can't tell which workspace this is: %s", error)
                return True
            self._home = {name: answer.get(name) for name in ("team_id", "enterprise_id")}
        enterprise = (found.get("enterprise_user") or {}).get("enterprise_id")
        return team == self._home["team_id"] or bool(enterprise and enterprise == self._home["enterprise_id"])

    def _note(self, user: str, kind: PersonKind) -> None:
        try:
            people.seen(self._store, user, kind)
        except sqlite3.OperationalError:
            log.warning("that %s is a %s could not be noted; the next look will", user, kind)
