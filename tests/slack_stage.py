"""A stage for tests of the Slack room: a tiny Web API that writes down what it is asked, and Slack's payloads.

The real Bolt app talks to it over HTTP; only the services behind the room are faked, through `Services`.
"""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import slack_limits
from slack_bolt import BoltRequest, BoltResponse
from slack_sdk import WebClient
from stand_ins import HashingEncoder

from bot.errors import BusyError
from bot.knowledge import heard, shared_files
from bot.records import Answer, Offered, Passage, Promotion, Question
from bot.settings import Settings
from bot.slack.app import SlackApp, build_app
from bot.slack.services import Services, Status
from bot.store import Store, open_store, people, questions

Json = dict[str, Any]
BOT = "U0BOT"
BOT_ID = "B0BOT"
ALICE = "U0ALICE"
ADMIN = "U0ADMIN"
CHANNEL = "C0GENERAL"
DIRECT = "D0ALICE"
BOLT_THREADS = 5
_numbers = itertools.count(1)


class WebApi:
    """Slack's Web API as far as the room calls it. `refuse[method]` makes a method fail."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Json]] = []
        self.refuse: dict[str, str | Callable[[Json], str | None]] = {}
        self.rate_limit: dict[str, int] = {}
        self.thread: list[Json] = []
        self.people: dict[str, Json] = {}  # what users.info says of somebody beside their name
        self.uploaded: list[bytes] = []
        self.faults: list[str] = []  # what Slack would have refused; the stage sees that there is nothing
        self.scopes: str | None = None  # what the token may do, where Slack is to say so
        self.members: dict[str, list[str]] = {}
        self.tokens: list[tuple[str, str]] = []  # each call's method and token
        self.refused_tokens: dict[str, str] = {}  # what Slack says to whoever comes with one of these
        self.channels: dict[str, Json] = {}  # what conversations.info says beside the id
        stage = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if self.path.startswith("/files-pri/"):
                    stage.download(self)
                    return
                if self.path.startswith("/upload/"):
                    stage.uploaded.append(sent)
                    self.send_response(200)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                raw = sent.decode()
                asked = (
                    json.loads(raw) if raw.startswith("{") else dict(parse_qsl(raw, keep_blank_values=True))
                )
                asked = {
                    k: json.loads(v) if k in ("blocks", "view") and isinstance(v, str) else v
                    for k, v in asked.items()
                }
                method = self.path.removeprefix("/api/").partition("?")[0]
                token = str(self.headers.get("Authorization", "")).removeprefix("Bearer ")
                stage.tokens.append((method, token))
                limited = stage.rate_limit.get(method, 0)
                if limited:
                    stage.rate_limit[method] = limited - 1
                answer = {"ok": False, "error": "ratelimited"} if limited else stage.answer(method, asked)
                if token in stage.refused_tokens:
                    answer = {"ok": False, "error": stage.refused_tokens[token]}
                body = json.dumps(answer).encode()
                self.send_response(429 if limited else 200)
                if limited:
                    self.send_header("Retry-After", "1")
                if stage.scopes is not None:
                    self.send_header("X-OAuth-Scopes", stage.scopes)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        ).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/api/"
        self.response_url = self.url + "respond"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def download(self, request: BaseHTTPRequestHandler) -> None:
        """Somebody fetches a file; `slack_past` knows some."""
        request.send_error(404)

    def answer(self, method: str, asked: Json) -> Json:
        self.calls.append((method, asked))
        self.faults += [f"{method}: {fault}" for fault in _faults(method, asked)]
        refusal = self.refuse.get(method)
        error = refusal(asked) if callable(refusal) else refusal
        if error:
            return {"ok": False, "error": error}
        if method == "auth.test":
            return {
                "ok": True,
                "user_id": BOT,
                "bot_id": BOT_ID,
                "team_id": "T0",
                "url": "https://t.slack.com/",
                "team": "T",
                "user": "lorebot",
            }
        if method == "users.info":
            person = asked["user"]
            return {
                "ok": True,
                "user": {
                    "id": person,
                    "real_name": f"Name of {person}",
                    "is_admin": person == ADMIN,
                    "is_bot": "BOT" in person,
                    **self.people.get(person, {}),
                },
            }
        if method == "conversations.replies":
            return {"ok": True, "messages": self.thread}
        if method == "conversations.info":
            channel = asked["channel"]
            return {"ok": True, "channel": {"id": channel, **self.channels.get(channel, {})}}
        if method == "conversations.members":
            known = self.members.get(asked["channel"])
            return {"ok": True, "members": known} if known else {"ok": False, "error": "channel_not_found"}
        if method == "conversations.open":
            return {"ok": True, "channel": {"id": "D0" + asked["users"][2:]}}
        if method == "files.getUploadURLExternal":
            return {"ok": True, "upload_url": self.url.replace("/api/", "/upload/F1"), "file_id": "F1"}
        if method == "files.completeUploadExternal":
            return {"ok": True, "files": json.loads(asked["files"])}
        if method == "views.open":
            return {"ok": True, "view": {"id": f"V{next(_numbers)}"}}
        if method == "chat.postMessage":
            return {"ok": True, "channel": asked["channel"], "ts": next_ts()}
        return {"ok": True}

    def of(self, method: str) -> list[Json]:
        return [asked for name, asked in self.calls if name == method]

    @property
    def posted(self) -> list[Json]:
        return self.of("chat.postMessage")

    def wait(self, method: str, count: int = 1, seconds: float = 30.0) -> list[Json]:
        """The calls of a method, as soon as there are `count` of them."""
        until = time.monotonic() + seconds
        while len(self.of(method)) < count:
            assert time.monotonic() < until, (
                f"{method} was called {len(self.of(method))} times, not {count}: {self.calls}"
            )
            time.sleep(0.005)
        return self.of(method)


@dataclass
class Knowledge:
    """What stands behind the room: answers from a table, and remembers what it was asked."""

    store: Store
    answers: dict[str, str | None] = field(default_factory=dict)
    asked: list[Question] = field(default_factory=list)
    threads: list[list[str]] = field(default_factory=list)
    taught: list[Json] = field(default_factory=list)
    retrained: list[Json] = field(default_factory=list)
    rolled_back: list[Json] = field(default_factory=list)
    busy: bool = False
    gate: threading.Event | None = None
    fail: Exception | None = None
    status: Status = field(default_factory=lambda: Status(champion="reader-1"))
    change: Callable[[Answer], Answer] = lambda answer: answer
    mind: Any = None  # answers and learns in its place, where it is to find, read and remember in earnest

    def answer(self, question: Question, thread: Sequence[str]) -> Answer:
        self.asked.append(question)
        self.threads.append(list(thread))
        if self.gate is not None:
            assert self.gate.wait(60)
        if self.fail is not None:
            raise self.fail
        if self.mind is not None:
            return self.mind.answer(question, thread)  # type: ignore[no-any-return]
        recorded = questions.record_question(self.store, question)
        text = self.answers.get(question.text, "28 days")
        passage = Offered(
            "You get 28 days of leave each year.",
            None,
            "Annual leave",
            "Annual leave > How much",
            "https://wiki/leave",
            0.8,
        )
        second = Offered("Contractors have no leave.", None, "Contractors", "Leave", None, 0.5)
        at = passage.text.find(text) if text else -1
        chosen = 0 if text else None
        answer = Answer(
            question_id=recorded.id or 0,
            text=text,
            confidence=0.9 if text else 0.2,
            adapter="reader-1",
            offered=(passage, second),
            candidates=(),
            chosen=chosen,
            start=max(at, 0),
            end=max(at, 0) + len(text or "") if at >= 0 else 0,
            sentence=passage.text if text else "",
        )
        return questions.record_answer(self.store, self.change(answer))

    def answer_if_sure(self, question: Question, thread: Sequence[str]) -> Answer | None:
        """Sure of whatever stands in its table, and of nothing else."""
        if self.answers.get(question.text) is None:
            self.asked.append(question)
            return None
        return self.answer(question, thread)

    def teach(self, **given: Any) -> Passage:
        if self.fail is not None:
            raise self.fail
        self.taught.append(given)
        if self.mind is not None:
            return self.mind.teach(**given)  # type: ignore[no-any-return]
        return Passage(
            1, given["scope"], "taught", "", given["answer"], 0, 0, question=given["question"], id=1
        )

    def retrain(self, **given: Any) -> None:
        if self.busy:
            raise BusyError("run 1 is already training (building); wait for it to end")
        self.retrained.append(given)

    def forget(self, person: str) -> Json:
        if self.fail is not None:
            raise self.fail
        return {**people.forget(self.store, person), "adapters": 0}

    def rollback(self, **given: Any) -> Promotion:
        if self.fail is not None:
            raise self.fail
        self.rolled_back.append(given)
        return Promotion("reader-0", given["by"], given["why"])


@dataclass
class Stage:
    app: SlackApp
    slack: WebApi
    known: Knowledge
    store: Store

    def send(self, body: Json, retry: int | None = None) -> BoltResponse:
        said = body.get("event") or {}
        if said.get("channel_type") in ("group", "mpim"):
            self.slack.channels.setdefault(said["channel"], {"is_private": True})
        headers = {"x-slack-retry-num": [str(retry)]} if retry else {}
        response = self.app.dispatch(BoltRequest(body=body, mode="socket_mode", headers=headers))
        acknowledged = json.loads(response.body) if (response.body or "").startswith("{") else {}
        if "view" in acknowledged:
            self.slack.faults += [f"ack: {fault}" for fault in slack_limits.view_faults(acknowledged["view"])]
        return response

    def settle(self) -> None:
        """Waits until Bolt's threads have handed on what was acknowledged, and the room has dealt with it."""
        meeting = threading.Barrier(BOLT_THREADS + 1)
        for _ in range(BOLT_THREADS):
            self.app.listener_runner.listener_executor.submit(meeting.wait, 60)
        meeting.wait(60)
        assert self.app.room.settled(60)

    def say(self, text: str, *, channel: str = CHANNEL, **more: Any) -> Json:
        """Somebody writes a message and the room has dealt with it; returns the event's body."""
        body = message(text, channel=channel, **more)
        assert self.send(body).status == 200
        self.settle()
        return body

    def ask(self, text: str, **more: Any) -> Json:
        """A mention in a channel, answered; returns the reply that was posted."""
        before = len(self.slack.posted)
        self.say(f"<@{BOT}> {text}", **more)
        return self.slack.wait("chat.postMessage", before + 1)[-1]

    def last_answer(self) -> Answer:
        row = self.store.one("SELECT max(id) AS id FROM answers")
        assert row is not None
        found = questions.answer(self.store, row["id"])
        assert found is not None
        return found

    def claim_state(self, key: str) -> str | None:
        row = self.store.one("SELECT state FROM claims WHERE key = ?", [key])
        return str(row["state"]) if row else None


@contextmanager
def stage(
    folder: Path, *, started: bool = True, slack: WebApi | None = None, **settings: Any
) -> Iterator[Stage]:
    api = slack or WebApi()
    store = open_store(folder / "lorebot.db")
    known = Knowledge(store)
    fields: Json = {
        "slack_bot_token": "xoxb-1",
        "slack_signing_secret": "secret",
        "slack_api_url": api.url,
        "home": folder,
    }
    services = Services(
        store=store,
        settings=Settings(_env_file=None, **{**fields, **settings}),
        answer=known.answer,
        answer_if_sure=known.answer_if_sure,
        teach=known.teach,
        keep=lambda said: heard.keep(store, HashingEncoder(), said),
        keep_file=lambda file: shared_files.keep_file(store, HashingEncoder(), file, max_file_mb=1),
        retrain=known.retrain,
        rollback=known.rollback,
        forget=known.forget,
        status=lambda: known.status,
    )
    app = build_app(services, client=WebClient(token="xoxb-1", base_url=api.url))
    if started:
        app.room.start()
    try:
        yield Stage(app, api, known, store)
    finally:
        app.room.stop()
        if slack is None:
            api.close()
        store.close()
    assert api.faults == []


def _faults(method: str, asked: Json) -> list[str]:
    """What Slack would refuse of a post or a view."""
    if method in ("chat.postMessage", "chat.update", "chat.postEphemeral", "respond"):
        if asked.get("delete_original"):
            return []
        return slack_limits.message_faults(asked.get("text"), asked.get("blocks"))
    return slack_limits.view_faults(asked.get("view")) if method.startswith("views.") else []


def until(true: Callable[[], object], seconds: float = 30.0) -> None:
    """Waits for something that another thread brings about."""
    limit = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < limit, "it never came about"
        time.sleep(0.005)


# Payloads


def next_ts() -> str:
    number = next(_numbers)
    return f"{int(time.time())}.{number:06d}"


def event(inner: Json) -> Json:
    return {
        "token": "t",
        "team_id": "T0",
        "api_app_id": "A0",
        "type": "event_callback",
        "event_id": f"Ev{next(_numbers)}",
        "event_time": int(time.time()),
        "authorizations": [{"team_id": "T0", "user_id": BOT, "is_bot": True}],
        "event": {"event_ts": next_ts(), **inner},
    }


def message(
    text: str, *, channel: str = CHANNEL, user: str = ALICE, ts: str | None = None, **more: Any
) -> Json:
    kind = "im" if channel.startswith("D") else "channel"
    inner = {
        "type": "message",
        "text": text,
        "channel": channel,
        "channel_type": kind,
        "user": user,
        "ts": ts or next_ts(),
    }
    return event({**inner, **more})


def mention_twin(body: Json) -> Json:
    inner = {k: v for k, v in body["event"].items() if k != "channel_type"}
    return event({**inner, "type": "app_mention"})


def edit(body: Json, text: str, *, edited: str | None = None) -> Json:
    before = body["event"]
    after = {**before, "text": text, "edited": {"user": before["user"], "ts": edited or next_ts()}}
    keys = {"channel": before["channel"], "channel_type": before["channel_type"]}
    return event(
        {
            "type": "message",
            "subtype": "message_changed",
            "message": after,
            "previous_message": before,
            **keys,
            "ts": next_ts(),
        }
    )


def reaction(name: str, answer: Answer, *, user: str = ALICE, removed: bool = False) -> Json:
    kind = "reaction_removed" if removed else "reaction_added"
    item = {"type": "message", "channel": answer.channel, "ts": answer.ts}
    return event({"type": kind, "user": user, "reaction": name, "item_user": BOT, "item": item})


def command(text: str, slack: WebApi, *, user: str = ALICE, channel: str = CHANNEL) -> Json:
    return {
        "token": "t",
        "command": "/lorebot",
        "text": text,
        "user_id": user,
        "channel_id": channel,
        "team_id": "T0",
        "trigger_id": f"trigger.{next(_numbers)}",
        "response_url": slack.response_url,
        "api_app_id": "A0",
    }


def click(action: Json, slack: WebApi, *, user: str = ALICE, channel: str = CHANNEL) -> Json:
    """`action` as an element of a posted message carries it; feedback buttons need a `value`."""
    return {
        "type": "block_actions",
        "team": {"id": "T0"},
        "user": {"id": user},
        "channel": {"id": channel},
        "container": {"type": "message", "channel_id": channel, "message_ts": "1.0"},
        "trigger_id": f"trigger.{next(_numbers)}",
        "response_url": slack.response_url,
        "actions": [{"block_id": "b", "action_ts": next_ts(), **action}],
    }


def submission(view: Json, values: Json, *, user: str = ALICE) -> Json:
    """A form sent with these values: block id -> a text, or (for a choice) an option's value in a list."""
    state: Json = {}
    for block in view["blocks"]:
        if block["type"] == "input":
            name, given = block["block_id"], values.get(block["block_id"])
            entry: Json = {"type": block["element"]["type"]}
            if block["element"]["type"] == "plain_text_input":
                entry["value"] = given
            elif block["element"]["type"] == "checkboxes":
                entry["selected_options"] = [{"value": each} for each in given or ()]
            else:
                entry["selected_option"] = {"value": given[0]} if given else None
            state[name] = {block["element"]["action_id"]: entry}
    sent = {**view, "id": f"V{next(_numbers)}", "state": {"values": state}, "hash": "h"}
    return {
        "type": "view_submission",
        "team": {"id": "T0"},
        "user": {"id": user},
        "view": sent,
        "response_urls": [],
    }


def texts(blocks: Any) -> str:
    """Every text in some blocks, in order: what a person reads."""
    if isinstance(blocks, dict):
        own = blocks.get("text")
        inner = "".join(texts(value) for key, value in blocks.items() if key not in ("text", "type"))
        return (own if isinstance(own, str) else texts(own)) + inner
    if isinstance(blocks, list):
        return "\n".join(filter(None, (texts(each) for each in blocks)))
    return ""


def elements(blocks: Any, kind: str) -> list[Json]:
    """Everything of a type in some blocks, however deep."""
    found: list[Json] = []
    if isinstance(blocks, dict):
        if blocks.get("type") == kind:
            found.append(blocks)
        for value in blocks.values():
            found += elements(value, kind)
    elif isinstance(blocks, list):
        for each in blocks:
            found += elements(each, kind)
    return found
