"""Learning from Slack as it is written: files and canvases, pinned messages, questions whose answers were accepted.

What an event brings is claimed before its acknowledgement and looked at here, on a thread of its own. What is in a channel
already when its people switch learning on, or was changed while nobody listened, is looked at then and at every start.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from slack_bolt import App, BoltContext
from slack_sdk.errors import SlackApiError

from bot import sight
from bot.errors import DocumentError
from bot.knowledge.shared_files import Kept
from bot.records import ChannelSettings
from bot.slack import words
from bot.slack.admin import notices
from bot.slack.connection.queue import WorkQueue
from bot.slack.learning.events import KIND, Lead, lead_from_payload, leads
from bot.slack.learning.files import OutOfReachError
from bot.slack.learning.gathering import Gathering
from bot.slack.learning.history import KIND as BACKFILL
from bot.slack.learning.history import History, Threads
from bot.slack.looks import blocks
from bot.slack.looks.markup import literal
from bot.slack.room import STOP_S, Room
from bot.store import Store, backfills, channels
from bot.store.watch import StoreWatch

LEARNED = "books"
"""The reaction under a file that was learned in a channel. No check mark: that says which reply answered a question."""

EVENTS = ("file_change", "member_joined_channel", "pin_added", "pin_removed")
LOOK_EVERY_S = 2.0
CHANGES_REST_S = 30.0
"""A canvas is changed letter by letter: it is read again when nobody has touched it for so long."""

SAY_WITHIN_S = 600.0
"""Only who has just switched learning on is told that it can't: not at every start again."""

log = logging.getLogger(__name__)


class Learning:
    """Learns what its events lead to. `settings_changed` says at once what its watch sees within seconds anyway."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._threads = Threads(room)
        self._gathering = Gathering(room, self._threads)
        self.history = History(room, self._threads)
        self._queue = WorkQueue("learning")
        self._background = WorkQueue(
            "looking-around"
        )  # so that a start holds up nothing that people share now
        self._watch = _Watch(room.services.store, self._look_around_soon, self._file_changed)
        room.takes(KIND, self.take, self.came_to_nothing)
        room.takes(BACKFILL, self.history.take)
        room.beside(self)

    def register(self, app: App) -> None:
        allow_bots = frozenset(self._room.services.settings.allow_bots)

        def heard_of(body: dict[str, Any], context: BoltContext, next: Callable[[], None]) -> None:
            """Before any listener, which may take the same message for a question or a vote."""
            for work in leads(self._room.services.store, body, context.bot_user_id or "", allow_bots):
                if self._room.claim(work.key, work.payload):
                    self.take(work.key, work.payload)
            next()

        def other(event: dict[str, Any], context: BoltContext) -> None:
            if event.get("type") == "file_change":
                self._watch.changed(str(event.get("file_id") or ""))
            elif event.get("type") == "member_joined_channel" and event.get("user") == context.bot_user_id:
                self._look_around_soon(channels.settings(self._store, str(event.get("channel"))))

        app.middleware(heard_of)
        for name in EVENTS:
            app.event(name)(other)

    # Coming and going

    def start(self) -> None:
        self._queue.start()
        self._background.start()
        self.history.start()
        self._watch.start()

    def stop(self) -> None:
        self._watch.stop()
        for queue in (self._queue, self._background):
            queue.stop(seconds=STOP_S / 2, drain=False)
        self.history.stop()

    def settled(self) -> bool:
        """Whether nothing waits or runs here."""
        return not (len(self._queue) or len(self._background))

    def settings_changed(self, channel: str) -> None:
        """Somebody set a channel up anew: what it holds is looked at in the background. Returns at once."""
        chosen = channels.settings(self._store, channel)
        if self._watch.first(chosen):
            self._look_around_soon(chosen)

    def _look_around_soon(self, chosen: ChannelSettings) -> None:
        self._background.submit(lambda: self._guarded(chosen.channel, lambda: self._look_around(chosen)))

    def _file_changed(self, file: str) -> None:
        self._queue.submit(lambda: self._guarded(file, lambda: self._gathering.changed(file)))

    # What events lead to

    def take(self, key: str, payload: dict[str, Any]) -> None:
        lead = lead_from_payload(payload)
        if not self._queue.submit(lambda: self._work(key, lead)):
            self._room.let_go(key)

    def came_to_nothing(self, key: str, payload: dict[str, Any]) -> None:
        lead = lead_from_payload(payload)
        if lead.what == "file":
            self._say(lead, words.SORRY_LEARN)
        self._room.finish(key)

    def _work(self, key: str, lead: Lead) -> None:
        """The edge: what a crash, a locked store or Slack's silence left undone comes back with its lease."""
        try:
            getattr(self, f"_look_at_{lead.what}")(lead)
        except SlackApiError as error:
            code = error.response.get("error")
            log.warning("%s can't be learned: %s", key, code)
            if code == "ratelimited":
                self._room.let_go(key)
                return
        except Exception as error:
            log.warning("%s can't be learned now", key, exc_info=not isinstance(error, OSError))
            self._room.let_go(key)
            return
        self._room.finish(key)

    def _look_at_file(self, lead: Lead) -> None:
        if not sight.is_direct(lead.channel) and not channels.settings(self._store, lead.channel).learns:
            return  # switched off meanwhile
        try:
            kept = self._gathering.file(lead.file, lead.channel, lead.ts, lead.person)
        except DocumentError as error:
            # In a channel nobody asked: what Slack itself keeps from us is no news there.
            if sight.is_direct(lead.channel) or not isinstance(error, OutOfReachError):
                self._say(lead, words.NOT_LEARNED.format(why=literal(str(error))))
        else:
            self._say_learned(lead, kept)

    def _look_at_pin(self, lead: Lead) -> None:
        if channels.settings(self._store, lead.channel).learns:
            self._gathering.pin(lead.channel, lead.ts)

    def _look_at_unpin(self, lead: Lead) -> None:
        self._gathering.unpin(lead.channel, lead.ts)

    def _look_at_thread(self, lead: Lead) -> None:
        if channels.settings(self._store, lead.channel).history:
            self._threads.look(lead.channel, lead.ts)

    # What a channel holds

    def _look_around(self, chosen: ChannelSettings) -> None:
        if not chosen.history:
            backfills.drop(self._store, chosen.channel)
        if not (chosen.learns or chosen.history):
            return
        if not self._gathering.around(chosen):
            self._ask_for_invitation(chosen)
        elif chosen.history:
            self.history.wanted(chosen)

    # Telling

    @property
    def _store(self) -> Store:
        return self._room.services.store

    def _say_learned(self, lead: Lead, kept: Kept) -> None:
        if not sight.is_direct(lead.channel):
            self._room.lanes.submit(lead.channel, lambda: self._mark(lead))
            return
        said = words.LEARNED[kept.outcome].format(
            title=literal(kept.title), passages=words.counted(kept.passages, words.PASSAGES)
        )
        self._say(lead, f"{said} {literal(kept.note)}".strip())

    def _mark(self, lead: Lead) -> None:
        try:
            self._room.clients.patient.reactions_add(channel=lead.channel, timestamp=lead.ts, name=LEARNED)
        except (SlackApiError, OSError) as error:
            log.info("the file at %s in %s stays unmarked: %s", lead.ts, lead.channel, error)

    def _say(self, lead: Lead, line: str) -> None:
        """In a direct message to everybody in it; in a channel only to who shared the file."""
        posting, client = blocks.say(line), self._room.clients.patient

        def post() -> None:
            place = {"channel": lead.channel, "thread_ts": lead.thread}
            said: dict[str, Any] = {**place, "text": posting.text, "blocks": posting.blocks}
            try:
                if sight.is_direct(lead.channel):
                    client.chat_postMessage(**said)
                else:
                    client.chat_postEphemeral(user=str(lead.person), **said)
            except (SlackApiError, OSError) as error:
                log.info("nobody in %s can be told: %s", lead.channel, error)

        self._room.lanes.submit(lead.channel, post)

    def _ask_for_invitation(self, chosen: ChannelSettings) -> None:
        log.warning("%s is to be learned from, but we aren't in it", chosen.channel)
        if chosen.by and time.time() - chosen.at < SAY_WITHIN_S:
            line = words.HISTORY_REFUSED["not_in_channel"].format(channel=f"<#{chosen.channel}>")
            self._room.lanes.submit(
                chosen.by, lambda: notices.directly(self._room, chosen.by, blocks.say(line))
            )

    def _guarded(self, what: str, work: Callable[[], object]) -> None:
        """The edge of what no event claimed: the next start looks again."""
        try:
            work()
        except (SlackApiError, OSError) as error:
            log.warning("%s can't be looked at now: %s", what, error)


class _Watch(StoreWatch):
    """Sees channels that were set up anew, by whichever process, and files that have come to rest."""

    def __init__(
        self, store: Store, changed: Callable[[ChannelSettings], None], rested: Callable[[str], None]
    ) -> None:
        failed = "looking for channels to learn from failed; the next look is soon"
        super().__init__(
            store, "learning-watch", failed=failed, every_s=LOOK_EVERY_S, at_least_every_s=LOOK_EVERY_S
        )
        self._changed, self._rested = changed, rested
        self._seen: dict[str, float] = {}  # by channel: when it was set up as it was looked at last
        self._restless: dict[str, float] = {}
        self._lock = threading.Lock()

    def changed(self, file: str) -> None:
        """A file was changed; on Bolt's threads."""
        with self._lock:
            self._restless[file] = time.monotonic() + CHANGES_REST_S

    def first(self, chosen: ChannelSettings) -> bool:
        """Whether nobody has been told of these settings yet; from now on somebody has."""
        with self._lock:
            before, self._seen[chosen.channel] = self._seen.get(chosen.channel), chosen.at
        return before != chosen.at

    def look(self) -> None:
        for chosen in channels.configured(self._store):
            if self.first(chosen):
                self._changed(chosen)
        now = time.monotonic()
        with self._lock:
            rested = [file for file, due in self._restless.items() if due <= now]
            for file in rested:
                del self._restless[file]
        for file in rested:
            self._rested(file)
