"""What there is to learn in a channel, fetched from Slack and kept: files, canvases, pinned messages. Nothing is said here.

All of it asks Slack, so it runs on the learning thread only.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from slack_sdk.errors import SlackApiError

from bot import sight
from bot.errors import DocumentError
from bot.knowledge import heard
from bot.knowledge.shared_files import Kept, SharedFile
from bot.records import WORKSPACE, ChannelSettings, Document
from bot.slack.learning import files
from bot.slack.learning.changes import Change
from bot.slack.learning.files import OutOfReachError
from bot.slack.learning.history import Threads, pairs_of
from bot.slack.room import Room
from bot.store import channels, claims, documents, slack_sources

PAGE = 200
PAGES = 50
log = logging.getLogger(__name__)


class Gathering:
    def __init__(self, room: Room, threads: Threads) -> None:
        self._room, self._threads = room, threads
        self._store = room.services.store

    def around(self, chosen: ChannelSettings) -> bool:
        """Learns what a channel holds already, as its people want it; False where we aren't in it."""
        channel = chosen.channel
        try:
            info = self._info(channel)
        except SlackApiError as error:
            if error.response.get("error") != "channel_not_found":
                raise
            return False
        if not info.get("is_member"):
            return False
        self._room.places.look(channel)
        self._share_again(channel)
        if chosen.learns:
            self._pins(channel)
            self._files(channel, info)
        return True

    def file(self, file: str, channel: str, ts: str, person: str | None = None) -> Kept:
        """Fetches and learns one file that a message brought (`ts`; "": the channel's own canvas).

        Raises DocumentError with the line for people, SlackApiError and OSError.
        """
        limit = self._room.services.settings.max_file_mb
        found = files.fetch(self._room.clients.patient, file, max_file_mb=limit)
        owners = [each for each in (found.person, person) if each]
        shared = SharedFile(
            id=file,
            name=found.name,
            data=found.data,
            scope=self._threads.scope(channel, *owners),
            channel=channel,
            ts=ts,
            person=found.person or person,
            link=found.link,
            title=found.title,
        )
        return self._room.services.keep_file(shared)

    def quietly(self, file: str, channel: str, ts: str = "") -> None:
        """The same for one that nobody waits to hear of; what was deleted in Slack meanwhile goes here, too."""
        try:
            self.file(file, channel, ts)
        except OutOfReachError as error:
            self._out_of_reach(file, error)
        except DocumentError as error:
            log.info("file %s isn't learned: %s", file, error)

    def _out_of_reach(self, file: str, error: OutOfReachError) -> None:
        log.info("file %s can't be fetched: %s", file, error)
        if error.gone:  # as if Slack had told of it in time: whoever follows deletions takes this up
            change = Change("file_deleted", file=file)
            claims.claim(self._store, f"missed:{change.key}", change.payload(), lease_s=0.0)

    def changed(self, file: str) -> None:
        """A file was changed: it is fetched again for every place that it is known from. Of a new canvas Slack tells so, too."""
        for channel, ts in slack_sources.places_of(self._store, file) or self._places_of_new(file):
            self.quietly(file, channel, ts)

    def pin(self, channel: str, ts: str) -> None:
        """Learns a message that was pinned, and the files in it."""
        if message := self._threads.message(channel, ts):
            self._pinned(channel, message)

    def unpin(self, channel: str, ts: str) -> None:
        """Forgets a message that is pinned no more, unless it is a question whose answer is known."""
        pairs = {each.id for each in pairs_of(self._store, channel, ts)}
        source = heard.source_of(channel, ts)
        alone = [
            each.id
            for each in slack_sources.documents_of(self._store, channel, ts)
            if each.source == source and each.id is not None and each.id not in pairs
        ]
        documents.remove(self._store, alone)

    def _pins(self, channel: str) -> None:
        for item in self._room.clients.patient.pins_list(channel=channel).get("items") or []:
            if (item.get("message") or {}).get("ts"):
                self._pinned(channel, item["message"])

    def _places_of_new(self, file: str) -> list[tuple[str, str]]:
        """The channels to learn a canvas from that begins to be written; none for other files, which messages bring."""
        learning = [each.channel for each in channels.configured(self._store) if each.learns]
        if not learning:
            return []
        info: Mapping[str, Any] = self._room.clients.patient.files_info(file=file).get("file") or {}
        if not files.is_canvas(info):
            return []
        told = shared_in(info)
        found = [(each, told[each]) for each in learning if each in told]
        own = [each for each in learning if each not in told and self._own_canvas(self._info(each)) == file]
        return [*found, *((each, "") for each in own)]

    def _info(self, channel: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = (
            self._room.clients.patient.conversations_info(channel=channel).get("channel") or {}
        )
        return found

    def _own_canvas(self, info: Mapping[str, Any]) -> str:
        """The id of the canvas that belongs to a channel; "" where it has none."""
        return str(((info.get("properties") or {}).get("canvas") or {}).get("file_id") or "")

    def _files(self, channel: str, info: Mapping[str, Any]) -> None:
        """The channel's own canvas and those that were shared in it: new ones, and what was changed meanwhile. And what was
        learned from there, but is there no more."""
        shared, own = self._shared(channel), self._own_canvas(info)
        if own:
            self.quietly(own, channel)
        for each in shared:
            if files.is_canvas(each) and each.get("id") != own:
                self.quietly(str(each["id"]), channel, shared_in(each).get(channel, ""))
        there = {own, *(each.get("id") for each in shared)}
        for file in slack_sources.files_from(self._store, channel):
            if file not in there:
                self._missing(file, channel)

    def _missing(self, file: str, channel: str) -> None:
        """A file that isn't in its channel any more: it was deleted, or is shared there no longer."""
        try:
            info = files.info_of(self._room.clients.patient, file)
        except OutOfReachError as error:
            self._out_of_reach(file, error)
            return
        told = shared_in(info)
        if told and channel not in told:
            slack_sources.leave(self._store, channel, file)

    def _shared(self, channel: str) -> list[Mapping[str, Any]]:
        """What Slack says of the files in a channel, without their bytes."""
        found: list[Mapping[str, Any]] = []
        for page in range(1, PAGES + 1):
            listed = self._room.clients.patient.files_list(channel=channel, count=PAGE, page=page)
            found += listed.get("files") or []
            if page >= int((listed.get("paging") or {}).get("pages") or 1):
                break
        return found

    def _pinned(self, channel: str, message: Mapping[str, Any]) -> None:
        ts, allowed = str(message["ts"]), set(self._room.services.settings.allow_bots)
        said = heard.said(message)
        if said is None or (said.bot and allowed.isdisjoint((message.get("bot_id"), message.get("user")))):
            return
        # a question with its answer says more than the question alone
        if not pairs_of(self._store, channel, ts) and (found := self._threads.alone(channel, message)):
            self._room.services.keep([found])
        for each in message.get("files") or []:
            if each.get("id") and files.is_learnable(each):
                self.quietly(str(each["id"]), channel, ts)

    def _share_again(self, channel: str) -> None:
        """What was kept to a channel goes to everybody where its people share it now; the other way is the store's care."""
        if sight.learned_scope(self._store, channel) != WORKSPACE:
            return
        for each in slack_sources.documents_from(self._store, channel):
            if each.kind == "slack" and each.scope == channel and each.id is not None:
                people = slack_sources.people_of(self._store, each.id)
                if self._threads.scope(channel, *people) == WORKSPACE:
                    self._to_workspace(each)

    def _to_workspace(self, document: Document) -> None:
        twin = documents.document(self._store, document.source, WORKSPACE)
        with self._store.write():
            if twin is not None and twin.id is not None:
                slack_sources.join(self._store, twin.id, document.id or 0)
            documents.narrow(self._store, document.id or 0, WORKSPACE)


def shared_in(info: Mapping[str, Any]) -> dict[str, str]:
    """The channels that a file is shared in, as `files.info` tells, each with a message that brought it ("": not told)."""
    found = {str(each): "" for kind in ("channels", "groups", "ims") for each in info.get(kind) or ()}
    for shares in (info.get("shares") or {}).values():
        for channel, messages in shares.items():
            found[str(channel)] = max((str(each.get("ts") or "") for each in messages), default="")
    return found
