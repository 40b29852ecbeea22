"""Whether Lorebot is still in a thread's conversation, told from the thread alone: no state of ours can go stale.

It is in where it was asked last. It leaves when people talk to each other: when a reply is somebody's (mentions or greets
a person, thanks one by name), or when two replies in a row by different people ask nothing. Whoever names it has it back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.slack.asking import asks_on, to_somebody
from bot.slack.asks import mentions


@dataclass(frozen=True, slots=True)
class Said:
    """One message of a thread."""

    person: str
    text: str  # as Slack sent it
    ts: str
    names_us: bool = False


def said(messages: Sequence[Mapping[str, Any]], bot_user: str) -> list[Said]:
    """What people said in a thread, of the messages that Slack keeps of it (conversations.replies)."""
    return [
        Said(str(each["user"]), str(each["text"]), str(each["ts"]), mentions(each, bot_user))
        for each in messages
        if each.get("user") and each.get("text") and not each.get("bot_id") and each["user"] != bot_user
    ]


def takes_part(since: Sequence[Said]) -> bool:
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
