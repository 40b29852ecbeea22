"""The state of the local workspace: who there is, and what was said. What is open on whose screen is in `screens.py`.

Everything is in memory and belongs to the event loop of the server: no locks, because nobody else touches
it. Every change is told to the subscribers (the pages that are open, and the feed of events to the bot),
each of which decides what it means for them.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from bot.playground.files import Upload
from bot.playground.presence import Presence
from bot.playground.records import Change, Channel, Json, Message, Person
from bot.playground.refused import Refused
from bot.playground.screens import Screens
from bot.playground.teams import BOT_USER_ID, SYSTEM_USER_ID


class Workspace:
    """A team with its channels, messages, views and statuses."""

    def __init__(self, name: str, people: Iterable[Person], channels: Iterable[Channel]) -> None:
        self.name = name
        self.people = {person.id: person for person in people}
        self.channels = {channel.id: channel for channel in channels}
        self.screens = Screens(self.tell, self.next_ts)
        self.presence = Presence(self.tell, self.audience)
        # What a person picked in a message's elements: (person, channel, ts) -> block -> action -> value.
        self.picks: dict[tuple[str, str, str], dict[str, dict[str, Any]]] = {}
        self._messages: dict[str, dict[str, Message]] = {channel: {} for channel in self.channels}
        self._whispers: dict[tuple[str, str], Message] = {}
        self._listeners: list[Callable[[Change], None]] = []
        self._last_micros = 0

    # Subscribing

    def subscribe(self, listener: Callable[[Change], None]) -> Callable[[], None]:
        """Call `listener` with every change from now on; the answer ends the subscription."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def tell(self, change: Change) -> None:
        for listener in list(self._listeners):
            listener(change)

    # Looking up

    def next_ts(self) -> str:
        """A timestamp like Slack's: it is unique, it grows, and it names the message in its channel."""
        self._last_micros = max(time.time_ns() // 1000, self._last_micros + 1)
        return f"{self._last_micros // 1_000_000}.{self._last_micros % 1_000_000:06d}"

    def person(self, id: str) -> Person:
        if id not in self.people:
            raise Refused("user_not_found")
        return self.people[id]

    def channel(self, id: str) -> Channel:
        if id not in self.channels:
            raise Refused("channel_not_found")
        return self.channels[id]

    def channels_of(self, person: str) -> list[Channel]:
        """What a person sees in the sidebar: every public channel, and the private ones they are in.

        Guests and people from elsewhere see only the channels they were brought into.
        """
        who = self.person(person)
        limited = who.is_guest or who.is_stranger
        return [
            c for c in self.channels.values() if person in c.members or (c.kind == "channel" and not limited)
        ]

    def direct(self, person: str) -> Channel:
        self.person(person)
        for channel in self.channels.values():
            if channel.kind == "im" and person in channel.members:
                return channel
        raise Refused("channel_not_found")

    def audience(self, channel: Channel) -> frozenset[str]:
        """The people who may read along there."""
        if channel.kind != "channel":
            return frozenset(channel.members)
        open_to = (id for id, who in self.people.items() if not (who.is_guest or who.is_stranger))
        return frozenset((*channel.members, *open_to))

    def message(self, channel: str, ts: str) -> Message:
        self.channel(channel)
        if ts not in self._messages[channel]:
            raise Refused("message_not_found")
        return self._messages[channel][ts]

    def shown(self, channel: str, ts: str, person: str) -> Message:
        """The message as this person sees it, an ephemeral one of theirs included."""
        whisper = self._whispers.get((channel, ts))
        if whisper is not None and whisper.only_for == person:
            return whisper
        return self.message(channel, ts)

    def messages(self, channel: str) -> list[Message]:
        """Every message of a channel, replies included, oldest first."""
        return list(self._messages[self.channel(channel).id].values())

    def thread(self, channel: str, ts: str) -> list[Message]:
        self.channel(channel)
        return [m for m in self.messages(channel) if m.ts == ts or m.thread_ts == ts]

    def whispers(self, person: str) -> list[Message]:
        return [m for m in self._whispers.values() if m.only_for == person]

    # Talking

    def post(
        self,
        channel: str,
        user: str,
        text: str,
        *,
        blocks: Iterable[Json] = (),
        thread_ts: str | None = None,
        broadcast: bool = False,
        metadata: Json | None = None,
        literal: bool = False,
        files: tuple[Upload, ...] = (),
    ) -> Message:
        room = self.channel(channel)
        if thread_ts is not None:
            # A reply to a reply lands in the same thread, as in Slack.
            parent = self._messages[room.id].get(thread_ts)
            if parent is not None and parent.thread_ts is not None:
                thread_ts = parent.thread_ts
            elif parent is not None:
                self._keep(replace(parent, thread_ts=parent.ts))
        ts = self.next_ts()
        message = Message(room.id, ts, user, text, tuple(blocks), thread_ts, team=self.person(user).team)
        message = replace(message, broadcast=broadcast, metadata=metadata, literal=literal, files=files)
        self._keep(message)
        if user == BOT_USER_ID:
            self.presence.end_status(room, thread_ts)
        self._tell_message("message_posted", message)
        return message

    def edit(self, channel: str, ts: str, text: str, blocks: Iterable[Json] = ()) -> Message:
        before = self.message(channel, ts)
        after = replace(before, text=text, blocks=tuple(blocks), edited_ts=self.next_ts())
        self._keep(after)
        self._tell_message("message_edited", after, before)
        return after

    def delete(self, channel: str, ts: str) -> None:
        before = self.message(channel, ts)
        if any(reply.ts != ts for reply in self.thread(channel, ts)) and not before.is_reply:
            # Slack leaves a stone where a thread's first message was, so that its replies stay readable.
            gone = replace(before, user=SYSTEM_USER_ID, text="This message was deleted.", tombstone=True)
            gone = replace(gone, blocks=(), reactions=(), files=(), pinned=None)
            self._keep(gone)
            self._tell_message("message_edited", gone, before)
            return
        del self._messages[channel][ts]
        self._tell_message("message_deleted", before, before)

    def whisper(
        self, channel: str, person: str, text: str, blocks: Iterable[Json] = (), thread_ts: str | None = None
    ) -> Message:
        """A message that one person sees, and that no history keeps."""
        room = self.channel(channel)
        message = Message(
            room.id, self.next_ts(), BOT_USER_ID, text, tuple(blocks), thread_ts, only_for=person
        )
        self._whispers[(room.id, message.ts)] = message
        self._tell_message("whispered", message)
        return message

    def change_whisper(self, channel: str, ts: str, text: str, blocks: Iterable[Json]) -> None:
        before = self._whispers.get((channel, ts))
        if before is None:
            raise Refused("message_not_found")
        after = replace(before, text=text, blocks=tuple(blocks))
        self._whispers[(channel, ts)] = after
        self._tell_message("whispered", after)

    def drop_whisper(self, channel: str, ts: str) -> None:
        before = self._whispers.pop((channel, ts), None)
        if before is not None:
            self._tell_message("whisper_dropped", before)

    # Reacting

    def react(self, channel: str, ts: str, person: str, name: str) -> None:
        message = self.message(channel, ts)
        reactions = dict(message.reactions)
        if person in reactions.get(name, ()):
            raise Refused("already_reacted")
        reactions[name] = (*reactions.get(name, ()), person)
        self._set_reactions(message, reactions, "reaction_added", person, name)

    def unreact(self, channel: str, ts: str, person: str, name: str) -> None:
        message = self.message(channel, ts)
        reactions = dict(message.reactions)
        if person not in reactions.get(name, ()):
            raise Refused("no_reaction")
        reactions[name] = tuple(user for user in reactions[name] if user != person)
        self._set_reactions(message, reactions, "reaction_removed", person, name)

    def _set_reactions(
        self, message: Message, reactions: dict[str, tuple[str, ...]], kind: str, person: str, name: str
    ) -> None:
        after = replace(
            message, reactions=tuple((emoji, users) for emoji, users in reactions.items() if users)
        )
        self._keep(after)
        seen_by = self.audience(self.channel(message.channel))
        self.tell(Change(kind, seen_by, {"reaction": name}, after, message, person))

    # Pinning

    def pin(self, channel: str, ts: str, person: str) -> None:
        message = self.message(channel, ts)
        if message.pinned is not None:
            raise Refused("already_pinned")
        self._set_pin(replace(message, pinned=(person, int(time.time()))), "pin_added", person)

    def unpin(self, channel: str, ts: str, person: str) -> None:
        message = self.message(channel, ts)
        if message.pinned is None:
            raise Refused("no_pin")
        self._set_pin(replace(message, pinned=None), "pin_removed", person)

    def _set_pin(self, message: Message, kind: str, person: str) -> None:
        self._keep(message)
        self.tell(Change(kind, self.audience(self.channel(message.channel)), {}, message, message, person))

    def pins(self, channel: str) -> list[Message]:
        """The pinned messages, the last pinned first."""
        kept = [m for m in self.messages(channel) if m.pinned is not None]
        return sorted(kept, key=lambda m: m.pinned[1] if m.pinned else 0, reverse=True)

    # Files

    def drop_file(self, gone: Upload, person: str, *, known_to_bot: bool) -> None:
        """A file was deleted: where it was shared, a stone is left. The messages stay."""
        for said in self._messages.values():
            for message in [m for m in said.values() if any(each.id == gone.id for each in m.files)]:
                files = tuple(gone if each.id == gone.id else each for each in message.files)
                self._keep(replace(message, files=files))
                seen_by = self.audience(self.channel(message.channel))
                self.tell(Change("file_dropped", seen_by, {}, self._messages[message.channel][message.ts]))
        if known_to_bot:
            self.tell(Change("file_deleted", frozenset(), {"file": gone}, actor=person))

    # Belonging

    def join(self, channel: str, person: str, invited_by: str = "") -> bool:
        """Whether the person is new in the channel."""
        room = self.channel(channel)
        if person in room.members:
            return False
        self.channels[room.id] = replace(room, members=(*room.members, person))
        data = {"channel": room.id, "inviter": invited_by}
        self.tell(Change("joined", self.audience(self.channels[room.id]), data, actor=person))
        return True

    def connect(self, channel: str, *, shared: bool, strangers: tuple[str, ...]) -> None:
        """Share a channel with the workspace next door, whose people come with it, or end that."""
        room = self.channel(channel)
        own = tuple(id for id in room.members if not self.person(id).is_stranger)
        self.channels[room.id] = replace(room, shared=shared, members=own + (strangers if shared else ()))
        seen_by = self.audience(room) | self.audience(self.channels[room.id])
        self.tell(Change("shared" if shared else "unshared", seen_by, {"channel": room.id}))

    def leave(self, channel: str, person: str) -> bool:
        """Whether the person was in the channel."""
        room = self.channel(channel)
        if person not in room.members:
            return False
        self.channels[room.id] = replace(room, members=tuple(id for id in room.members if id != person))
        self.tell(Change("left", self.audience(room), {"channel": room.id}, actor=person))
        return True

    # Within

    def _keep(self, message: Message) -> None:
        self._messages[message.channel][message.ts] = message

    def _tell_message(self, kind: str, message: Message, previous: Message | None = None) -> None:
        if message.only_for is not None:
            seen_by = frozenset({message.only_for})
        else:
            seen_by = self.audience(self.channel(message.channel))
        actor = previous.user if previous is not None else message.user
        self.tell(Change(kind, seen_by, {}, message, previous, actor))
