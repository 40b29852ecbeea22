"""A channel's conversations: questions with the answers their askers took, from its past and as they come to be accepted.

Only where its people switched it on. The past is read in the background, newest first and slowly, so that answering keeps
its share of Slack's rate limits; after a stop or a crash it goes on where it was. Slack's documentation:
"conversations.history", "conversations.replies", "Rate limits".
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from slack_sdk.errors import SlackApiError

from bot import sight
from bot.knowledge import heard
from bot.knowledge.accepted import Accepted, accepted, asks
from bot.knowledge.heard import Heard
from bot.knowledge.plain import mentioned, unslack
from bot.records import ChannelSettings, Document, PersonKind
from bot.slack import words
from bot.slack.admin import notices
from bot.slack.connection.queue import WorkQueue
from bot.slack.looks import blocks
from bot.slack.room import STOP_S, Room
from bot.store import Store, backfills, channels, documents, slack_sources
from bot.store.backfills import Backfill

KIND = "backfill"
PAGE = 200
PAGES_OF_A_THREAD = 5
"""A longer thread is a conversation, not an answer."""

PACE_S = 1.5
"""Between two calls: 40 a minute, of the 50 and more that Slack allows an app of one's own for each method."""

WAIT_S = 30.0
"""After a refusal for too many calls that didn't say how long."""

NO_SUCH_THREAD = ("thread_not_found", "message_not_found")
Message = Mapping[str, Any]
T = TypeVar("T")
log = logging.getLogger(__name__)


class Threads:
    """Reads threads, and keeps the question that one begins with as long as it has an accepted answer."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._places: dict[str, str] = {}

    def look(self, channel: str, ts: str) -> bool:
        """Looks at the thread of a message, its first or any other; whether it is a question with its answer now."""
        try:
            messages = self._read(channel, ts)
        except SlackApiError as error:
            if error.response.get("error") not in NO_SUCH_THREAD:
                raise
            messages = []
        first = str(messages[0].get("ts")) if messages else ts
        pair = accepted(filter(None, map(heard.said, messages)))
        if pair is None:
            store = self._room.services.store
            documents.remove(store, [each.id for each in pairs_of(store, channel, first) if each.id])
            return False
        self._keep(channel, pair, messages)
        return True

    def message(self, channel: str, ts: str) -> Message | None:
        """A message as it is now, a thread's first or any other; None where it is gone."""
        try:
            found = self._room.clients.patient.conversations_replies(
                channel=channel, ts=ts, latest=ts, inclusive=True, limit=1
            )
        except SlackApiError as error:
            if error.response.get("error") not in NO_SUCH_THREAD:
                raise
            return None
        return next((each for each in found.get("messages") or [] if each.get("ts") == ts), None)

    def alone(self, channel: str, message: Message) -> Heard | None:
        """What a message says by itself, as it is to be kept; None where it says nothing."""
        said = heard.said(message, self.names([message]))
        if said is None:
            return None
        ts = str(message["ts"])
        return heard.of_message(
            said,
            channel=channel,
            scope=self.scope(channel, said.person),
            link=message.get("permalink") or self.link(channel, ts),
            place=self.place(channel),
        )

    def names(self, messages: list[Message]) -> dict[str, str]:
        """What the people are called whom some messages mention."""
        people = {who for each in messages for who in mentioned(str(each.get("text") or ""))}
        return {who: name for who in people if (name := self._room.people.person(who).name)}

    def link(self, channel: str, ts: str) -> str | None:
        try:
            found = self._room.clients.patient.chat_getPermalink(channel=channel, message_ts=ts)
        except SlackApiError as error:
            log.info("there is no link to %s in %s: %s", ts, channel, error.response.get("error"))
            return None
        return str(found["permalink"])

    def place(self, channel: str) -> str:
        """The channel's name, for people to read beside what was said there; "" where Slack doesn't tell."""
        if channel not in self._places:
            try:
                found = self._room.clients.patient.conversations_info(channel=channel)["channel"] or {}
            except SlackApiError:
                found = {}
            self._places[channel] = f"#{found['name']}" if found.get("name") else ""
        return self._places[channel]

    def scope(self, channel: str, *people: str) -> str:
        """Of what these people said there: the channel's own as soon as one of them isn't of the house."""
        kinds: set[PersonKind] = {self._room.people.person(each).kind for each in people}
        other = next(iter(kinds.difference(sight.OF_THE_HOUSE)), sight.OF_THE_HOUSE[0])
        return sight.learned_scope(self._room.services.store, channel, other)

    def _keep(self, channel: str, pair: Accepted, messages: list[Message]) -> None:
        meant = [each for each in messages if each.get("ts") in pair.messages]
        names = self.names(meant)
        named = accepted(filter(None, (heard.said(each, names) for each in messages))) or pair
        document = heard.of_pair(
            named,
            channel=channel,
            scope=self.scope(channel, pair.asker, pair.answerer),
            link=self.link(channel, pair.asked),
            place=self.place(channel),
        )
        self._room.services.keep([document])

    def _read(self, channel: str, ts: str) -> list[Message]:
        """A thread's messages, first to last; asked for a reply, Slack gives that one alone, with its thread's ts."""
        client = self._room.clients.patient
        page = client.conversations_replies(channel=channel, ts=ts, limit=PAGE)
        messages: list[Message] = list(page.get("messages") or [])
        first = str((messages[0].get("thread_ts") or ts) if messages else ts)
        if first != ts:
            page = client.conversations_replies(channel=channel, ts=first, limit=PAGE)
            messages = list(page.get("messages") or [])
        for _ in range(PAGES_OF_A_THREAD - 1):
            cursor = (page.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                break
            page = client.conversations_replies(channel=channel, ts=first, limit=PAGE, cursor=cursor)
            known = {
                each.get("ts") for each in messages
            }  # a page may begin with the thread's first message again
            messages += [each for each in page.get("messages") or [] if each.get("ts") not in known]
        return messages


def pairs_of(store: Store, channel: str, ts: str) -> list[Document]:
    """The documents of the question at a message, not of the message alone (such as a pinned one)."""
    return [
        each
        for each in slack_sources.documents_of(store, channel, ts)
        if each.source == heard.source_of(channel, ts)
        and any(passage.question is not None for passage in documents.passages_of(store, each.id or 0))
    ]


class History:
    """Reads the past of channels, one after the other, each once."""

    def __init__(self, room: Room, threads: Threads, *, pace_s: float = PACE_S) -> None:
        self._room, self._threads = room, threads
        self.pace_s = pace_s
        self._queue = WorkQueue("history")
        self._stop = threading.Event()

    def start(self) -> None:
        self._stop.clear()
        self._queue.start()

    def stop(self) -> None:
        self._stop.set()
        self._queue.stop(seconds=STOP_S, drain=False)

    def wanted(self, chosen: ChannelSettings) -> None:
        """A channel's people want its history learned: what isn't read yet is taken up, by one process alone."""
        store = self._room.services.store
        known = backfills.of(store, chosen.channel)
        if known is None:
            oldest = time.time() - self._room.services.settings.history_days * 86400
            known = Backfill(chosen.channel, chosen.by, f"{oldest:.6f}")
            backfills.begin(store, known)
        if not known.done:
            key = f"{KIND}:{chosen.channel}:{known.oldest}"
            payload = {"kind": KIND, "channel": chosen.channel}
            if self._room.claim(key, payload):
                self.take(key, payload)

    def take(self, key: str, payload: Mapping[str, Any]) -> None:
        if not self._queue.submit(lambda: self._guarded(key, str(payload["channel"]))):
            self._room.let_go(key)

    def _guarded(self, key: str, channel: str) -> None:
        """The edge: what Slack refuses is told to whoever wanted it, in their words."""
        try:
            ended = self._read(channel)
        except OSError as error:
            log.warning("the history of %s waits for Slack to be reachable: %s", channel, error)
            ended = False
        except SlackApiError as error:
            code = str(error.response.get("error"))
            log.warning("the history of %s can't be read: %s", channel, code)
            self._tell_refused(channel, code)
            ended = True
        except Exception:
            log.exception("the history of %s could not be read on", channel)
            ended = False
        if ended:
            self._room.finish(key)
        else:
            self._room.let_go(key)

    def _read(self, channel: str) -> bool:
        """Reads on; False where it was told to stop before the end."""
        store = self._room.services.store
        while (now := backfills.of(store, channel)) is not None and not now.done:
            if not channels.settings(store, channel).history:
                return True  # switched off meanwhile
            page = self._asked(lambda now=now: self._page(now))  # type: ignore[misc]
            if page is None:
                return False
            messages: list[Message] = page.get("messages") or []
            learned = 0
            for ts in _askings(messages):
                found = self._asked(lambda ts=ts: self._threads.look(channel, ts))  # type: ignore[misc]
                if found is None:
                    return False
                learned += found
            reached = min((str(each["ts"]) for each in messages), key=float, default=None)
            over = reached is None or not page.get("has_more")
            backfills.advance(
                store, channel, reached=reached, messages=len(messages), learned=learned, done=over
            )
        self._tell_done(channel)
        return True

    def _page(self, now: Backfill) -> Mapping[str, Any]:
        found = self._room.clients.patient.conversations_history(
            channel=now.channel,
            oldest=now.oldest,
            latest=now.reached,  # by time and not by Slack's cursor, which doesn't outlive a long pause
            inclusive=False,
            limit=PAGE,
        )
        return dict(found.data) if isinstance(found.data, dict) else {}

    def _asked(self, ask: Callable[[], T]) -> T | None:
        """What Slack says, asked in our own time; None where we were told to stop meanwhile."""
        while not self._stop.wait(self.pace_s) and not self._room.stopping:
            try:
                return ask()
            except SlackApiError as error:
                if error.response.get("error") != "ratelimited":
                    raise
                self._stop.wait(float(error.response.headers.get("Retry-After") or WAIT_S))
        return None

    def _tell_done(self, channel: str) -> None:
        now = backfills.of(self._room.services.store, channel)
        if now is None or not now.done:
            return
        days = self._room.services.settings.history_days
        line = words.HISTORY_DONE.format(
            days=days,
            messages=words.counted(now.messages, words.MESSAGES),
            learned=words.counted(now.learned, words.ANSWERED_QUESTIONS),
        )
        self._room.lanes.submit(channel, lambda: notices.post(self._room, channel, blocks.say(line)))

    def _tell_refused(self, channel: str, code: str) -> None:
        now = backfills.of(self._room.services.store, channel)
        line = words.HISTORY_REFUSED.get(code, words.HISTORY_FAILED).format(
            channel=f"<#{channel}>", code=code
        )
        if now is not None and now.person:
            person = now.person
            self._room.lanes.submit(person, lambda: notices.directly(self._room, person, blocks.say(line)))


def _askings(messages: list[Message]) -> Iterator[str]:
    """The messages that may have been asked and answered: whatever else costs no call."""
    for each in messages:
        if each.get("reply_count") and not each.get("bot_id") and asks(unslack(str(each.get("text") or ""))):
            yield str(each["ts"])
