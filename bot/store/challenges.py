"""Live trials of adapters: rows are added and closed, never changed afterwards. At most one is open."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import asdict

from bot.errors import BusyError
from bot.records import Challenge, Outcome, Promotion
from bot.store.database import Store


def begin(store: Store, challenge: Challenge) -> Challenge:
    """Opens a trial and returns it with its id. Raises BusyError while another one is open."""
    fields = {**asdict(challenge), "started_at": challenge.started_at or time.time()}
    del fields["id"]
    try:
        with store.write() as db:
            challenge_id = int(db.table("challenges").insert(fields).last_pk or 0)
    except sqlite3.IntegrityError:
        other = current(store)
        if other is None:
            raise
        raise BusyError(
            f"adapter {other.adapter} is on trial already; expected one trial at a time: wait for its end, or end it "
            "with `lorebot adapters challenge --end`"
        ) from None
    return Challenge(**fields, id=challenge_id)


def end(store: Store, challenge_id: int, outcome: Outcome, why: str) -> bool:
    """Closes a trial; False if it was closed already, whose outcome then stays."""
    with store.write() as db:
        done = db.execute(
            "UPDATE challenges SET ended_at = ?, outcome = ?, ending = ? WHERE id = ? AND ended_at IS NULL",
            [time.time(), outcome, why, challenge_id],
        )
        return done.rowcount == 1


def current(store: Store) -> Challenge | None:
    """The trial that is open."""
    row = store.one("SELECT * FROM challenges WHERE ended_at IS NULL")
    return Challenge(**row) if row else None


def ended(store: Store, after: int) -> list[Challenge]:
    """Trials with a greater id than `after` that are closed, oldest first."""
    rows = store.rows("SELECT * FROM challenges WHERE id > ? AND ended_at IS NOT NULL ORDER BY id", [after])
    return [Challenge(**row) for row in rows]


def challenge(store: Store, challenge_id: int) -> Challenge | None:
    row = store.one("SELECT * FROM challenges WHERE id = ?", [challenge_id])
    return Challenge(**row) if row else None


def of_champion(store: Store, champion: str) -> list[Challenge]:
    """Every trial against a champion, oldest first."""
    rows = store.rows("SELECT * FROM challenges WHERE champion = ? ORDER BY id", [champion])
    return [Challenge(**row) for row in rows]


def won(store: Store, promotion: Promotion) -> bool:
    """Whether a promotion is what a trial ended with, not a return to what served before."""
    sql = "SELECT 1 FROM challenges WHERE outcome = 'promoted' AND adapter = ? AND ending = ?"
    return store.one(sql, [promotion.adapter, promotion.why]) is not None
