"""Questions in Slack: each answered once, in its thread, whatever Slack repeats."""

from __future__ import annotations

import pytest
from slack_stage import ALICE, BOT, CHANNEL, DIRECT, Stage, mention_twin, message, stage, texts


@pytest.fixture
def on(tmp_path):
    with stage(tmp_path) as made:
        yield made


def test_a_mention_is_answered_in_its_thread_with_the_sentence_it_stands_in(on: Stage):
    body = on.say(f"<@{BOT}> How much leave do I get?")
    reply = on.slack.posted[0]
    assert (reply["channel"], reply["thread_ts"]) == (CHANNEL, body["event"]["ts"])
    assert "28 days" in texts(reply["blocks"])
    assert "You get " in texts(reply["blocks"])
    assert on.known.asked[0].text == "How much leave do I get?"
    assert on.known.asked[0].scopes == ("workspace", CHANNEL)


def test_a_retried_event_is_answered_once(on: Stage):
    body = on.say(f"<@{BOT}> How much leave do I get?")
    assert on.send(body, retry=1).status == 200
    on.settle()
    assert len(on.slack.posted) == 1


def test_the_twin_events_of_a_mention_get_one_answer(on: Stage):
    body = message(f"<@{BOT}> How much leave do I get?")
    assert on.send(mention_twin(body)).status == 200
    assert on.send(body).status == 200
    on.settle()
    assert len(on.slack.posted) == 1


def test_a_direct_message_needs_no_mention(on: Stage):
    on.say("How much leave do I get?", channel=DIRECT)
    assert on.known.asked[0].person == ALICE
    assert len(on.slack.posted) == 1
