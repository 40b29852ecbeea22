"""Questions and answers, kept with everything that learning from them will need."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, replace
from typing import Any

from bot.records import Answer, Candidate, Offered, Question
from bot.store.database import Store
from bot.store.tallies import ABSTAINED, IN_SLACK


def record_question(store: Store, question: Question) -> Question:
    """Stores a question, or, when (source, key) is known, its newer wording (an edited message). Returns it with its id."""
    fields: dict[str, Any] = asdict(question)
    del fields["id"]
    fields["scopes"] = json.dumps(question.scopes)
    fields["asked_at"] = question.asked_at or time.time()
    with store.write() as db:
        row = store.one(
            "SELECT id FROM questions WHERE source = ? AND key = ?", [question.source, question.key]
        )
        if row:
            db.table("questions").update(row["id"], fields)
            return replace(question, id=row["id"], asked_at=fields["asked_at"])
        return replace(
            question, id=int(db.table("questions").insert(fields).last_pk or 0), asked_at=fields["asked_at"]
        )


def record_answer(store: Store, answer: Answer) -> Answer:
    """Stores an answer and returns it with its id. An earlier answer to the same question stays: its feedback is its own."""
    fields: dict[str, Any] = asdict(answer)
    del fields["id"]
    fields["offered"] = json.dumps(fields["offered"])
    fields["candidates"] = json.dumps(fields["candidates"])
    fields["answered_at"] = answer.answered_at or time.time()
    with store.write() as db:
        answer_id = int(db.table("answers").insert(fields).last_pk or 0)
    return replace(answer, id=answer_id, answered_at=fields["answered_at"])


def posted(store: Store, answer_id: int, channel: str, ts: str) -> None:
    """Notes the message that carries an answer, so that reactions to it find the answer."""
    with store.write() as db:
        db.table("answers").update(answer_id, {"channel": channel, "ts": ts})


def shared(store: Store, answer: Answer, channel: str, ts: str) -> None:
    """Notes the message in which an answer that one person was given alone is now seen by all: its thread is there."""
    with store.write() as db:
        posted(store, answer.id or 0, channel, ts)
        db.table("questions").update(answer.question_id, {"thread": ts})


def question(store: Store, question_id: int) -> Question | None:
    row = store.one("SELECT * FROM questions WHERE id = ?", [question_id])
    return _question(row) if row else None


def question_by_key(store: Store, source: str, key: str) -> Question | None:
    row = store.one("SELECT * FROM questions WHERE source = ? AND key = ?", [source, key])
    return _question(row) if row else None


def questions_in_thread(store: Store, channel: str, thread: str) -> list[Question]:
    """Oldest first."""
    sql = "SELECT * FROM questions WHERE channel = ? AND thread = ? ORDER BY asked_at, id"
    return [_question(row) for row in store.rows(sql, [channel, thread])]


def answer(store: Store, answer_id: int) -> Answer | None:
    row = store.one("SELECT * FROM answers WHERE id = ?", [answer_id])
    return _answer(row) if row else None


def answer_at(store: Store, channel: str, ts: str) -> Answer | None:
    """The answer that the message at `ts` carries: the newest, where an edited question was answered again in place."""
    row = store.one(
        "SELECT * FROM answers WHERE channel = ? AND ts = ? ORDER BY id DESC LIMIT 1", [channel, ts]
    )
    return _answer(row) if row else None


def last_answer(store: Store, question_id: int) -> Answer | None:
    row = store.one("SELECT * FROM answers WHERE question_id = ? ORDER BY id DESC LIMIT 1", [question_id])
    return _answer(row) if row else None


def answers_to(store: Store, question_id: int) -> list[Answer]:
    """Every answer to a question, oldest first."""
    return [
        _answer(row)
        for row in store.rows("SELECT * FROM answers WHERE question_id = ? ORDER BY id", [question_id])
    ]


def twin_of(store: Store, question_id: int, answer: Answer) -> Answer | None:
    """The stored answer that `answer` is a copy of: same question, moment and text."""
    row = store.one(
        "SELECT * FROM answers WHERE question_id = ? AND answered_at = ? AND text IS ?",
        [question_id, answer.answered_at, answer.text],
    )
    return _answer(row) if row else None


def counts(store: Store, since: float = 0.0) -> dict[str, int]:
    """Questions asked since then, and how many got an answer and how many an abstention (their last word counts)."""
    row = store.one(
        "SELECT count(*) AS asked, coalesce(sum(a.text IS NOT NULL), 0) AS answered,"
        " coalesce(sum(a.text IS NULL), 0) AS abstained"
        " FROM questions q JOIN answers a ON a.id = (SELECT max(id) FROM answers WHERE question_id = q.id) WHERE q.asked_at >= ?",
        [since],
    )
    return dict(row or {})


def of_person(store: Store, person: str, limit: int) -> list[Question]:
    """What somebody asked, newest first."""
    sql = "SELECT * FROM questions WHERE person = ? ORDER BY asked_at DESC, id DESC LIMIT ?"
    return [_question(row) for row in store.rows(sql, [person, limit])]


def unanswered(store: Store, since: float, limit: int) -> list[Question]:
    """What was asked in Slack from then on and has an abstention as its last answer, newest first.

    Left out: questions about a text that came with them, those that somebody has answered by now with a correction, and
    those where somebody says that silence is right.
    """
    rows = store.rows(
        f"SELECT q.* FROM questions q WHERE q.asked_at >= ? AND {IN_SLACK} AND {ABSTAINED} AND q.context IS NULL"
        " AND NOT EXISTS (SELECT 1 FROM answers a JOIN feedback f ON f.answer_id = a.id WHERE a.question_id = q.id"
        " AND (f.correction IS NOT NULL OR (f.vote = 'up' AND a.text IS NULL))) ORDER BY q.asked_at DESC LIMIT ?",
        [since, limit],
    )
    return [_question(row) for row in rows]


def answered_since(store: Store, since: float) -> list[Question]:
    """What was asked in Slack from then on and has an answer that nobody voted down."""
    rows = store.rows(
        f"SELECT q.* FROM questions q WHERE q.asked_at >= ? AND {IN_SLACK} AND NOT {ABSTAINED} AND EXISTS (SELECT 1 FROM"
        " answers WHERE question_id = q.id) AND NOT EXISTS (SELECT 1 FROM answers a JOIN feedback f ON f.answer_id = a.id"
        " WHERE a.question_id = q.id AND f.vote = 'down') ORDER BY q.asked_at",
        [since],
    )
    return [_question(row) for row in rows]


def _question(row: dict[str, Any]) -> Question:
    return Question(**{**row, "scopes": tuple(json.loads(row["scopes"]))})


def _answer(row: dict[str, Any]) -> Answer:
    return Answer(
        **{
            **row,
            "offered": tuple(Offered(**each) for each in json.loads(row["offered"])),
            "candidates": tuple(Candidate(**each) for each in json.loads(row["candidates"])),
            "from_memory": bool(row["from_memory"]),
        }
    )
