"""Asks teachers in time whether what they taught still holds, and lets go of what nobody confirmed (`LOREBOT_TAUGHT_TTL`).

The claim that everything else is done by is taken for each asking, so that of several processes one asks; finished claims
are dropped after a week, so a teacher who says nothing is asked once more. Reviewers see the same in their queue.
"""

from __future__ import annotations

import logging
from typing import Any

from slack_bolt import Ack, App

from bot.knowledge import expiring, memory
from bot.records import Document, Passage
from bot.slack import words
from bot.slack.admin import notices
from bot.slack.admin.run_blocks import when
from bot.slack.connection.clients import respond
from bot.slack.connection.rounds import Rounds
from bot.slack.looks import blocks
from bot.slack.looks.markup import cut, mention, one_line
from bot.slack.looks.rich import Posting, actions, button, mrkdwn_section, paragraph, posting, rich_text
from bot.slack.looks.rich import words as leaf
from bot.slack.room import Room
from bot.store import documents

KEEP, FORGET = "still_true_keep", "still_true_forget"
EVERY_S = 3600.0
Json = dict[str, Any]
log = logging.getLogger(__name__)


class StillTrue(Rounds):
    """Looks once an hour, where taught answers expire."""

    def __init__(self, room: Room) -> None:
        super().__init__("still-true", EVERY_S, at_once=True)
        self._room = room
        self._days = room.services.settings.taught_ttl
        room.beside(self)

    def register(self, app: App) -> None:
        def clicked(ack: Ack, body: Json, action: Json) -> None:
            ack()
            person, door = str(body["user"]["id"]), str(body.get("response_url") or "")
            value, keep = str(action.get("value")), action.get("action_id") == KEEP
            if value.isdecimal():
                self._room.lanes.submit(person, lambda: self._decide(person, door, int(value), keep))

        app.action(KEEP)(clicked)
        app.action(FORGET)(clicked)

    def start(self) -> None:
        if self._days is not None:
            super().start()

    def look(self) -> None:
        """Forgets what has expired, and asks about what soon will."""
        store, days = self._room.services.store, self._days
        if days is None:
            return
        if gone := expiring.expire(store, days):
            log.info("%d taught answers expired", gone)
        for lesson in expiring.ending(store, days):
            document = documents.document(store, lesson.source, lesson.scope)
            if document is None or mention(document.person or "") is None:
                continue  # the command line can't be asked; the reviewers are
            key = f"still:{lesson.id}:{documents.fresh_at(document):.0f}"
            if self._room.claim(key, {"kind": "still"}):
                self._ask(lesson, document, days)
                self._room.finish(key)

    def _ask(self, lesson: Passage, document: Document, days: float) -> None:
        person, asked = document.person or "", question(lesson, expiring.ends(document, days))
        self._room.lanes.submit(person, lambda: notices.directly(self._room, person, asked))

    def _decide(self, person: str, door: str, passage_id: int, keep: bool) -> None:
        """Only its teacher was asked, and only a teacher's word counts here."""
        store = self._room.services.store
        lesson = documents.passage(store, passage_id)
        document = documents.document(store, lesson.source, lesson.scope) if lesson is not None else None
        sentence = words.STILL_GONE
        if lesson is not None and document is not None and document.person == person:
            sentence = words.STILL_KEPT if keep else words.STILL_FORGOTTEN
            if keep:
                expiring.confirm(store, lesson)
            else:
                memory.unteach(store, passage_id)
        if door:
            respond(door, *blocks.tell(sentence), replace=True)


def question(lesson: Passage, ends: float) -> Posting:
    """What a teacher is asked."""
    asked, answer = one_line(lesson.question or ""), one_line(lesson.text[lesson.answer_start :])
    line = words.STILL_ASK.format(day=when(ends))
    said = [
        paragraph(leaf(cut(asked, 300), bold=True)),
        paragraph(leaf(cut(answer, 600))),
    ]
    value = str(lesson.id)
    buttons = actions(
        button(words.STILL_KEEP, KEEP, value, "primary"), button(words.STILL_FORGET, FORGET, value)
    )
    return posting([mrkdwn_section(line), rich_text(*said), buttons])
