"""How questions in Slack went, day by day.

What was asked on a command line or imported isn't among them: nobody met those answers.
"""

from __future__ import annotations

from typing import NamedTuple

from bot.store.database import Store

DAY_S = 86400.0
IN_SLACK = "+q.source IN ('message', 'command')"
"""The plus keeps SQLite from looking questions up by their source, which nearly all of them share."""

ABSTAINED = (
    "EXISTS (SELECT 1 FROM answers s INDEXED BY answers_silent WHERE s.question_id = q.id AND s.text IS NULL"
    " AND +s.id = (SELECT max(id) FROM answers WHERE question_id = q.id))"
)
"""The last answer to a question is an abstention. By the index alone: answers are large."""


class Counted(NamedTuple):
    """Of one day, or of several."""

    answered: int = 0
    unanswered: int = 0
    ups: int = 0
    downs: int = 0


def by_day(store: Store, first: float, days: int) -> list[Counted]:
    """Questions and votes of each of so many days of 24 hours from the moment `first` on, by when they were asked and
    cast. The last answer to a question counts."""
    asked = _each_day(
        store,
        f"SELECT cast((q.asked_at - :first) / :day AS INTEGER) AS day, count(*) AS one, sum({ABSTAINED}) AS other"
        f" FROM questions q WHERE q.asked_at >= :first AND {IN_SLACK}"
        " AND EXISTS (SELECT 1 FROM answers WHERE question_id = q.id) GROUP BY 1",
        first,
    )
    voted = _each_day(
        store,
        "SELECT cast((f.given_at - :first) / :day AS INTEGER) AS day, sum(f.vote = 'up') AS one, sum(f.vote = 'down') AS"
        " other FROM feedback f JOIN answers a ON a.id = f.answer_id JOIN questions q ON q.id = a.question_id"
        f" WHERE f.given_at >= :first AND f.vote IS NOT NULL AND {IN_SLACK} GROUP BY 1",
        first,
    )
    found = []
    for day in range(days):
        (all_, silent), votes = asked.get(day, (0, 0)), voted.get(day, (0, 0))
        found.append(Counted(all_ - silent, silent, *votes))
    return found


def _each_day(store: Store, sql: str, first: float) -> dict[int, tuple[int, int]]:
    rows = store.rows(sql, {"first": first, "day": DAY_S})
    return {row["day"]: (row["one"], row["other"]) for row in rows}
