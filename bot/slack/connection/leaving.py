"""When Slack takes the app away: it was uninstalled, or its tokens were revoked ("app_uninstalled", "tokens_revoked").

Both events may be old when they come, after somebody has installed the app again. So they only make us ask Slack, and
`Line.gone` hears the answer.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from slack_bolt import App, BoltContext
from slack_sdk.errors import SlackApiError

from bot.slack.room import Room

log = logging.getLogger(__name__)


def register(app: App, room: Room) -> None:
    def uninstalled() -> None:
        room.lanes.submit("leaving", lambda: _ask(room))

    def revoked(event: Mapping[str, Any], context: BoltContext) -> None:
        if context.bot_user_id in (event.get("tokens") or {}).get("bot", ()):  # else people's own tokens
            room.lanes.submit("leaving", lambda: _ask(room))

    app.event("app_uninstalled")(uninstalled)
    app.event("tokens_revoked")(revoked)


def _ask(room: Room) -> None:
    try:
        room.clients.patient.auth_test()
    except SlackApiError as error:
        log.info("Slack says of the bot token: %s", error)
    except OSError as error:
        log.warning("whether the app is still installed can't be asked: %s", error)
    else:
        log.info("Slack spoke of an uninstallation, but the bot token works: nothing changes")
