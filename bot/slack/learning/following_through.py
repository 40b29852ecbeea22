"""Edits and deletions in Slack follow through: what was learned from a message changes or goes with it.

A deleted question goes with its answer, a deleted source with the answers that stand in it. Of an edit only the fact is kept
until it is worked on, and Slack is asked what the message says then: so edits may come twice, late and out of order.
Slack's documentation: the events `message` (subtypes `message_changed`, `message_deleted`) and `file_deleted`.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

from slack_bolt import App, BoltContext
from slack_sdk.errors import SlackApiError

from bot import forgetting
from bot.knowledge import heard
from bot.knowledge.plain import unslack
from bot.records import Document, Question
from bot.slack import words
from bot.slack.connection.queue import Job
from bot.slack.learning.changes import KIND, Change, change_from_payload, changes, hash_of
from bot.slack.learning.history import NO_SUCH_THREAD, Threads
from bot.slack.looks import blocks
from bot.slack.room import Room
from bot.store import Store, deletions, documents, questions, slack_sources, traces
from bot.store.deletions import Posted

Json = Mapping[str, Any]
REST_S = 600.0
"""The state file is wiped of what was deleted at most so often, for that rewrites the search's index."""
log = logging.getLogger(__name__)


class Following:
    """Follows changes through, each in its place behind what is being answered or learned of the same channel."""

    def __init__(self, room: Room, threads: Threads) -> None:
        self._room, self._threads = room, threads
        self._wiper = _Wiper(room.services.store)
        room.takes(KIND, self.take)
        room.beside(self._wiper)

    def register(self, app: App) -> None:
        def heard_of(body: dict[str, Any], next: Callable[[], None]) -> None:
            """Before any listener, which may take an edit for a question."""
            for change in changes(self._room.services.store, body.get("event") or {}):
                if self._room.claim(change.key, change.payload()):
                    self.take(change.key, change.payload())
            next()

        def nothing_more(context: BoltContext) -> None:
            """`file_deleted` is wholly dealt with above; Bolt wants a listener all the same."""

        app.middleware(heard_of)
        app.event("file_deleted")(nothing_more)

    def take(self, key: str, payload: dict[str, Any]) -> None:
        """Behind a question that is on its way: through its lane, past the reader, and into the lane again."""
        change, room = change_from_payload(payload), self._room
        lane = change.channel or change.file

        def work() -> None:
            self._guarded(key, lambda: self._follow(change))

        def read() -> None:
            if not room.lanes.submit(lane, work):
                room.let_go(key)

        def prepared() -> None:
            if not room.inference.submit(read, beyond_size=True):
                room.let_go(key)

        if not room.lanes.submit(lane, prepared):
            room.let_go(key)

    def _guarded(self, key: str, work: Job) -> None:
        """The edge: what couldn't be done now comes back when its lease has run out."""
        try:
            work()
        except (SlackApiError, OSError) as error:
            log.warning("%s waits for Slack: %s", key, error)
            self._room.let_go(key)
        except Exception:
            log.exception("%s could not be followed through", key)
            self._room.let_go(key)
        else:
            self._room.finish(key)

    def _follow(self, change: Change) -> None:
        if change.what == "edited":
            self._learn_again(change)
        elif change.what == "deleted":
            self._forget_message(change)
        else:
            known = slack_sources.documents_of_file(self._store, change.file)
            self._take_back(self._forget_documents(known))
            self._wiper.soon()

    # Deleted

    def _forget_message(self, change: Change) -> None:
        channel, ts = change.channel, change.ts
        deletions.drop_claims(self._store, channel, ts)
        deletions.withdraw(self._store, channel, ts)
        question = questions.question_by_key(self._store, "message", f"{channel}:{ts}")
        standing: list[Posted] = []
        if question is not None:
            self._delete_replies(question)
            standing += forgetting.forget_question(self._store, self._room.services.settings.home, question)
        standing += self._forget_learned(channel, ts)
        deletions.remove_quoting(self._store, change.quoted)
        standing += deletions.take_out_of_thread(self._store, channel, change.thread or ts, ts)
        self._take_back(standing)
        self._wiper.soon()

    def _delete_replies(self, question: Question) -> None:
        """Our reply goes with its question, unless people talked on behind it: then it stays part of their talk."""
        for channel, ts in deletions.replies(self._store, question.id or 0):
            try:
                if not self._talked_on(channel, question.thread or ts, ts):
                    self._room.clients.patient.chat_delete(channel=channel, ts=ts)
            except SlackApiError as error:
                log.info("the reply %s in %s stays: %s", ts, channel, error.response.get("error"))

    def _talked_on(self, channel: str, thread: str, ts: str) -> bool:
        try:
            found = self._room.clients.patient.conversations_replies(
                channel=channel, ts=thread, oldest=ts, inclusive=False, limit=20
            )
        except SlackApiError as error:
            if error.response.get("error") in NO_SUCH_THREAD:
                return False
            raise
        return any(
            float(each.get("ts") or 0) > float(ts) and not each.get("bot_id")
            for each in found.get("messages") or []
        )

    def _forget_learned(self, channel: str, ts: str) -> list[Posted]:
        """What stands on the message goes; a thread's question may have another answer, a file another message."""
        known = slack_sources.documents_of(self._store, channel, ts)
        kept = {
            each.id
            for each in known
            if _is_file(each) and slack_sources.is_elsewhere(self._store, each, channel, ts)
        }
        standing = self._forget_documents([each for each in known if each.id not in kept])
        slack_sources.forget_message(self._store, channel, ts)
        for first in {heard.ts_of(channel, each.source) for each in known} - {None, ts}:
            self._threads.look(channel, str(first))
        return standing

    def _forget_documents(self, known: list[Document]) -> list[Posted]:
        return deletions.remove_documents(self._store, [each.id for each in known if each.id is not None])

    def _take_back(self, standing: list[Posted]) -> None:
        """Replies of ours that say what isn't there any more: Slack shows that they were taken back."""
        posting = blocks.say(words.TAKEN_BACK)
        for channel, ts in dict.fromkeys(standing):
            try:
                self._room.clients.patient.chat_update(
                    channel=channel, ts=ts, text=posting.text, blocks=posting.blocks
                )
            except SlackApiError as error:
                log.info("the reply %s in %s stays as it is: %s", ts, channel, error.response.get("error"))

    # Edited

    def _learn_again(self, change: Change) -> None:
        channel, ts = change.channel, change.ts
        known = slack_sources.documents_of(self._store, channel, ts)
        firsts: set[str] = set()
        for each in known:
            first = heard.ts_of(channel, each.source)
            if each.kind == "taught":
                self._teach_again(each, change)
            elif first is not None and any(
                passage.question for passage in documents.passages_of(self._store, each.id or 0)
            ):
                firsts.add(first)
            elif first is not None:
                self._hear_again(channel, ts)
        for first in firsts:
            self._threads.look(channel, first)
        self._wiper.soon()

    def _hear_again(self, channel: str, ts: str) -> None:
        message = self._threads.message(channel, ts)
        found = self._threads.alone(channel, message) if message is not None else None
        if found is not None:
            self._room.services.keep([found])
        else:  # it says nothing any more, or is gone by now
            self._forget_documents(slack_sources.documents_of(self._store, channel, ts))

    def _teach_again(self, document: Document, change: Change) -> None:
        """A taught answer that is the message word for word follows it; one that its teacher reworded is theirs."""
        passages = documents.passages_of(self._store, document.id or 0)
        message = self._threads.message(change.channel, change.ts) if passages else None
        answer = unslack(str((message or {}).get("text") or "")).strip()
        lesson = passages[0] if passages else None
        if lesson is None or not answer or hash_of(lesson.text[lesson.answer_start :]) != change.before:
            return
        people = slack_sources.people_of(self._store, document.id or 0)
        taught = self._room.services.teach(
            question=lesson.question,
            answer=answer,
            scope=document.scope,
            person=document.person,
            answer_record=None,
            passage_id=lesson.evidence_id,
        )
        person = people[0] if people else None
        slack_sources.note(self._store, taught.document_id, change.channel, change.ts, person=person)

    @property
    def _store(self) -> Store:
        return self._room.services.store


class _Wiper:
    """Wipes the state file a while after the last deletion, and when the room stops."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._due, self._stopped = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None

    def soon(self) -> None:
        self._due.set()

    def start(self) -> None:
        self._stopped.clear()
        self._thread = threading.Thread(target=self._run, name="slack-wiper", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def _run(self) -> None:
        while not self._stopped.wait(1.0):
            if self._due.is_set():
                self._wipe()
                self._stopped.wait(REST_S)
        if self._due.is_set():
            self._wipe()

    def _wipe(self) -> None:
        self._due.clear()
        if not traces.wipe(self._store):
            log.info("the state file is in use; what was deleted lies in its log a while longer")


def _is_file(document: Document) -> bool:
    return document.source.startswith(slack_sources.FILE_SOURCE)
