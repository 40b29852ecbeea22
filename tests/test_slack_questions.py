"""Questions in Slack: each answered once, in its thread, whatever Slack repeats."""

from __future__ import annotations

import json
import sqlite3
import threading
import time

import pytest
from slack_stage import (
    ALICE,
    BOT,
    BOT_ID,
    CHANNEL,
    DIRECT,
    Stage,
    WebApi,
    command,
    edit,
    elements,
    mention_twin,
    message,
    stage,
    texts,
    until,
)

from bot.slack import words
from bot.slack.talk.asks import asked_in_message
from bot.store import claims, questions


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


def test_an_unaddressed_message_in_a_channel_is_left_alone(on: Stage):
    body = on.say("How much leave do I get?")
    assert not on.slack.posted
    assert on.claim_state(f"message:{CHANNEL}:{body['event']['ts']}") is None


def test_a_reply_in_a_thread_is_answered_only_when_mentioned(on: Stage):
    first = on.say(f"<@{BOT}> How much leave do I get?")["event"]["ts"]
    on.say("Interesting, thanks Bob", thread_ts=first)
    assert len(on.slack.posted) == 1


@pytest.mark.parametrize(
    "more",
    [{"bot_id": "B0OTHER"}, {"subtype": "channel_join"}, {"subtype": "message_deleted"}, {"user": BOT}],
)
def test_messages_of_bots_joins_and_deletions_are_ignored(on: Stage, more):
    on.say(f"<@{BOT}> How much leave do I get?", **more)
    assert not on.slack.posted
    assert not on.known.asked


def test_a_bot_that_the_settings_allow_is_answered(tmp_path):
    with stage(tmp_path, allow_bots=["B0FRIEND"]) as on:
        on.say(f"<@{BOT}> How much leave do I get?", bot_id="B0FRIEND", subtype="bot_message")
        on.say(f"<@{BOT}> How much leave do I get?", bot_id="B0OTHER")
        assert len(on.slack.posted) == 1


def test_an_edited_question_is_answered_again_in_place(on: Stage):
    on.known.answers["When is payday?"] = "the 25th"
    asked = on.say(f"<@{BOT}> When is pday?")
    first = on.last_answer()
    on.send(edit(asked, f"<@{BOT}> When is payday?"))
    update = on.slack.wait("chat.update")[0]
    assert (update["channel"], update["ts"]) == (CHANNEL, first.ts)
    assert "the 25th" in texts(update["blocks"])
    on.settle()
    assert len(on.slack.posted) == 1
    again = questions.answer_at(on.store, CHANNEL, str(first.ts))
    assert again is not None
    assert again.text == "the 25th"


def test_an_edit_that_changes_no_word_is_left_alone(on: Stage):
    asked = on.say(f"<@{BOT}> When is payday?")
    on.send(edit(asked, f"<@{BOT}>  When is payday?"))
    on.send(
        {
            **edit(asked, f"<@{BOT}> When is it?"),
            "event": {**edit(asked, "x")["event"], "message": asked["event"]},
        }
    )
    on.settle()
    assert len(on.known.asked) == 1


def test_an_edit_that_is_repeated_is_answered_once(on: Stage):
    asked = on.say(f"<@{BOT}> When is pday?")
    body = edit(asked, f"<@{BOT}> When is payday?")
    on.send(body)
    on.send(body, retry=1)
    on.settle()
    assert len(on.slack.of("chat.update")) == 1


def test_an_edit_that_overtakes_its_answer_still_ends_in_one_reply(on: Stage):
    on.known.gate = threading.Event()
    asked = message(f"<@{BOT}> When is pday?")
    on.send(asked)
    until(lambda: on.known.asked)
    on.send(edit(asked, f"<@{BOT}> When is payday?"))
    until(lambda: len(on.app.room.inference) == 2)
    on.known.gate.set()
    on.slack.wait("chat.update")
    on.settle()
    assert len(on.slack.posted) == 1
    assert on.known.asked[-1].text == "When is payday?"


def test_a_question_edited_into_a_thank_you_keeps_its_answer(on: Stage):
    asked = on.say(f"<@{BOT}> When is payday?")
    on.send(edit(asked, f"<@{BOT}> thanks!"))
    on.settle()
    assert len(on.slack.posted) == 1
    assert not on.slack.of("chat.update")
    assert len(on.known.asked) == 1


def test_a_mention_added_by_an_edit_asks(on: Stage):
    asked = on.say("When is payday?")
    on.send(edit(asked, f"<@{BOT}> When is payday?"))
    assert on.slack.wait("chat.postMessage")[0]["thread_ts"] == asked["event"]["ts"]


def test_a_greeting_gets_a_human_reply_and_no_search(on: Stage):
    reply = on.ask("hi there!")
    assert texts(reply["blocks"]) == words.HELLO
    assert texts(on.ask("")["blocks"]) == words.EMPTY
    assert texts(on.ask("help")["blocks"]) == words.HELP_MD
    assert not on.known.asked


def test_a_follow_up_in_a_thread_carries_the_question_it_follows(on: Stage):
    first = on.say(f"<@{BOT}> How much leave do I get?")["event"]["ts"]
    on.say(f"<@{BOT}> and for contractors?", thread_ts=first)
    on.say(f"<@{BOT}> and in Spain?", thread_ts=first)
    assert on.known.asked[1].follows == "How much leave do I get?"
    assert on.known.asked[2].follows == "How much leave do I get? and for contractors?"
    assert on.slack.posted[1]["thread_ts"] == first


def test_a_question_of_its_own_in_a_thread_follows_nothing(on: Stage):
    first = on.say(f"<@{BOT}> How much leave do I get?")["event"]["ts"]
    on.say(f"<@{BOT}> Which printer on the second floor prints in colour?", thread_ts=first)
    assert on.known.asked[1].follows is None


def test_a_follow_up_in_a_direct_message_needs_no_thread(on: Stage):
    on.say("How much leave do I get?", channel=DIRECT)
    on.say("What about contractors?", channel=DIRECT)
    on.say("Which printer on the second floor prints in colour?", channel=DIRECT)
    assert [each.follows for each in on.known.asked] == [None, "How much leave do I get?", None]


def test_after_ten_minutes_a_direct_message_follows_nothing(on: Stage, monkeypatch):
    on.say("How much leave do I get?", channel=DIRECT)
    later = time.time() + 601
    monkeypatch.setattr("bot.slack.talk.conversation.time.time", lambda: later)
    on.say("What about contractors?", channel=DIRECT)
    assert on.known.asked[1].follows is None


def test_what_people_wrote_earlier_in_the_thread_is_read_too(on: Stage):
    on.slack.thread = [
        {"user": ALICE, "text": "The offsite is in Porto &amp; Lisbon", "ts": "1.0"},
        {"user": BOT, "bot_id": BOT_ID, "text": "an answer", "ts": "2.0"},
    ]
    on.say(f"<@{BOT}> Where is the offsite held this year?", thread_ts="1.0")
    assert on.known.threads == [["The offsite is in Porto & Lisbon"]]


def test_a_thread_that_may_not_be_read_is_done_without(on: Stage):
    on.slack.refuse["conversations.replies"] = "missing_scope"
    on.say(f"<@{BOT}> Where is the offsite held this year?", thread_ts="1.0")
    assert on.known.threads == [[]]
    assert len(on.slack.posted) == 1


def test_slacks_markup_is_undone_before_anything_is_searched(on: Stage):
    on.say(f"<@{BOT}|lorebot>: does R&amp;D use <https://x.test/a|the wiki> in <#C1|dev>, <@U9|bob>?")
    assert on.known.asked[0].text == "does R&D use the wiki in #dev, @bob?"


def test_text_pasted_with_the_question_becomes_its_context(on: Stage):
    on.say(f"<@{BOT}> What is the fee?\n```The fee is &lt;5 EUR&gt;.\nAlways.```")
    on.say(f"<@{BOT}> What is the fee?\n&gt; The fee is 5 EUR.\n&gt; Always.")
    on.say(f"<@{BOT}> ```What is the fee?```")
    contexts = [(each.text, each.context) for each in on.known.asked]
    assert contexts == [
        ("What is the fee?", "The fee is <5 EUR>.\nAlways."),
        ("What is the fee?", "The fee is 5 EUR.\nAlways."),
        ("What is the fee?", None),
    ]


def test_a_status_shows_at_once_that_the_question_is_read(on: Stage):
    body = on.say(f"<@{BOT}> When is payday?")
    shown = on.slack.of("assistant.threads.setStatus")[0]
    assert (shown["channel_id"], shown["thread_ts"], shown["status"]) == (
        CHANNEL,
        body["event"]["ts"],
        words.READING,
    )
    order = [method for method, _ in on.slack.calls]
    assert order.index("assistant.threads.setStatus") < order.index("chat.postMessage")


def test_where_there_is_no_status_a_reaction_shows_it_until_the_reply(on: Stage):
    on.slack.refuse["assistant.threads.setStatus"] = "unknown_method"
    on.say(f"<@{BOT}> When is payday?")
    assert [each["name"] for each in on.slack.of("reactions.add")] == ["eyes"]
    assert [each["name"] for each in on.slack.wait("reactions.remove")] == ["eyes"]


def test_a_full_queue_says_so_and_asks_to_come_back(tmp_path):
    with stage(tmp_path, queue_size=1) as on:
        on.known.gate = threading.Event()
        for number in range(3):
            on.send(message(f"<@{BOT}> Question number {number}?", channel=f"C{number}"))
            until(lambda: on.known.asked)  # the first one has left the queue: it is being answered
        busy = on.slack.wait("chat.postMessage")
        assert [texts(each["blocks"]) for each in busy] == [words.BUSY]
        on.known.gate.set()
        assert len(on.slack.wait("chat.postMessage", 3)) == 3


def test_an_answer_that_fails_ends_in_calm_words(on: Stage, caplog):
    on.known.fail = RuntimeError("tensor of shape (3,)")
    body = on.say(f"<@{BOT}> When is payday?")
    reply = on.slack.wait("chat.postMessage")[0]
    assert texts(reply["blocks"]) == words.SORRY
    assert "tensor" in caplog.text
    on.settle()
    assert on.claim_state(f"message:{CHANNEL}:{body['event']['ts']}") == "done"


def test_a_rate_limited_reply_is_posted_after_the_wait(on: Stage):
    on.slack.rate_limit["chat.postMessage"] = 1
    on.send(message(f"<@{BOT}> When is payday?"))
    assert "28 days" in texts(on.slack.wait("chat.postMessage")[0]["blocks"])


def test_a_slack_without_feedback_buttons_gets_plain_ones(on: Stage):
    on.slack.refuse["chat.postMessage"] = lambda asked: (
        "invalid_blocks" if elements(asked["blocks"], "context_actions") else None
    )
    on.say(f"<@{BOT}> When is payday?")
    assert {each["action_id"] for each in elements(on.slack.posted[-1]["blocks"], "button")} == {
        "feedback_up",
        "feedback_down",
    }
    on.say(f"<@{BOT}> When is payday, really?")
    assert len(on.slack.posted) == 3  # the second message didn't have to find out again


def test_blocks_that_slack_refuses_altogether_leave_the_text(on: Stage):
    on.slack.refuse["chat.postMessage"] = lambda asked: "invalid_blocks" if asked.get("blocks") else None
    on.say(f"<@{BOT}> When is payday?")
    assert "28 days" in on.slack.posted[-1]["text"]


def test_a_question_that_a_crash_interrupted_is_answered_by_the_next_start(tmp_path):
    api = WebApi()
    with stage(tmp_path, started=False, slack=api) as crashed:
        body = message(f"<@{BOT}> When is payday?")
        crashed.send(body)  # acknowledged, and then the process is gone
        key = f"message:{CHANNEL}:{body['event']['ts']}"
        assert crashed.claim_state(key) == "taken"
    with stage(tmp_path, started=False, slack=api) as on:
        on.app.room.start()
        on.settle()
        assert not api.posted  # somebody else may still be at it
        with on.store.write() as db:
            db.execute("UPDATE claims SET lease_until = 1 WHERE key = ?", [key])
        assert on.app.room.recover() == 1
        assert api.wait("chat.postMessage")[0]["thread_ts"] == body["event"]["ts"]
        on.settle()
        assert on.claim_state(key) == "done"
        assert on.app.room.recover() == 0
    api.close()


def test_a_reply_that_was_posted_before_the_crash_is_not_posted_again(on: Stage):
    body = on.say(f"<@{BOT}> When is payday?")
    key = f"message:{CHANNEL}:{body['event']['ts']}"
    event_payload = asked_in_message(body["event"], BOT, ())
    assert event_payload is not None
    with on.store.write() as db:
        payload = json.dumps(event_payload.payload())
        db.execute(
            "UPDATE claims SET state = 'taken', lease_until = 1, payload = ? WHERE key = ?", [payload, key]
        )
    assert on.app.room.recover() == 1
    on.settle()
    assert len(on.slack.posted) == 1
    assert on.claim_state(key) == "done"


def test_a_question_that_waits_long_keeps_its_claim(on: Stage):
    on.known.gate = threading.Event()
    body = message(f"<@{BOT}> When is payday?")
    on.send(body)
    with on.store.write() as db:
        db.execute("UPDATE claims SET lease_until = 1")
    assert on.app.room.recover() == 0
    on.known.gate.set()
    on.slack.wait("chat.postMessage")
    on.settle()
    assert len(on.slack.posted) == 1


def test_a_graceful_stop_hands_back_what_it_did_not_get_to(tmp_path):
    with stage(tmp_path) as on:
        on.known.gate = threading.Event()
        bodies = [message(f"<@{BOT}> Question number {number}?", channel=f"C{number}") for number in range(2)]
        for number, body in enumerate(bodies):
            on.send(body)
            until(lambda number=number: len(on.app.room.inference) == number + 1)
        until(lambda: on.known.asked)
        stopping = threading.Thread(target=on.app.room.stop)
        stopping.start()
        until(lambda: len(on.app.room.inference) == 1)  # what waits is dropped, what runs is finished
        on.known.gate.set()
        stopping.join(30)
        assert len(on.slack.posted) == 1
        assert [key for key, _ in claims.take_over(on.store)] == [f"message:C1:{bodies[1]['event']['ts']}"]


def test_while_the_state_file_is_locked_nothing_is_acknowledged(on: Stage, monkeypatch):
    monkeypatch.setattr(claims, "CLAIM_WAIT_S", 0.05)
    body = message(f"<@{BOT}> When is payday?")
    locker = sqlite3.connect(on.store.path)
    locker.execute("BEGIN IMMEDIATE")
    assert on.send(body).status == 500
    locker.rollback()
    locker.close()
    assert on.send(body, retry=1).status == 200
    on.settle()
    assert len(on.slack.posted) == 1


def test_the_private_command_answers_only_whoever_asked(on: Stage):
    on.send(command("ask When is payday?", on.slack))
    private = on.slack.wait("respond")[0]
    assert private["response_type"] == "ephemeral"
    assert "28 days" in texts(private["blocks"])
    assert not on.slack.posted
    assert (on.known.asked[0].source, on.known.asked[0].scopes) == ("command", ("workspace", CHANNEL))


@pytest.mark.parametrize(
    "text",
    ["How much leave do I get?", "status of order 12?", "help with the VPN?", "rollback plan for a release?"],
)
def test_whatever_is_no_command_is_a_question(on: Stage, text):
    on.send(command(text, on.slack))
    on.slack.wait("respond")
    assert on.known.asked[0].text == text
