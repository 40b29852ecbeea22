"""Feedback: one row a person and answer, the last word wins."""

from __future__ import annotations

import json
import time
from collections.abc import Collection
from dataclasses import asdict
from typing import Any

from bot.records import Feedback, Pointer
from bot.store.database import Store

_SAYS_SOMETHING = "(vote IS NOT NULL OR correction IS NOT NULL)"


def record(store: Store, given: Feedback) -> Feedback:
    """Merges what a person now says of an answer into what they said before, and returns the whole.

    A vote replaces the earlier vote. A correction, reason or passage that isn't given now stays, unless the
    vote is an up: somebody who now finds the answer right no longer stands by a correction.
    """
    with store.write() as db:
        before = of(store, given.answer_id, given.person)
        fields: dict[str, Any] = {**asdict(given), "given_at": given.given_at or time.time()}
        if before is not None and given.vote != "up":
            for name, old in asdict(before).items():
                if fields[name] is None:
                    fields[name] = old
        db.table("feedback").upsert(fields, pk=("answer_id", "person"))
    return Feedback(**fields)


def clear_vote(store: Store, answer_id: int, person: str, vote_source: str) -> bool:
    """Takes a vote back, if `vote_source` made it. A correction stays. True if there was such a vote."""
    with store.write() as db:
        done = db.execute(
            "UPDATE feedback SET vote = NULL, vote_source = NULL, given_at = ?"
            " WHERE answer_id = ? AND person = ? AND vote_source = ?",
            [time.time(), answer_id, person, vote_source],
        )
        return done.rowcount == 1


def of(store: Store, answer_id: int, person: str) -> Feedback | None:
    row = store.one("SELECT * FROM feedback WHERE answer_id = ? AND person = ?", [answer_id, person])
    return Feedback(**row) if row else None


def all_of(store: Store, since: float = 0.0) -> list[Feedback]:
    """All that still says something, oldest first."""
    order = "ORDER BY given_at, answer_id, person"
    sql = f"SELECT * FROM feedback WHERE {_SAYS_SOMETHING} AND given_at > ? {order}"
    return [Feedback(**row) for row in store.rows(sql, [since])]


def of_person(store: Store, person: str, limit: int) -> list[Feedback]:
    """What somebody said that still says something, newest first."""
    sql = f"SELECT * FROM feedback WHERE person = ? AND {_SAYS_SOMETHING} ORDER BY given_at DESC, answer_id DESC LIMIT ?"
    return [Feedback(**row) for row in store.rows(sql, [person, limit])]


def unremarked(store: Store, limit: int) -> list[int]:
    """Ids of answers, newest first, to questions that nobody gave any feedback on; each question's last answer."""
    sql = (
        "SELECT max(a.id) AS id FROM answers a WHERE NOT EXISTS (SELECT 1 FROM feedback f JOIN answers b"
        f" ON b.id = f.answer_id WHERE b.question_id = a.question_id AND {_SAYS_SOMETHING})"
        " GROUP BY a.question_id ORDER BY id DESC LIMIT ?"
    )
    return [int(row["id"]) for row in store.rows(sql, [limit])]


def counts(store: Store, since: float = 0.0) -> dict[str, int]:
    row = store.one(
        "SELECT coalesce(sum(vote = 'up'), 0) AS up, coalesce(sum(vote = 'down'), 0) AS down,"
        " coalesce(sum(correction IS NOT NULL), 0) AS corrections FROM feedback WHERE given_at > ?",
        [since],
    )
    return dict(row or {})


def pointers(store: Store, scopes: Collection[str]) -> list[Pointer]:
    """Feedback that calls an answer's passage the wrong one or names the right one, and still stands; oldest first.

    Only of questions all of whose scopes are among these.
    """
    seen = set(scopes)
    rows = store.rows(
        "SELECT f.answer_id, f.person, q.text || coalesce(' ' || q.follows, '') AS question, q.scopes"
        " FROM feedback f JOIN answers a ON a.id = f.answer_id JOIN questions q ON q.id = a.question_id"
        " WHERE (f.reason = 'wrong_passage' OR f.passage_id IS NOT NULL)"
        f" AND {_SAYS_SOMETHING} AND vote IS NOT 'up' ORDER BY f.given_at, f.answer_id, f.person"
    )
    return [
        Pointer(row["answer_id"], row["person"], row["question"])
        for row in rows
        if set(json.loads(row["scopes"])) <= seen
    ]


def pointed_at(store: Store, pointer: Pointer) -> tuple[int | None, int | None]:
    """Ids of the passage that is the wrong one, and of the right one, as this piece of feedback has it."""
    row = store.one(
        "SELECT CASE WHEN f.reason = 'wrong_passage'"
        " THEN json_extract(a.offered, '$[' || a.chosen || '].passage_id') END AS wrong, f.passage_id AS right"
        " FROM feedback f JOIN answers a ON a.id = f.answer_id WHERE f.answer_id = ? AND f.person = ?",
        [pointer.answer_id, pointer.person],
    )
    return (row["wrong"], row["right"]) if row else (None, None)
