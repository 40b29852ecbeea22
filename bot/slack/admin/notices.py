"""What the bot did by itself, told to the admins: to each directly, and where the retraining that it is about was followed."""

from __future__ import annotations

import hashlib
import logging

from slack_sdk.errors import SlackApiError

from bot.slack import words
from bot.slack.connection.clients import direct_channel
from bot.slack.looks.markup import cut, one_line
from bot.slack.looks.rich import Posting, plain_section
from bot.slack.looks.rich import posting as made
from bot.slack.room import Room
from bot.store import claims, runs
from bot.watching import Notice

SWAPS = ("rolled_back", "promoted")
"""Announced where the retraining was followed by whoever sees the swap; here only the admins are told."""

log = logging.getLogger(__name__)


def posting(notice: Notice) -> Posting:
    """Adapter ids and numbers only: nothing that anybody asked or said."""
    line = words.NOTICES[notice.kind].format(adapter=notice.adapter, serving=notice.serving)
    blocks = [plain_section(line)]
    if notice.why.strip():
        blocks.append(plain_section(cut(one_line(notice.why), 1000)))
    return made(blocks)


def tell(room: Room, notice: Notice) -> None:
    """Returns at once; of several processes that noticed, the first one tells."""
    what = hashlib.sha256(f"{notice.kind} {notice.adapter} {notice.why}".encode()).hexdigest()[:16]
    if not claims.claim(room.services.store, f"notice:{what}"):
        return
    for person in admins(room):
        room.lanes.submit(person, lambda person=person: directly(room, person, posting(notice)))  # type: ignore[misc]
    run = runs.run(room.services.store, notice.run_id) if notice.run_id else None
    if run is not None and run.channel and notice.kind not in SWAPS:
        channel, thread = run.channel, run.ts
        room.lanes.submit(channel, lambda: post(room, channel, posting(notice), thread))


def admins(room: Room) -> list[str]:
    """Who hears of what the bot did by itself: LOREBOT_ADMINS; where nobody is named there, whoever last asked for a
    retraining in Slack."""
    if named := room.services.settings.admins:
        return named
    last = runs.last_asker(room.services.store)
    return [last] if last else []


def directly(room: Room, person: str, message: Posting) -> None:
    try:
        channel = direct_channel(room.clients.patient, person)
    except (SlackApiError, OSError) as error:
        log.warning("%s can't be told directly: %s", person, error)
        return
    post(room, channel, message)


def post(room: Room, channel: str, message: Posting, thread: str | None = None) -> bool:
    """Whether Slack took it."""
    try:
        room.clients.patient.chat_postMessage(
            channel=channel, text=message.text, blocks=message.blocks, thread_ts=thread
        )
    except (SlackApiError, OSError) as error:
        log.warning("a notice can't be told in %s: %s", channel, error)
        return False
    return True
