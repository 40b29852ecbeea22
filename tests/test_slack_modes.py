"""Where Lorebot answers: off, where it is named, also what it surely knows, everything; and in its threads."""

from __future__ import annotations

import time

import pytest
from slack_stage import (
    ALICE,
    BOT,
    BOT_ID,
    CHANNEL,
    DIRECT,
    Stage,
    command,
    edit,
    mention_twin,
    message,
    stage,
    texts,
)

from bot.records import ChannelSettings
from bot.slack import words
from bot.store import channels

BOB = "U0BOB"
LEAVE = "How much leave do I get?"


@pytest.fixture
def on(tmp_path):
    with stage(tmp_path) as made:
        made.known.answers = {LEAVE: "28 days"}
        yield made


def set_up(on: Stage, mode: str = "mentions", **more) -> None:
    channels.configure(on.store, ChannelSettings(CHANNEL, mode=mode, **more))


def kept(on: Stage) -> int:
    return on.store.one("SELECT count(*) AS n FROM questions")["n"]  # type: ignore[index]


def silent(on: Stage) -> bool:
    """Nothing that anybody could see."""
    seen = (
        "chat.postMessage",
        "chat.update",
        "chat.postEphemeral",
        "reactions.add",
        "assistant.threads.setStatus",
    )
    return not any(on.slack.of(method) for method in seen)


# off


def test_off_says_no_word_in_the_channel_and_tells_whoever_names_it_alone(on: Stage):
    set_up(on, "off")
    on.say(f"<@{BOT}> {LEAVE}")
    told = on.slack.of("chat.postEphemeral")
    assert [(each["user"], texts(each["blocks"])) for each in told] == [(ALICE, words.OFF_HERE)]
    assert not on.slack.posted
    assert not on.slack.of("assistant.threads.setStatus")
    assert not kept(on)


def test_off_is_told_once_for_the_twin_events(on: Stage):
    set_up(on, "off")
    body = on.say(f"<@{BOT}> {LEAVE}")
    on.send(mention_twin(body))
    on.settle()
    assert len(on.slack.of("chat.postEphemeral")) == 1


def test_off_leaves_the_private_command_and_direct_messages_alone(on: Stage):
    set_up(on, "off")
    on.send(command(f"ask {LEAVE}", on.slack))
    assert "28 days" in texts(on.slack.wait("respond")[0]["blocks"])
    on.say(LEAVE, channel=DIRECT)
    assert len(on.slack.posted) == 1


def test_off_lets_an_edit_pass_too(on: Stage):
    asked = on.say(f"<@{BOT}> When is pday?")
    set_up(on, "off")
    on.send(edit(asked, f"<@{BOT}> When is payday?"))
    on.settle()
    assert not on.slack.of("chat.update")


# questions


def test_a_question_that_is_surely_known_is_answered_unasked_in_a_thread(on: Stage):
    set_up(on, "questions")
    body = on.say(LEAVE)
    reply = on.slack.posted[0]
    assert reply["thread_ts"] == body["event"]["ts"]
    assert "28 days" in texts(reply["blocks"])
    assert '"feedback_buttons"' in str(reply["blocks"]).replace("'", '"')
    assert not on.slack.of("assistant.threads.setStatus")
    assert kept(on) == 1


@pytest.mark.parametrize(
    "text",
    [
        "What is the airspeed of a swallow?",
        "hello",
        "thanks!",
        "I'm off for lunch",
        "<@U0BOB> when do I get leave?",
        "ok",
    ],
)
def test_otherwise_not_a_word_and_nothing_is_kept(on: Stage, text):
    set_up(on, "questions")
    body = on.say(text)
    assert silent(on)
    assert not kept(on)
    left = on.store.one("SELECT payload FROM claims WHERE key LIKE ?", [f"%{body['event']['ts']}"])
    assert left is None or left["payload"] is None


def test_what_is_no_question_never_reaches_the_state_file(on: Stage):
    set_up(on, "questions")
    body = on.say("I'm off for lunch")
    assert on.claim_state(f"message:{CHANNEL}:{body['event']['ts']}") is None


def test_replies_between_people_are_not_answered_unasked(on: Stage):
    set_up(on, "questions")
    on.say(LEAVE, thread_ts="1.0")
    assert silent(on)


def test_other_bots_are_not_answered_unasked_even_where_they_may_ask(tmp_path):
    with stage(tmp_path, allow_bots=["B0FRIEND"]) as on:
        for mode in ("questions", "all"):
            set_up(on, mode)
            on.say(LEAVE, bot_id="B0FRIEND", subtype="bot_message")
            on.say(LEAVE, bot_id=BOT_ID)
        assert silent(on)


def test_an_unasked_answer_that_fails_fails_silently(on: Stage, caplog):
    set_up(on, "questions")
    on.known.fail = RuntimeError("tensor")
    body = on.say(LEAVE)
    assert silent(on)
    assert "tensor" in caplog.text
    assert on.claim_state(f"message:{CHANNEL}:{body['event']['ts']}") == "done"


def test_a_full_queue_is_no_reason_to_speak_unasked(tmp_path, monkeypatch):
    with stage(tmp_path) as on:
        set_up(on, "questions")
        monkeypatch.setattr(on.app.room.inference, "submit", lambda *_, **__: False)
        on.say(LEAVE)
        assert silent(on)


def test_an_old_message_is_not_answered_unasked(on: Stage):
    set_up(on, "questions")
    on.say(LEAVE, ts=f"{time.time() - 400:.6f}")
    assert silent(on)


def test_in_mode_questions_a_mention_is_answered_as_ever(on: Stage):
    set_up(on, "questions")
    on.known.answers["What is unknown?"] = None
    reply = on.ask("What is unknown?")
    assert words.DONT_KNOW in texts(reply["blocks"])


@pytest.mark.parametrize("mode", ["questions", "all"])
def test_the_twins_of_a_mention_get_one_answer_in_every_mode(on: Stage, mode):
    set_up(on, mode)
    body = message(f"<@{BOT}> {LEAVE}")
    on.send(mention_twin(body))
    on.send(body)
    on.send(body, retry=1)
    on.settle()
    assert len(on.slack.posted) == 1


def test_a_message_edited_into_a_question_is_answered_while_it_is_new(on: Stage):
    set_up(on, "questions")
    said = on.say("How much leave do I gte?")
    assert silent(on)
    on.send(edit(said, LEAVE))
    on.settle()
    assert len(on.slack.posted) == 1
    old = message("How much leave do I gte?", ts=f"{time.time() - 400:.6f}")
    on.send(edit(old, LEAVE))
    on.settle()
    assert len(on.slack.posted) == 1


def test_a_question_that_was_answered_unasked_is_answered_again_in_place_when_it_is_edited(on: Stage):
    set_up(on, "questions")
    on.known.answers["When is payday, please?"] = "the 25th"
    said = on.say(LEAVE)
    on.send(edit(said, "When is payday, please?"))
    on.settle()
    assert len(on.slack.posted) == 1
    assert "the 25th" in texts(on.slack.of("chat.update")[0]["blocks"])


def test_an_answered_question_edited_into_a_remark_keeps_its_answer(on: Stage):
    set_up(on, "questions")
    said = on.say(LEAVE)
    on.send(edit(said, "never mind, found it"))
    on.settle()
    assert not on.slack.of("chat.update")


# all


def test_all_answers_whatever_people_say(on: Stage):
    set_up(on, "all")
    on.known.answers["the printer is on fire"] = None
    on.say(LEAVE)
    on.say("the printer is on fire")
    on.say("hello")
    shown = [texts(each["blocks"]) for each in on.slack.posted]
    assert "28 days" in shown[0]
    assert words.DONT_KNOW in shown[1]
    assert shown[2] == words.HELLO


def test_all_leaves_what_is_said_to_somebody_and_threads_of_others_alone(on: Stage):
    set_up(on, "all")
    on.say(f"<@{BOB}> {LEAVE}")
    on.say(LEAVE, thread_ts="1.0")
    assert silent(on)


def test_all_answers_in_threads_of_its_own(on: Stage):
    set_up(on, "all")
    first = on.say(LEAVE)["event"]
    on.known.answers["that is less than I thought"] = None
    replies(on, first, (ALICE, "that is less than I thought"))
    assert len(on.slack.posted) == 2


# Follow-ups


def replies(on: Stage, first: dict, *lines: tuple[str, str]) -> None:
    """People reply in the thread of `first`, one after the other, and Slack keeps it."""
    on.slack.thread = on.slack.thread or [first]
    for person, text in lines:
        body = message(text, user=person, thread_ts=first["ts"])
        on.slack.thread.append(body["event"])
        on.send(body)
        on.settle()


def test_follow_ups_need_a_mention_unless_the_channel_says_otherwise(on: Stage):
    first = on.say(f"<@{BOT}> {LEAVE}")["event"]
    replies(on, first, (ALICE, "and for contractors?"))
    assert len(on.slack.posted) == 1


def test_where_follow_ups_are_on_the_asker_is_answered_without_a_mention(on: Stage):
    set_up(on, follows=True)
    first = on.say(f"<@{BOT}> {LEAVE}")["event"]
    on.known.answers["and in Spain?"] = None
    replies(on, first, (ALICE, "and for contractors?"), (ALICE, "thanks!"), (ALICE, "and in Spain?"))
    assert on.known.asked[1].follows == LEAVE
    assert [each["thread_ts"] for each in on.slack.posted] == [first["ts"]] * 3
    assert words.DONT_KNOW in texts(on.slack.posted[2]["blocks"])


def test_another_one_in_the_thread_is_answered_only_when_it_is_sure(on: Stage):
    set_up(on, follows=True)
    first = on.say(f"<@{BOT}> {LEAVE}")["event"]
    on.known.answers["and for interns?"] = "20 days"
    replies(on, first, (BOB, "and on the moon?"))
    assert len(on.slack.posted) == 1
    replies(on, first, (BOB, "and for interns?"))
    assert "20 days" in texts(on.slack.posted[1]["blocks"])
    assert kept(on) == 2


def test_it_leaves_when_people_talk_to_each_other_and_comes_back_when_it_is_named(on: Stage):
    set_up(on, follows=True)
    first = on.say(f"<@{BOT}> {LEAVE}")["event"]
    replies(on, first, (BOB, "I think it's 30"), (ALICE, "ah right"), (ALICE, "and for contractors?"))
    assert len(on.slack.posted) == 1
    replies(on, first, (ALICE, f"<@{BOT}> and for contractors?"), (ALICE, "and for interns?"))
    assert len(on.slack.posted) == 3


def test_a_restart_does_not_bring_it_back_into_a_thread_it_has_left(tmp_path):
    thread = []
    for start in range(2):
        with stage(tmp_path) as on:
            set_up(on, follows=True)
            if start == 0:
                first = on.say(f"<@{BOT}> {LEAVE}")["event"]
                replies(on, first, (BOB, "I think it's 30"), (ALICE, "thanks Bob"))
                thread = on.slack.thread
                continue
            on.slack.thread = thread
            replies(on, first, (ALICE, "and for contractors?"))
            assert not on.slack.posted


def test_a_thread_that_may_not_be_read_is_one_it_has_left(on: Stage):
    set_up(on, follows=True)
    first = on.say(f"<@{BOT}> {LEAVE}")["event"]
    on.slack.refuse["conversations.replies"] = "missing_scope"
    replies(on, first, (ALICE, "and for contractors?"))
    assert len(on.slack.posted) == 1


def test_threads_without_it_are_none_of_its_business(on: Stage):
    set_up(on, follows=True)
    replies(on, message("lunch?")["event"], (ALICE, "and for contractors?"))
    assert silent(on)
