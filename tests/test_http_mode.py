"""HTTP mode over a real server: a walk with requests signed as Slack signs them, and what must be refused."""

from __future__ import annotations

import json
import random
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from slack_sdk.signature import Clock, SignatureVerifier
from slack_stage import BOT, Stage, click, command, elements, mention_twin, message, stage, submission, texts

from bot.connecting import served
from bot.errors import SettingsError
from bot.slack.connection.http import MOST_BYTES, PATH, http_app

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
JSON, FORM = "application/json", "application/x-www-form-urlencoded"


class Then(Clock):
    """A clock that stands still at a moment of our choice."""

    def __init__(self, at: float) -> None:
        self._at = at

    def now(self) -> float:
        return self._at


@dataclass
class Slack:
    """Slack's side: what posts events, clicks, forms and commands to the request URL."""

    url: str
    on: Stage

    def post(
        self,
        body: dict[str, Any],
        *,
        form: bool = False,
        secret: str = SECRET,
        age_s: float = 0,
        content_type: str = "",
        tampered: bool = False,
        **headers: str,
    ) -> httpx.Response:
        """Events come as JSON, interactivity as a form with a `payload`, commands as a form."""
        kind = FORM if form or "command" in body or "actions" in body or "view" in body else JSON
        if kind == JSON:
            raw = json.dumps(body)
        else:
            raw = urlencode(body if "command" in body else {"payload": json.dumps(body)})
        now = str(int(time.time() - age_s))
        signature = SignatureVerifier(secret, Then(time.time())).generate_signature(timestamp=now, body=raw)
        sent = {
            "content-type": content_type or kind,
            "x-slack-request-timestamp": now,
            "x-slack-signature": signature or "",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        return httpx.post(self.url + PATH, content=raw + (" " if tampered else ""), headers=sent, timeout=30)

    def nothing_happened(self) -> bool:
        self.on.settle()
        return (
            not self.on.known.asked
            and not self.on.slack.posted
            and not self.on.store.rows("SELECT * FROM claims")
        )


def free_port() -> int:
    """Below the ports that systems deal out themselves: another test's connection can't take it meanwhile."""
    while True:
        port = random.randrange(12000, 32000)
        with suppress(OSError), socket.socket() as free:
            free.bind(("127.0.0.1", port))
            return port


@pytest.fixture
def slack(tmp_path: Path) -> Iterator[Slack]:
    port = free_port()
    with (
        stage(tmp_path, started=False, slack_signing_secret=SECRET) as on,
        served(http_app(on.app), "127.0.0.1", port),
    ):
        yield Slack(f"http://127.0.0.1:{port}", on)


def test_a_walk_in_http_mode(slack: Slack) -> None:
    on = slack.on
    challenge = {"type": "url_verification", "token": "t", "challenge": "3eZbrw1aB"}
    assert "3eZbrw1aB" in slack.post(challenge).text

    asked = message(f"<@{BOT}> When is payday?")
    assert slack.post(asked).status_code == 200
    assert slack.post(mention_twin(asked)).status_code == 200
    reply = on.slack.wait("chat.postMessage")[0]
    assert "28 days" in texts(reply["blocks"])
    assert reply["thread_ts"] == asked["event"]["ts"]
    on.settle()

    answer = on.last_answer()
    button = {**elements(reply["blocks"], "feedback_buttons")[0], "value": f"down:{answer.id}"}
    assert slack.post(click(button, on.slack)).status_code == 200
    form = on.slack.wait("views.open")[0]["view"]
    sent = slack.post(submission(form, {"reason": ["wrong"], "correction": "On the 25th"}))
    assert sent.status_code == 200
    assert "errors" not in sent.text
    on.settle()
    assert on.store.one("SELECT vote FROM feedback") == {"vote": "down"}

    assert slack.post(command("ask When is lunch?", on.slack)).status_code == 200
    assert "28 days" in texts(on.slack.wait("respond")[-1]["blocks"])
    on.settle()
    assert [each.text for each in on.known.asked] == ["When is payday?", "When is lunch?"]
    assert len(on.slack.posted) == 1
    assert httpx.get(slack.url + "/healthz").json()["ok"]
    assert "lorebot_questions_total" in httpx.get(slack.url + "/metrics").text


@pytest.mark.parametrize(
    ("refused", "status"),
    [
        ({"secret": "another secret"}, 401),
        ({"tampered": True}, 401),
        ({"age_s": 5 * 60 + 2}, 401),
        ({"age_s": -5 * 60 - 5}, 401),
        ({"x_slack_signature": ""}, 401),
        ({"x_slack_request_timestamp": ""}, 401),
        ({"x_slack_request_timestamp": "yesterday"}, 401),
        ({"x_slack_request_timestamp": "9" * 400}, 401),
        ({"content_type": "text/plain"}, 415),
        ({"content_type": "multipart/form-data; boundary=x"}, 415),
    ],
    ids=[
        "wrong signature",
        "other body",
        "old timestamp",
        "timestamp from the future",
        "no signature",
        "no timestamp",
        "timestamp of words",
        "endless timestamp",
        "wrong content type",
        "a file",
    ],
)
def test_what_slack_did_not_sign_now_is_refused_and_nothing_is_done(
    slack: Slack, refused: dict[str, Any], status: int
) -> None:
    assert slack.post(message(f"<@{BOT}> When is payday?"), **refused).status_code == status
    assert slack.post(command("ask When is payday?", slack.on.slack), **refused).status_code == status
    assert slack.nothing_happened()


def test_a_request_of_almost_five_minutes_ago_is_taken(slack: Slack) -> None:
    assert slack.post(message(f"<@{BOT}> When is payday?"), age_s=4 * 60 + 50).status_code == 200
    slack.on.slack.wait("chat.postMessage")


def test_the_same_signed_request_again_does_nothing(slack: Slack) -> None:
    asked, teach = message(f"<@{BOT}> When is payday?"), command("ask When is lunch?", slack.on.slack)
    for _ in range(3):
        assert slack.post(asked, x_slack_retry_num="1").status_code == 200
        assert slack.post(teach).status_code == 200
    slack.on.slack.wait("chat.postMessage")
    slack.on.slack.wait("respond")
    slack.on.settle()
    assert len(slack.on.slack.posted) == 1
    assert len(slack.on.slack.of("respond")) == 1
    assert len(slack.on.known.asked) == 2


def test_a_body_that_is_too_large_is_refused_before_it_is_read(slack: Slack) -> None:
    assert slack.post(message("x" * MOST_BYTES)).status_code == 413

    def endless() -> Iterator[bytes]:
        for _ in range(100):
            yield b"x" * 100_000

    headers = {
        "content-type": JSON,
        "x-slack-request-timestamp": str(int(time.time())),
        "x-slack-signature": "v0=0",
    }
    assert httpx.post(slack.url + PATH, content=endless(), headers=headers).status_code == 413
    assert slack.nothing_happened()


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"null", b"payload=", b"payload=[]", b"\xff\xfe", b"{}"])
def test_a_signed_body_that_is_nothing_of_slacks_does_no_harm(slack: Slack, raw: bytes) -> None:
    now = str(int(time.time()))
    for kind in (JSON, FORM):
        text = raw.decode(errors="replace")
        signature = SignatureVerifier(SECRET).generate_signature(timestamp=now, body=text) or ""
        headers = {"content-type": kind, "x-slack-request-timestamp": now, "x-slack-signature": signature}
        assert httpx.post(slack.url + PATH, content=raw, headers=headers).status_code in (400, 401, 404)
    assert slack.nothing_happened()
    slack.post(message(f"<@{BOT}> When is payday?"))
    slack.on.slack.wait("chat.postMessage")


def test_only_posts_are_taken(slack: Slack) -> None:
    assert httpx.get(slack.url + PATH).status_code == 405
    assert httpx.post(slack.url + "/elsewhere").status_code == 404


def test_metrics_may_have_a_port_of_their_own(tmp_path: Path) -> None:
    port = free_port()
    with stage(tmp_path, started=False) as on, served(http_app(on.app, watched=False), "127.0.0.1", port):
        assert httpx.get(f"http://127.0.0.1:{port}/metrics").status_code == 404
        assert httpx.get(f"http://127.0.0.1:{port}/healthz").status_code == 404


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with (
            stage(tmp_path, started=False) as on,
            pytest.raises(SettingsError, match=f"port {port} can't be opened"),
            served(http_app(on.app), "127.0.0.1", port),
        ):
            pass


def test_the_signing_secret_may_not_be_empty(tmp_path: Path) -> None:
    with (
        stage(tmp_path, started=False, slack_signing_secret="") as on,
        pytest.raises(SettingsError, match="SIGNING"),
    ):
        http_app(on.app)
