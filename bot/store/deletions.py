"""What goes with a message that was deleted in Slack: the question it was, and its words in the answers of others."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from typing import Any

from bot.records import Question
from bot.store import documents, traces
from bot.store.database import Store

THREAD_TITLE = "This thread"
"""What an answer calls the text that people had written in the thread before."""

Posted = tuple[str, str]
"""(channel, ts) of a reply of ours."""


def concerns(store: Store, channel: str, ts: str, thread: str | None) -> bool:
    """Whether a message is a question, one that is on its way, a reply of ours, or in a thread that was answered in."""
    sql = (
        "SELECT EXISTS (SELECT 1 FROM questions WHERE source = 'message' AND key = :key)"
        " OR EXISTS (SELECT 1 FROM claims WHERE key = :claim AND state = 'taken')"
        " OR EXISTS (SELECT 1 FROM answers WHERE channel = :channel AND ts = :ts)"
        " OR EXISTS (SELECT 1 FROM questions WHERE channel = :channel AND thread = :thread) AS yes"
    )
    key = f"{channel}:{ts}"
    asked = {"key": key, "claim": f"message:{key}", "channel": channel, "ts": ts, "thread": thread or ts}
    row = store.one(sql, asked)
    return bool(row and row["yes"])


def quoting(store: Store, channel: str, text: str) -> list[int]:
    """The questions that were asked in a channel about a message of this text; of a long one only its begin was kept."""
    rows = store.rows(
        "SELECT id FROM questions WHERE channel = ?"
        " AND (context = ? OR (length(context) > 1000 AND instr(?, rtrim(context, '…')) = 1))",
        [channel, text.strip(), text.strip()],
    )
    return [row["id"] for row in rows]


def replies(store: Store, question_id: int) -> list[Posted]:
    """The messages that carry answers to a question; an edited question was answered in the same one again."""
    sql = "SELECT DISTINCT channel, ts FROM answers WHERE question_id = ? AND ts IS NOT NULL"
    return [(row["channel"], row["ts"]) for row in store.rows(sql, [question_id])]


def withdraw(store: Store, channel: str, ts: str) -> None:
    """A reply of ours is gone from Slack: no reaction finds its answers any more. What was said of them stays."""
    with store.write() as db:
        db.execute("UPDATE answers SET channel = NULL, ts = NULL WHERE channel = ? AND ts = ?", [channel, ts])


def trained_on(store: Store, question_id: int) -> bool:
    """Whether an adapter that served or serves may have learned from what was said of a question's answers."""
    sql = (
        "SELECT 1 FROM answers a JOIN feedback f ON f.answer_id = a.id JOIN adapters v ON v.created_at > f.given_at"
        " JOIN promotions p ON p.adapter = v.id WHERE a.question_id = ? LIMIT 1"
    )
    return store.one(sql, [question_id]) is not None


def passage_ids(store: Store, document_ids: Iterable[int]) -> set[int]:
    wanted = json.dumps(list(document_ids))
    rows = store.rows(
        "SELECT id FROM passages WHERE document_id IN (SELECT value FROM json_each(?))", [wanted]
    )
    return {row["id"] for row in rows}


def remove_question(store: Store, question: Question) -> list[Posted]:
    """Deletes a question with its answers, what was said of them, and its words elsewhere.

    A taught answer goes with it that repeats the question, where nobody else asked it. Returns our replies that stand in
    what went, the question's own not among them.
    """
    standing = remove_documents(store, traces.lessons_on(store, question))
    with store.write() as db:
        db.execute(
            "UPDATE questions SET follows = NULL WHERE channel = ? AND thread = ? AND instr(follows, ?)",
            [question.channel, question.thread, question.text],
        )
        own = set(replies(store, question.id or 0))
        db.execute("DELETE FROM questions WHERE id = ?", [question.id])
    return [each for each in standing if each not in own]


def remove_documents(store: Store, document_ids: Collection[int]) -> list[Posted]:
    """Removes documents, and takes their texts out of the answers that were read from them; one that stands in such a text
    goes. Returns where those were posted.

    Going through all answers takes seconds where there are many, so others may write meanwhile.
    """
    ids = passage_ids(store, document_ids)
    if not ids:
        documents.remove(store, list(document_ids))
        return []
    last, standing = _take_out_passages(store, ids, after=0)
    with store.write():
        documents.remove(store, list(document_ids))
        standing += _take_out_passages(store, ids, after=last)[1]
    return list(dict.fromkeys(standing))


def _take_out_passages(store: Store, ids: Collection[int], after: int) -> tuple[int, list[Posted]]:
    """Of the answers behind the id `after`: the last one's id, and our replies that stood in these passages."""
    row = store.one("SELECT coalesce(max(id), 0) AS last FROM answers")
    rows = store.rows(
        "SELECT id, channel, ts, offered, candidates, chosen FROM answers WHERE id > ?"
        " AND EXISTS (SELECT 1 FROM json_each(offered) o"
        " WHERE json_extract(o.value, '$.passage_id') IN (SELECT value FROM json_each(?)))",
        [after, json.dumps(sorted(ids))],
    )
    return int(row["last"]) if row else 0, _take_out(store, rows, lambda each: each["passage_id"] in ids)


def take_out_of_thread(store: Store, channel: str, thread: str, ts: str) -> list[Posted]:
    """Takes what was read of a thread out of the answers given there after the moment `ts`, as `take_out_passages`."""
    rows = store.rows(
        "SELECT a.id, a.channel, a.ts, a.offered, a.candidates, a.chosen FROM answers a"
        " JOIN questions q ON q.id = a.question_id WHERE q.channel = ? AND q.thread = ? AND a.answered_at > ?",
        [channel, thread, float(ts)],
    )
    return _take_out(store, rows, lambda each: each["passage_id"] is None and each["title"] == THREAD_TITLE)


def remove_quoting(store: Store, question_ids: Collection[int]) -> None:
    """Deletes questions that were asked about a message, with the answers that were read from it."""
    with store.write() as db:
        for question_id in question_ids:
            db.execute("DELETE FROM questions WHERE id = ?", [question_id])


def drop_claims(store: Store, channel: str, ts: str) -> None:
    """What still waited to be done about a message won't be taken up again; its text goes with it."""
    with store.write() as db:
        db.execute(
            "UPDATE claims SET state = 'done', payload = NULL WHERE state = 'taken'"
            " AND (key = ? OR key GLOB ? OR key GLOB ?)",
            [f"message:{channel}:{ts}", f"edit:{channel}:{ts}:*", f"file:{channel}:{ts}:*"],
        )


def _take_out(store: Store, rows: list[dict[str, Any]], is_gone: Any) -> list[Posted]:
    standing: list[Posted] = []
    with store.write():
        for row in rows:
            gone = {i for i, each in enumerate(json.loads(row["offered"])) if is_gone(each)}
            if not traces.take_out(store, row, gone) and row["ts"]:
                standing.append((row["channel"], row["ts"]))
    return list(dict.fromkeys(standing))
