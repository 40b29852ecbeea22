"""The Home tab: how to ask, correct and teach, for whoever looks there first."""

from __future__ import annotations

import logging
from typing import Any

from slack_bolt import App
from slack_sdk.errors import SlackApiError

from bot.slack import blocks
from bot.slack.room import Room

log = logging.getLogger(__name__)


def register(app: App, room: Room) -> None:
    def opened(event: dict[str, Any]) -> None:
        # The Messages tab brings its suggestions in the manifest.
        if event.get("tab") == "home":
            room.lanes.submit(event["user"], lambda: _publish(room, event["user"]))

    app.event("app_home_opened")(opened)


def _publish(room: Room, person: str) -> None:
    try:
        room.clients.patient.views_publish(
            user_id=person, view={"type": "home", "blocks": blocks.guide().blocks}
        )
    except (SlackApiError, OSError) as error:
        log.info("the home tab of %s stays as it was: %s", person, error)
