"""What could be asked: questions that were answered well, taught ones, and the headings of documents."""

from __future__ import annotations

import time
from collections.abc import Sequence

from bot.store.database import Store

LATEST = 5000
"""As many of the newest questions are looked through: a few milliseconds."""
DAY_S = 86400


def well_answered(store: Store, scopes: Sequence[str], limit: int) -> list[str]:
    """Questions of public channels that several people asked, or whose answer was voted up, most liked first.

    Only those whose last answer stands in a passage of these scopes, and isn't disliked as often as it is liked.
    """
    marks = ",".join("?" * len(scopes))
    rows = store.rows(
        "SELECT q.text, count(DISTINCT q.person) AS people, sum((SELECT count(*) FROM feedback f WHERE f.answer_id = a.id"
        " AND f.vote = 'up')) AS ups, sum((SELECT count(*) FROM feedback f WHERE f.answer_id = a.id AND f.vote = 'down'))"
        " AS downs, max(q.asked_at) AS at"
        " FROM (SELECT * FROM questions ORDER BY asked_at DESC LIMIT ?) q JOIN channels c ON c.id = q.channel"
        " JOIN answers a ON a.id = (SELECT max(id) FROM answers WHERE question_id = q.id)"
        " JOIN passages p ON p.id = json_extract(a.offered, '$[' || a.chosen || '].passage_id')"
        " WHERE c.public = 1 AND q.source = 'message' AND q.context IS NULL AND q.follows IS NULL AND a.text IS NOT NULL"
        f" AND p.scope IN ({marks}) GROUP BY lower(rtrim(q.text, ' ?!.'))"
        " HAVING (people > 1 OR ups > 0) AND (downs = 0 OR ups > downs) ORDER BY ups + people DESC, at DESC LIMIT ?",
        [LATEST, *scopes, limit],
    )
    return [row["text"] for row in rows]


def taught(store: Store, scopes: Sequence[str], limit: int) -> list[str]:
    """Questions to which somebody taught the answer in these scopes, newest first."""
    marks = ",".join("?" * len(scopes))
    rows = store.rows(
        "SELECT p.question FROM documents d CROSS JOIN passages p ON p.document_id = d.id WHERE d.kind = 'taught'"
        f" AND d.scope IN ({marks}) AND p.question IS NOT NULL ORDER BY p.id DESC LIMIT ?",
        [*scopes, limit],
    )
    return [row["question"] for row in rows]


def headed(store: Store, scopes: Sequence[str], limit: int) -> list[tuple[str, str]]:
    """(title, innermost heading) of one passage each of some learned files in these scopes; others on another day."""
    marks = ",".join("?" * len(scopes))
    turn = 1 + int(time.time() // DAY_S) * 389 % 1008  # 1009 is prime: another factor is another order
    rows = store.rows(
        "SELECT d.title, p.heading FROM documents d JOIN passages p ON p.id = (SELECT id FROM passages WHERE document_id ="
        " d.id AND heading <> '' ORDER BY id * ? % 1009 LIMIT 1)"
        f" WHERE d.kind = 'file' AND d.scope IN ({marks}) ORDER BY d.id * ? % 1009 LIMIT ?",
        [turn, *scopes, turn, limit],
    )
    return [(row["title"], row["heading"].rpartition(" > ")[2]) for row in rows]
