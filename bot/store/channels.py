"""What is known of channels: what Slack says they are, and how their people set Lorebot up in them.

A channel that nothing is known of counts as private.
"""

from __future__ import annotations

import time
from dataclasses import asdict, replace
from typing import Any

from bot.records import WORKSPACE, ChannelSettings
from bot.store import documents, slack_sources
from bot.store.database import Store

_FLAGS = ("follows", "learns", "history", "shares")


def note(store: Store, channel: str, *, public: bool | None, outside: bool | None = None) -> None:
    """Keeps what Slack says a channel is now; a channel can be made private, or shared with others, later.

    `outside`: whether people who aren't of the house read along. None where Slack didn't say: what was known stays.
    What a channel that isn't public any more had shared with everybody is found only in it from then on.
    """
    known: dict[str, Any] = {} if public is None else {"public": int(public)}
    if outside is not None:
        known |= {"outside": int(outside), "looked_at": time.time()}
    with store.write() as db:
        if db.execute("SELECT 1 FROM channels WHERE id = ?", [channel]).fetchone():
            db.table("channels").update(channel, known)
        else:
            db.table("channels").insert({"id": channel, "public": 0, **known})
        if public is False:
            _take_back(store, channel)


def _take_back(store: Store, channel: str) -> None:
    """Keeps to a channel what was learned in it for everybody, unless a public channel holds it too."""
    for each in slack_sources.documents_from(store, channel):
        if each.scope == WORKSPACE and each.id is not None and not _elsewhere(store, each.id, channel):
            documents.narrow(store, each.id, channel)


def _elsewhere(store: Store, document_id: int, channel: str) -> bool:
    sql = (
        "SELECT 1 FROM slack_sources s JOIN channels c ON c.id = s.channel"
        " LEFT JOIN channel_settings o ON o.channel = s.channel"
        " WHERE s.document_id = ? AND s.channel != ? AND c.public = 1 AND coalesce(o.shares, 1) = 1"
    )
    return store.one(sql, [document_id, channel]) is not None


def public(store: Store) -> frozenset[str]:
    """The ids of the channels known to be open to the whole workspace."""
    return frozenset(row["id"] for row in store.rows("SELECT id FROM channels WHERE public = 1"))


def is_public(store: Store, channel: str) -> bool | None:
    """Whether a channel is open to the whole workspace; None: it was never heard of."""
    row = store.one("SELECT public FROM channels WHERE id = ?", [channel])
    return bool(row["public"]) if row else None


def outside(store: Store, channel: str) -> bool | None:
    """Whether people who aren't of the house read along in a channel; None: Slack never said."""
    row = store.one("SELECT outside FROM channels WHERE id = ? AND looked_at IS NOT NULL", [channel])
    return bool(row["outside"]) if row else None


def looked_at(store: Store, channel: str) -> float:
    """When Slack last said who reads along in a channel, in Unix seconds; 0.0: never."""
    row = store.one("SELECT looked_at FROM channels WHERE id = ?", [channel])
    return float(row["looked_at"] or 0.0) if row else 0.0


def settings(store: Store, channel: str) -> ChannelSettings:
    """How a channel is set up; the defaults where nobody ever did."""
    row = store.one("SELECT * FROM channel_settings WHERE channel = ?", [channel])
    return _settings(row) if row else ChannelSettings(channel)


def configured(store: Store) -> list[ChannelSettings]:
    """Every channel that somebody set up, by its id."""
    return [_settings(row) for row in store.rows("SELECT * FROM channel_settings ORDER BY channel")]


def configure(store: Store, chosen: ChannelSettings) -> ChannelSettings:
    """Keeps how a channel is set up from now on, and returns it with its moment.

    One that no longer shares what is learned in it takes back what it had shared.
    """
    kept = replace(chosen, at=chosen.at or time.time())
    with store.write() as db:
        db.table("channel_settings").upsert(asdict(kept), pk="channel")
        if not kept.shares:
            _take_back(store, kept.channel)
    return kept


def _settings(row: dict[str, Any]) -> ChannelSettings:
    flags = {name: bool(row[name]) for name in _FLAGS}
    workspace = None if row["workspace"] is None else bool(row["workspace"])
    return ChannelSettings(**{**row, **flags, "workspace": workspace})
