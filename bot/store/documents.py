"""Documents and passages, with their word index (FTS5) and vectors."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlite_utils import Database

from bot.records import Document, Passage
from bot.store.database import Store

_COLUMNS = (
    "SELECT p.id, p.document_id, p.scope, p.title, p.heading, p.text, p.start, p.ordinal, d.source, d.link,"
    " p.question, p.answer_start, p.evidence_id"
)
_PASSAGE = f"{_COLUMNS} FROM passages p JOIN documents d ON d.id = p.document_id"
_WORDS = ("title", "heading", "text", "question", "answer_start")
"""What a passage says: where one of these differs, it is another passage, with another vector."""
_PLACE = ("start", "ordinal", "evidence_id")


def document(store: Store, source: str, scope: str) -> Document | None:
    row = store.one("SELECT * FROM documents WHERE source = ? AND scope = ?", [source, scope])
    return Document(**row) if row else None


def of_source(store: Store, source: str) -> list[Document]:
    """What a source says, in whatever scope."""
    return [Document(**row) for row in store.rows("SELECT * FROM documents WHERE source = ?", [source])]


def documents(store: Store, scope: str | None = None) -> list[Document]:
    where = "" if scope is None else " WHERE scope = :scope"
    return [
        Document(**row)
        for row in store.rows(f"SELECT * FROM documents{where} ORDER BY source", {"scope": scope})
    ]


def replace(store: Store, new: Document, passages: Sequence[Passage], vectors: Sequence[bytes]) -> int:
    """Puts a document and its passages in place of what had its (source, scope), in one transaction.

    `passages` may carry any document_id; `vectors` holds each one's float32 vector as bytes. A passage whose
    words stay as they were keeps its row and its id, and with it the feedback and the taught answers pointing
    to it. Returns the document's id.
    """
    fields = asdict(new)
    del fields["id"]
    fields["learned_at"] = new.learned_at or time.time()
    with store.write() as db:
        old = document(store, new.source, new.scope)
        if old is not None:
            document_id = int(old.id or 0)
            db.table("documents").update(document_id, fields)
        else:
            document_id = int(db.table("documents").insert(fields).last_pk or 0)
        kept = _rows_by_words(store, document_id)
        for passage, vector in zip(passages, vectors, strict=True):
            row: dict[str, Any] = asdict(passage)
            for name in ("id", "source", "link"):
                del row[name]
            same = kept.get(_words(row))
            if same:
                _move(db, same.popleft(), row)
            else:
                db.table("passages").insert({**row, "document_id": document_id, "vector": vector})
        for rows in kept.values():
            for row in rows:
                db.execute("DELETE FROM passages WHERE id = ?", [row["id"]])
    return document_id


def _words(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in _WORDS)


def _rows_by_words(store: Store, document_id: int) -> dict[tuple[Any, ...], deque[dict[str, Any]]]:
    found: dict[tuple[Any, ...], deque[dict[str, Any]]] = defaultdict(deque)
    sql = f"SELECT id, {', '.join(_WORDS + _PLACE)} FROM passages WHERE document_id = ? ORDER BY ordinal"
    for row in store.rows(sql, [document_id]):
        found[_words(row)].append(row)
    return found


def _move(db: Database, row: dict[str, Any], new: dict[str, Any]) -> None:
    place = {name: new[name] for name in _PLACE}
    if any(row[name] != place[name] for name in _PLACE):
        db.table("passages").update(row["id"], place)


def relink(store: Store, document_id: int, link: str | None) -> None:
    """Gives a document another link; its passages show it at once."""
    with store.write() as db:
        db.table("documents").update(document_id, {"link": link})


def narrow(store: Store, document_id: int, scope: str) -> None:
    """Moves a document with its passages to another scope, in one transaction; what had its place there goes.

    The passages get new ids, because a search keeps each id's scope in memory; feedback and taught answers go along.
    """
    columns = "document_id, title, heading, text, start, ordinal, question, answer_start, evidence_id, vector"
    with store.write() as db:
        row = store.one("SELECT source FROM documents WHERE id = ?", [document_id])
        if row is None:
            return
        there = document(store, row["source"], scope)
        if there is not None and there.id is not None and there.id != document_id:
            remove(store, [there.id])
        db.execute("UPDATE documents SET scope = ? WHERE id = ?", [scope, document_id])
        for old in passages_of(store, document_id):
            new = db.execute(
                f"INSERT INTO passages (scope, {columns}) SELECT ?, {columns} FROM passages WHERE id = ?",
                [scope, old.id],
            ).lastrowid
            db.execute("UPDATE feedback SET passage_id = ? WHERE passage_id = ?", [new, old.id])
            db.execute("UPDATE passages SET evidence_id = ? WHERE evidence_id = ?", [new, old.id])
            db.execute("DELETE FROM passages WHERE id = ?", [old.id])


def remove(store: Store, document_ids: Sequence[int]) -> None:
    with store.write() as db:
        for document_id in document_ids:
            db.execute("DELETE FROM passages WHERE document_id = ?", [document_id])
            db.execute("DELETE FROM documents WHERE id = ?", [document_id])


def remove_elsewhere(store: Store, source: str, scope: str) -> None:
    """Removes what a source says in other scopes than this one."""
    rows = store.rows("SELECT id FROM documents WHERE source = ? AND scope <> ?", [source, scope])
    remove(store, [row["id"] for row in rows])


def passage(store: Store, passage_id: int) -> Passage | None:
    row = store.one(f"{_PASSAGE} WHERE p.id = ?", [passage_id])
    return Passage(**row) if row else None


def passages(store: Store, ids: Sequence[int]) -> list[Passage]:
    """In the order asked for; ids that are gone are left out."""
    if not ids:
        return []
    marks = ",".join("?" * len(ids))
    found = {
        row["id"]: Passage(**row) for row in store.rows(f"{_PASSAGE} WHERE p.id IN ({marks})", list(ids))
    }
    return [found[i] for i in ids if i in found]


def passages_of(store: Store, document_id: int) -> list[Passage]:
    """A document's passages, first to last."""
    rows = store.rows(f"{_PASSAGE} WHERE p.document_id = ? ORDER BY p.ordinal", [document_id])
    return [Passage(**row) for row in rows]


def taught(store: Store, scopes: Sequence[str]) -> list[Passage]:
    """Every taught passage in these scopes, newest first."""
    marks = ",".join("?" * len(scopes))
    # CROSS JOIN begins with the few taught documents; walking all passages would read their vectors too.
    sql = (
        f"{_COLUMNS} FROM documents d CROSS JOIN passages p ON p.document_id = d.id"
        f" WHERE d.kind = 'taught' AND d.scope IN ({marks}) ORDER BY p.id DESC"
    )
    return [Passage(**row) for row in store.rows(sql, list(scopes))]


def taught_everywhere(store: Store) -> list[Passage]:
    """Every taught passage in whatever scope, oldest first: for a reviewer."""
    sql = (
        f"{_COLUMNS} FROM documents d CROSS JOIN passages p ON p.document_id = d.id"
        " WHERE d.kind = 'taught' ORDER BY p.id"
    )
    return [Passage(**row) for row in store.rows(sql)]


def taught_before(store: Store, moment: float) -> list[Passage]:
    """Every taught passage, in whatever scope, that was neither taught nor confirmed since then; oldest first."""
    sql = (
        f"{_COLUMNS} FROM documents d CROSS JOIN passages p ON p.document_id = d.id WHERE d.kind = 'taught'"
        " AND max(d.learned_at, coalesce(d.confirmed_at, 0)) < ? ORDER BY p.id"
    )
    return [Passage(**row) for row in store.rows(sql, [moment])]


def confirm(store: Store, document_id: int) -> None:
    """Notes that a taught answer is still true, now."""
    with store.write() as db:
        db.execute("UPDATE documents SET confirmed_at = ? WHERE id = ?", [time.time(), document_id])


def fresh_at(document: Document) -> float:
    """When a taught answer was taught or last confirmed."""
    return max(document.learned_at, document.confirmed_at or 0.0)


def search_words(store: Store, match: str, scopes: Sequence[str], limit: int) -> list[tuple[int, float]]:
    """(passage id, BM25 score; lower is better) of the best word matches.

    `match` is an FTS5 query that the caller quoted.
    """
    marks = ",".join("?" * len(scopes))
    # The scope's index answers without touching the passages' own pages, which carry text and vector.
    rows = store.rows(
        "SELECT p.id, bm25(passages_fts, 2.0, 1.5, 1.0) AS score FROM passages_fts"
        " JOIN passages p INDEXED BY idx_passages_scope ON p.id = passages_fts.rowid"
        f" WHERE passages_fts MATCH ? AND p.scope IN ({marks}) ORDER BY score, p.id LIMIT ?",
        [match, *scopes, limit],
    )
    return [(row["id"], row["score"]) for row in rows]


def vectors(store: Store, after: int = 0) -> list[tuple[int, str, bytes]]:
    """(passage id, scope, float32 bytes; empty where there is no vector) of ids above `after`, ascending."""
    sql = "SELECT id, scope, vector FROM passages WHERE id > ? ORDER BY id"
    return [(i, scope, vector or b"") for i, scope, vector in store.db.execute(sql, [after])]


def vectors_of(store: Store, ids: Sequence[int]) -> dict[int, bytes]:
    """The float32 bytes of these passages."""
    marks = ",".join("?" * len(ids))
    sql = f"SELECT id, vector FROM passages WHERE id IN ({marks}) AND vector IS NOT NULL"
    return dict(store.db.execute(sql, list(ids)).fetchall())


def passage_ids(store: Store) -> list[int]:
    """Of every passage, ascending."""
    return [row[0] for row in store.db.execute("SELECT id FROM passages ORDER BY id")]


def state(store: Store) -> tuple[int, int]:
    """(last id ever given to a passage, how many there are): changes whenever passages came or went.

    Ids are never given twice, and a passage's words and vector never change under its id. Takes well under a
    millisecond, so a search may ask each time; `Store.version()` would cry wolf at every question recorded.
    """
    row = store.one(
        "SELECT (SELECT seq FROM sqlite_sequence WHERE name = 'passages') AS last,"
        " (SELECT count(*) FROM passages) AS n"
    )
    return (int(row["last"] or 0), int(row["n"])) if row else (0, 0)


def counts(store: Store) -> dict[str, int]:
    row = store.one(
        "SELECT (SELECT count(*) FROM documents WHERE kind = 'file') AS documents,"
        " (SELECT count(*) FROM passages) AS passages,"
        " (SELECT count(*) FROM documents WHERE kind = 'taught') AS taught"
    )
    return dict(row or {})
