"""Follows retrainings that were asked for in Slack: one message each, kept up to date, with the verdict at the end. Of the
schedule's own, admins hear directly when one changed what answers, or failed.

The cycle is another process, so its rows are polled; whoever asked hears of a run that died, too.
"""

from __future__ import annotations

import logging
import time
from functools import partial

from slack_sdk.errors import SlackApiError

from bot.records import Promotion, Run
from bot.slack import words
from bot.slack.admin import notices, run_blocks
from bot.slack.admin.pictures import show_head
from bot.slack.connection.clients import direct_channel
from bot.slack.connection.rounds import Rounds
from bot.slack.looks.markup import escape, mention
from bot.slack.looks.rich import Posting
from bot.slack.room import Room
from bot.slack.talk.posting import GONE
from bot.store import challenges, claims, runs

Place = tuple[str, str]
"""Channel and ts of a message."""

LOOK_EVERY_S = 1.0
UPDATE_EVERY_S = 2.0
log = logging.getLogger(__name__)


class Reports(Rounds):
    """`look` is one look; it updates a message at most every UPDATE_EVERY_S."""

    def __init__(self, room: Room) -> None:
        super().__init__("slack-reports", LOOK_EVERY_S)
        self._room = room
        self._shown: dict[int, tuple[float, Posting]] = {}

    def look(self) -> None:
        for run in runs.unreported(self._room.services.store):
            if run.state == "running" and time.time() - run.heartbeat_at > runs.DEAD_AFTER_S:
                runs.finish(self._room.services.store, run.id or 0, error=words.RUN_DIED)
            elif run.state == "running":
                self._show_progress(run)
            else:
                self._report(run)

    def announce_swap(self, promotion: Promotion) -> None:
        """Says beside a retraining's message that its adapter answers now. Returns at once. Every process swaps; the first
        to do so says it."""
        store = self._room.services.store
        if not claims.claim(store, f"swap:{promotion.id}:{promotion.adapter}"):
            return
        run = runs.run(store, promotion.run_id) if promotion.run_id else None
        took_back = promotion.by == "bot" and not challenges.won(store, promotion)
        if run is None and took_back:  # what the last run put live
            run = next(iter(runs.runs(store, 1)), None)
        if run is not None and run.channel:
            channel, thread, posting = run.channel, run.ts, run_blocks.swapped(promotion)
            self._room.lanes.submit(channel, lambda: self._post(channel, posting, thread))

    def turn(self) -> None:
        """Of several processes one reports."""
        try:
            if self._room.keeps_watch():
                self.look()
        except OSError as error:
            log.warning("a report waits for Slack to be reachable: %s", error)

    def _show_progress(self, run: Run) -> None:
        if run.channel is None or run.ts is None:
            return
        posting = run_blocks.progress(run)
        at, before = self._shown.get(run.id or 0, (0.0, None))
        now = time.monotonic()
        if posting == before or (before is not None and now - at < UPDATE_EVERY_S):
            return
        self._shown[run.id or 0] = (now, posting)
        try:
            self._room.clients.patient.chat_update(
                channel=run.channel, ts=run.ts, text=posting.text, blocks=posting.blocks
            )
        except SlackApiError as error:
            log.info("the progress of run %s can't be shown: %s", run.id, error.response.get("error"))

    def _report(self, run: Run) -> None:
        """The verdict takes the progress message's place; a line in its thread, because an update notifies nobody."""
        posting = run_blocks.outcome(run)
        place: Place | None
        if run.channel is None:
            runs.update(self._room.services.store, run.id or 0, reported=True)
            self._tell_admins(run, posting)
            return
        try:
            place = self._put(run, posting)
        except SlackApiError as error:
            if error.response.get("error") == "ratelimited":
                return
            log.warning(
                "run %s can't be reported in %s: %s", run.id, run.channel, error.response.get("error")
            )
            place = self._put_directly(run.by, run, posting) if mention(run.by) else None
        runs.update(self._room.services.store, run.id or 0, reported=True)
        self._shown.pop(run.id or 0, None)
        self._show_head(run, place)

    def _tell_admins(self, run: Run, posting: Posting) -> None:
        """Nobody waits for a scheduled run: that it found too little, or nothing better, stands in the Home tab."""
        changed = run.promoted or (run.verdict is not None and run.verdict.decision == "trial")
        if run.cancel is not None or not (changed or run.state == "failed"):
            return
        for person in notices.admins(self._room):
            self._room.lanes.submit(person, partial(self._tell_admin, person, run, posting))

    def _tell_admin(self, person: str, run: Run, posting: Posting) -> None:
        try:
            self._show_head(run, self._put_directly(person, run, posting))
        except OSError as error:
            log.warning("run %s can't be reported to %s: %s", run.id, person, error)

    def _show_head(self, run: Run, place: Place | None) -> None:
        if place is not None:
            show_head(self._room.clients.patient, self._room.services.settings.home, run, *place)

    def _put(self, run: Run, posting: Posting) -> Place:
        client, channel = self._room.clients.patient, run.channel or ""
        if run.ts is not None:
            try:
                client.chat_update(channel=channel, ts=run.ts, text=posting.text, blocks=posting.blocks)
            except SlackApiError as error:
                if error.response.get("error") not in GONE:
                    raise
            else:
                if who := mention(run.by):
                    line = words.RUN_DONE_MD.format(by=who, headline=escape(run_blocks.headline(run)))
                    client.chat_postMessage(channel=channel, thread_ts=run.ts, text=line)
                return channel, run.ts
        posted = client.chat_postMessage(channel=channel, text=posting.text, blocks=posting.blocks)
        return channel, str(posted["ts"])

    def _put_directly(self, person: str, run: Run, posting: Posting) -> Place | None:
        client = self._room.clients.patient
        try:
            channel = direct_channel(client, person)
            posted = client.chat_postMessage(channel=channel, text=posting.text, blocks=posting.blocks)
        except SlackApiError:
            log.exception("run %s can't be reported to %s", run.id, person)
            return None
        return channel, str(posted["ts"])

    def _post(self, channel: str, posting: Posting, thread: str | None) -> None:
        try:
            self._room.clients.patient.chat_postMessage(
                channel=channel, text=posting.text, blocks=posting.blocks, thread_ts=thread
            )
        except (SlackApiError, OSError) as error:
            log.info("a swap can't be announced in %s: %s", channel, error)
