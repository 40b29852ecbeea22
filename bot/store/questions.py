"""Questions and answers, kept with everything that learning from them will need."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, replace
from typing import Any

from bot.records import Answer, Candidate, Offered, Question
from bot.store.database import Store


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
