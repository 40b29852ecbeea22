"""From a question in Slack to its reply: get ready in the channel's lane, answer on the inference queue, post in the lane.

Nothing here runs on Bolt's threads but `take`, which only puts the question into its lane. Being in one lane, the status,
the reply and a later edit's reply of one channel keep their order.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from slack_sdk.errors import SlackApiError

from bot.records import Answer, Question
from bot.slack import words
from bot.slack.connection.clients import respond
from bot.slack.connection.queue import Job
from bot.slack.looks import blocks
from bot.slack.looks.rich import Posting
from bot.slack.room import Room
from bot.slack.talk import threads
from bot.slack.talk.asks import Ask, ask_from_payload
from bot.slack.talk.followups import chained, looks_like_follow_up
from bot.slack.talk.modes import stale
from bot.slack.talk.posting import Poster
from bot.slack.talk.signs import Signs
from bot.slack.talk.smalltalk import Smalltalk, smalltalk
from bot.store import channels, questions

FOLLOWS_WITHIN_S = 600.0
log = logging.getLogger(__name__)


class Conversation:
    """Answers what is asked in messages and with `/lorebot ask`."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._poster = Poster(room.clients.patient)
        self._signs = Signs(room.clients)
        room.beside(self._signs)
        # Where the last question of a direct conversation was asked: its next one may follow it without being in its thread.
        self._recent: dict[str, tuple[str, float]] = {}

    def take(self, key: str, payload: dict[str, Any]) -> None:
        """Answers a claimed question: fresh, or left over from a crash."""
        ask = ask_from_payload(payload)
        if ask.reach == "addressed" and not self._small(ask):
            self._signs.show(ask)
        if not self._room.lanes.submit(
            ask.channel, lambda: self._guarded(key, ask, lambda: self._prepare(key, ask))
        ):
            self._room.let_go(key)

    def came_to_nothing(self, key: str, payload: dict[str, Any]) -> None:
        """Says so of a question that every attempt at failed."""
        ask = ask_from_payload(payload)
        if not self._room.lanes.submit(ask.channel, lambda: self._give_up(key, ask, left_behind=True)):
            self._room.let_go(key)

    # In the lane: what the question needs beside itself

    def _prepare(self, key: str, ask: Ask) -> None:
        if ask.reach == "off":
            self._whisper(ask, words.OFF_HERE)
            self._room.finish(key)
            return
        # Answered already: a crash came before the reply was posted, or before that was noted.
        answered = self._answered_before(ask) if ask.edited is None else None
        if answered is not None:
            self._deliver(key, ask, answered, None)
            return
        messages = threads.messages(self._room.clients.quick, ask)
        if ask.reach == "thread":
            now = self._in_thread(ask, messages)
            if now is None:
                self._room.finish(key)
                return
            ask = now
        if kind := self._small(ask):
            if ask.edited is None:  # a question that was edited into a thank-you keeps its answer
                self._reply(ask, _small_reply(kind))
            self._room.finish(key)
            return
        question, said = self._question(ask), threads.before(ask, messages)
        if not self._room.inference.submit(lambda: self._answer(key, ask, question, said)):
            self._refuse(key, ask)

    def _refuse(self, key: str, ask: Ask) -> None:
        """The queue takes no more."""
        if self._room.stopping:  # not too much to do, only too late: the next start answers it
            self._room.let_go(key)
            return
        if ask.reach == "addressed":
            self._reply(ask, blocks.say(words.BUSY))
        self._room.finish(key)

    def _small(self, ask: Ask) -> Smalltalk | None:
        return smalltalk(ask.text) if ask.context is None else None

    def _in_thread(self, ask: Ask, messages: Sequence[Mapping[str, Any]] | None) -> Ask | None:
        """A reply in a thread of ours: put to us by whom we answered last, overheard from others; None once we have left.

        A thread that can't be read whole is one that we have left.
        """
        store = self._room.services.store
        asked = questions.questions_in_thread(store, ask.channel, str(ask.thread))
        if not asked or messages is None:
            return None
        if not threads.takes_part(threads.said_since(messages, asked[-1], ask)):
            return None
        partner = asked[-1].person == ask.person or channels.settings(store, ask.channel).mode == "all"
        now = replace(ask, reach="addressed" if partner else "unasked")
        if partner and not self._small(now):
            self._signs.show(now)
        return now

    def _question(self, ask: Ask) -> Question:
        follows = self._follows(ask)
        if ask.direct and ask.thread:
            self._recent[ask.channel] = (ask.thread, time.time())
        return Question(
            source=ask.source,
            key=ask.key,
            text=ask.text,
            person=ask.person,
            channel=ask.channel,
            thread=ask.thread,
            scopes=self._room.places.scopes(
                ask.channel, ask.person, direct=ask.direct, alone=ask.source == "command"
            ),
            context=ask.context,
            context_by=ask.context_by,
            follows=follows,
            asked_at=time.time(),
        )

    def _follows(self, ask: Ask) -> str | None:
        if ask.context is not None or not looks_like_follow_up(ask.text, in_thread=ask.in_thread):
            return None
        thread = ask.thread if ask.in_thread else None
        if thread is None and ask.direct:
            last_thread, at = self._recent.get(ask.channel, ("", 0.0))
            thread = last_thread if time.time() - at < FOLLOWS_WITHIN_S else None
        if not thread:
            return None
        # An edited question follows what stood before it, not what came after.
        asked: list[Question] = []
        for each in questions.questions_in_thread(self._room.services.store, ask.channel, thread):
            if (each.source, each.key) == (ask.source, ask.key):
                break
            asked.append(each)
        return chained(asked[-1].text, asked[-1].follows) if asked else None

    def _answered_before(self, ask: Ask) -> Answer | None:
        question = questions.question_by_key(self._room.services.store, ask.source, ask.key)
        return (
            questions.last_answer(self._room.services.store, question.id)
            if question and question.id
            else None
        )

    # On the inference queue

    def _answer(self, key: str, ask: Ask, question: Question, said: Sequence[str]) -> None:
        if ask.reach == "unasked" and stale(ask):
            self._room.finish(key)
            return
        services = self._room.services
        try:
            # Here and not in the lane: an edit can come while the first wording is still being answered.
            before = self._answered_before(ask) if ask.edited is not None else None
            answers = services.answer if ask.reach == "addressed" else services.answer_if_sure
            answer = answers(question, said)
        except Exception:
            log.exception("%s could not be answered", key)
            self._room.lanes.submit(ask.channel, lambda: self._give_up(key, ask))
            return
        if answer is None:
            self._room.finish(key)
        elif not self._room.lanes.submit(
            ask.channel, lambda: self._guarded(key, ask, lambda: self._deliver(key, ask, answer, before))
        ):
            self._room.let_go(key)

    # In the lane again: the reply

    def _deliver(self, key: str, ask: Ask, answer: Answer, before: Answer | None) -> None:
        store = self._room.services.store
        if answer.ts is not None:
            self._signs.drop(ask)
            self._room.finish(key)
            return
        teacher = self._room.people.person(answer.taught_by).name if answer.taught_by else None
        if ask.response_url is not None:
            self._poster.respond(
                ask.response_url,
                lambda plain: blocks.reply(
                    answer, teacher=teacher, plain_buttons=plain, share=not ask.direct
                ),
            )
        else:
            # The earlier reply may have been posted only after the edit came: its lane was this one, so it is now.
            earlier = questions.answer(store, before.id) if before is not None and before.id else None
            with self._signs.replying(ask):
                ts = self._poster.post(
                    ask.channel,
                    lambda plain: blocks.reply(answer, teacher=teacher, plain_buttons=plain),
                    thread=ask.thread,
                    instead_of=earlier.ts if earlier is not None else None,
                )
            questions.posted(store, answer.id or 0, ask.channel, ts)
        self._room.finish(key)

    def _reply(self, ask: Ask, posting: Posting) -> None:
        if ask.response_url is not None:
            respond(ask.response_url, posting.text, posting.blocks)
            return
        with self._signs.replying(ask):
            self._poster.post(ask.channel, lambda _: posting, thread=ask.thread)

    def _whisper(self, ask: Ask, sentence: str) -> None:
        posting = blocks.say(sentence)
        self._room.clients.patient.chat_postEphemeral(
            channel=ask.channel,
            user=ask.person,
            text=posting.text,
            blocks=posting.blocks,
            thread_ts=ask.thread if ask.in_thread else None,
        )

    def _guarded(self, key: str, ask: Ask, work: Job) -> None:
        """The edge: the trace goes to the log, calm words to people."""
        try:
            work()
            return
        except OSError as error:
            # Slack can't be reached, so words can't be said either; the lease runs out and the question comes back.
            log.warning("%s waits for Slack to be reachable: %s", key, error)
            self._room.let_go(key)
        except SlackApiError as error:
            if error.response.get("error") == "ratelimited":
                self._room.let_go(key)
            else:
                log.warning("%s can't be replied to: %s", key, error.response.get("error"))
                self._room.finish(key)
        except Exception:
            log.exception("%s could not be replied to", key)
            self._give_up(key, ask)
            return
        self._signs.drop(ask)

    def _give_up(self, key: str, ask: Ask, *, left_behind: bool = False) -> None:
        """Calm words to whoever asked; to others none."""
        try:
            if ask.reach == "addressed":
                self._reply(ask, blocks.say(words.SORRY))
        except (SlackApiError, OSError):
            log.warning("couldn't say so in %s either", ask.channel)
        self._signs.drop(ask, left_behind=left_behind)
        self._room.finish(key)


def _small_reply(kind: Smalltalk) -> Posting:
    if kind == "help":
        return blocks.guide()
    return blocks.say(
        {"hello": words.HELLO, "thanks": words.THANKS, "bye": words.BYE, "empty": words.EMPTY}[kind]
    )
