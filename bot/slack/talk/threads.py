"""What was said in a thread, and whether Lorebot is still in its conversation: told from the thread, no state can go stale.

It is in where it was asked last. It leaves when people talk to each other: when a reply is somebody's (mentions or greets
a person, thanks one by name), or when two replies in a row by different people ask nothing. Whoever names it has it back.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.records import Question
from bot.slack.looks.markup import unslack
from bot.slack.talk.asking import asks_on, to_somebody
from bot.slack.talk.asks import Ask, mentions

Message = Mapping[str, Any]
PAGE = 200
PAGES = 5
READ = 30
"""As many of the latest messages are read with a question."""
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Remark:
    """One message of a thread."""

    person: str
    text: str  # as Slack sent it
    ts: str
    names_us: bool = False


def messages(client: WebClient, ask: Ask) -> list[Message] | None:
    """A reply's thread up to the reply, oldest first, [] for what is none; None where Slack doesn't let us read all of it.

    Slack Web API: conversations.replies.
    """
    if not ask.in_thread:
        return []
    found: list[Message] = []
    cursor = ""
    for _ in range(PAGES):
        try:
            page = client.conversations_replies(
                channel=ask.channel,
                ts=str(ask.thread),
                latest=ask.ts,
                inclusive=True,
                limit=PAGE,
                cursor=cursor or None,
            )
        except (SlackApiError, OSError) as error:
            log.info("%s goes without its thread: %s", ask.key, error)
            return None
        found += page.get("messages") or []
        cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
        if not cursor:
            return found
    return None


def before(ask: Ask, thread: Sequence[Message] | None) -> list[str]:
    """What people wrote in the thread before, oldest first."""
    people = [
        str(each["text"])
        for each in thread or ()
        if not each.get("bot_id") and each.get("ts") != ask.ts and each.get("text")
    ]
    return [unslack(text) for text in people[-READ:]]


def said_since(thread: Sequence[Message], asked: Question, ask: Ask) -> list[Remark]:
    """What people said after `asked`, the last question in the thread, up to `ask`. A shared answer begins its thread."""
    last = asked.key.rpartition(":")[2] if asked.source == "message" else str(ask.thread)
    return [each for each in said(thread, ask.us) if last < each.ts <= str(ask.ts)]


def said(thread: Sequence[Message], bot_user: str) -> list[Remark]:
    """What people said, of the messages of a thread."""
    return [
        Remark(str(each["user"]), str(each["text"]), str(each["ts"]), mentions(each, bot_user))
        for each in thread
        if each.get("user") and each.get("text") and not each.get("bot_id") and each["user"] != bot_user
    ]


def takes_part(since: Sequence[Remark]) -> bool:
    """Whether it still takes part after what people said since it was last asked, oldest first."""
    inside, silent = True, ""
    for each in since:
        if each.names_us:
            inside, silent = True, ""
        elif to_somebody(each.text):
            inside = False
        elif asks_on(each.text):
            silent = ""
        elif silent and silent != each.person:
            inside = False
        else:
            silent = each.person
    return inside
