"""Which messages and files of Slack a document stands on, so that an edit, a deletion or a person's wish finds it."""

from __future__ import annotations

from bot.records import Document
from bot.store.database import Store

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


def forget_message(store: Store, channel: str, ts: str) -> None:
    """Drops what is noted of a message, not the documents; a file may stand on another message as well."""
    with store.write() as db:
        db.execute("DELETE FROM slack_sources WHERE channel = ? AND ts = ?", [channel, ts])


def forget_document(store: Store, document_id: int) -> None:
    """Drops what is noted of a document that now stands on other messages."""
    with store.write() as db:
        db.execute("DELETE FROM slack_sources WHERE document_id = ?", [document_id])
