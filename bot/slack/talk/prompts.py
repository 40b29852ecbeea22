"""The questions suggested in the Messages tab: what others asked with success, what was taught, what documents ask themselves.

Only what the person who looks may see in a direct message, and of other people's questions only those that were asked in
public channels. Slack Web API: assistant.threads.setSuggestedPrompts, for the agent view without `thread_ts` (with it the
call fails silently); event app_home_opened with tab "messages".
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from slack_bolt import App
from slack_sdk.errors import SlackApiError

from bot.slack import words
from bot.slack.looks.display import without_markdown
from bot.slack.looks.markup import cut, one_line
from bot.slack.room import Room
from bot.store import Store
from bot.store import prompts as known

MOST = 4
TITLE_CHARACTERS = 75
MESSAGE_CHARACTERS = 300
log = logging.getLogger(__name__)


def register(app: App, room: Room) -> None:
    """To be called before whoever listens for the Home tab: Bolt asks listeners in their order."""

    def opened(event: dict[str, Any]) -> None:
        person, channel = str(event["user"]), str(event.get("channel") or "")
        if channel:
            room.lanes.submit(channel, lambda: _suggest(room, person, channel))

    def messages_tab(event: Mapping[str, Any]) -> bool:
        return event.get("tab") == "messages"

    app.event("app_home_opened", matchers=[messages_tab])(opened)


def prompts(store: Store, scopes: Sequence[str]) -> list[dict[str, str]]:
    """Up to four prompts as Slack takes them, drawn from what is seen in these scopes; the static one where that is nothing."""
    drawn = [*known.well_answered(store, scopes, MOST), *known.taught(store, scopes, MOST)]
    drawn += map(without_markdown, known.asked_in_headings(store, scopes, MOST))
    shown = list({each.casefold(): each for each in map(one_line, drawn)}.values())[:MOST] or [
        words.PROMPT_HELP
    ]
    return [
        {"title": cut(each, TITLE_CHARACTERS), "message": cut(each, MESSAGE_CHARACTERS)} for each in shown
    ]


def _suggest(room: Room, person: str, channel: str) -> None:
    try:
        scopes = room.places.scopes(channel, person, direct=True)
        drawn = prompts(room.services.store, scopes)
        room.clients.patient.assistant_threads_setSuggestedPrompts(
            channel_id=channel, title=words.PROMPTS_TITLE, prompts=drawn
        )
    except (SlackApiError, OSError) as error:
        log.info("no questions are suggested to %s: %s", person, error)
