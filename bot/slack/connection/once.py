"""Every event once: claimed in middleware, so before Slack hears that we have it.

A retry and the twins `app_mention` + `message` find the claim taken and are acknowledged without a word. If the claim
can't be written, the exception leaves no acknowledgement, and Slack delivers again.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from slack_bolt import Ack, BoltContext, BoltResponse

from bot.slack import words
from bot.slack.room import Room


class Work(NamedTuple):
    """Something to do, by the key it is claimed under and what doing it needs."""

    key: str
    payload: dict[str, Any]


Middleware = Callable[..., BoltResponse | None]
Take = Callable[[str, dict[str, Any]], None]
"""Does, or sees to it that it is done: the key and what doing it needs."""

log = logging.getLogger(__name__)


def once(room: Room, read: Callable[[Mapping[str, Any], str], Work | None]) -> Middleware:
    """Listener middleware that lets through what `read(body, bot user id)` finds to do, the first time.

    The listener gets it as `context["work"]`.
    """

    def claim(
        body: dict[str, Any], context: BoltContext, ack: Ack, next: Callable[[], None]
    ) -> BoltResponse | None:
        work = read(body, context.bot_user_id or "")
        if work is None or not room.claim(work.key, work.payload):
            return ack()
        context["work"] = work
        next()
        return None

    return claim


def sent_once(
    room: Room, ack: Ack, view: Mapping[str, Any], payload: dict[str, Any], take: Take, field: str
) -> None:
    """A form was sent, which Slack doesn't repeat: what can't be claimed leaves it open, and `field` says so."""
    key = f"view:{view['id']}"
    try:
        fresh = room.claim(key, payload)
    except sqlite3.OperationalError:
        log.exception("a form could not be taken")
        ack(response_action="errors", errors={field: words.SORRY_SAVE})
        return
    ack()
    if fresh:
        take(key, payload)
