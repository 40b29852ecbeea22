"""The Home tab, as each person sees it: published when it is opened, after a click, and while a retraining goes on.

Only what changed is published: a view carries a digest of what it shows. Everything here may wait for Slack and the
store, so it runs in the person's own lane.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from slack_sdk.errors import SlackApiError

from bot import insights, reviewing
from bot.reviewing import Waiting
from bot.slack.connection.queue import Job
from bot.slack.connection.rounds import Rounds
from bot.slack.home import home_blocks
from bot.slack.home.desk_blocks import Desk, Schedule
from bot.slack.home.home_blocks import Own
from bot.slack.looks.charts import Charts
from bot.slack.looks.rich import Json, Posting
from bot.slack.room import Room
from bot.slack.services import Status
from bot.store import channels, documents, feedback, questions, runs
from bot.store.tallies import DAY_S
from bot.trust import RecentStandings, Rules

LOOK_EVERY_S = 5.0
WATCHED_S = 1800.0
"""Somebody who opened the tab longer ago isn't looking at it any more."""
NOT_READY = ("invalid_blocks", "invalid_arguments")
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Open:
    """What somebody's tab shows."""

    digest: str
    at: float  # monotonic, when somebody last opened it or clicked in it
    told: str = ""
    admin: bool = False
    lacks_picture: bool = False  # Slack refused it, perhaps because it wasn't done with it yet


class Home(Rounds):
    """Publishes the tab. `look` is one look at what changes by itself."""

    def __init__(self, room: Room) -> None:
        super().__init__("slack-home", LOOK_EVERY_S)
        self._room, self._store = room, room.services.store
        self._charts = Charts(self._store, room.clients.patient)
        self._rules = Rules.of(room.services.settings)
        self._standings = RecentStandings(self._store, self._rules)
        self._open: dict[str, Open] = {}
        self._signs: object = None

    def look(self) -> None:
        """Publishes again where a picture wasn't ready, and, for admins, where something has moved."""
        for person, each in list(self._open.items()):  # the lanes write to it meanwhile
            if each.at < time.monotonic() - WATCHED_S:
                self._open.pop(person, None)
        if not self._open:
            return
        before, self._signs = self._signs, self._changing()
        for person, each in list(self._open.items()):
            if each.lacks_picture or (each.admin and before != self._signs):
                self._in_lane(person, partial(self._again, person))

    def _changing(self) -> object:
        """What an admin follows: the retraining, what is known, how channels are set up."""
        run = runs.last(self._store)
        moved = (run.id, run.state, run.stage, round(run.progress, 2), run.cancel) if run else None
        configured = max((each.at for each in channels.configured(self._store)), default=0.0)
        return moved, documents.state(self._store), configured

    # What is shown. Each returns at once.

    def opened(self, person: str, view: Mapping[str, Any]) -> None:
        """Somebody opens the tab, which shows `view` so far."""
        shown = str(view.get("private_metadata") or "")
        self._in_lane(person, lambda: self._home(person, Open(shown, time.monotonic())))

    def refresh(self, person: str, *, told: str = "") -> None:
        """Shows the tab as things are now, with what came of a click."""

        def work() -> None:
            before = self._open.get(person)
            self._home(person, Open(before.digest if before else "", time.monotonic(), told))

        self._in_lane(person, work)

    def show(self, person: str, posting: Posting) -> None:
        """Shows something else in the tab's place, until the person goes back."""
        self._open.pop(person, None)
        self._in_lane(person, lambda: self._publish(person, home_blocks.page(posting)))

    def _in_lane(self, person: str, work: Job) -> None:
        def guarded() -> None:
            try:
                work()
            except (SlackApiError, OSError) as error:
                log.info("the Home tab of %s stays as it was: %s", person, error)
            except Exception:
                log.exception("the Home tab of %s can't be made", person)

        self._room.lanes.submit(f"home:{person}", guarded)

    def _again(self, person: str) -> None:
        """Without being asked: not where the person has gone elsewhere meanwhile."""
        if (before := self._open.get(person)) is not None:
            self._home(person, before)

    def _home(self, person: str, before: Open) -> None:
        """Publishes the tab unless it is what `before` says is shown."""
        status = self._room.services.status()
        admin = self._room.people.may_administer(person)
        desk = self._desk(person, status) if admin else None
        chart = self._charts.shown(desk.figures) if desk else None
        own = self._own(person, status)
        view = home_blocks.home(own, desk, told=before.told, chart=chart)
        lacks_picture = False
        if before.digest != _digest(view) and chart is not None and not self._published(person, view, chart):
            lacks_picture = self._charts.refused(chart)
            view, chart = home_blocks.home(own, desk, told=before.told), None
        if before.digest != _digest(view) and chart is None:
            self._publish(person, view)
        self._open[person] = Open(_digest(view), before.at, before.told, admin, lacks_picture)

    def _published(self, person: str, view: Json, chart: str) -> bool:
        """False where Slack refuses the view for its picture."""
        try:
            self._publish(person, view)
        except SlackApiError as error:
            if error.response.get("error") not in NOT_READY:
                raise
            log.info(
                "Slack doesn't show the chart %s yet: %s", chart, error.response.get("response_metadata")
            )
            return False
        return True

    def _publish(self, person: str, view: Json) -> None:
        self._room.clients.patient.views_publish(user_id=person, view=view)

    # What there is to show

    def _own(self, person: str, status: Status) -> Own:
        given = feedback.of_person(self._store, person, insights.SHOWN)
        # Weighing takes seconds where there is much feedback; most people have given none.
        keys = [(each.answer_id, person) for each in given]
        standings = self._standings.of(keys) if keys else {}
        may_see = insights.readable(
            self._store,
            person,
            lambda channel: self._room.places.is_member(channel, person),
            house=self._room.people.person(person).of_the_house,
        )
        return Own(
            asked=insights.asked_before(self._store, person),
            said=insights.said_before(self._store, person, standings, status.champion, may_see),
            waiting=tuple(
                each
                for each in reviewing.waiting(self._store, self._rules, standings)
                if each.person == person and self._in_sight(each, may_see)
            ),
        )

    def _in_sight(self, each: Waiting, may_see: insights.MaySee) -> bool:
        """What they taught is their own words; what they said of an answer, only where they may still read that."""
        asked = questions.question(self._store, each.answer.question_id) if each.answer else None
        return each.taught is not None or (
            asked is not None and (asked.person == each.person or may_see(asked))
        )

    def _desk(self, person: str, status: Status) -> Desk:
        def is_member(channel: str) -> bool:
            return self._room.places.is_member(channel, person)

        settings, now = self._room.services.settings, datetime.now()
        waiting = self._waiting()
        may_see = reviewing.seen_by(self._store, person, is_member)
        to_review = sum(map(may_see, waiting))
        public = channels.public(self._store)
        return Desk(
            figures=insights.figures(self._store, now),
            wanted=insights.wanted(self._store, person, is_member, now.timestamp() - insights.DAYS * DAY_S),
            status=status,
            lineage=insights.lineage(self._store, status.champion),
            to_review=to_review,
            hidden=len(waiting) - to_review,
            channels=tuple(
                each
                for each in channels.configured(self._store)
                if each.channel in public or is_member(each.channel)
            ),
            schedule=Schedule(
                status.next_retraining,
                settings.quiet_hours,
                settings.retrain_min_feedback,
                insights.last_runs(self._store),
            ),
        )

    def _waiting(self) -> list[Waiting]:
        every = [(each.answer_id, each.person) for each in feedback.all_of(self._store)]
        return reviewing.waiting(self._store, self._rules, self._standings.of(every))


def _digest(view: Json) -> str:
    return str(view["private_metadata"])
