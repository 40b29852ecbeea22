"""Coming, going and staying: real processes on one state folder, signals, tokens, rate limits, and the end of an app."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from adapter_folders import write_adapter
from lorebot_process import SECRET, learn, versions
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import SignatureVerifier
from slack_stage import (
    ADMIN,
    BOT,
    CHANNEL,
    Stage,
    WebApi,
    command,
    event,
    mention_twin,
    message,
    stage,
    texts,
    until,
)
from test_http_mode import free_port

from bot import metrics, retraining
from bot.connecting import served, slack_may_refuse
from bot.errors import BusyError, SettingsError
from bot.records import Promotion
from bot.settings import Settings
from bot.slack import words
from bot.slack.admin import notices
from bot.slack.admin.reports import LOOK_EVERY_S
from bot.slack.app import SlackApp, announce_swap, build_app
from bot.slack.connection.clients import clients, respond
from bot.slack.connection.http import PATH, http_app
from bot.store import Store, claims, open_store, runs
from bot.watching import Notice

# Processes


class Process:
    """A Lorebot in HTTP mode, and Slack's way to it."""

    def __init__(self, home: Path, slack: WebApi, seconds: float) -> None:
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        here = Path(__file__).parent
        self._process = subprocess.Popen(
            [sys.executable, str(here / "lorebot_process.py"), str(home), slack.url, str(port), str(seconds)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONPATH": f"{here.parent}{os.pathsep}{here}", "NO_PROXY": "127.0.0.1"},
        )
        self.lines: list[str] = []
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        self.lines += iter(self._process.stdout.readline, "")

    def ready(self) -> Process:
        until(lambda: "ready\n" in self.lines or self._process.poll() is not None, 60)
        assert self._process.poll() is None, "".join(self.lines)
        return self

    def post(self, body: dict[str, Any]) -> int:
        raw, now = json.dumps(body), str(int(time.time()))
        signature = SignatureVerifier(SECRET).generate_signature(timestamp=now, body=raw) or ""
        headers = {
            "x-slack-request-timestamp": now,
            "x-slack-signature": signature,
            "content-type": "application/json",
        }
        return httpx.post(self.url + PATH, content=raw, headers=headers, timeout=30).status_code

    def end(self, how: signal.Signals = signal.SIGTERM) -> float:
        """Seconds until it had ended."""
        began = time.monotonic()
        if self._process.poll() is None:
            self._process.send_signal(how)
        self._process.wait(30)
        return time.monotonic() - began


@pytest.fixture
def slack() -> Iterator[WebApi]:
    api = WebApi()
    yield api
    api.close()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    store = open_store(tmp_path / "lorebot.db")
    learn(store)
    versions(store, tmp_path).champion()
    store.close()
    return tmp_path


@contextmanager
def processes(home: Path, slack: WebApi, count: int, seconds: float = 0.0) -> Iterator[list[Process]]:
    running = [Process(home, slack, seconds) for _ in range(count)]
    try:
        yield [each.ready() for each in running]
    finally:
        for each in running:
            each.end()


def answered(slack: WebApi) -> list[str]:
    """The thread that each answer was posted in."""
    return [each["thread_ts"] for each in slack.posted if "25th" in texts(each["blocks"])]


def test_two_processes_on_one_folder_answer_each_question_once(home: Path, slack: WebApi) -> None:
    with processes(home, slack, 2, 0.05) as (one, other):
        asked = [message(f"<@{BOT}> When is payday? {number}") for number in range(12)]

        def deliver(body: dict[str, Any], turn: int) -> None:
            """To both at once, with the twin event and a retry: worse than Slack, which sends each to one."""
            for process in (one, other) if turn % 2 else (other, one):
                for each in (body, mention_twin(body), body):
                    assert process.post(each) == 200

        threads = [threading.Thread(target=deliver, args=(body, turn)) for turn, body in enumerate(asked)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        slack.wait("chat.postMessage", len(asked), 60)
        assert max(one.end(), other.end()) < 20
    assert sorted(answered(slack)) == sorted(body["event"]["ts"] for body in asked)
    store = open_store(home / "lorebot.db")
    assert store.one("SELECT count(*) AS n FROM questions") == {"n": len(asked)}
    assert claims.waiting(store) == 0


def test_a_promotion_reaches_both_processes(home: Path, slack: WebApi) -> None:
    with processes(home, slack, 2) as both:
        store = open_store(home / "lorebot.db")
        registry = versions(store, home)
        registry.register(write_adapter(home / "new", "reader-1", min_confidence=0.5))
        registry.promote("reader-1", "cli", "better")
        for process in both:
            until(lambda process=process: any("reader-1 serves now" in line for line in process.lines), 30)
            assert process.post(message(f"<@{BOT}> When is payday?")) == 200
        slack.wait("chat.postMessage", 2)
        for process in both:
            process.end()
    assert store.rows("SELECT DISTINCT adapter FROM answers") == [{"adapter": "reader-1"}]


@pytest.mark.parametrize(
    ("how", "seconds"),
    [(signal.SIGTERM, 1.0), (signal.SIGTERM, 40.0), (signal.SIGKILL, 40.0)],
    ids=["told to stop, soon done", "told to stop amid much work", "killed"],
)
def test_a_process_that_ends_amid_answers_leaves_none_out_and_none_twice(
    home: Path, slack: WebApi, how: signal.Signals, seconds: float
) -> None:
    asked = [message(f"<@{BOT}> When is payday? {number}") for number in range(3)]
    with processes(home, slack, 1, seconds) as (first,):
        for body in asked:
            assert first.post(body) == 200
        time.sleep(0.3)
        assert first.end(how) < 20
    store = open_store(home / "lorebot.db")
    assert claims.waiting(store) + len(answered(slack)) == len(asked)
    if how == signal.SIGKILL:  # its leases would run out in two minutes
        with store.write() as db:
            db.execute("UPDATE claims SET lease_until = 1 WHERE state = 'taken'")
    with processes(home, slack, 1) as (second,):
        until(lambda: claims.waiting(store) == 0, 60)
        assert second.post(asked[0]) == 200  # a late retry of Slack's
    assert sorted(answered(slack)) == sorted(body["event"]["ts"] for body in asked)


def test_two_schedulers_start_a_retraining_once(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, home=tmp_path, retrain_cron="")  # type: ignore[call-arg]
    stores = [open_store(tmp_path / "lorebot.db") for _ in range(2)]
    runs.ask_rebuild(stores[0], "a test")
    tried: list[str] = []

    def start(store: Store) -> Any:
        def take_the_lock(settings: Settings, *, by: str) -> None:
            tried.append(by)
            runs.start(store, by)

        return take_the_lock

    schedulers = [retraining.schedule(settings, store, start(store), datetime.now) for store in stores]
    until(lambda: tried)
    time.sleep(0.5)
    for scheduler in schedulers:
        scheduler.shutdown()
    assert stores[0].one("SELECT count(*) AS n FROM runs") == {"n": 1}
    with pytest.raises(BusyError):
        runs.start(stores[1], "cli")


def test_of_two_processes_one_reports_a_retraining_and_the_other_takes_over(tmp_path: Path) -> None:
    with stage(tmp_path) as on:
        other = build_app(on.app.room.services, client=WebClient(token="xoxb-1", base_url=on.slack.url))
        other.room.start()
        until(lambda: on.app.room.keeps_watch() or other.room.keeps_watch())
        assert on.app.room.keeps_watch() != other.room.keeps_watch()
        first, second = (on.app, other) if on.app.room.keeps_watch() else (other, on.app)

        def retrained() -> None:
            run = runs.start(on.store, ADMIN, channel=CHANNEL, ts="1.0")
            runs.finish(on.store, run.id or 0, error="no data")
            until(lambda: not runs.unreported(on.store))

        retrained()
        time.sleep(2 * LOOK_EVERY_S)
        assert len(on.slack.of("chat.update")) == 1
        first.room.stop()
        retrained()
        assert len(on.slack.of("chat.update")) == 2
        assert second.room.keeps_watch()
        other.room.stop()


def test_a_swap_and_a_notice_are_told_once_by_all_processes_together(tmp_path: Path) -> None:
    with stage(tmp_path, admins=[ADMIN]) as on:
        other = build_app(on.app.room.services, client=WebClient(token="xoxb-1", base_url=on.slack.url))
        other.room.start()
        run = runs.start(on.store, ADMIN, channel=CHANNEL, ts="1.0")
        runs.finish(on.store, run.id or 0)
        promotion = Promotion("reader-2", "schedule", "better", run_id=run.id, id=1)
        for app in (on.app, other):
            announce_swap(app, promotion)
            notices.tell(app.room, Notice("worse", "reader-2", "reader-1", "fewer ups", None))
            assert app.room.settled(30)
        swaps = [each for each in on.slack.posted if each["channel"] == CHANNEL]
        told = [each for each in on.slack.posted if each["channel"] != CHANNEL]
        assert [each for each in swaps if "reader-2" in texts(each["blocks"])]
        assert len(told) == 1
        assert len({json.dumps(each, sort_keys=True) for each in swaps}) == len(swaps)
        other.room.stop()


# What comes to nothing


@contextmanager
def started_again(on: Stage, attempts: int = claims.MAX_ATTEMPTS) -> Iterator[SlackApp]:
    """The next start, after so many attempts at what was claimed."""
    with on.store.write() as db:
        db.execute("UPDATE claims SET lease_until = 1, attempts = ? WHERE state = 'taken'", [attempts])
    app = build_app(on.app.room.services, client=WebClient(token="xoxb-1", base_url=on.slack.url))
    app.room.start()
    try:
        yield app
    finally:
        app.room.stop()


def test_a_question_that_came_to_nothing_is_told_of_once(tmp_path: Path) -> None:
    before = metrics.CLAIMS.labels("given_up")._value.get()
    with stage(tmp_path, started=False) as on:
        asked = message(f"<@{BOT}> When is payday?")
        on.send(asked)  # claimed; the process dies with it, again and again
        with started_again(on) as app:
            told = on.slack.wait("chat.postMessage")[0]
            assert app.room.settled(30)
            assert app.room.recover() == 0
            assert app.room.settled(30)
        assert len(on.slack.posted) == 1
        assert on.known.asked == []
        assert on.claim_state(f"message:{CHANNEL}:{asked['event']['ts']}") == "done"
    assert words.SORRY in told["text"]
    assert told["thread_ts"] == asked["event"]["ts"]
    assert metrics.CLAIMS.labels("given_up")._value.get() == before + 1


def test_a_lesson_that_came_to_nothing_is_told_of(tmp_path: Path) -> None:
    with stage(tmp_path, started=False) as on:
        on.send(command("teach When is payday? = On the 25th", on.slack))
        with started_again(on):
            assert words.SORRY_SAVE in texts(on.slack.wait("chat.postEphemeral")[0]["blocks"])
        assert on.known.taught == []


# 429


def test_a_channel_that_is_rate_limited_holds_up_no_other(tmp_path: Path) -> None:
    with stage(tmp_path) as on:
        held = threading.Event()

        def limited(asked: dict[str, Any]) -> str | None:
            if asked["channel"].startswith("C0SLOW"):
                assert held.wait(60)
            return None

        on.slack.refuse["chat.postMessage"] = limited
        slow = [f"C0SLOW{number}" for number in range(12)]
        for channel in slow:
            on.send(message(f"<@{BOT}> When is payday?", channel=channel))
        for number in range(20):
            on.send(message(f"<@{BOT}> When is payday?", channel=f"C0QUICK{number}"))

        def replied() -> set[str]:
            return {
                row["channel"] for row in on.store.rows("SELECT channel FROM answers WHERE ts IS NOT NULL")
            }

        until(lambda: len(replied()) == 20)
        assert not replied() & set(slow)
        held.set()
        until(lambda: replied() >= set(slow))


def test_a_429_is_sat_out_as_long_as_slack_says_and_counted(slack: WebApi) -> None:
    before = metrics.RATE_LIMITED.labels("chat.postMessage")._value.get()
    slack.rate_limit["chat.postMessage"] = 2
    began = time.monotonic()
    clients("xoxb-1", slack.url).patient.chat_postMessage(channel="C1", text="hi")
    assert time.monotonic() - began >= 2
    assert len(slack.posted) == 1
    assert metrics.RATE_LIMITED.labels("chat.postMessage")._value.get() == before + 2


def test_a_reply_to_a_command_sits_a_429_out(slack: WebApi) -> None:
    slack.rate_limit["respond"] = 1
    began = time.monotonic()
    assert respond(slack.response_url, "hi")
    assert time.monotonic() - began >= 1
    assert len(slack.of("respond")) == 1


def test_a_quick_call_does_not_wait_for_a_429(slack: WebApi) -> None:
    slack.rate_limit["views.open"] = 1
    began = time.monotonic()
    with pytest.raises(SlackApiError, match="ratelimited"):
        clients("xoxb-1", slack.url).quick.views_open(trigger_id="t", view={"type": "modal"})
    assert time.monotonic() - began < 1


def test_stopping_does_not_wait_for_a_rate_limit_and_gives_the_question_back(tmp_path: Path) -> None:
    with stage(tmp_path) as on:
        on.slack.rate_limit["chat.postMessage"] = 100
        asked = message(f"<@{BOT}> When is payday?")
        on.send(asked)
        until(lambda: on.slack.rate_limit["chat.postMessage"] < 100)
        began = time.monotonic()
        on.app.room.stop()
        assert time.monotonic() - began < 5
        on.slack.rate_limit.clear()
        with started_again(on, attempts=1):
            assert on.slack.wait("chat.postMessage")[0]["thread_ts"] == asked["event"]["ts"]
        assert len(on.known.asked) == 1


# The end of an app


@pytest.mark.parametrize("code", ["account_inactive", "invalid_auth", "token_revoked"])
def test_an_app_that_slack_took_away_asks_no_more(
    tmp_path: Path, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    with stage(tmp_path) as on:
        on.slack.refused_tokens["xoxb-1"] = code
        on.send(message(f"<@{BOT}> When is payday?"))
        assert on.app.room.left.wait(30)
        assert on.app.room.gone == f"Slack refuses the bot token ({code})"
        on.settle()
        on.say(f"<@{BOT}> And now?")
        with TestHealth(on) as health:
            assert health.status_code == 503
            assert on.app.room.gone in health.json()["why"]
    assert caplog.text.count("nothing more is asked of Slack") == 1


class TestHealth:
    """`/healthz` of a stage."""

    __test__ = False

    def __init__(self, on: Any) -> None:
        self._on = on

    def __enter__(self) -> httpx.Response:
        port = free_port()
        with served(http_app(self._on.app), "127.0.0.1", port):
            return httpx.get(f"http://127.0.0.1:{port}/healthz")

    def __exit__(self, *_: object) -> None:
        pass


def test_an_uninstallation_is_believed_when_the_token_fails(tmp_path: Path) -> None:
    with stage(tmp_path) as on:
        on.send(event({"type": "tokens_revoked", "tokens": {"oauth": ["U1"], "bot": [BOT]}}))
        on.send(event({"type": "app_uninstalled"}))
        on.settle()
        assert not on.app.room.left.is_set(), "an old event: the app is installed again"
        on.slack.refused_tokens["xoxb-1"] = "account_inactive"
        on.send(event({"type": "tokens_revoked", "tokens": {"oauth": ["U1"]}}))
        on.settle()
        assert not on.app.room.left.is_set(), "a person's own token"
        on.send(event({"type": "app_uninstalled"}))
        assert on.app.room.left.wait(30)


def test_one_method_that_refuses_for_its_own_reasons_ends_nothing(tmp_path: Path) -> None:
    with stage(tmp_path) as on:
        on.slack.refuse["chat.postMessage"] = "invalid_auth"
        on.say(f"<@{BOT}> When is payday?")
        assert not on.app.room.left.is_set()


def test_a_process_whose_app_is_gone_ends_by_itself(home: Path, slack: WebApi) -> None:
    with processes(home, slack, 1) as (process,):
        slack.refused_tokens["xoxb-1"] = "token_revoked"
        process.post(message(f"<@{BOT}> When is payday?"))
        until(lambda: process._process.poll() is not None, 30)
        assert process._process.poll() == 1
    told = process.lines[-1]
    assert told.startswith(
        "lorebot: Slack refuses the bot token (token_revoked), expected an installed app: "
    )
    assert f"delete what it kept: {home}" in told


@pytest.mark.parametrize(("how", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 0)])
def test_a_process_that_is_told_to_stop_ends_well(
    home: Path, slack: WebApi, how: signal.Signals, code: int
) -> None:
    with processes(home, slack, 1) as (process,):
        assert process.end(how) < 20
        assert process._process.poll() == code


@pytest.mark.parametrize(
    ("method", "what"), [("auth.test", "bot token"), ("apps.connections.open", "app token")]
)
def test_a_token_that_slack_refuses_at_the_start_is_told_in_a_line(
    slack: WebApi, method: str, what: str
) -> None:
    slack.refuse[method] = "invalid_auth"
    settings = Settings(_env_file=None, slack_api_url=slack.url)  # type: ignore[call-arg]
    with (
        pytest.raises(SettingsError, match=f"Slack refuses the {what}: invalid_auth; copy it again"),
        slack_may_refuse(settings, what),
    ):
        clients("xoxb-1", slack.url).patient.api_call(method)


def test_a_slack_that_cannot_be_reached_at_the_start_is_told_in_a_line() -> None:
    settings = Settings(_env_file=None, slack_api_url="http://127.0.0.1:9/api/")  # type: ignore[call-arg]
    with (
        pytest.raises(
            SettingsError, match=r"http://127.0.0.1:9/api/ can't be reached \(.*refused\), expected Slack"
        ),
        slack_may_refuse(settings, "bot token"),
    ):
        clients("xoxb-1", settings.slack_api_url).quick.auth_test()


# Proxies


def test_a_proxy_is_used_and_no_proxy_obeyed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.test:3128")
    monkeypatch.setenv("NO_PROXY", "slack-gov.com")
    assert clients("x", "https://slack.com/api/").patient.proxy == "http://proxy.test:3128"
    assert clients("x", "https://slack-gov.com/api/").patient.proxy is None


class Proxy:
    """Takes whatever is sent through it for Slack, and remembers for which address it was."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                proxy.asked.append(self.path)
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                more = {
                    "upload_url": "http://files.slack.test/upload",
                    "file_id": "F1",
                    "files": [{"id": "F1"}],
                }
                body = json.dumps({"ok": True, **more}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def test_calls_uploads_and_replies_go_through_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = Proxy()
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.server.server_port}")
    try:
        for client in clients("xoxb-1", "http://slack.test/api/"):
            client.chat_postMessage(channel="C1", text="hi")
            client.files_upload_v2(channel="C1", content=b"x", filename="x.png")
        assert respond("http://hooks.slack.test/commands/1", "hi")
    finally:
        proxy.server.shutdown()
        proxy.server.server_close()
    upload = ["getUploadURLExternal", "completeUploadExternal"]
    each = [
        "http://slack.test/api/chat.postMessage",
        f"http://slack.test/api/files.{upload[0]}",
        "http://files.slack.test/upload",
        f"http://slack.test/api/files.{upload[1]}",
    ]
    assert proxy.asked == [*each, *each, "http://hooks.slack.test/commands/1"]
