"""What goes wrong in the playground on purpose, and how Slack's own clients meet it."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from http.client import IncompleteRead
from typing import Any

import pytest
from playground_bench import EBBE, GENERAL, MIRA, RANDOM, VOTE, Bench, button, until
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry import ConnectionErrorRetryHandler, RateLimitErrorRetryHandler

from bot.playground.arguments import Arguments
from bot.playground.limits import POST_BURST, Limits
from bot.playground.server import start

Json = dict[str, Any]


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench(start(folder=None))
    yield bench
    bench.close()


def faults(bench: Bench, **switches: Any) -> Json:
    answer: Json = bench.act("faults", **switches)["faults"]
    return answer


def test_a_slow_slack_takes_its_time_for_every_answer(bench: Bench) -> None:
    faults(bench, slow_s=0.4)
    began = time.monotonic()
    bench.client.auth_test()
    assert time.monotonic() - began >= 0.4
    faults(bench, do="reset")
    began = time.monotonic()
    bench.client.auth_test()
    assert time.monotonic() - began < 0.4


def test_a_lost_answer_leaves_the_call_done(bench: Bench) -> None:
    bench.client.retry_handlers = []
    faults(bench, lost_answers=1.0)
    with pytest.raises((IncompleteRead, OSError, ValueError)):
        bench.client.chat_postMessage(channel=GENERAL, text="said once")
    faults(bench, do="reset")
    assert [m["text"] for m in bench.messages()] == ["said once"]


def test_a_lost_acknowledgement_brings_the_event_again(bench: Bench) -> None:
    seen: list[tuple[str, int]] = []
    bench.playground.app.state.parts.socket_mode.ack_seconds = 0.3
    bench.handler.client.message_listeners.append(
        lambda _, message, raw: (
            seen.append((message["payload"]["event_id"], message["retry_attempt"]))
            if message.get("type") == "events_api"
            else None
        )
    )

    @bench.app.event("message")
    def take() -> None:
        pass

    bench.connect()
    faults(bench, lost_acks=1.0)
    bench.say("hello")
    until(lambda: len(seen) == 2)
    faults(bench, lost_acks=0)
    until(lambda: len(seen) >= 3)
    time.sleep(0.5)
    attempts = [attempt for _, attempt in seen]
    assert attempts == list(range(len(attempts)))
    assert len(attempts) < 5
    assert len({event_id for event_id, _ in seen}) == 1


def test_events_come_twice_with_one_id(bench: Bench) -> None:
    seen: list[str] = []

    @bench.app.middleware
    def note(body: Json, next: Callable[[], None]) -> None:
        seen.append(body["event_id"])

    bench.connect()
    bench.playground.app.state.parts.socket_mode.ack_seconds = 30
    faults(bench, duplicate=True)
    bench.say("hello")
    until(lambda: len(seen) == 2)
    assert seen[0] == seen[1]


@pytest.mark.parametrize("how", ["disconnect", "cut"])
def test_the_client_comes_back_after_the_line_was_closed(bench: Bench, how: str) -> None:
    heard: list[str] = []

    @bench.app.event("message")
    def note(event: Json) -> None:
        heard.append(event["text"])

    bench.handler.client.ping_interval = 1
    bench.connect()
    faults(bench, do=how)
    until(lambda: bench.state(MIRA)["connected"], seconds=20)
    bench.say("are you back?")
    until(lambda: heard, seconds=20)
    assert heard[0] == "are you back?"


def test_too_many_calls_are_refused_until_the_time_is_over(bench: Bench) -> None:
    faults(bench, do="limit", seconds=1)
    with pytest.raises(SlackApiError) as caught:
        bench.client.chat_postMessage(channel=GENERAL, text="now")
    response = caught.value.response
    assert (response.status_code, response["error"]) == (429, "ratelimited")
    assert response.headers["Retry-After"] == "1"
    # slack-sdk's own handler waits as long as it is told to.
    patient = WebClient(
        token=bench.client.token,
        base_url=bench.client.base_url,
        retry_handlers=[ConnectionErrorRetryHandler(), RateLimitErrorRetryHandler(max_retry_count=2)],
    )
    assert patient.chat_postMessage(channel=GENERAL, text="later")["ok"]
    assert [m["text"] for m in bench.messages()] == ["later"]


def test_posting_is_held_to_one_a_second_and_channel_after_a_burst() -> None:
    now = [0.0]
    limits = Limits(lambda: now[0])
    here, there = Arguments({"channel": "C1"}), Arguments({"channel": "C2"})
    waits = [limits.wait("chat.postMessage", here) for _ in range(POST_BURST + 2)]
    assert waits == [0] * POST_BURST + [1, 1]
    assert limits.wait("chat.postMessage", there) == 0
    now[0] = 1.0
    assert [limits.wait("chat.postMessage", here) for _ in range(2)] == [0, 1]


def test_each_tier_allows_a_minutes_worth_and_then_its_rate() -> None:
    now = [0.0]
    limits = Limits(lambda: now[0])
    nothing = Arguments({})
    assert [limits.wait("users.list", nothing) for _ in range(21)] == [0] * 20 + [3]
    assert limits.wait("users.info", nothing) == 0
    now[0] = 60.0
    assert [limits.wait("users.list", nothing) for _ in range(21)][-2:] == [0, 3]
    assert all(limits.wait("views.open", nothing) == 0 for _ in range(100))
    assert limits.wait("views.open", nothing) == 1


def test_a_workspace_can_refuse_feedback_buttons(bench: Bench) -> None:
    post = {"channel": GENERAL, "text": "?", "blocks": [VOTE]}
    assert bench.client.chat_postMessage(**post)["ok"]
    faults(bench, feedback_buttons=False)
    assert bench.code(bench.client.chat_postMessage, **post) == "invalid_blocks"
    assert bench.client.chat_postMessage(channel=GENERAL, text="?", blocks=[button("up")])["ok"]


def test_an_uninstalled_app_is_told_so_and_hears_no_more(bench: Bench) -> None:
    seen: list[str] = []

    @bench.app.middleware
    def note(body: Json, next: Callable[[], None]) -> None:
        seen.append(body["event"]["type"])

    bench.connect()
    bench.playground.app.state.parts.socket_mode.ack_seconds = 30
    faults(bench, do="uninstall")
    bench.say("anybody?")
    until(lambda: len(seen) == 2)
    time.sleep(0.2)
    assert seen == ["tokens_revoked", "app_uninstalled"]
    assert bench.code(bench.client.auth_test) == "account_inactive"
    faults(bench, do="reset")
    assert bench.client.auth_test()["ok"]


def test_the_panel_shows_how_things_stand_and_takes_only_sense(bench: Bench) -> None:
    at_first = bench.read("/page/faults")["faults"]
    assert at_first == {
        "slow_s": 0.0,
        "lost_acks": 0.0,
        "lost_answers": 0.0,
        "duplicate": False,
        "feedback_buttons": True,
        "uninstalled": False,
        "limited_s": 0.0,
    }
    assert faults(bench, slow_s=1.5, duplicate=True)["slow_s"] == 1.5
    assert bench.state(EBBE)["faults"]["duplicate"] is True
    for nonsense in (
        {"slow_s": -1},
        {"slow_s": 10**6},
        {"lost_acks": 2},
        {"duplicate": "yes"},
        {"gremlins": 1},
    ):
        refused = bench.act("faults", **nonsense, feedback_buttons=False)
        assert refused["error"] == "invalid_arguments"
    assert bench.read("/page/faults")["faults"]["feedback_buttons"] is True
    assert bench.act("faults", do="explode")["error"] == "invalid_arguments"
    assert faults(bench, do="reset") == at_first


# Scopes


def manifest(*scopes: str, events: tuple[str, ...] = ()) -> Json:
    return {
        "oauth_config": {"scopes": {"bot": list(scopes)}},
        "settings": {"event_subscriptions": {"bot_events": list(events)}},
    }


def test_a_scope_is_needed_for_each_kind_of_conversation() -> None:
    bench = Bench(start(folder=None, manifest=manifest("channels:history", "groups:read", "chat:write")))
    try:
        client = bench.client
        assert client.conversations_history(channel=GENERAL)["ok"]
        assert client.conversations_info(channel="C0LEADS001")["ok"]
        for call, arguments, needed in (
            (client.conversations_history, {"channel": "C0LEADS001"}, "groups:history"),
            (client.conversations_info, {"channel": GENERAL}, "channels:read"),
            (client.conversations_list, {}, "channels:read"),
            (client.files_info, {"file": "F1"}, "files:read"),
            (client.pins_list, {"channel": GENERAL}, "pins:read"),
        ):
            with pytest.raises(SlackApiError) as caught:
                call(**arguments)
            answer = caught.value.response
            assert (answer["error"], answer["needed"]) == ("missing_scope", needed)
        assert client.auth_test().headers["x-oauth-scopes"] == "channels:history,chat:write,groups:read"
        assert bench.code(client.conversations_history, channel=RANDOM) == "not_in_channel"
    finally:
        bench.close()


def test_events_come_only_to_those_who_may_see_what_they_are_about() -> None:
    events = ("pin_added", "reaction_added", "message.channels")
    bench = Bench(start(folder=None, manifest=manifest("reactions:read", "channels:history", events=events)))
    try:
        seen: list[str] = []

        @bench.app.middleware
        def note(body: Json, next: Callable[[], None]) -> None:
            seen.append(body["event"]["type"])

        bench.connect()
        bench.playground.app.state.parts.socket_mode.ack_seconds = 30
        ts = bench.say("look")
        bench.act("pin", channel=GENERAL, ts=ts, on=True)
        bench.act("react", channel=GENERAL, ts=ts, name="eyes", on=True)
        until(lambda: len(seen) == 2)
        time.sleep(0.1)
        assert seen == ["message", "reaction_added"]
    finally:
        bench.close()


def test_the_panel_needs_the_page(bench: Bench) -> None:
    form = urllib.request.Request(
        f"{bench.playground.url}/page/faults", b"person=mira&do=uninstall", {"Content-Type": "text/plain"}
    )
    with urllib.request.urlopen(form) as answer:
        assert json.load(answer)["error"] == "json_expected"
    assert bench.read("/page/faults")["faults"]["uninstalled"] is False
