"""What happens in channels: mentions, direct messages, edits, reactions. Each is claimed, then put where it is worked on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slack_bolt import App, BoltContext

from bot.slack.connection.once import Work, once
from bot.slack.feedback.votes import Votes
from bot.slack.room import Room
from bot.slack.talk.conversation import Conversation
from bot.slack.talk.modes import meant, meant_by_edit


def register(app: App, room: Room, conversation: Conversation, votes: Votes) -> None:
    allow_bots = frozenset(room.services.settings.allow_bots)

    def message(body: Mapping[str, Any], bot_user: str) -> Work | None:
        event = body.get("event") or {}
        room.places.note(body)
        read = meant_by_edit if event.get("subtype") == "message_changed" else meant
        ask = read(room.services.store, event, bot_user, allow_bots)
        return Work(ask.claim_key, ask.payload()) if ask else None

    def reaction(body: Mapping[str, Any], bot_user: str) -> Work | None:
        return votes.in_reaction(body)

    def told(body: dict[str, Any]) -> None:
        room.places.note(body)

    def answer(context: BoltContext) -> None:
        conversation.take(*context["work"])

    def vote(context: BoltContext) -> None:
        votes.take(*context["work"])

    for name in ("app_mention", "message"):
        app.event(name, middleware=[once(room, message)])(answer)
    for name in ("channel_shared", "channel_unshared"):
        app.event(name)(told)
    for name in ("reaction_added", "reaction_removed"):
        app.event(name, middleware=[once(room, reaction)])(vote)
