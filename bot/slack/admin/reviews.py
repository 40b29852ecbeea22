"""The review queue in Slack: `/lorebot review` shows it to an admin alone, and its buttons decide.

Whether somebody is an admin, and may see what they decide about, is asked at every click: a queue may stand open for days.
"""

from __future__ import annotations

import logging
import re
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from slack_bolt import Ack, App
from slack_sdk.errors import SlackApiError

from bot import reviewing
from bot.errors import LorebotError
from bot.reviewing import Waiting
from bot.slack import words
from bot.slack.admin import review_blocks
from bot.slack.admin.review_blocks import PAGE, Choice, Page
from bot.slack.connection.clients import respond
from bot.slack.connection.once import sent_once
from bot.slack.connection.queue import Job
from bot.slack.looks import blocks
from bot.slack.looks.rich import Posting
from bot.slack.room import Room
from bot.trust import Rules

Json = dict[str, Any]
AT_HOME = "home:"
"""Begins a door that is somebody's Home tab, with their id behind it."""
log = logging.getLogger(__name__)


def register(app: App, room: Room, reviews: Reviews) -> None:
    def clicked(ack: Ack, body: Json, action: Json) -> None:
        ack()
        picked = action.get("selected_option") or action
        reviews.clicked(body, review_blocks.choice(str(picked["value"])))

    def edited(ack: Ack, body: Json, view: Json) -> None:
        choice, door, given = review_blocks.edited(view)
        if not given:
            ack(response_action="errors", errors={review_blocks.WORDS: words.REVIEW_WORDS_NEEDED})
            return
        payload = {
            "kind": "review",
            "person": body["user"]["id"],
            "door": door,
            "choice": choice.value(),
            "words": given,
        }
        sent_once(room, ack, view, payload, reviews.take, review_blocks.WORDS)

    room.takes("review", reviews.take)
    app.action(re.compile("review_[a-z_]+"))(clicked)
    app.view(review_blocks.EDIT)(edited)


class Reviews:
    """Everything runs in the reviewer's own lane: Slack is asked who they are, and their clicks keep their order."""

    def __init__(self, room: Room, at_home: Callable[[str, Posting], None]) -> None:
        """`at_home(person, posting)` shows something in somebody's Home tab."""
        self._room, self._store, self._at_home = room, room.services.store, at_home

    def clicked(self, body: Mapping[str, Any], choice: Choice) -> None:
        person, door = str(body["user"]["id"]), _door_of(body)

        def work() -> None:
            if choice.do == "edit":
                self._open_form(person, door, choice, str(body["trigger_id"]))
            elif choice.do == "page":
                self.show(person, door, start=choice.start, replace=True)
            else:
                self._decide(person, door, choice)

        self._room.lanes.submit(person, lambda: self._guarded(person, door, work))

    def take(self, key: str, payload: dict[str, Any]) -> None:
        """Better words that were sent, fresh or left over from a crash."""
        person, door = str(payload["person"]), str(payload["door"])

        def work() -> None:
            self._decide(person, door, review_blocks.choice(payload["choice"]), payload["words"])

        def guarded() -> None:
            self._guarded(person, door, work)
            self._room.finish(key)

        if not self._room.lanes.submit(person, guarded):
            self._room.let_go(key)

    def show(
        self,
        person: str,
        door: str,
        *,
        start: int = 0,
        told: str = "",
        undo: tuple[str, ...] = (),
        replace: bool = False,
    ) -> None:
        """A page of the queue for an admin, through a door that leads to them alone. Only from a lane."""
        seen = time.time()
        waiting = self._waiting()
        shown = self._seen_by(person, waiting)
        start = max(0, min(start, (len(shown) - 1) // PAGE * PAGE))
        page = Page(
            items=tuple(shown[start : start + PAGE]),
            start=start,
            total=len(shown),
            hidden=len(waiting) - len(shown),
            seen=seen,
            of_person=Counter(each.person for each in shown),
            told=told,
            undo=undo,
        )
        self._tell(door, review_blocks.queue(page), replace=replace)

    def _guarded(self, person: str, door: str, work: Job) -> None:
        """The edge: who is no admin (any more) is refused; what a person can mend is said as it is."""
        try:
            if self._room.people.may_administer(person):
                work()
                return
            sentence = words.ADMINS_ONLY
        except LorebotError as error:
            sentence = words.REVIEW_FAILED.format(why=error)
        except sqlite3.OperationalError:
            log.exception("a review could not be saved")
            sentence = words.SORRY_SAVE
        except Exception:
            log.exception("a review failed")
            sentence = words.SORRY_COMMAND
        self._tell(door, blocks.tell(sentence))

    def _decide(self, person: str, door: str, choice: Choice, given: str | None = None) -> None:
        asked = self._chosen(person, choice)
        if choice.do == "undo":
            n = reviewing.reopen(self._store, [each.key for each in asked])
            self.show(person, door, start=choice.start, told=words.REVIEW_UNDONE.format(n=n), replace=True)
            return
        if choice.do == "page":
            return
        done = reviewing.decide(
            self._store, asked, choice.do, by=person, words=given, seen=choice.seen if choice.keys else None
        )
        told = words.REVIEW_DONE[choice.do].format(n=len(done))
        if len(done) < max(len(asked), len(choice.keys)):
            told += f" {words.REVIEW_CHANGED}"
        undo = tuple(each.key for each in done if each.feedback is not None)
        self.show(person, door, start=choice.start, told=told, undo=undo, replace=True)

    def _chosen(self, person: str, choice: Choice) -> list[Waiting]:
        """What the click is about, as far as the person may see it; what is gone is left out."""
        if choice.person is not None:
            waiting = [each for each in self._waiting() if each.person == choice.person]
            return self._seen_by(person, [each for each in waiting if each.at <= choice.seen])
        found = (reviewing.look(self._store, key) for key in choice.keys)
        return self._seen_by(person, [each for each in found if each is not None])

    def _waiting(self) -> list[Waiting]:
        return reviewing.waiting(self._store, Rules.of(self._room.services.settings))

    def _seen_by(self, person: str, items: list[Waiting]) -> list[Waiting]:
        def is_member(channel: str) -> bool:
            return self._room.places.is_member(channel, person)

        may_see = reviewing.seen_by(self._store, person, is_member)
        return [each for each in items if may_see(each)]

    def _open_form(self, person: str, door: str, choice: Choice, trigger_id: str) -> None:
        chosen = self._chosen(person, choice)
        if not chosen or chosen[0].at > choice.seen:
            self.show(person, door, start=choice.start, told=words.REVIEW_CHANGED, replace=True)
            return
        try:
            view = review_blocks.edit_form(chosen[0], choice, door)
            self._room.clients.quick.views_open(trigger_id=trigger_id, view=view)
        except (SlackApiError, OSError) as error:
            log.warning("a form didn't open: %s", error)
            self._tell(door, blocks.tell(words.MODAL_TOO_LATE))

    def _tell(self, door: str, posting: Posting, *, replace: bool = False) -> None:
        if door.startswith(AT_HOME):
            self._at_home(door.removeprefix(AT_HOME), posting)
        elif door:
            respond(door, *posting, replace=replace)


def _door_of(body: Mapping[str, Any]) -> str:
    """Where a click's answer is shown: a response URL, or the person's Home tab, which has none."""
    if (body.get("view") or {}).get("type") == "home":
        return AT_HOME + str(body["user"]["id"])
    return str(body.get("response_url") or "")
