"""Whether this process does its work, and in numbers how much of it there is."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import asdict

from bot.metrics import Figure
from bot.slack.room import Room
from bot.store import claims, runs

STUCK_S = 120.0
"""A question takes a second or so: a queue in which nothing ends for this long has come to a stop."""


def problems(room: Room, connected: Callable[[], bool]) -> list[str]:
    """Why it doesn't work, each in a line without anybody's words; empty where it does."""
    found = []
    if room.gone:
        found.append(room.gone)
    elif not room.started:
        found.append("not started yet, or stopping")
    elif not connected():
        found.append("not connected to Slack")
    if room.inference.stuck_s > STUCK_S:
        found.append(
            f"{len(room.inference)} questions wait, none was finished in {room.inference.stuck_s:.0f} s"
        )
    try:
        room.services.store.one("SELECT 1")
        claims.waiting(room.services.store)
    except sqlite3.Error as error:
        found.append(f"the state file can't be read: {error}")
    return found


def figures(room: Room, connected: Callable[[], bool]) -> Iterator[Figure]:
    """What `bot.metrics.HELP` names."""
    store = room.services.store
    yield Figure("queue_length", len(room.inference))
    yield Figure("queue_refused", room.inference.refused)
    yield Figure("lanes_length", len(room.lanes))
    yield Figure("connected", connected())
    yield Figure("claims_open", claims.waiting(store))
    for outcome, count in runs.by_outcome(store).items():
        yield Figure("runs", count, {"outcome": outcome})
    status = room.services.status()
    for kind, count in asdict(status.feedback).items():
        yield Figure("feedback", count, {"kind": kind})
    yield Figure("documents", status.documents)
    yield Figure("passages", status.passages)
    yield Figure("champion", 1, {"adapter": status.champion})
