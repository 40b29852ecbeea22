"""What is too old to be kept: found by its age, and deleted for good."""

from __future__ import annotations

from bot.store import documents, slack_sources
from bot.store.database import Store


def forget_before(store: Store, before: float) -> dict[str, int]:
    """Deletes what people wrote before a moment (Unix seconds), all or nothing; returns counts.

    Questions go with their answers and all that was said of them. Of what was learned from Slack, messages go by the
    moment they were learned. Files that people gave, and taught answers, are no record of a conversation: they stay.
    """
    with store.write() as db:
        counts = {
            "feedback": db.execute("DELETE FROM feedback WHERE given_at < ?", [before]).rowcount,
            "questions": db.execute("DELETE FROM questions WHERE asked_at < ?", [before]).rowcount,
        }
        learned = store.rows(
            "SELECT id FROM documents WHERE kind = 'slack' AND source NOT LIKE ? AND learned_at < ?",
            [f"{slack_sources.FILE_SOURCE}%", before],
        )
        documents.remove(store, [row["id"] for row in learned])
        db.execute("UPDATE claims SET state = 'done', payload = NULL WHERE claimed_at < ?", [before])
    return {**counts, "messages": len(learned)}
