"""What an event of Slack's says of messages and files that we know: edited, deleted, with none of their words.

Slack's documentation: the events `message` (subtypes `message_changed`, `message_deleted`) and `file_deleted`. A thread's first
message that is deleted leaves a "tombstone", which comes as a change.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from bot.knowledge.plain import unslack
from bot.store import Store, deletions, slack_sources

Json = Mapping[str, Any]
KIND = "change"


@dataclass(frozen=True, slots=True)
class Change:
    """Something that happened to a message or a file; none of its words."""

    what: Literal["edited", "deleted", "file_deleted"]
    channel: str = ""
    ts: str = ""
    thread: str | None = None
    file: str = ""
    moment: str = ""  # of an edit
    before: str = ""  # hash of what the message said before an edit
    quoted: tuple[int, ...] = ()  # questions that were asked about a message that was deleted

    @property
    def key(self) -> str:
        return ":".join(filter(None, (self.what, self.channel, self.ts, self.file, self.moment)))

    def payload(self) -> dict[str, Any]:
        return {"kind": KIND, **asdict(self)}


def change_from_payload(payload: Json) -> Change:
    given = {name: value for name, value in payload.items() if name != "kind"}
    return Change(**{**given, "quoted": tuple(given.get("quoted") or ())})


def changes(store: Store, event: Json) -> Iterator[Change]:
    """What an event changes of what we keep. On Bolt's threads: looks into the store, and yields only what matters."""
    if event.get("type") == "file_deleted":
        found = [Change("file_deleted", file=str(event.get("file_id") or ""))]
    elif event.get("type") == "message":
        found = list(_in_message(store, event))
    else:
        found = []
    yield from (each for each in found if _matters(store, each))


def _in_message(store: Store, event: Json) -> Iterator[Change]:
    channel, subtype = str(event.get("channel") or ""), event.get("subtype")
    message, before = event.get("message") or {}, event.get("previous_message") or {}
    said = unslack(str(before.get("text") or ""))
    tomb = subtype == "message_changed" and message.get("subtype") == "tombstone"
    if subtype == "message_deleted" or tomb:
        ts = str(event.get("deleted_ts") or message.get("ts") or before.get("ts") or "")
        quoted = tuple(deletions.quoting(store, channel, said)) if said.strip() else ()
        yield Change("deleted", channel, ts, before.get("thread_ts"), quoted=quoted)
    elif subtype == "message_changed":
        edited = str((message.get("edited") or {}).get("ts") or "")
        if edited and edited != (before.get("edited") or {}).get("ts"):
            ts = str(message.get("ts"))
            yield Change("edited", channel, ts, message.get("thread_ts"), moment=edited, before=hash_of(said))
        for file in message.get("files") or ():
            if isinstance(file, Mapping) and file.get("mode") == "tombstone":
                yield Change("file_deleted", file=str(file.get("id") or ""))


def _matters(store: Store, change: Change) -> bool:
    if change.what == "file_deleted":
        return bool(slack_sources.documents_of_file(store, change.file))
    if slack_sources.documents_of(store, change.channel, change.ts):
        return True
    if change.what == "edited":
        return False  # an edited question is asked again, which the conversation sees to
    return bool(change.quoted) or deletions.concerns(store, change.channel, change.ts, change.thread)


def hash_of(text: str) -> str:
    """The same for the same words, whatever the space between them."""
    return hashlib.sha256(" ".join(text.split()).encode()).hexdigest()
