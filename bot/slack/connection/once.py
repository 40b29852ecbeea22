"""Every event once: claimed in middleware, so before Slack hears that we have it.

A retry and the twins `app_mention` + `message` find the claim taken and are acknowledged without a word. If the claim
can't be written, the exception leaves no acknowledgement, and Slack delivers again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from slack_bolt import Ack, BoltContext, BoltResponse

from bot.slack.room import Room


class Work(NamedTuple):
    """Something to do, by the key it is claimed under and what doing it needs."""

    key: str
    payload: dict[str, Any]


Middleware = Callable[..., BoltResponse | None]


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
