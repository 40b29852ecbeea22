"""Thumbs, given with buttons and reactions: each person's last word on an answer, and a way to say what is right."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Mapping
from typing import Any

from slack_sdk.errors import SlackApiError

from bot.records import Answer, Feedback, Vote
from bot.slack.connection.once import Work
from bot.slack.looks import blocks
from bot.slack.looks.rich import Posting
from bot.slack.room import Room
from bot.store import feedback, questions

REACTIONS: dict[str, Vote] = {
    "+1": "up",
    "thumbsup": "up",
    "white_check_mark": "up",
    "heavy_check_mark": "up",
    "-1": "down",
    "thumbsdown": "down",
    "x": "down",
}
log = logging.getLogger(__name__)


class Votes:
    """Records votes, and takes back the one that a removed reaction made."""

    def __init__(self, room: Room) -> None:
        self._room = room

    # Reactions

    def in_reaction(self, body: Mapping[str, Any]) -> Work | None:
        """What a reaction event says about an answer of ours; None for other emoji, other messages, other bots."""
        event = body.get("event") or {}
        item = event.get("item") or {}
        name = str(event.get("reaction", "")).partition("::")[0]  # a skin tone doesn't change the word
        if name not in REACTIONS or item.get("type") != "message":
            return None
        answer = questions.answer_at(self._room.services.store, str(item.get("channel")), str(item.get("ts")))
        if answer is None:
            return None
        payload = {
            "kind": "reaction",
            "answer_id": answer.id,
            "person": event.get("user"),
            "name": name,
            "removed": event.get("type") == "reaction_removed",
        }
        return Work(f"reaction:{body.get('event_id') or event.get('event_ts')}", payload)

    def take(self, key: str, payload: dict[str, Any]) -> None:
        answer = questions.answer(self._room.services.store, int(payload["answer_id"]))
        if answer is None:
            self._room.finish(key)
        elif not self._room.lanes.submit(answer.channel or "", lambda: self._react(key, answer, payload)):
            self._room.let_go(key)

    def _react(self, key: str, answer: Answer, payload: Mapping[str, Any]) -> None:
        """The edge: a vote that can't be saved now comes back when its lease has run out."""
        try:
            self._count(answer, payload)
        except Exception:
            log.exception("%s could not be counted", key)
            self._room.let_go(key)
        else:
            self._room.finish(key)

    def _count(self, answer: Answer, payload: Mapping[str, Any]) -> None:
        person, name = str(payload["person"]), str(payload["name"])
        if self._room.people.person(person).bot:
            return
        source = f"reaction:{name}"
        if payload["removed"]:
            feedback.clear_vote(self._room.services.store, answer.id or 0, person, source)
            return
        vote = REACTIONS[name]
        self.record(answer, person, vote, source)
        if vote == "down":
            self.whisper(answer, answer.channel or "", person, blocks.offer_correction(answer))

    # Both

    def record(self, answer: Answer, person: str, vote: Vote, source: str) -> None:
        given = Feedback(answer_id=answer.id or 0, person=person, vote=vote, vote_source=source)
        feedback.record(self._room.services.store, given)
        self._room.people.person(person)  # notes who they are, which decides what their word weighs

    def record_if_possible(self, answer: Answer, person: str, vote: Vote, source: str) -> bool:
        """For a click, which Slack doesn't repeat: a locked state file loses it, and the person has to know."""
        try:
            self.record(answer, person, vote, source)
        except sqlite3.OperationalError:
            log.exception("a vote on answer %s could not be saved", answer.id)
            return False
        return True

    def whisper(self, answer: Answer | None, channel: str, person: str, posting: Posting) -> bool:
        """Something for one person's eyes, beside the answer; False where we may not. Only from a lane: it may wait."""
        question = questions.question(self._room.services.store, answer.question_id) if answer else None
        thread = question.thread if question is not None and question.channel == channel else None
        try:
            self._room.clients.patient.chat_postEphemeral(
                channel=channel, user=person, text=posting.text, blocks=posting.blocks, thread_ts=thread
            )
        except (SlackApiError, OSError) as error:
            log.info("couldn't tell %s in %s: %s", person, channel, error)
            return False
        return True
