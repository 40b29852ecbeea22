"""Votes on what adapters answered in Slack, as trials and the watch count them.

What was asked on a command line or imported isn't among them: nobody met those answers while an adapter served.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.records import Ballot
from bot.store.database import Store


def silences(store: Store, adapter: str, since: float) -> tuple[int, int]:
    """On how many of its questions in Slack an adapter abstained since then, and how many those were."""
    row = store.one(
        "SELECT coalesce(sum(a.text IS NULL), 0) AS silent, count(*) AS n FROM answers a JOIN questions q"
        " ON q.id = a.question_id WHERE a.adapter = ? AND a.answered_at >= ? AND q.source IN ('message', 'command')",
        [adapter, since],
    )
    return (row["silent"], row["n"]) if row else (0, 0)


def cast(
    store: Store, adapters: Sequence[str], *, since: float = 0.0, before: float | None = None
) -> list[Ballot]:
    """Votes on answers that these adapters gave from `since` on, cast before `before`; oldest first.

    One for a person, question and adapter, the last: asking again and again doesn't make one voice into many.
    """
    marks = ", ".join("?" * len(adapters))
    rows = store.rows(
        "SELECT f.answer_id, f.person, a.adapter, q.text || coalesce(' ' || q.follows, '') AS question,"
        " f.vote = 'up' AS up, f.given_at FROM answers a JOIN questions q ON q.id = a.question_id"
        f" JOIN feedback f ON f.answer_id = a.id WHERE a.adapter IN ({marks}) AND a.answered_at >= ?"
        " AND f.vote IS NOT NULL AND f.given_at < ? AND q.source IN ('message', 'command')"
        " ORDER BY f.given_at, f.answer_id, f.person",
        [*adapters, since, float("inf") if before is None else before],
    )
    last: dict[tuple[str, str, str], Ballot] = {}
    for row in rows:
        ballot = Ballot(**{**row, "up": bool(row["up"])})
        key = (ballot.person, ballot.adapter, " ".join(ballot.question.casefold().split()))
        last.pop(key, None)  # so that it stands where the last word was said
        last[key] = ballot
    return list(last.values())
