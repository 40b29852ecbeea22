"""What people say is right: recorded as feedback and taught, so that it is known at once.

A lesson is claimed like a question, so one that was sent survives a crash. Teaching embeds a passage: on the inference
queue, and never refused for its being full.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from slack_sdk.errors import SlackApiError

from bot import sight
from bot.errors import LorebotError
from bot.records import Feedback, Question, Reason
from bot.slack import words
from bot.slack.connection.clients import respond
from bot.slack.connection.queue import Job
from bot.slack.feedback.votes import Votes
from bot.slack.looks import blocks
from bot.slack.room import Room
from bot.store import documents, feedback, questions, slack_sources

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Lesson:
    """One correction, or one taught answer."""

    person: str
    channel: str  # where it was given: its scope
    question: str | None = None  # None with `answer_id`: that answer's question
    answer: str | None = None  # None: only what was wrong is known
    answer_id: int | None = None
    down: bool = False  # a correction says that the answer was wrong; teaching after an abstention doesn't
    reason: Reason | None = None
    passage_id: int | None = None
    response_url: str | None = None
    ts: str | None = None  # these two: of the message that it was taught from, and who wrote it
    author: str | None = None

    def payload(self) -> dict[str, Any]:
        return {"kind": "lesson", **asdict(self)}


def lesson_from_payload(payload: Mapping[str, Any]) -> Lesson:
    return Lesson(**{name: value for name, value in payload.items() if name != "kind"})


def asked(question: Question) -> str:
    """A follow-up means nothing without what it follows; answering looks lessons up by the same words."""
    return f"{question.follows} {question.text}" if question.follows else question.text


class Lessons:
    def __init__(self, room: Room, votes: Votes) -> None:
        self._room, self._votes = room, votes

    def take(self, key: str, payload: dict[str, Any]) -> None:
        lesson = lesson_from_payload(payload)
        if not self._room.lanes.submit(
            lesson.channel, lambda: self._guarded(key, lesson, lambda: self._note(key, lesson))
        ):
            self._room.let_go(key)

    def came_to_nothing(self, key: str, payload: dict[str, Any]) -> None:
        """Says so of a lesson that every attempt at saving failed."""
        lesson = lesson_from_payload(payload)

        def tell() -> None:
            self._tell(lesson, words.SORRY_SAVE)
            self._room.finish(key)

        if not self._room.lanes.submit(lesson.channel, tell):
            self._room.let_go(key)

    def _note(self, key: str, lesson: Lesson) -> None:
        """In the lane: the feedback, which needs no model."""
        store = self._room.services.store
        answer = questions.answer(store, lesson.answer_id) if lesson.answer_id else None
        question = questions.question(store, answer.question_id) if answer else None
        passage_id = (
            lesson.passage_id if lesson.passage_id and documents.passage(store, lesson.passage_id) else None
        )
        if answer is not None:
            given = Feedback(
                answer_id=answer.id or 0,
                person=lesson.person,
                vote="down" if lesson.down else None,
                vote_source="modal" if lesson.down else None,
                reason=lesson.reason,
                correction=lesson.answer,
                passage_id=passage_id,
            )
            feedback.record(store, given)
            self._room.people.person(
                lesson.person
            )  # notes who they are, which decides what their word weighs
        text = lesson.question or (asked(question) if question else None)
        # What is right about a pasted text is right about that text only: nothing for the memory.
        if not lesson.answer or not text or (question is not None and question.context):
            self._tell(lesson, words.FEEDBACK_THANKS)
            self._room.finish(key)
            return

        def teach() -> None:
            taught = self._room.services.teach(
                question=text,
                answer=lesson.answer,
                scope=lesson.channel,
                person=lesson.person,
                answer_record=answer,
                passage_id=passage_id,
            )
            if lesson.ts:
                slack_sources.note(store, taught.document_id, lesson.channel, lesson.ts, person=lesson.author)
            thanks = (
                words.CORRECTION_THANKS_DIRECT if sight.is_direct(lesson.channel) else words.CORRECTION_THANKS
            )
            self._room.lanes.submit(lesson.channel, lambda: self._tell(lesson, thanks))
            self._room.finish(key)

        if not self._room.inference.submit(lambda: self._guarded(key, lesson, teach), beyond_size=True):
            self._room.let_go(key)

    def _guarded(self, key: str, lesson: Lesson, work: Job) -> None:
        """The edge: what a person can mend is said as it is, the rest goes to the log with calm words for people."""
        try:
            work()
            return
        except LorebotError as error:
            sentence = words.TEACH_FAILED.format(why=error)
        except Exception:
            log.exception("%s could not be learned", key)
            sentence = words.SORRY_COMMAND
        self._room.lanes.submit(lesson.channel, lambda: self._tell(lesson, sentence))
        self._room.finish(key)

    def _tell(self, lesson: Lesson, sentence: str) -> None:
        """Beside the answer; where we may not post, through the door that the form came in by."""
        answer = questions.answer(self._room.services.store, lesson.answer_id) if lesson.answer_id else None
        posting = blocks.tell(sentence)
        try:
            told = self._votes.whisper(answer, lesson.channel, lesson.person, posting)
            if not told and lesson.response_url:
                respond(lesson.response_url, *posting)
        except (SlackApiError, OSError) as error:
            log.info("couldn't thank %s: %s", lesson.person, error)
