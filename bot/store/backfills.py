"""How far the reading of a channel's past has come."""

from __future__ import annotations

from dataclasses import dataclass

from bot.store.database import Store


@dataclass(frozen=True, slots=True)
class Backfill:
    channel: str
    person: str | None  # who wanted it
    oldest: str  # ts at which it ends
    reached: str | None = None  # ts of the oldest message read; None: not begun
    messages: int = 0
    learned: int = 0  # answered questions
    done: bool = False


def of(store: Store, channel: str) -> Backfill | None:
    row = store.one("SELECT * FROM slack_backfills WHERE channel = ?", [channel])
    return Backfill(**{**row, "done": bool(row["done"])}) if row else None


def begin(store: Store, new: Backfill) -> None:
    """Begins it, in place of an earlier one."""
    with store.write() as db:
        db.table("slack_backfills").upsert(
            {
                "channel": new.channel,
                "person": new.person,
                "oldest": new.oldest,
                "reached": None,
                "messages": 0,
                "learned": 0,
                "done": 0,
            },
            pk="channel",
        )


def advance(
    store: Store, channel: str, *, reached: str | None, messages: int, learned: int, done: bool
) -> None:
    """Notes that a page more was read."""
    with store.write() as db:
        db.execute(
            "UPDATE slack_backfills SET reached = coalesce(?, reached), messages = messages + ?,"
            " learned = learned + ?, done = ? WHERE channel = ?",
            [reached, messages, learned, int(done), channel],
        )


def drop(store: Store, channel: str) -> None:
    """So that it begins anew when it is wanted again."""
    with store.write() as db:
        db.execute("DELETE FROM slack_backfills WHERE channel = ?", [channel])
