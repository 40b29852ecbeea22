"""A sign of life within a second, kept up while it reads, and gone with the reply or without one."""

from __future__ import annotations

import threading
import time

import pytest
from slack_stage import ALICE, BOT, CHANNEL, DIRECT, Stage, command, edit, message, stage, until

from bot.records import ChannelSettings
from bot.slack import words
from bot.slack.talk import signs
from bot.store import channels

STATUS = "assistant.threads.setStatus"


@pytest.fixture
def on(tmp_path):
    with stage(tmp_path) as made:
        yield made
        if made.known.gate is not None:
            made.known.gate.set()


def block(on: Stage) -> threading.Event:
    """From here on every question waits to be read, until the event is set."""
    on.known.gate = threading.Event()
    return on.known.gate


def statuses(on: Stage) -> list[str]:
    return [each["status"] for each in on.slack.of(STATUS)]


@pytest.mark.parametrize("channel", [CHANNEL, DIRECT])
def test_it_shows_within_a_second_while_the_queue_is_blocked(on: Stage, channel):
    block(on)
    for number in range(5):
        on.send(message(f"<@{BOT}> Question number {number}?", channel="C0OTHER"))
    until(lambda: on.known.asked)
    began = time.monotonic()
    body = message(f"<@{BOT}> When is payday?", channel=channel)
    on.send(body)
    ts = body["event"]["ts"]
    until(lambda: [each for each in on.slack.of(STATUS) if each["thread_ts"] == ts], seconds=1)
    assert time.monotonic() - began < 1
    assert statuses(on)[-1] == words.READING


def test_it_shows_within_a_second_while_the_channel_s_own_posts_wait_for_slack(on: Stage):
    stuck = threading.Event()
    on.app.room.lanes.submit(CHANNEL, lambda: stuck.wait(30) and None)
    began = time.monotonic()
    on.send(message(f"<@{BOT}> When is payday?"))
    until(lambda: statuses(on), seconds=1)
    assert time.monotonic() - began < 1
    stuck.set()


def test_it_comes_before_anything_is_looked_up(on: Stage):
    stuck = threading.Event()
    on.slack.refuse["users.info"] = lambda _: stuck.wait(30) and None
    on.slack.refuse["conversations.info"] = lambda _: stuck.wait(30) and None
    on.send(message(f"<@{BOT}> When is payday?", channel=DIRECT))
    until(lambda: statuses(on), seconds=1)
    stuck.set()


def test_it_is_renewed_before_slack_drops_it_and_not_after_the_reply(tmp_path, monkeypatch):
    monkeypatch.setattr(signs, "RENEW_S", 0.05)
    with stage(tmp_path) as on:
        gate = block(on)
        on.send(message(f"<@{BOT}> When is payday?"))
        until(lambda: len(statuses(on)) >= 3)
        gate.set()
        on.slack.wait("chat.postMessage")
        on.settle()
        shown = len(statuses(on))
        time.sleep(0.3)
        assert len(statuses(on)) == shown
        assert set(statuses(on)) == {words.READING}  # the reply cleared it


def test_a_status_on_its_way_is_not_set_behind_the_reply(on: Stage):
    order: list[str] = []
    slow = threading.Event()

    def hold(asked):
        slow.wait(5)
        order.append("status")

    on.slack.refuse[STATUS] = hold
    on.slack.refuse["chat.postMessage"] = lambda asked: order.append("reply")
    on.send(message(f"<@{BOT}> When is payday?"))
    until(lambda: on.known.asked)
    time.sleep(0.1)
    assert not order  # the reply waits for it
    slow.set()
    until(lambda: len(order) == 2)
    assert order == ["status", "reply"]


def test_where_no_reply_can_be_posted_it_is_taken_back(on: Stage):
    on.slack.refuse["chat.postMessage"] = "is_archived"
    gate = block(on)
    on.send(message(f"<@{BOT}> When is payday?"))
    until(lambda: statuses(on))
    gate.set()
    until(lambda: statuses(on) == [words.READING, ""])


def test_a_reaction_of_a_run_before_is_taken_for_its_own(on: Stage):
    on.slack.refuse[STATUS] = "unknown_method"
    on.slack.refuse["reactions.add"] = "already_reacted"
    gate = block(on)
    on.send(message(f"<@{BOT}> When is payday?"))
    on.slack.wait("reactions.add")
    gate.set()
    assert on.slack.wait("reactions.remove")[0]["name"] == signs.EYES


def test_small_talk_edits_commands_and_what_nobody_asked_get_none(on: Stage):
    asked = on.say("hello", channel=DIRECT)
    on.send(edit(asked, "When is payday?"))
    on.send(command("ask When is payday?", on.slack, user=ALICE))
    on.settle()
    channels.configure(on.store, ChannelSettings(CHANNEL, mode="questions"))
    on.known.answers["When is the next payday?"] = "the 25th"
    on.say("When is the next payday?")
    on.say("When is the last payday of the year?")
    assert not on.slack.of(STATUS)
    assert not on.slack.of("reactions.add")
