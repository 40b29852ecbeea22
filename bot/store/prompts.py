"""What could be asked: questions that were answered well, taught ones, and headings that ask something."""

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


def asked_in_headings(store: Store, scopes: Sequence[str], limit: int) -> list[str]:
    """Headings of learned files in these scopes that ask something, as in a list of questions; others on another day.

    A heading that asks nothing makes no good question: what a document says "about" it is seldom one sentence.
    """
    marks = ",".join("?" * len(scopes))
    turn = 1 + int(time.time() // DAY_S) * 389 % 1008  # 1009 is prime: another factor is another order
    rows = store.rows(
        "SELECT DISTINCT p.heading, p.id * ? % 1009 AS place FROM documents d JOIN passages p ON p.document_id = d.id"
        f" WHERE d.kind = 'file' AND p.heading LIKE '%?' AND d.scope IN ({marks}) ORDER BY place LIMIT ?",
        [turn, *scopes, limit],
    )
    return [row["heading"].rpartition(" > ")[2] for row in rows]
