"""What events bring to learn: files and canvases, pinned messages, words that make a reply the accepted answer.

Slack's documentation: the events `message` (subtype `file_share`), `pin_added`, `pin_removed`, `file_change`,
`reaction_added`. Of files the message is heard and not `file_shared`: it says who, where and in which thread.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from bot import sight
from bot.knowledge.accepted import CHECKS, thanks
from bot.knowledge.plain import unslack
from bot.slack.connection.once import Work
from bot.slack.learning.files import is_learnable
from bot.store import Store, channels, slack_sources

Event = Mapping[str, Any]
KIND = "learn"
_SUBTYPES = (None, "file_share", "thread_broadcast", "bot_message")


@dataclass(frozen=True, slots=True)
class Lead:
    """Something to look at in one place; what there is to learn, Slack is asked when it is looked at."""

    what: Literal["file", "pin", "unpin", "thread"]
    channel: str
    ts: str  # of the message
    file: str = ""
    thread: str | None = None  # where to speak of it
    person: str | None = None  # who brought it

    def payload(self) -> dict[str, Any]:
        return {"kind": KIND, **asdict(self)}


def lead_from_payload(payload: Mapping[str, Any]) -> Lead:
    return Lead(**{name: value for name, value in payload.items() if name != "kind"})


def leads(
    store: Store, body: Mapping[str, Any], bot_user: str, allow_bots: Collection[str]
) -> Iterator[Work]:
    """What an event leads to, each under the key by which it is claimed. On Bolt's threads: a look into the store at most."""
    event = body.get("event") or {}
    moment = str(body.get("event_id") or event.get("event_ts"))
    kind = event.get("type")
    if kind in ("message", "app_mention"):
        yield from _in_message(store, event, bot_user, allow_bots)
    elif kind in ("reaction_added", "reaction_removed"):
        yield from _in_reaction(store, event, moment)
    elif kind in ("pin_added", "pin_removed"):
        yield from _in_pin(store, event, moment)


def _in_message(store: Store, event: Event, bot_user: str, allow_bots: Collection[str]) -> Iterator[Work]:
    before: set[str] = set()
    if event.get("subtype") == "message_changed":  # a link to a canvas becomes a file a moment later
        before = {str(each.get("id")) for each in _files(event.get("previous_message") or {})}
        event = {**(event.get("message") or {}), "channel": event.get("channel")}
    channel, ts, person = event.get("channel"), event.get("ts"), event.get("user") or event.get("bot_id")
    if not channel or not ts or not person or person == bot_user or event.get("subtype") not in _SUBTYPES:
        return
    if event.get("bot_id") and {event.get("bot_id"), event.get("user")}.isdisjoint(allow_bots):
        return
    thread = event.get("thread_ts")
    direct = sight.is_direct(channel)
    files = [each for each in _files(event) if str(each["id"]) not in before]
    if not direct and files and not channels.settings(store, channel).learns:
        files = []
    for each in files:
        if direct or is_learnable(each):
            lead = Lead("file", channel, ts, str(each["id"]), thread or ts, person)
            yield Work(f"file:{channel}:{ts}:{lead.file}", lead.payload())
    if thread and thread != ts and not direct and channels.settings(store, channel).history:
        # A doubt can take an answer back, whoever's words it stands on.
        known = slack_sources.documents_of(store, channel, thread)
        if known or thanks(unslack(str(event.get("text") or ""))):
            yield Work(f"thread:{channel}:{ts}", Lead("thread", channel, thread).payload())


def _files(message: Event) -> list[Event]:
    return [each for each in message.get("files") or () if isinstance(each, Mapping) and each.get("id")]


def _in_reaction(store: Store, event: Event, moment: str) -> Iterator[Work]:
    item = event.get("item") or {}
    name = str(event.get("reaction", "")).partition("::")[0]
    channel, ts = str(item.get("channel") or ""), str(item.get("ts") or "")
    if name in CHECKS and item.get("type") == "message" and channels.settings(store, channel).history:
        yield Work(f"thread:{moment}", Lead("thread", channel, ts).payload())


def _in_pin(store: Store, event: Event, moment: str) -> Iterator[Work]:
    item = event.get("item") or {}
    channel = str(event.get("channel_id") or item.get("channel") or "")
    ts = str((item.get("message") or {}).get("ts") or "")
    added = event.get("type") == "pin_added"
    if not channel or not ts or (added and not channels.settings(store, channel).learns):
        return
    yield Work(f"pin:{moment}", Lead("pin" if added else "unpin", channel, ts).payload())
