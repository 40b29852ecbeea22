"""What is kept about a person: who they are to the workspace, since when; and how all of it goes."""

from __future__ import annotations

import time

from bot.records import Person, PersonKind
from bot.store import documents, reviews
from bot.store.database import Store


def seen(store: Store, person: str, kind: PersonKind, at: float | None = None) -> None:
    """Notes that somebody took part. When they were first seen never moves; what they are is what they are now."""
    known = store.one("SELECT kind FROM people WHERE person = ?", [person])
    if known is not None and known["kind"] == kind:
        return
    with store.write() as db:
        db.execute(
            "INSERT INTO people (person, kind, first_seen) VALUES (?, ?, ?)"
            " ON CONFLICT(person) DO UPDATE SET kind = excluded.kind",
            [person, kind, time.time() if at is None else at],
        )


def kind(store: Store, person: str) -> PersonKind | None:
    """What somebody was when they were last looked up; None: never."""
    row = store.one("SELECT kind FROM people WHERE person = ?", [person])
    return row["kind"] if row else None


def known(store: Store) -> dict[str, Person]:
    """Everybody who was seen, by id; first with their first question, where that came before."""
    rows = store.rows(
        "SELECT p.person, p.kind, min(p.first_seen, coalesce((SELECT min(asked_at) FROM questions"
        " WHERE person = p.person AND source IN ('message', 'command')), p.first_seen)) AS first_seen FROM people p"
    )
    return {row["person"]: Person(row["person"], row["kind"], row["first_seen"]) for row in rows}


def forget(store: Store, person: str) -> dict[str, int]:
    """Deletes a person's questions (with their answers), feedback, taught answers and what was learned of their messages
    and files, all or nothing. Returns counts."""
    with store.write() as db:
        taught = [
            row["id"]
            for row in db.query("SELECT id FROM documents WHERE kind = 'taught' AND person = ?", [person])
        ]
        documents.remove(store, taught)
        learned = db.execute(
            "DELETE FROM documents WHERE id IN (SELECT document_id FROM slack_sources WHERE person = ?)",
            [person],
        ).rowcount
        db.execute("UPDATE slack_backfills SET person = NULL WHERE person = ?", [person])
        db.execute('UPDATE channel_settings SET "by" = \'\' WHERE "by" = ?', [person])  # the settings stay
        reviews.forget(store, person)
        db.execute("DELETE FROM people WHERE person = ?", [person])
        given = db.execute("DELETE FROM feedback WHERE person = ?", [person]).rowcount
        asked = db.execute("DELETE FROM questions WHERE person = ?", [person]).rowcount
        # What waits to be answered again after a crash carries the message itself. Their wish to be forgotten stays, until
        # all of it is done.
        db.execute(
            "UPDATE claims SET state = 'done', payload = NULL WHERE instr(payload, ?)"
            " AND json_extract(payload, '$.do') IS NOT 'home_forget'",
            [f'"{person}"'],
        )
    return {"questions": asked, "feedback": given, "taught": len(taught), "learned": learned}
