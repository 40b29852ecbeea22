"""What we do ourselves is no news to us, but that a reply of ours was deleted is: Bolt's own filter drops that with the rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from slack_bolt import Ack, BoltContext, BoltResponse

KEPT = ("member_joined_channel", "member_left_channel")
"""Events about ourselves that Bolt's filter lets through, too."""


def ignore_ourselves(
    body: dict[str, Any], context: BoltContext, ack: Ack, next: Callable[[], None]
) -> BoltResponse | None:
    """The first middleware of an app that was made with `ignoring_self_events_enabled=False`."""
    event = body.get("event") or {}
    ours = bool(context.user_id) and context.user_id == context.bot_user_id
    ours = ours or (bool(event.get("bot_id")) and event.get("bot_id") == context.bot_id)
    if event and ours and event.get("type") not in KEPT and event.get("subtype") != "message_deleted":
        return ack()
    next()
    return None
