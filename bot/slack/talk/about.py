"""The message shortcut "Ask about this message": a question put to what somebody wrote, answered to the asker alone.

The message's text is read along with the passages, unless it is the question itself. Slack's documentation: "Shortcuts
interaction payloads" (`message_action` brings the message and a response_url, also where we aren't in the channel).
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any

from slack_bolt import Ack, App
from slack_sdk.errors import SlackApiError

from bot import sight
from bot.slack import words
from bot.slack.connection.clients import respond
from bot.slack.connection.once import sent_once
from bot.slack.looks.markup import cut, one_line, unslack
from bot.slack.looks.rich import TITLE, Json, plain, quote, rich_text
from bot.slack.looks.rich import words as leaf
from bot.slack.room import Room
from bot.slack.talk.asking import asks
from bot.slack.talk.asks import Ask
from bot.slack.talk.conversation import Conversation

ASK_ABOUT_THIS = "ask_about_this"
ASK_ABOUT = "ask_about"
QUESTION = "question"
QUESTION_CHARACTERS = 500
METADATA_CHARACTERS = 3000
"""Slack keeps no more with a view: the message has to fit in, and is cut where it doesn't."""
log = logging.getLogger(__name__)


def register(app: App, room: Room, conversation: Conversation) -> None:
    def picked(ack: Ack, body: Json) -> None:
        ack()
        url = body.get("response_url")
        try:
            room.clients.quick.views_open(trigger_id=body["trigger_id"], view=form(body))
        except (SlackApiError, OSError) as error:
            log.warning("a form didn't open: %s", error)
            if url:
                room.lanes.submit(body["channel"]["id"], lambda: respond(str(url), words.MODAL_TOO_LATE))

    def sent(ack: Ack, body: Json, view: Json) -> None:
        ask = asked(view, str(body["user"]["id"]))
        if not ask.text:
            ack(response_action="errors", errors={QUESTION: words.QUESTION_NEEDED})
            return
        sent_once(room, ack, view, ask.payload(), conversation.take, QUESTION)

    app.shortcut(ASK_ABOUT_THIS)(picked)
    app.view(ASK_ABOUT)(sent)


def form(body: Mapping[str, Any]) -> Json:
    """The form over a message, with its question filled in where the message asks one."""
    message = body.get("message") or {}
    raw = str(message.get("text") or "")
    text = unslack(raw)
    question = cut(one_line(text), QUESTION_CHARACTERS) if asks(raw) else ""
    field: Json = {"type": "plain_text_input", "action_id": QUESTION, "max_length": QUESTION_CHARACTERS}
    if question:
        field["initial_value"] = question
    label = plain(words.ASK_ABOUT_LABEL, 2000)
    made: list[Json] = [{"type": "input", "block_id": QUESTION, "label": label, "element": field}]
    if shown := leaf(cut(one_line(text), 600)):
        made.insert(0, rich_text(quote(shown)))
        made[1]["hint"] = plain(words.ASK_ABOUT_HINT, 2000)
    return {
        "type": "modal",
        "callback_id": ASK_ABOUT,
        "title": plain(words.ASK_ABOUT_TITLE, TITLE),
        "submit": plain(words.ASK_ABOUT_SUBMIT, TITLE),
        "close": plain(words.CANCEL, TITLE),
        "private_metadata": _metadata(body, text, str(message.get("user") or "")),
        "blocks": made,
    }


def asked(view: Mapping[str, Any], person: str) -> Ask:
    """What the form asks, as a question that only its asker gets answered."""
    at = json.loads(view["private_metadata"])
    question = one_line(str(view["state"]["values"][QUESTION][QUESTION].get("value") or ""))
    about = at["text"].strip()
    itself = not about or question == cut(one_line(about), QUESTION_CHARACTERS)
    return Ask(
        source="command",
        key=f"view:{view['id']}",
        channel=at["channel"],
        person=person,
        text=question,
        context=None if itself else about,
        context_by=None if itself else at["by"] or None,
        direct=sight.is_direct(at["channel"]),
        response_url=at["response_url"],
    )


def _metadata(body: Mapping[str, Any], text: str, by: str) -> str:
    at = {"channel": body["channel"]["id"], "response_url": body.get("response_url"), "by": by}
    kept = text[:METADATA_CHARACTERS]
    while len(made := json.dumps({**at, "text": kept}, ensure_ascii=False)) > METADATA_CHARACTERS:
        kept = cut(
            kept, len(kept) - max(1, (len(made) - METADATA_CHARACTERS) // 6)
        )  # a character is six at most
    return made
