"""What the page shows one person: everything at first, and then each change as it happens.

The first event of the live channel is the whole state, so that no change falls between the two.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Any

from bot.playground.files import Upload
from bot.playground.opening import PARTNER
from bot.playground.parts import Parts
from bot.playground.records import Change, Channel, Json, Message
from bot.playground.teams import BOT_USER_ID

KEPT = 500
WAITING = 5000
BEAT_SECONDS = 15.0


def snapshot(parts: Parts, person: str) -> Json:
    """All that a page needs to draw itself for this person."""
    workspace = parts.workspace
    workspace.person(person)
    channels = workspace.channels_of(person)
    messages = [m for c in channels for m in workspace.messages(c.id)[-KEPT:]]
    visible = {channel.id for channel in channels}
    home = workspace.screens.homes.get(person)
    return {
        "team": {
            "name": workspace.name,
            "bot": BOT_USER_ID,
            "bot_name": parts.manifest.bot_name,
            "partner": PARTNER,
        },
        "me": person,
        "people": [shown_person(parts, id) for id in workspace.people],
        "channels": [shown_channel(parts, channel, person) for channel in channels],
        "faults": parts.faults.shown(),
        "messages": [shown_message(parts, m, person) for m in [*messages, *workspace.whispers(person)]],
        "views": [view.slack() for view in workspace.screens.stack(person)],
        "home": home.slack() if home else None,
        "statuses": [status for status in workspace.presence.statuses() if status["channel"] in visible],
        "prompts": [prompts for channel, prompts in workspace.presence.prompts.items() if channel in visible],
        "commands": [asdict(command) for command in parts.manifest.commands],
        "shortcuts": [asdict(shortcut) for shortcut in parts.manifest.shortcuts],
        "samples": list(parts.samples),
        "documents": parts.folder is not None,
        "connected": parts.line.connected,
    }


def shown_person(parts: Parts, id: str) -> Json:
    who = parts.workspace.person(id)
    return asdict(who) | {"is_stranger": who.is_stranger}


def shown_channel(parts: Parts, channel: Channel, person: str) -> Json:
    return {
        "id": channel.id,
        "name": channel.name,
        "kind": channel.kind,
        "topic": channel.topic,
        "shared": channel.shared,
        "member": person in channel.members,
        "members": list(channel.members),
        "bot_in": BOT_USER_ID in channel.members,
        "canvas": _canvas(parts, channel),
    }


def _canvas(parts: Parts, channel: Channel) -> Json | None:
    id = parts.uploads.canvases.get(channel.id)
    if id is None:
        return None
    found = parts.uploads.get(id)
    return {"id": id, "title": found.title, "text": found.source, "user": found.user}


def shown_message(parts: Parts, message: Message, person: str) -> Json:
    shape = message.slack(parts.manifest.bot_name)
    shape |= {"channel": message.channel, "only_for": message.only_for}
    if message.files and not message.tombstone:
        shape["files"] = [shown_file(each) for each in message.files]
    picks = parts.workspace.picks.get((person, message.channel, message.ts))
    return shape | {"picks": picks or {}}


def shown_file(file: Upload) -> Json:
    if file.gone:
        return file.slack()
    named = ("id", "name", "title", "size", "user", "pretty_type", "mode")
    shape = {name: value for name, value in file.slack().items() if name in named}
    return shape | {"alt_txt": file.alt, "picture": file.picture is not None}


class Live:
    """The live channels of the pages that are open."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._queues: set[asyncio.Queue[Json | None]] = set()

    async def events(self, person: str) -> AsyncIterator[str]:
        """Server-sent events for this person, until the page goes away or the server stops."""
        queue: asyncio.Queue[Json | None] = asyncio.Queue(WAITING)

        def hear(change: Change) -> None:
            shown = self._shown(change, person)
            if shown is None:
                return
            try:
                queue.put_nowait(shown)
            except asyncio.QueueFull:
                # A page that stopped reading: it gets everything again when it comes back.
                self._queues.discard(queue)

        leave = self._parts.workspace.subscribe(hear)
        self._queues.add(queue)
        try:
            yield _event({"kind": "state", "state": snapshot(self._parts, person)})
            while queue in self._queues:
                try:
                    shown = await asyncio.wait_for(queue.get(), BEAT_SECONDS)
                except TimeoutError:
                    yield ": still here\n\n"
                    continue
                if shown is None:
                    return
                yield _event(shown)
        finally:
            self._queues.discard(queue)
            leave()

    def close(self) -> None:
        for queue in list(self._queues):
            self._queues.discard(queue)
            if not queue.full():
                queue.put_nowait(None)

    def _shown(self, change: Change, person: str) -> Json | None:
        message = change.message
        if change.seen_by is not None and person not in change.seen_by:
            return None
        if change.kind in ("message_deleted", "whisper_dropped") and message is not None:
            return {"kind": "gone", "channel": message.channel, "ts": message.ts}
        if message is not None:
            return {"kind": "message", "message": shown_message(self._parts, message, person)}
        if change.kind in ("joined", "left", "channel", "shared", "unshared"):
            channel = self._parts.workspace.channel(change.data["channel"])
            return {"kind": "channel", "channel": shown_channel(self._parts, channel, person)}
        return {"kind": change.kind, **change.data}


def _event(data: Any) -> str:
    return f"data: {json.dumps(data)}\n\n"
