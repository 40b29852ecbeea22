"""What is known of channels: what Slack says they are, and how their people set Lorebot up in them.

A channel that nothing is known of counts as private.
"""

from __future__ import annotations

import time
from dataclasses import asdict, replace
from typing import Any

from bot.records import ChannelSettings
from bot.store.database import Store

_FLAGS = ("follows", "learns", "history", "shares")


def note(store: Store, channel: str, *, public: bool, outside: bool | None = None) -> None:
    """Keeps what Slack says a channel is now; a channel can be made private, or shared with others, later.

    `outside`: whether people of other workspaces are in it; None where Slack didn't say, and what was known stays.
    """
    known: dict[str, Any] = {"id": channel, "public": int(public)}
    if outside is not None:
        known["outside"] = int(outside)
    with store.write() as db:
        if db.execute("SELECT 1 FROM channels WHERE id = ?", [channel]).fetchone():
            db.table("channels").update(channel, known)
        else:
            db.table("channels").insert(known)


def public(store: Store) -> frozenset[str]:
    """The ids of the channels known to be open to the whole workspace."""
    return frozenset(row["id"] for row in store.rows("SELECT id FROM channels WHERE public = 1"))


def outside(store: Store, channel: str) -> bool:
    """Whether people of other workspaces are known to read along in a channel."""
    row = store.one("SELECT outside FROM channels WHERE id = ?", [channel])
    return bool(row and row["outside"])


def settings(store: Store, channel: str) -> ChannelSettings:
    """How a channel is set up; the defaults where nobody ever did."""
    row = store.one("SELECT * FROM channel_settings WHERE channel = ?", [channel])
    return _settings(row) if row else ChannelSettings(channel)


def configured(store: Store) -> list[ChannelSettings]:
    """Every channel that somebody set up, by its id."""
    return [_settings(row) for row in store.rows("SELECT * FROM channel_settings ORDER BY channel")]


def configure(store: Store, chosen: ChannelSettings) -> ChannelSettings:
    """Keeps how a channel is set up from now on, and returns it with its moment."""
    kept = replace(chosen, at=chosen.at or time.time())
    with store.write() as db:
        db.table("channel_settings").upsert(asdict(kept), pk="channel")
    return kept


def _settings(row: dict[str, Any]) -> ChannelSettings:
    flags = {name: bool(row[name]) for name in _FLAGS}
    workspace = None if row["workspace"] is None else bool(row["workspace"])
    return ChannelSettings(**{**row, **flags, "workspace": workspace})
