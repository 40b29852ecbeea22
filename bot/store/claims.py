"""Who works on what: each Slack event is claimed once for good, and what a crash interrupted can be taken up again.

A claim is taken before Slack gets its acknowledgement, so a retry (seen as late as six minutes after) finds it. While
work goes on, the claim has a lease; one whose lease ran out without being done belongs to whoever takes it over.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlite_utils import Database

from bot.store.database import BUSY_TIMEOUT_S, Store

LEASE_S = 120.0
MAX_ATTEMPTS = 3
SORRY_ATTEMPTS = 3
"""Whoever asked is told that it came to nothing; where even that fails so often, nobody is."""
CLAIM_WAIT_S = 2.0
"""Slack waits three seconds for its acknowledgement: a claim that can't be written by then is better redelivered."""


def claim(store: Store, key: str, payload: dict[str, Any] | None = None, lease_s: float = LEASE_S) -> bool:
    """True for the first who claims `key`, and for nobody after. `payload` is what taking it up again would need.

    Raises sqlite3.OperationalError when the state file stays locked for CLAIM_WAIT_S.
    """
    now = time.time()
    with _before_the_ack(store) as db:
        done = db.execute(
            "INSERT INTO claims (key, state, payload, lease_until, attempts, claimed_at) VALUES (?, 'taken', ?, ?, 1, ?)"
            " ON CONFLICT (key) DO NOTHING",
            [key, None if payload is None else json.dumps(payload), now + lease_s, now],
        )
        return done.rowcount == 1


def renew(store: Store, keys: Iterable[str], lease_s: float = LEASE_S) -> None:
    """Work that still waits in a living process keeps its lease."""
    until = time.time() + lease_s
    with store.write() as db:
        for key in keys:
            db.execute("UPDATE claims SET lease_until = ? WHERE key = ? AND state = 'taken'", [until, key])


def finish(store: Store, key: str) -> None:
    """The work is done: nobody takes it up again, and the payload (message text) is dropped."""
    with store.write() as db:
        db.execute("UPDATE claims SET state = 'done', payload = NULL WHERE key = ?", [key])


def take_over(store: Store, lease_s: float = LEASE_S) -> list[tuple[str, dict[str, Any]]]:
    """Claims whose lease ran out, each now leased to the caller; after three attempts a claim is `worn_out` instead."""
    return _lease(store, "attempts < ?", [MAX_ATTEMPTS], lease_s)


def worn_out(store: Store, lease_s: float = LEASE_S) -> list[tuple[str, dict[str, Any]]]:
    """Claims that came to nothing however often they were tried, leased to the caller: it tells who asked, and finishes."""
    with store.write() as db:
        db.execute(
            "UPDATE claims SET state = 'done', payload = NULL"
            " WHERE state = 'taken' AND lease_until < ? AND (attempts >= ? OR payload IS NULL)",
            [time.time(), MAX_ATTEMPTS + SORRY_ATTEMPTS],
        )
    return _lease(store, "attempts >= ?", [MAX_ATTEMPTS], lease_s)


def _lease(store: Store, which: str, values: list[int], lease_s: float) -> list[tuple[str, dict[str, Any]]]:
    now = time.time()
    with store.write() as db:
        rows = list(
            db.query(
                f"SELECT key, payload FROM claims WHERE state = 'taken' AND lease_until < ? AND payload IS NOT NULL AND {which}",
                [now, *values],
            )
        )
        for row in rows:
            db.execute(
                "UPDATE claims SET lease_until = ?, attempts = attempts + 1 WHERE key = ?",
                [now + lease_s, row["key"]],
            )
    return [(row["key"], json.loads(row["payload"])) for row in rows]


def waiting(store: Store) -> int:
    """Claims that somebody works on, or has to."""
    row = store.one("SELECT count(*) AS n FROM claims WHERE state = 'taken'")
    return int(row["n"]) if row else 0


def hand_back(store: Store, key: str) -> None:
    """A graceful stop gives up its lease at once, so that the next start need not wait for it."""
    with store.write() as db:
        db.execute(
            "UPDATE claims SET lease_until = 0, attempts = attempts - 1 WHERE key = ? AND state = 'taken'",
            [key],
        )


def release(store: Store, key: str) -> None:
    """As if it had never been claimed: for what was refused, and may be tried again."""
    with store.write() as db:
        db.execute("DELETE FROM claims WHERE key = ?", [key])


def forget_old(store: Store, days: float = 7) -> int:
    """Drops finished claims older than `days`; Slack repeats an event within minutes."""
    with store.write() as db:
        return db.execute(
            "DELETE FROM claims WHERE state = 'done' AND claimed_at < ?", [time.time() - days * 86400]
        ).rowcount


@contextmanager
def _before_the_ack(store: Store) -> Iterator[Database]:
    """A transaction that waits for the write lock no longer than Slack waits for us."""
    connection = store.db.conn
    connection.execute(f"PRAGMA busy_timeout = {int(CLAIM_WAIT_S * 1000)}")
    try:
        with store.write() as db:
            yield db
    finally:
        connection.execute(f"PRAGMA busy_timeout = {int(BUSY_TIMEOUT_S * 1000)}")
