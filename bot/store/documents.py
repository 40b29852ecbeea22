"""Documents and passages, with their word index (FTS5) and vectors."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from bot.records import Document, Passage
from bot.store.database import Store

_PASSAGE = (
    "SELECT p.id, p.document_id, p.scope, p.title, p.heading, p.text, p.start, p.ordinal, d.source, d.link, p.question,"
    " p.answer_start, p.evidence_id FROM passages p JOIN documents d ON d.id = p.document_id"
)


def document(store: Store, source: str, scope: str) -> Document | None:
    row = store.one("SELECT * FROM documents WHERE source = ? AND scope = ?", [source, scope])
    return Document(**row) if row else None


def documents(store: Store, scope: str | None = None) -> list[Document]:
    where = "" if scope is None else " WHERE scope = :scope"
    return [Document(**row) for row in store.rows(f"SELECT * FROM documents{where} ORDER BY source", {"scope": scope})]


def replace(store: Store, new: Document, passages: Sequence[Passage], vectors: Sequence[bytes]) -> int:
    """Puts a document and its passages in place of what had its (source, scope), in one transaction.

    `passages` may carry any document_id; `vectors` holds each one's float32 vector as bytes. Returns the document's id.
    """
    fields = asdict(new)
    del fields["id"]
    fields["learned_at"] = new.learned_at or time.time()
    with store.write() as db:
        old = document(store, new.source, new.scope)
        if old is not None:
            db.execute("DELETE FROM passages WHERE document_id = ?", [old.id])
            db["documents"].update(old.id, fields)
            document_id = int(old.id or 0)
        else:
            document_id = int(db["documents"].insert(fields).last_pk or 0)
        for passage, vector in zip(passages, vectors, strict=True):
            row: dict[str, Any] = asdict(passage)
            for name in ("id", "source", "link"):
                del row[name]
            db["passages"].insert({**row, "document_id": document_id, "vector": vector})
    return document_id


def remove(store: Store, document_ids: Sequence[int]) -> None:
    with store.write() as db:
        for document_id in document_ids:
            db.execute("DELETE FROM passages WHERE document_id = ?", [document_id])
            db.execute("DELETE FROM documents WHERE id = ?", [document_id])


def passage(store: Store, passage_id: int) -> Passage | None:
    row = store.one(f"{_PASSAGE} WHERE p.id = ?", [passage_id])
    return Passage(**row) if row else None


def passages(store: Store, ids: Sequence[int]) -> list[Passage]:
    """In the order asked for; ids that are gone are left out."""
    marks = ",".join("?" * len(ids))
    found = {row["id"]: Passage(**row) for row in store.rows(f"{_PASSAGE} WHERE p.id IN ({marks})", list(ids))}
    return [found[i] for i in ids if i in found]


def taught(store: Store, scopes: Sequence[str]) -> list[Passage]:
    """Every taught passage in these scopes, newest first."""
    marks = ",".join("?" * len(scopes))
    sql = f"{_PASSAGE} WHERE p.question IS NOT NULL AND p.scope IN ({marks}) ORDER BY p.id DESC"
    return [Passage(**row) for row in store.rows(sql, list(scopes))]


def search_words(store: Store, match: str, scopes: Sequence[str], limit: int) -> list[tuple[int, float]]:
    """(passage id, BM25 score; lower is better) of the best word matches. `match` is an FTS5 query that the caller quoted."""
    marks = ",".join("?" * len(scopes))
    rows = store.rows(
        f"SELECT p.id, bm25(passages_fts, 2.0, 1.5, 1.0) AS score FROM passages_fts JOIN passages p ON p.id = passages_fts.rowid"
        f" WHERE passages_fts MATCH ? AND p.scope IN ({marks}) ORDER BY score LIMIT ?",
        [match, *scopes, limit],
    )
    return [(row["id"], row["score"]) for row in rows]


def vectors(store: Store, after: int = 0) -> list[tuple[int, str, bytes]]:
    """(passage id, scope, float32 bytes) of every passage with an id above `after`, by id."""
    rows = store.rows("SELECT id, scope, vector FROM passages WHERE id > ? AND vector IS NOT NULL ORDER BY id", [after])
    return [(row["id"], row["scope"], row["vector"]) for row in rows]


def counts(store: Store) -> dict[str, int]:
    row = store.one(
        "SELECT (SELECT count(*) FROM documents WHERE kind = 'file') AS documents, (SELECT count(*) FROM passages) AS passages,"
        " (SELECT count(*) FROM documents WHERE kind = 'taught') AS taught"
    )
    return dict(row or {})
