"""Pictures of figures that were sent to Slack, by a digest of what is drawn in them."""

from __future__ import annotations

import time

from bot.store.database import Store


def file_of(store: Store, drawn: str) -> str | None:
    """Slack's id of the file that shows this; None: it was never sent."""
    row = store.one("SELECT file FROM charts WHERE drawn = ?", [drawn])
    return row["file"] if row else None


def keep(store: Store, drawn: str, file: str) -> None:
    with store.write() as db:
        db.table("charts").upsert({"drawn": drawn, "file": file, "at": time.time()}, pk="drawn")


def drop(store: Store, file: str) -> None:
    with store.write() as db:
        db.execute("DELETE FROM charts WHERE file = ?", [file])


def drop_older(store: Store, at: float) -> list[str]:
    """Forgets those sent before a moment, and returns the ids of their files."""
    with store.write() as db:
        files = [row["file"] for row in db.query("SELECT file FROM charts WHERE at < ?", [at])]
        db.execute("DELETE FROM charts WHERE at < ?", [at])
    return files
