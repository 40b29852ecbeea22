"""Token rotation: a bot token that lasts twelve hours, and the refresh token that makes the next one ("Using token rotation").

Every renewal ends the refresh token it was made with, so the pair must never be lost or renewed twice: it lies in a file
of the state folder that only its owner may read, replaced whole, and processes that share the folder take turns.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.errors import SettingsError
from bot.settings import Settings
from bot.slack.connection.clients import PATIENT_S, Line, without_proxy_where_told
from bot.slack.connection.rounds import Rounds

FILE = "slack-token.json"
AHEAD_S = 2 * 3600.0
"""Renewed that long before it ends: time enough for a Slack that can't be reached for a while."""
LOOK_EVERY_S = 60.0
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pair:
    """A bot token and what renews it."""

    token: str
    refresh_token: str
    expires_at: float  # Unix seconds
    began_with: str  # SHA-256 of SLACK_REFRESH_TOKEN then: another one there begins anew


def rotates(settings: Settings) -> bool:
    """Whether rotation is set up. Raises SettingsError where a part of it is missing."""
    if not settings.slack_refresh_token:
        return False
    for name in ("slack_client_id", "slack_client_secret"):
        if not getattr(settings, name):
            raise SettingsError(
                f"SLACK_REFRESH_TOKEN is set but {name.upper()} isn't, expected both: copy it from the app's Basic Information"
            )
    return True


class Tokens:
    """The pair of a state folder."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._path = settings.home / FILE
        self._began_with = hashlib.sha256(settings.slack_refresh_token.encode()).hexdigest()

    def current(self) -> str:
        """A bot token with time left, renewed first where it has too little.

        Raises SlackApiError and OSError as the renewal does.
        """
        return self._pair(lambda kept: kept.expires_at - time.time() > AHEAD_S).token

    def another_than(self, expired: str) -> str:
        """The token to go on with when Slack calls this one expired; raises as `current` does."""
        return self._pair(lambda kept: kept.token != expired).token

    def _pair(self, is_good: Callable[[Pair], bool]) -> Pair:
        kept = self.kept()
        if kept is not None and is_good(kept):
            return kept
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{self._path}.lock"):
            kept = self.kept()  # another process may have been first
            if kept is None or not is_good(kept):
                kept = self._renewed(kept.refresh_token if kept else self._settings.slack_refresh_token)
                self._keep(kept)
            return kept

    def _renewed(self, refresh_token: str) -> Pair:
        client = WebClient(base_url=self._settings.slack_api_url, timeout=PATIENT_S)
        without_proxy_where_told(client)
        answer = client.oauth_v2_access(
            client_id=self._settings.slack_client_id,
            client_secret=self._settings.slack_client_secret,
            grant_type="refresh_token",
            refresh_token=refresh_token,
        )
        log.info("the bot token was renewed for %d s", answer["expires_in"])
        return Pair(
            str(answer["access_token"]),
            str(answer["refresh_token"]),
            time.time() + float(answer["expires_in"]),
            self._began_with,
        )

    def kept(self) -> Pair | None:
        """What the last renewal left; None before the first. Asks nobody."""
        try:
            kept = Pair(**json.loads(self._path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (TypeError, ValueError):
            raise SettingsError(
                f"{self._path} is damaged, expected Lorebot's own: delete it and set a new SLACK_REFRESH_TOKEN"
            ) from None
        return kept if kept.began_with == self._began_with else None

    def _keep(self, pair: Pair) -> None:
        """On the disk before anybody uses it: the refresh token it replaces is worth nothing now."""
        new = Path(f"{self._path}.new")
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(asdict(pair), file)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._path)


class Renewal(Rounds):
    """Renews ahead of time, and when Slack says that a token has expired."""

    def __init__(self, tokens: Tokens, line: Line) -> None:
        super().__init__("slack-token", LOOK_EVERY_S)
        self._tokens, self._line = tokens, line
        line.renew = self._instead_of

    def look(self) -> None:
        """Takes the renewed token into use, whichever process renewed it."""
        try:
            self._line.use(self._tokens.current())
        except SlackApiError as error:
            log.error("the bot token can't be renewed: %s", error)
        except OSError as error:
            log.warning("renewing the bot token waits for Slack to be reachable: %s", error)

    def _instead_of(self, expired: str) -> str | None:
        try:
            return self._tokens.another_than(expired)
        except SlackApiError as error:
            self._line.gone("oauth.v2.access", str(error.response.get("error")))
        except OSError as error:
            log.warning("renewing the bot token waits for Slack to be reachable: %s", error)
        return None
