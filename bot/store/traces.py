"""A person's words in what belongs to others: whose words an answer was made from, and how they are taken out of it.

An answer keeps the texts it was read from, since learning needs them as they were: passages that people taught, and what
was said before in the thread. So somebody's words lie in the rows of others as well.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from typing import Any

from bot.records import Question
from bot.store.database import Store

_NOTHING = {"text": "", "title": "", "heading": "", "link": None}
MERGED_PAGES = 500  # of the search's index, in one step
AT_ONCE = 500  # SQLite allows that many parameters, everywhere
_THREADS = "SELECT DISTINCT channel, thread FROM questions WHERE person = ? AND thread IS NOT NULL"


def behind(store: Store, answer_ids: Iterable[int]) -> frozenset[str]:
    """Everybody whose words these answers were made from: who asked, there or before in the thread, and who taught."""
    ids, found = sorted(set(answer_ids)), set()
    for i in range(0, len(ids), AT_ONCE):
        some = ids[i : i + AT_ONCE]
        marks = ", ".join("?" * len(some))
        rows = store.rows(
            f"WITH chosen AS (SELECT a.id, a.offered, a.taught_by, q.person, q.context_by, q.channel, q.thread"
            f" FROM answers a JOIN questions q ON q.id = a.question_id WHERE a.id IN ({marks}))"
            " SELECT person FROM chosen UNION SELECT context_by FROM chosen WHERE context_by IS NOT NULL"
            " UNION SELECT taught_by FROM chosen WHERE taught_by IS NOT NULL"
            " UNION SELECT q.person FROM chosen c JOIN questions q ON q.channel = c.channel AND q.thread = c.thread"
            " UNION SELECT d.person FROM chosen c, json_each(c.offered) o"
            " JOIN passages p ON p.id = json_extract(o.value, '$.passage_id')"
            " JOIN documents d ON d.id = p.document_id AND d.kind = 'taught' WHERE d.person IS NOT NULL"
            " UNION SELECT s.person FROM chosen c, json_each(c.offered) o"
            " JOIN passages p ON p.id = json_extract(o.value, '$.passage_id')"
            " JOIN slack_sources s ON s.document_id = p.document_id WHERE s.person IS NOT NULL",
            some,
        )
        found |= {str(row["person"]) for row in rows}
    return frozenset(found)


def since(store: Store, person: str) -> float | None:
    """When a person first asked, said or taught something that is kept (Unix seconds); None: never."""
    row = store.one(
        "SELECT min(at) AS at FROM (SELECT min(asked_at) AS at FROM questions WHERE person = ?"
        " UNION ALL SELECT min(given_at) FROM feedback WHERE person = ?"
        " UNION ALL SELECT min(learned_at) FROM documents WHERE kind = 'taught' AND person = ?"
        " UNION ALL SELECT min(d.learned_at) FROM documents d JOIN slack_sources s ON s.document_id = d.id"
        " WHERE s.person = ?)",
        [person] * 4,
    )
    return row["at"] if row else None


def clear(store: Store, person: str) -> None:
    """Takes a person's words out of what belongs to others. Before their own rows go, in one transaction with that.

    An answer that stands in their words goes, with what was said of it; from other answers only their texts do. Who
    said what in a thread isn't kept, so where the person asked in it, all that was read beside passages goes. A taught
    answer to a question that nobody else asked goes too, for it repeats the question.
    """
    with store.write() as db:
        own = store.rows(
            "SELECT p.id FROM passages p JOIN documents d ON d.id = p.document_id"
            " WHERE (d.kind = 'taught' AND d.person = ?)"
            " OR d.id IN (SELECT document_id FROM slack_sources WHERE person = ?)",
            [person, person],
        )
        repeating = _lessons_on_their_questions(store, person)
        taught = {row["id"] for row in own} | repeating
        for row in store.rows(
            f"WITH theirs AS ({_THREADS}) SELECT a.id, a.offered, a.candidates, a.chosen, a.taught_by,"
            " ((q.channel, q.thread) IN theirs OR q.context_by IS ?) AS threaded FROM answers a"
            " JOIN questions q ON q.id = a.question_id WHERE q.person <> ?"
            " AND (threaded OR a.taught_by = ? OR EXISTS (SELECT 1 FROM json_each(a.offered) o"
            " WHERE json_extract(o.value, '$.passage_id') IN (SELECT value FROM json_each(?))))",
            [person, person, person, person, json.dumps(sorted(taught))],
        ):
            _clear_answer(store, row, taught, person)
        db.execute("UPDATE questions SET context = NULL, context_by = NULL WHERE context_by = ?", [person])
        db.execute(
            f"UPDATE questions SET follows = NULL WHERE person <> ? AND (channel, thread) IN ({_THREADS})",
            [person, person],
        )
        for passage in repeating:
            db.execute(
                "DELETE FROM documents WHERE id = (SELECT document_id FROM passages WHERE id = ?)", [passage]
            )


def scrub(store: Store) -> bool:
    """Rewrites the state file, so that nothing that was deleted lies on in its free pages or the search's index.

    False where another process kept it busy for too long.
    """
    db = store.db
    try:
        db.execute("INSERT INTO passages_fts(passages_fts) VALUES('optimize')")
        db.execute("VACUUM")
        return not db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    except sqlite3.OperationalError:
        return False


def wipe(store: Store) -> bool:
    """Makes the state file forget what was deleted, without rewriting all of it: the search's index, and the log.

    Deleted rows are overwritten at once (`secure_delete`); the index is merged in steps, between which others may write
    (SQLite's documentation: "FTS5", the 'merge' command). False where another process kept the file busy for too long.
    """
    merge = "INSERT INTO passages_fts(passages_fts, rank) VALUES('merge', ?)"
    db = store.db
    try:
        db.execute(merge, [-MERGED_PAGES])  # a negative number takes the whole index in hand
        merged = 2
        while merged > 1:
            before = db.conn.total_changes
            db.execute(merge, [MERGED_PAGES])
            merged = db.conn.total_changes - before
        return not db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    except sqlite3.OperationalError:
        return False


def lessons_on(store: Store, question: Question) -> list[int]:
    """The documents taught for a question in these words, where nobody else asked it."""
    words = _plain(question.text)
    others = store.rows("SELECT text FROM questions WHERE id <> ?", [question.id])
    if any(_plain(row["text"]) == words for row in others):
        return []
    theirs = {words, *(_plain(f"{a} {b}") for a, b in _both_ways(question.text, question.follows))}
    lessons = store.rows(
        "SELECT d.id, p.question FROM documents d CROSS JOIN passages p ON p.document_id = d.id WHERE d.kind = 'taught'"
    )
    return [row["id"] for row in lessons if _plain(row["question"] or "") in theirs]


def _lessons_on_their_questions(store: Store, person: str) -> set[int]:
    """Passages that others taught for a question in this person's words, which nobody else asked."""
    theirs, others = (
        {
            _plain(words)
            for row in store.rows(f"SELECT text, follows FROM questions WHERE person {sign} ?", [person])
            for words in (row["text"], f"{row['text']} {row['follows']}", f"{row['follows']} {row['text']}")
        }
        for sign in ("=", "<>")
    )
    lessons = store.rows(
        "SELECT p.id, p.question FROM passages p JOIN documents d ON d.id = p.document_id"
        " WHERE d.kind = 'taught' AND p.question IS NOT NULL AND d.person IS NOT ?",
        [person],
    )
    return {row["id"] for row in lessons if _plain(row["question"]) in theirs - others}


def _clear_answer(store: Store, row: dict[str, Any], taught: set[int], person: str) -> None:
    gone = {
        i
        for i, each in enumerate(json.loads(row["offered"]))
        if each["passage_id"] in taught or (row["threaded"] and each["passage_id"] is None)
    }
    if row["taught_by"] == person:
        gone |= {row["chosen"]}
    take_out(store, row, gone)


def take_out(store: Store, row: dict[str, Any], gone: set[int]) -> bool:
    """Takes some of the texts that an answer was read from out of it; False where it stood in one, and went itself.

    `row`: its id, offered, candidates and chosen; `gone`: indexes into what was offered.
    """
    with store.write() as db:
        if row["chosen"] in gone:
            db.execute("DELETE FROM answers WHERE id = ?", [row["id"]])
            return False
        if gone:
            offered, candidates = json.loads(row["offered"]), json.loads(row["candidates"])
            kept = [{**each, **_NOTHING} if i in gone else each for i, each in enumerate(offered)]
            rest = [each for each in candidates if each["passage"] not in gone]
            db.table("answers").update(
                row["id"], {"offered": json.dumps(kept), "candidates": json.dumps(rest)}
            )
    return True


def _both_ways(text: str, follows: str | None) -> list[tuple[str, str]]:
    return [(text, follows), (follows, text)] if follows else []


def _plain(words: str) -> str:
    return " ".join(words.split()).casefold()
