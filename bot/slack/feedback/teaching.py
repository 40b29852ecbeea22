"""The message shortcut "Teach Lorebot this": what somebody wrote becomes the answer to a question, in the teach form.

The message is remembered with the lesson, so that edits and deletions follow. Slack's documentation: "Shortcuts interaction
payloads"; a shortcut works in channels that we aren't in, too, where a thread's question can't be read.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from slack_bolt import Ack, App
from slack_sdk.errors import SlackApiError

from bot.knowledge.accepted import asks
from bot.slack import words
from bot.slack.connection.clients import respond
from bot.slack.feedback.lessons import asked
from bot.slack.looks import modals
from bot.slack.looks.markup import unslack
from bot.slack.looks.modals import Place
from bot.slack.room import Room
from bot.store import questions

TEACH_THIS = "teach_this"
Json = dict[str, Any]
log = logging.getLogger(__name__)


def register(app: App, room: Room) -> None:
    def picked(ack: Ack, body: Json) -> None:
        ack()
        channel, message = str(body["channel"]["id"]), body["message"]
        place = Place(
            channel=channel,
            response_url=body.get("response_url"),
            ts=message.get("ts"),
            author=message.get("user") or message.get("bot_id"),
        )
        answer = unslack(str(message.get("text") or "")).strip()
        first = message.get("thread_ts")
        question = None if first in (None, message.get("ts")) else _known_question(room, channel, str(first))
        form = modals.teach(question or "", place, answer)
        waits = question is None and first not in (None, message.get("ts"))
        try:
            opened = room.clients.quick.views_open(
                trigger_id=body["trigger_id"], view=modals.one_moment() if waits else form
            )
        except (SlackApiError, OSError) as error:
            log.warning("a form didn't open: %s", error)
            if url := body.get("response_url"):
                room.lanes.submit(channel, lambda: respond(str(url), words.MODAL_TOO_LATE))
            return
        if waits:
            view = str((opened.get("view") or {}).get("id"))
            room.lanes.submit(channel, lambda: _fill_in(room, view, place, str(first), answer))

    app.shortcut(TEACH_THIS)(picked)


def _known_question(room: Room, channel: str, ts: str) -> str | None:
    """The question at a message that we were asked ourselves."""
    found = questions.question_by_key(room.services.store, "message", f"{channel}:{ts}")
    return asked(found) if found is not None else None


def _fill_in(room: Room, view: str, place: Place, first: str, answer: str) -> None:
    """Puts the form where its reader was asked to wait; with the question that the thread begins with, if it is one."""
    question = ""
    try:
        found = room.clients.quick.conversations_replies(channel=place.channel, ts=first, limit=1)
        messages: list[Mapping[str, Any]] = found.get("messages") or [{}]
        text = unslack(str(messages[0].get("text") or ""))
        question = text if asks(text) else ""
    except (SlackApiError, OSError) as error:
        log.info("the question of a thread in %s can't be read: %s", place.channel, error)
    try:
        room.clients.patient.views_update(view_id=view, view=modals.teach(question, place, answer))
    except (SlackApiError, OSError) as error:
        log.info("a form was closed meanwhile: %s", error)
