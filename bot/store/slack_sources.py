"""Which messages and files of Slack a document stands on, so that an edit, a deletion or a person's wish finds it."""

from __future__ import annotations

from bot.records import Document
from bot.store import documents
from bot.store.database import Store

FILE_SOURCE = "slack:file:"
"""The source of a document that is a file: this and the file's id."""

_OF = "SELECT DISTINCT d.* FROM documents d JOIN slack_sources s ON s.document_id = d.id WHERE"


def note(
    store: Store,
    document_id: int,
    channel: str,
    ts: str | None = None,
    file: str | None = None,
    person: str | None = None,
) -> None:
    """Notes that a document stands on a message (`ts`), a file, or a file that a message brought.

    `person`: whose words they are; `lorebot forget` of them removes the document. Noted again, nothing changes.
    """
    with store.write() as db:
        db.execute(
            "INSERT INTO slack_sources (document_id, channel, ts, file, person) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT DO NOTHING",
            [document_id, channel, ts or "", file or "", person],
        )


def documents_of(store: Store, channel: str, ts: str) -> list[Document]:
    """The documents that stand on a message, in whatever scope."""
    rows = store.rows(f"{_OF} s.channel = ? AND s.ts = ? ORDER BY d.id", [channel, ts])
    return [Document(**row) for row in rows]


def documents_of_file(store: Store, file: str) -> list[Document]:
    """The documents that stand on a file, in whatever scope."""
    return [Document(**row) for row in store.rows(f"{_OF} s.file = ? ORDER BY d.id", [file])] if file else []


def documents_from(store: Store, channel: str) -> list[Document]:
    """Everything that was learned from a channel."""
    return [Document(**row) for row in store.rows(f"{_OF} s.channel = ? ORDER BY d.id", [channel])]


def documents_by(store: Store, person: str) -> list[Document]:
    """What was learned from a person's messages and files."""
    return [Document(**row) for row in store.rows(f"{_OF} s.person = ? ORDER BY d.id", [person])]


def places_of(store: Store, file: str) -> list[tuple[str, str]]:
    """(channel, ts of the message; "" for a channel's own canvas) from which a file is known."""
    sql = "SELECT DISTINCT channel, ts FROM slack_sources WHERE file = ? ORDER BY channel, ts"
    return [(row["channel"], row["ts"]) for row in store.rows(sql, [file])] if file else []


def files_from(store: Store, channel: str) -> list[str]:
    """The ids of the files known from a channel."""
    sql = "SELECT DISTINCT file FROM slack_sources WHERE channel = ? AND file <> '' ORDER BY file"
    return [row["file"] for row in store.rows(sql, [channel])]


def people_of(store: Store, document_id: int) -> list[str]:
    """Whose words a document holds."""
    sql = "SELECT DISTINCT person FROM slack_sources WHERE document_id = ? AND person IS NOT NULL ORDER BY person"
    return [row["person"] for row in store.rows(sql, [document_id])]


def join(store: Store, document_id: int, other: int) -> None:
    """Lets another document stand on all that this one stands on, too."""
    with store.write() as db:
        db.execute(
            "INSERT INTO slack_sources (document_id, channel, ts, file, person)"
            " SELECT ?, channel, ts, file, person FROM slack_sources WHERE document_id = ? ON CONFLICT DO NOTHING",
            [other, document_id],
        )


def leave(store: Store, channel: str, file: str | None = None) -> int:
    """Forgets all that was learned from a channel, or one file; returns how many documents went.

    A file that is known from another channel, too, stays known from there. What people taught stays.
    """
    with store.write() as db:
        known = [
            each.id
            for each in documents_from(store, channel)
            if each.kind == "slack" and each.id is not None
            if file is None or each.source == FILE_SOURCE + file
        ]
        for each in known:
            db.execute("DELETE FROM slack_sources WHERE document_id = ? AND channel = ?", [each, channel])
        gone = [each for each in known if not stands(store, each)]
        documents.remove(store, gone)
        return len(gone)


def forget_message(store: Store, channel: str, ts: str) -> None:
    """Drops what is noted of a message, not the documents; a file may stand on another message as well."""
    with store.write() as db:
        db.execute("DELETE FROM slack_sources WHERE channel = ? AND ts = ?", [channel, ts])


def stands(store: Store, document_id: int) -> bool:
    """Whether a document stands on some message or file still."""
    return store.one("SELECT 1 FROM slack_sources WHERE document_id = ?", [document_id]) is not None


def is_elsewhere(store: Store, document: Document, channel: str, ts: str) -> bool:
    """Whether a document stands on something else than this message, too."""
    sql = "SELECT 1 FROM slack_sources WHERE document_id = ? AND NOT (channel = ? AND ts = ?)"
    return store.one(sql, [document.id, channel, ts]) is not None


def forget_document(store: Store, document_id: int) -> None:
    """Drops what is noted of a document that now stands on other messages."""
    with store.write() as db:
        db.execute("DELETE FROM slack_sources WHERE document_id = ?", [document_id])
