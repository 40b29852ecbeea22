"""Taught answers that expire (`LOREBOT_TAUGHT_TTL`): asked about in time, forgotten when nobody says that they still hold.

A lesson is as fresh as its last word: taught, taught again, or confirmed by its teacher or a reviewer. A thumbs-up confirms
nothing, for whoever doesn't know better gives it to an outdated answer, too.
"""

from __future__ import annotations

import time

from bot.records import Document, Passage
from bot.store import Store, documents

DAY_S = 86400.0
ASK_DAYS = 14.0
"""So long before its end somebody is asked whether a lesson still holds; of a short life, in its last fifth."""


def expire(store: Store, days: float | None, now: float | None = None) -> int:
    """Forgets the taught answers that nobody confirmed for so many days; returns how many. None: they last."""
    if days is None:
        return 0
    gone = documents.taught_before(store, (now or time.time()) - days * DAY_S)
    documents.remove(store, [each.document_id for each in gone])
    return len(gone)


def ending(store: Store, days: float | None, now: float | None = None) -> list[Passage]:
    """The taught answers about which it is time to ask, oldest first."""
    if days is None:
        return []
    moment = (now or time.time()) - (days - min(ASK_DAYS, days / 5)) * DAY_S
    return documents.taught_before(store, moment)


def ends(document: Document, days: float) -> float:
    """When a taught answer expires (Unix seconds)."""
    return documents.fresh_at(document) + days * DAY_S


def confirm(store: Store, lesson: Passage) -> None:
    """Somebody says that a taught answer still holds."""
    documents.confirm(store, lesson.document_id)
