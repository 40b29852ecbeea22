"""The shortcut "Ask about this message": a question put to a message, answered to the asker alone."""

from __future__ import annotations

import itertools
import json

import pytest
from slack_stage import ALICE, CHANNEL, DIRECT, Stage, elements, stage, submission, texts

from bot.slack import words
from bot.slack.looks import blocks
from bot.slack.talk import about
from bot.store import questions, traces

BOB = "U0BOB"
NOTE = "The offsite is in <https://porto.test|Porto> &amp; costs 300 EUR."
_triggers = itertools.count(1)


@pytest.fixture
def on(tmp_path):
    with stage(tmp_path) as made:
        yield made


def shortcut(on: Stage, text: str, channel: str = CHANNEL) -> dict:
    return {
        "type": "message_action",
        "callback_id": about.ASK_ABOUT_THIS,
        "trigger_id": f"about.{next(_triggers)}",
        "team": {"id": "T0"},
        "user": {"id": ALICE},
        "channel": {"id": channel, "name": "general"},
        "message_ts": "1.0",
        "message": {"type": "message", "user": BOB, "text": text, "ts": "1.0"},
        "response_url": on.slack.response_url,
    }


def form(on: Stage, text: str, **more) -> dict:
    assert on.send(shortcut(on, text, **more)).status == 200
    return on.slack.wait("views.open")[-1]["view"]


def ask(on: Stage, view: dict, question: str) -> dict:
    on.send(submission(view, {"question": question}))
    reply = on.slack.wait("respond")[-1]
    on.settle()
    return reply


def test_the_form_shows_the_message_and_asks_for_the_question(on: Stage):
    view = form(on, NOTE)
    assert "The offsite is in Porto & costs 300 EUR." in texts(view["blocks"])
    (field,) = elements(view["blocks"], "plain_text_input")
    assert "initial_value" not in field


def test_a_message_that_asks_is_filled_in_as_the_question(on: Stage):
    (field,) = elements(form(on, "Hi all, how much leave do I get?")["blocks"], "plain_text_input")
    assert field["initial_value"] == "Hi all, how much leave do I get?"


def test_the_message_is_read_with_the_question_and_only_the_asker_sees_the_answer(on: Stage):
    reply = ask(on, form(on, NOTE), "What does the offsite cost?")
    (asked,) = on.known.asked
    assert asked.text == "What does the offsite cost?"
    assert asked.context == "The offsite is in Porto & costs 300 EUR."
    assert (asked.person, asked.channel, asked.source) == (ALICE, CHANNEL, "command")
    assert reply["response_type"] == "ephemeral"
    assert blocks.SHARE in str(reply["blocks"])
    assert not on.slack.posted


def test_a_message_that_is_the_question_is_no_text_to_read_it_in(on: Stage):
    ask(on, form(on, "Hi all, how much leave do I get?"), "Hi all, how much leave do I get?")
    assert on.known.asked[0].context is None


def test_a_message_without_words_can_be_asked_about_too(on: Stage):
    view = form(on, "")
    ask(on, view, "Where is the offsite?")
    assert on.known.asked[0].context is None


def test_an_empty_question_keeps_the_form_open(on: Stage):
    view = form(on, NOTE)
    refused = on.send(submission(view, {"question": "  "}))
    assert words.QUESTION_NEEDED in refused.body
    assert not on.known.asked


@pytest.mark.parametrize("text", ["wörd " * 5000, '"\\\n' * 3000, "🦊" * 5000])
def test_a_long_message_is_cut_to_what_slack_keeps_with_a_form(on: Stage, text):
    view = form(on, text)
    assert len(view["private_metadata"]) <= about.METADATA_CHARACTERS
    assert len(json.loads(view["private_metadata"])["text"]) > 500
    ask(on, view, "What is it about?")
    assert on.known.asked[0].context


def test_a_form_sent_twice_is_answered_once(on: Stage):
    body = submission(form(on, NOTE), {"question": "What does the offsite cost?"})
    on.send(body)
    on.send(body)
    on.settle()
    assert len(on.known.asked) == 1


def test_in_a_direct_message_there_is_no_channel_to_share_in(on: Stage):
    reply = ask(on, form(on, NOTE, channel=DIRECT), "What does the offsite cost?")
    assert blocks.SHARE not in str(reply["blocks"])


def test_a_form_that_does_not_open_is_told(on: Stage):
    on.slack.refuse["views.open"] = "expired_trigger_id"
    on.send(shortcut(on, NOTE))
    assert on.slack.wait("respond")[0]["text"] == words.MODAL_TOO_LATE


def test_whoever_wrote_the_message_can_be_forgotten_with_it(on: Stage):
    ask(on, form(on, NOTE), "What does the offsite cost?")
    answer = on.last_answer()
    assert traces.behind(on.store, [answer.id or 0]) == {ALICE, BOB}
    traces.clear(on.store, BOB)
    kept = questions.question(on.store, answer.question_id)
    assert kept is not None
    assert kept.context is None
    assert "300 EUR" not in str([dict(row) for row in on.store.rows("SELECT * FROM questions, answers")])
