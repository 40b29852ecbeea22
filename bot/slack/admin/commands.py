"""`/lorebot`: ask in private, teach, and what admins may do. Whatever is no command of ours is a question."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from slack_bolt import Ack, App, BoltContext
from slack_sdk.errors import SlackApiError

from bot.errors import BusyError, LorebotError
from bot.slack import words
from bot.slack.admin import run_blocks
from bot.slack.admin.config import forget_learned, open_config
from bot.slack.admin.reviews import Reviews
from bot.slack.connection.clients import direct_channel, respond
from bot.slack.connection.once import Work, once
from bot.slack.feedback.lessons import Lesson, Lessons
from bot.slack.looks import blocks, modals
from bot.slack.looks.markup import one_line, unslack
from bot.slack.looks.rich import Posting
from bot.slack.room import Room
from bot.slack.talk.asks import asked_in_command
from bot.slack.talk.conversation import Conversation
from bot.store import runs

COMMAND = "/lorebot"
ALONE = ("help", "config", "status", "retrain", "rollback", "review")
"""Commands only when they stand alone: "/lorebot status of order 12?" is a question."""
CANCEL = "cancel"
FORGET = "forget"
log = logging.getLogger(__name__)
Respond = Callable[[Posting], object]


def register(app: App, room: Room, conversation: Conversation, lessons: Lessons, reviews: Reviews) -> None:
    commands = Commands(room, reviews)
    room.takes("command", commands.take)

    def read(body: Mapping[str, Any], bot_user: str) -> Work:
        verb, rest = split(str(body.get("text") or ""))
        if verb == "ask":
            ask = asked_in_command(body, rest)
            return Work(ask.claim_key, ask.payload())
        key, person, channel = f"command:{body['trigger_id']}", str(body["user_id"]), str(body["channel_id"])
        if verb == "teach" and (lesson := taught_inline(rest)):
            question, answer = lesson
            return Work(
                key,
                Lesson(person, channel, question, answer, response_url=body.get("response_url")).payload(),
            )
        asked = {"person": person, "channel": channel, "response_url": body.get("response_url")}
        return Work(key, {"kind": "command", "verb": verb, "rest": rest, **asked})

    def run(ack: Ack, body: dict[str, Any], context: BoltContext) -> None:
        ack()
        key, payload = context["work"]
        if payload["kind"] == "ask":
            conversation.take(key, payload)
        elif payload["kind"] == "lesson":
            lessons.take(key, payload)
        elif payload["verb"] == "teach":
            commands.open_form(key, payload, str(body["trigger_id"]))
        elif payload["verb"] == "config" and not payload["rest"]:
            open_config(
                room, str(body["trigger_id"]), payload["person"], payload["channel"], payload["response_url"]
            )
            room.finish(key)
        else:
            commands.take(key, payload)

    def cancel(ack: Ack, body: dict[str, Any], action: dict[str, Any]) -> None:
        ack()
        commands.cancel_clicked(body, str(action.get("value", "")))

    app.action(run_blocks.CANCEL_RUN)(cancel)
    app.command(COMMAND, middleware=[once(room, read)])(run)


def split(text: str) -> tuple[str, str]:
    """The command and what belongs to it; "ask" for anything that is none of ours."""
    text = text.strip()
    first, _, rest = text.partition(" ")
    verb, rest = first.lower(), rest.strip()
    if not text or (verb == "ask" and not rest):
        return "help", ""
    if (
        verb in ("ask", "teach")
        or (verb in ALONE and not rest)
        or (verb, rest.lower()) in (("retrain", CANCEL), ("config", FORGET))
    ):
        return verb, rest
    return "ask", text


def taught_inline(text: str) -> tuple[str, str] | None:
    """Question and answer of "Question? = Answer"; an answer may hold further equals signs."""
    question, sign, answer = text.partition("? = ") if "? = " in text else text.partition("=")
    question = one_line(unslack(question + ("?" if sign == "? = " else "")))
    answer = unslack(answer).strip()
    return (question, answer) if sign and question and answer else None


class Commands:
    """What admins ask for. Runs in the channel's lane, where Slack may be slow."""

    def __init__(self, room: Room, reviews: Reviews) -> None:
        self._room, self._reviews = room, reviews

    def take(self, key: str, payload: dict[str, Any]) -> None:
        if not self._room.lanes.submit(payload["channel"], lambda: self._guarded(key, payload)):
            self._room.let_go(key)

    def open_form(self, key: str, payload: Mapping[str, Any], trigger_id: str) -> None:
        """At once, on Bolt's thread: a trigger lasts three seconds."""
        place = modals.Place(channel=payload["channel"], response_url=payload["response_url"])
        try:
            view = modals.teach(unslack(str(payload["rest"])), place)
            self._room.clients.quick.views_open(trigger_id=trigger_id, view=view)
        except (SlackApiError, OSError) as error:
            log.warning("a form didn't open: %s", error)
            self._room.lanes.submit(payload["channel"], lambda: _say(payload, words.TEACH_USAGE))
        self._room.finish(key)

    def _guarded(self, key: str, payload: Mapping[str, Any]) -> None:
        """The edge: the trace goes to the log, calm words to people."""
        try:
            self._do(payload)
        except Exception:
            log.exception("%s %s failed", COMMAND, payload["verb"])
            _say(payload, words.SORRY_COMMAND)
        self._room.finish(key)

    def _do(self, payload: Mapping[str, Any]) -> None:
        verb, person = payload["verb"], str(payload["person"])
        if verb == "help":
            _respond(payload, blocks.guide())
        elif verb == "config" and payload["rest"]:
            _say(payload, forget_learned(self._room, person, str(payload["channel"])))
        elif verb in ("teach", "config"):  # its form didn't survive a crash
            _say(payload, words.TEACH_USAGE if verb == "teach" else words.MODAL_TOO_LATE)
        elif not self._room.people.may_administer(person):
            _say(payload, words.ADMINS_ONLY)
        elif verb == "status":
            _respond(payload, run_blocks.status(self._room.services.status()))
        elif verb == "rollback":
            _say(payload, self.roll_back(person, words.ROLLBACK_WHY))
        elif verb == "retrain" and payload["rest"]:
            _say(payload, self.cancel(person))
        elif verb == "retrain":
            _say(payload, self.retrain(person, str(payload["channel"])))
        elif verb == "review":
            self._reviews.show(person, str(payload["response_url"]))

    def roll_back(self, person: str, why: str) -> str:
        """What to say of it. Only for admins; the caller has asked."""
        try:
            promotion = self._room.services.rollback(by=person, why=why)
        except LorebotError as error:
            return words.ROLLBACK_FAILED.format(why=error)
        return words.ROLLED_BACK.format(adapter=promotion.adapter)

    def retrain(self, person: str, channel: str | None) -> str:
        """Starts a retraining that is followed in that channel, or directly with the person; what to say of it.

        Only for admins; the caller has asked. The progress message comes first: the run needs to know where it is.
        """
        if runs.running(self._room.services.store) is not None:
            return words.RETRAIN_BUSY
        where = self._post_progress(channel, person)
        if where is None:
            return words.RETRAIN_NOWHERE
        posted_in, ts = where
        try:
            self._room.services.retrain(by=person, channel=posted_in, ts=ts)
        except LorebotError as error:
            busy = isinstance(error, BusyError)
            posting = blocks.tell(words.RETRAIN_BUSY if busy else words.RETRAIN_FAILED.format(why=error))
            self._room.clients.patient.chat_update(
                channel=posted_in, ts=ts, text=posting.text, blocks=posting.blocks
            )
            return posting.text
        if channel is None:
            return words.RETRAIN_DIRECT
        return words.RETRAIN_HERE if posted_in == channel else words.RETRAIN_IN_DIRECT

    def cancel_clicked(self, body: Mapping[str, Any], value: str) -> None:
        """The button under a progress message: everybody sees it there, only admins may press it."""
        person, url = str(body["user"]["id"]), body.get("response_url")

        def cancel() -> None:
            try:
                sentence = self.cancel(person, int(value) if value.isdecimal() else 0)
            except Exception:
                log.exception("a retraining could not be cancelled")
                sentence = words.SORRY_COMMAND
            if url:
                respond(str(url), *blocks.tell(sentence))

        self._room.lanes.submit(str(body["channel"]["id"]), cancel)

    def cancel(self, person: str, run_id: int | None = None) -> str:
        """Asks the run in progress, or only `run_id`, to end; what to say of it."""
        if not self._room.people.may_administer(person):
            return words.ADMINS_ONLY
        run = runs.cancel(self._room.services.store, person, run_id)
        return words.RUN_CANCELLING if run is not None else words.RUN_CANCEL_NOTHING

    def _post_progress(self, channel: str | None, person: str) -> tuple[str, str] | None:
        """Posts in the channel, or to the admin directly where there is none or we may not; (channel, ts) of it."""
        if channel is not None:
            try:
                return channel, self._post_start(channel)
            except SlackApiError as error:
                log.info(
                    "can't post in %s: %s; trying a direct message", channel, error.response.get("error")
                )
        try:
            direct = direct_channel(self._room.clients.patient, person)
            return direct, self._post_start(direct)
        except SlackApiError:
            log.exception("can't write to %s directly either", person)
            return None

    def _post_start(self, channel: str) -> str:
        text, starting = run_blocks.starting()
        posted = self._room.clients.patient.chat_postMessage(channel=channel, text=text, blocks=starting)
        return str(posted["ts"])


def _say(payload: Mapping[str, Any], sentence: str) -> None:
    _respond(payload, blocks.tell(sentence))


def _respond(payload: Mapping[str, Any], posting: Posting) -> None:
    if payload["response_url"]:
        respond(str(payload["response_url"]), *posting)
