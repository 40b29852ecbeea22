"""What is kept about a person, and how it goes."""

from __future__ import annotations

from bot.store import reviews
from bot.store.database import Store


def forget(store: Store, person: str) -> dict[str, int]:
    """Deletes a person's questions (with their answers), feedback and taught answers, all or nothing. Returns counts."""
    with store.write() as db:
        taught = [
            row["id"]
            for row in db.query("SELECT id FROM documents WHERE kind = 'taught' AND person = ?", [person])
        ]
        for document_id in taught:
            db.execute("DELETE FROM passages WHERE document_id = ?", [document_id])
            db.execute("DELETE FROM documents WHERE id = ?", [document_id])
        reviews.forget(store, person)
        given = db.execute("DELETE FROM feedback WHERE person = ?", [person]).rowcount
        asked = db.execute("DELETE FROM questions WHERE person = ?", [person]).rowcount
        # What waits to be answered again after a crash carries the message itself.
        db.execute(
            "UPDATE claims SET state = 'done', payload = NULL WHERE instr(payload, ?)", [f'"{person}"']
        )
    return {"questions": asked, "feedback": given, "taught": len(taught)}
