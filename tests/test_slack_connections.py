"""The two ways to connect, and the way things come and go."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time

import httpx
import pytest
from slack_sdk import WebClient
from slack_stage import BOT, message, stage, until
from starlette.testclient import TestClient

from bot.errors import SettingsError
from bot.playground.server import start as start_playground
from bot.slack.app import build_app, start_socket_mode
from bot.slack.connection.clients import like
from bot.slack.connection.http import http_app
from bot.slack.connection.queue import Lanes, WorkQueue
from bot.slack.manifest import manifest

MANIFEST = manifest()


def signed(body: dict, secret: str = "secret") -> dict:
    raw, now = json.dumps(body), str(int(time.time()))
    digest = hmac.new(secret.encode(), f"v0:{now}:{raw}".encode(), hashlib.sha256).hexdigest()
    headers = {
        "x-slack-request-timestamp": now,
        "x-slack-signature": f"v0={digest}",
        "content-type": "application/json",
    }
    return {"content": raw, "headers": headers}


def test_http_mode_answers_signed_requests_and_no_others(tmp_path):
    with stage(tmp_path, started=False) as on, TestClient(http_app(on.app)) as http:
        assert http.get("/healthz").json() == {"ok": True, "waiting": 0}
        body = message(f"<@{BOT}> When is payday?")
        assert http.post("/slack/events", **signed(body, "wrong")).status_code == 401
        assert http.post("/slack/events", **signed(body)).status_code == 200
        assert len(on.slack.wait("chat.postMessage")) == 1


def test_http_mode_needs_a_signing_secret(tmp_path):
    with (
        stage(tmp_path, started=False, slack_signing_secret="") as on,
        pytest.raises(SettingsError, match="SLACK_SIGNING_SECRET"),
    ):
        http_app(on.app)


def test_socket_mode_connects_answers_and_stops(tmp_path):
    with start_playground(port=0, manifest=MANIFEST) as slack, stage(tmp_path, started=False) as on:
        app = build_app(on.app.room.services, client=WebClient(token=slack.bot_token, base_url=slack.api_url))
        connection = start_socket_mode(app, slack.app_token)
        try:
            until(connection.handler.client.is_connected)
            said = {"person": "jonas", "channel": "general", "text": "@Lorebot When is payday?"}
            assert httpx.post(f"{slack.url}/page/message", json=said).json()["ok"]
            until(
                lambda: "28 days" in httpx.get(f"{slack.url}/page/messages?person=jonas&channel=general").text
            )
        finally:
            connection.stop()
        assert not connection.handler.client.is_connected()


def test_a_local_slack_is_not_looked_for_behind_a_proxy(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.test:3128")
    assert [each.proxy for each in like(WebClient(token="x", base_url="https://slack.com/api/"))] == [
        "http://proxy.test:3128"
    ] * 2
    assert [each.proxy for each in like(WebClient(token="x", base_url="http://127.0.0.1:1/api/"))] == [
        None,
        None,
    ]


def test_a_queue_that_is_full_refuses_what_may_be_refused():
    queue = WorkQueue("test", size=1)
    assert queue.submit(lambda: None)
    assert not queue.submit(lambda: None)
    assert queue.submit(lambda: None, beyond_size=True)


def test_a_job_that_fails_leaves_its_queue_at_work(caplog):
    queue, done = WorkQueue("test"), []
    queue.submit(lambda: 1 / 0)  # type: ignore[arg-type]
    queue.submit(lambda: done.append(1))
    queue.start()
    queue.stop(seconds=5, drain=True)
    assert done == [1]
    assert "ZeroDivisionError" in caplog.text


def test_what_goes_to_one_channel_goes_in_order():
    lanes, done = Lanes(3), []
    for number in range(200):
        lanes.submit(f"C{number % 7}", lambda number=number: done.append(number))
    lanes.start()
    lanes.stop(seconds=5)
    assert sorted(done) == list(range(200))
    for channel in range(7):
        assert [number for number in done if number % 7 == channel] == list(range(channel, 200, 7))


def test_channels_do_not_wait_for_each_other():
    lanes, held, done = Lanes(), threading.Event(), []
    lanes.start()
    for number in range(10):
        lanes.submit(f"slow{number}", lambda: held.wait(30))
        lanes.submit(f"slow{number}", lambda: done.append("slow"))
    for number in range(20):
        lanes.submit(f"quick{number}", lambda: done.append("quick"))
    until(lambda: len(done) == 20)
    assert set(done) == {"quick"}
    held.set()
    lanes.stop(seconds=5)
    assert len(done) == 30
    assert len(lanes) == 0
    assert not lanes.submit("late", lambda: done.append("late"))


def test_lanes_that_were_stopped_can_start_again():
    lanes, held, done = Lanes(2), threading.Event(), []
    lanes.start()
    lanes.submit("C1", lambda: held.wait(30))
    lanes.submit("C1", lambda: done.append("dropped"))
    lanes.stop(seconds=0.05)
    lanes.start()
    held.set()
    lanes.submit("C1", lambda: done.append("again"))
    lanes.stop(seconds=5)
    assert done == ["again"]
