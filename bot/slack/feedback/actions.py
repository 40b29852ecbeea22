"""Clicks and forms. Acknowledged first, then a form is opened (within Slack's three seconds), then the vote is saved."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from slack_bolt import Ack, App
from slack_sdk.errors import SlackApiError

from bot import sight
from bot.records import Answer, Offered, Question, Vote
from bot.slack import words
from bot.slack.connection.clients import respond
from bot.slack.connection.once import sent_once
from bot.slack.feedback.lessons import Lesson, Lessons, asked
from bot.slack.feedback.votes import Votes
from bot.slack.looks import blocks, modals
from bot.slack.looks.modals import Place
from bot.slack.looks.rich import Posting
from bot.slack.room import Room
from bot.store import people, questions

Json = dict[str, Any]
log = logging.getLogger(__name__)


def register(app: App, room: Room, votes: Votes, lessons: Lessons) -> None:
    desk = Clicks(room, votes)

    def thumbs(ack: Ack, body: Json, action: Json) -> None:
        ack()
        vote, _, answer_id = str(action.get("value", "")).partition(":")
        desk.voted(body, answer_id, "up" if vote == "up" else "down", thank=False)

    def plain_thumbs(ack: Ack, body: Json, action: Json) -> None:
        ack()
        vote: Vote = "up" if action["action_id"] == blocks.FEEDBACK_UP else "down"
        desk.voted(body, str(action["value"]), vote, thank=True)

    def correct(ack: Ack, body: Json, action: Json) -> None:
        ack()
        if (answer := desk.answer(str(action["value"]))) is not None:
            desk.open_form(body, answer)

    def correct_message(ack: Ack, body: Json) -> None:
        ack()
        found = questions.answer_at(room.services.store, body["channel"]["id"], body["message"]["ts"])
        if found is not None:
            desk.open_form(body, found)
        elif url := body.get("response_url"):
            room.lanes.submit(body["channel"]["id"], lambda: _answer_door(url, words.NOT_MY_ANSWER))

    def corrected(ack: Ack, body: Json, view: Json) -> None:
        place = modals.place_of(view)
        answer = questions.answer(room.services.store, place.answer_id or 0)
        if answer is None:  # forgotten while the form was open
            ack()
            return
        given, errors = modals.read_correction(view, answer)
        lesson = Lesson(
            person=body["user"]["id"],
            channel=place.channel,
            answer=given.text,
            answer_id=answer.id,
            down=True,
            reason=given.reason,
            passage_id=given.passage_id,
            response_url=place.response_url,
        )
        send(ack, view, lesson, errors, "reason")

    def taught(ack: Ack, body: Json, view: Json) -> None:
        place = modals.place_of(view)
        question, answer, errors = modals.read_teach(view)
        lesson = Lesson(
            person=body["user"]["id"],
            channel=place.channel,
            question=question,
            answer=answer,
            # Whoever rewrites the question teaches another one: nothing is said about the answer the form came from.
            answer_id=place.answer_id if desk.asks_the_same(place.answer_id, question) else None,
            response_url=place.response_url,
            ts=place.ts,
            author=place.author,
        )
        send(ack, view, lesson, errors, "answer")

    def send(
        ack: Ack, view: Mapping[str, Any], lesson: Lesson, errors: dict[str, str], first_block: str
    ) -> None:
        if errors:
            ack(response_action="errors", errors=errors)
        else:
            sent_once(room, ack, view, lesson.payload(), lessons.take, first_block)

    app.action(blocks.FEEDBACK)(thumbs)
    app.action(blocks.FEEDBACK_UP)(plain_thumbs)
    app.action(blocks.FEEDBACK_DOWN)(plain_thumbs)
    app.action(blocks.CORRECT_THIS)(correct)
    app.action(blocks.TEACH_ME)(correct)
    app.shortcut(blocks.CORRECT_THIS)(correct_message)
    app.view(modals.CORRECTION)(corrected)
    app.view(modals.TEACH)(taught)


class Clicks:
    """What a click on an answer sets off."""

    def __init__(self, room: Room, votes: Votes) -> None:
        self._room, self._votes = room, votes

    def answer(self, answer_id: str) -> Answer | None:
        return questions.answer(self._room.services.store, int(answer_id)) if answer_id.isdecimal() else None

    def voted(self, body: Mapping[str, Any], answer_id: str, vote: Vote, *, thank: bool) -> None:
        """The toggle of feedback buttons shows by itself that it was heard; plain buttons need a word of thanks."""
        answer, person, channel = self.answer(answer_id), body["user"]["id"], body["channel"]["id"]
        if answer is None:
            return
        if vote == "down":
            self.open_form(body, answer)

        def save() -> None:
            if not self._votes.record_if_possible(answer, person, vote, "button"):
                self._votes.whisper(answer, channel, person, blocks.tell(words.SORRY_SAVE))
            elif thank and vote == "up":
                self._votes.whisper(answer, channel, person, blocks.tell(words.UP_NOTED))

        self._room.lanes.submit(channel, save)

    def open_form(self, body: Mapping[str, Any], answer: Answer) -> None:
        """The correction form, or for an abstention the one that teaches. On Bolt's thread: the trigger lasts 3 s."""
        channel, person = body["channel"]["id"], body["user"]["id"]
        question = questions.question(self._room.services.store, answer.question_id)
        text = asked(question) if question else ""
        place = Place(channel=channel, answer_id=answer.id, response_url=body.get("response_url"))
        view = (
            modals.teach(text, place)
            if answer.abstained
            else modals.correction(answer, text, place, self._in_sight(answer, question, body))
        )
        try:
            self._room.clients.quick.views_open(trigger_id=body["trigger_id"], view=view)
        except (SlackApiError, OSError) as error:
            log.warning("a form didn't open: %s", error)
            offer = blocks.offer_correction(answer, words.MODAL_TOO_LATE)
            self._room.lanes.submit(
                channel, lambda: self._offer(answer, channel, person, offer, body.get("response_url"))
            )

    def _in_sight(
        self, answer: Answer, question: Question | None, body: Mapping[str, Any]
    ) -> tuple[Offered, ...]:
        """The passages that may be shown to whoever clicked: of what was offered then, what may still be told there."""
        if question is None:
            return ()
        store, channel, person = self._room.services.store, body["channel"]["id"], body["user"]["id"]
        now = sight.scopes(
            store,
            channel,
            people.kind(store, person) or "external",
            direct=sight.is_direct(channel),
            alone=question.source == "command",
        )
        return sight.still_in_sight(store, answer.offered, [each for each in question.scopes if each in now])

    def asks_the_same(self, answer_id: int | None, text: str) -> bool:
        answer = questions.answer(self._room.services.store, answer_id) if answer_id else None
        question = questions.question(self._room.services.store, answer.question_id) if answer else None
        return question is not None and modals.shown_question(asked(question)) == text

    def _offer(self, answer: Answer, channel: str, person: str, offer: Posting, url: str | None) -> None:
        if not self._votes.whisper(answer, channel, person, offer) and url:
            respond(url, *offer)


def _answer_door(url: str, sentence: str) -> None:
    respond(url, *blocks.tell(sentence))
