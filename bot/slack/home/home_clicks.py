"""What the buttons of the Home tab do. Each click is claimed, so that it counts once and survives a crash; what it led to
is told at the top of the tab, since Slack gives such clicks no response URL."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Mapping
from typing import Any

from slack_bolt import Ack, App, BoltContext
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.errors import BusyError
from bot.exchange import export_person
from bot.slack import words
from bot.slack.admin.commands import Commands
from bot.slack.admin.reviews import AT_HOME, Reviews
from bot.slack.connection.clients import direct_channel
from bot.slack.connection.once import Work, once
from bot.slack.feedback.lessons import asked
from bot.slack.home import desk_blocks, home_blocks
from bot.slack.home.tab import Home
from bot.slack.looks import modals
from bot.slack.looks.modals import Place
from bot.slack.room import Room
from bot.store import questions

Json = dict[str, Any]
Configure = Callable[[str, str, str], object]
"""Opens a channel's form: trigger id, person, channel."""
FORMS = {desk_blocks.TEACH, desk_blocks.CONFIGURE, desk_blocks.CONFIGURE_OTHER}
CLICKS = {
    home_blocks.EXPORT, home_blocks.FORGET, home_blocks.BACK, desk_blocks.RETRAIN, desk_blocks.CANCEL,
    desk_blocks.ROLLBACK, desk_blocks.REVIEW,
}  # fmt: skip
log = logging.getLogger(__name__)


def register(app: App, room: Room, home: Home, reviews: Reviews, configure: Configure) -> None:
    clicks = Clicks(room, home, reviews, configure)
    room.takes("home", clicks.take, clicks.came_to_nothing)

    def opened(event: Json) -> None:
        if event.get("tab") == "home":
            home.opened(event["user"], event.get("view") or {})

    def read(body: Mapping[str, Any], _: str) -> Work:
        action = body["actions"][0]
        payload = {"person": body["user"]["id"], "do": action["action_id"], "value": action.get("value", "")}
        return Work(f"home:{body['trigger_id']}", {"kind": "home", **payload})

    def clicked(ack: Ack, context: BoltContext) -> None:
        ack()
        clicks.take(*context["work"])

    def form(ack: Ack, body: Json, action: Json) -> None:
        ack()
        clicks.open_form(body, action)

    app.event("app_home_opened")(opened)
    app.action(_any_of(CLICKS), middleware=[once(room, read)])(clicked)
    app.action(_any_of(FORMS))(form)


class Clicks:
    """Who may do what is asked at every click: a tab may stand open for days."""

    def __init__(self, room: Room, home: Home, reviews: Reviews, configure: Configure) -> None:
        self._room, self._home, self._reviews, self._configure = room, home, reviews, configure
        self._commands = Commands(room, reviews)

    def take(self, key: str, payload: dict[str, Any]) -> None:
        person, do = str(payload["person"]), str(payload["do"])
        # Forgetting may wait minutes for a retraining to stop; the tab goes on meanwhile.
        lane = f"forget:{person}" if do == home_blocks.FORGET else f"home:{person}"
        if not self._room.lanes.submit(lane, lambda: self._guarded(key, person, do, str(payload["value"]))):
            self._room.let_go(key)

    def came_to_nothing(self, key: str, payload: dict[str, Any]) -> None:
        """Says so of a click that every attempt at failed."""
        self._room.finish(key)
        self._home.refresh(str(payload["person"]), told=_sorry(str(payload["do"])))

    def open_form(self, body: Mapping[str, Any], action: Mapping[str, Any]) -> None:
        """At once, on Bolt's thread: a trigger lasts three seconds."""
        person, trigger = str(body["user"]["id"]), str(body["trigger_id"])
        try:
            if action["action_id"] == desk_blocks.TEACH:
                self._open_lesson(trigger, str(action["value"]))
            else:
                channel = action.get("selected_conversation") or action.get("value")
                self._configure(trigger, person, str(channel))
        except (SlackApiError, OSError) as error:
            log.warning("a form didn't open: %s", error)
            self._home.refresh(person, told=words.MODAL_TOO_LATE)

    def _open_lesson(self, trigger: str, question_id: str) -> None:
        """For a question that found no answer; what is taught is known where it was asked."""
        store = self._room.services.store
        question = questions.question(store, int(question_id))
        answer = questions.last_answer(store, int(question_id))
        if question is None or answer is None or question.channel is None:
            return
        view = modals.teach(asked(question), Place(question.channel, answer.id))
        self._room.clients.quick.views_open(trigger_id=trigger, view=view)

    def _guarded(self, key: str, person: str, do: str, value: str) -> None:
        """The edge: the trace goes to the log, calm words to people."""
        try:
            told = self._do(person, do, value)
        except Exception:
            log.exception("%s failed", do)
            told = _sorry(do)
        self._room.finish(key)
        if told is not None:
            self._home.refresh(person, told=told)

    def _do(self, person: str, do: str, value: str) -> str | None:
        """What to say of it; None where something else is shown already."""
        if do == home_blocks.BACK:
            return ""
        if do == home_blocks.EXPORT:
            return self._export(person)
        if do == home_blocks.FORGET:
            return self._forget(person)
        if not self._room.people.may_administer(person):
            return words.ADMINS_ONLY
        if do == desk_blocks.RETRAIN:
            return self._commands.retrain(person, None)
        if do == desk_blocks.CANCEL:
            return self._commands.cancel(person, int(value) if value.isdecimal() else 0)
        if do == desk_blocks.ROLLBACK:
            return self._commands.roll_back(person, words.HOME_ROLLBACK_WHY)
        self._reviews.show(person, AT_HOME + person)
        return None

    def _export(self, person: str) -> str:
        kept = export_person(self._room.services.store, person)
        client = self._room.clients.patient
        try:
            client.files_upload_v2(
                channel=direct_channel(client, person),
                file=json.dumps(kept, indent=2, ensure_ascii=False).encode(),
                filename=words.HOME_EXPORT_FILE,
                title=words.HOME_EXPORT_TITLE,
                initial_comment=words.HOME_EXPORT_MD,
            )
        except (SlackClientError, OSError) as error:
            log.warning("%s can't be sent their data: %s", person, error)
            return words.HOME_EXPORT_FAILED
        return words.HOME_EXPORTED

    def _forget(self, person: str) -> str:
        self._home.refresh(person, told=words.HOME_FORGETTING)
        try:
            return words.HOME_FORGOTTEN.format(**self._room.services.forget(person))
        except BusyError as error:
            log.info("%s can't be forgotten yet: %s", person, error)
            return words.HOME_FORGET_LATER


def _sorry(do: str) -> str:
    return words.HOME_FORGET_FAILED if do == home_blocks.FORGET else words.SORRY_COMMAND


def _any_of(names: set[str]) -> re.Pattern[str]:
    return re.compile("|".join(sorted(names)) + "$")
