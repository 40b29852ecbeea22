"""Reviews: what a reviewer decided about a piece of feedback, one row a piece, the last word wins.

A review speaks of what somebody said, so it goes when they say something else (a trigger of the schema sees to it),
with the answer, and with the person.
"""

from __future__ import annotations

import time
from dataclasses import asdict, replace
from typing import Any

from bot.errors import DataError
from bot.records import Decision, Review
from bot.store.database import Store

FORGOTTEN = "forgotten"


def record(store: Store, review: Review) -> Review:
    """Stores a decision in place of an earlier one about the same feedback; returns it with its time.

    Raises DataError: there is no such feedback, or an edit says nothing.
    """
    words = edited(review.decision, review.words)
    fields: dict[str, Any] = asdict(replace(review, words=words, at=review.at or time.time()))
    with store.write() as db:
        known = store.one(
            "SELECT 1 FROM feedback WHERE answer_id = ? AND person = ?", [review.answer_id, review.person]
        )
        if known is None:
            raise DataError(
                f"found no feedback of {review.person} on answer {review.answer_id}; expected a piece that waits:"
                " see lorebot feedback review --json"
            )
        db.table("reviews").upsert(fields, pk=("answer_id", "person"))
    return Review(**fields)


def edited(decision: Decision, words: str | None) -> str | None:
    """An edit's words, trimmed; None for another decision. Raises DataError: an edit says nothing."""
    if decision != "edit":
        return None
    if not (words or "").strip():
        raise DataError(
            "found an edit without words; expected the right answer: write it, or accept or reject"
        )
    return (words or "").strip()


def remove(store: Store, answer_id: int, person: str) -> bool:
    """Takes a decision back; False if there was none."""
    with store.write() as db:
        done = db.execute("DELETE FROM reviews WHERE answer_id = ? AND person = ?", [answer_id, person])
        return done.rowcount == 1


def of(store: Store, answer_id: int, person: str) -> Review | None:
    row = store.one("SELECT * FROM reviews WHERE answer_id = ? AND person = ?", [answer_id, person])
    return Review(**row) if row else None


def all_of(store: Store) -> dict[tuple[int, str], Review]:
    """Every decision that stands, by (answer id, person)."""
    rows = store.rows("SELECT * FROM reviews ORDER BY at, answer_id, person")
    return {(row["answer_id"], row["person"]): Review(**row) for row in rows}


def forget(store: Store, person: str) -> None:
    """What a reviewer wrote goes with them; what they decided stays, without their name.

    Reviews of what the person said go with that feedback.
    """
    with store.write() as db:
        db.execute("DELETE FROM reviews WHERE \"by\" = ? AND decision = 'edit'", [person])
        db.execute('UPDATE reviews SET "by" = ? WHERE "by" = ?', [FORGOTTEN, person])
