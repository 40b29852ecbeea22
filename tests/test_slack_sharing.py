"""Share in channel: what one person was given alone, posted for all, if all may be told it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from slack_stage import ALICE, CHANNEL, DIRECT, Stage, click, command, elements, reaction, stage, texts

from bot.records import WORKSPACE, ChannelSettings, Document, Offered, Passage
from bot.slack import words
from bot.slack.looks import blocks
from bot.store import channels, documents, feedback, questions

SECRET = "You get 28 days of leave each year."


@pytest.fixture
def on(tmp_path: Path):
    with stage(tmp_path) as made:
        channels.note(made.store, CHANNEL, public=True, outside=False)
        yield made


def learned(on: Stage, scope: str) -> int:
    """A passage of that scope, from which everything is answered from here on; its id."""
    document = documents.replace(
        on.store,
        Document("/leave.md", "Leave", scope, "0"),
        [Passage(0, scope, "Leave", "", SECRET, 0, 0)],
        [b""],
    )
    passage = documents.passages_of(on.store, document)[0]
    offered = Offered(passage.text, passage.id, "Leave", "", None, 0.8)
    on.known.change = lambda answer: replace(answer, offered=(offered,))
    return passage.id or 0


def asked_alone(on: Stage, **more) -> dict:
    """The private answer to a question."""
    before = len(on.slack.of("respond"))
    on.send(command("ask How much &lt;leave&gt; do I get?", on.slack, **more))
    reply = on.slack.wait("respond", before + 1)[-1]
    on.settle()
    return reply


def press(on: Stage, reply: dict) -> None:
    (button,) = [each for each in elements(reply["blocks"], "button") if each["action_id"] == blocks.SHARE]
    on.send(click(button, on.slack))
    on.settle()


def last_told(on: Stage) -> dict:
    return on.slack.of("respond")[-1]


def test_the_answer_is_posted_for_all_with_who_asked_what(on: Stage):
    learned(on, WORKSPACE)
    press(on, asked_alone(on))
    (shared,) = on.slack.posted
    assert shared["channel"] == CHANNEL
    assert "thread_ts" not in shared
    said = texts(shared["blocks"])
    assert f"Name of {ALICE} asked: \nHow much <leave> do I get?" in said
    assert "28 days" in said
    assert "&lt;leave&gt;" in shared["text"]
    assert f"<@{ALICE}>" not in str(shared)
    assert not [each for each in elements(shared["blocks"], "button") if each["action_id"] == blocks.SHARE]
    assert (texts(last_told(on)["blocks"]), last_told(on)["replace_original"]) == (words.SHARED, True)


def test_it_takes_votes_like_any_other_answer(on: Stage):
    learned(on, WORKSPACE)
    press(on, asked_alone(on))
    answer = on.last_answer()
    assert answer.ts
    on.send(reaction("+1", answer, user="U0BOB"))
    on.settle()
    given = feedback.of(on.store, answer.id or 0, "U0BOB")
    assert given is not None
    assert given.vote == "up"
    assert elements(on.slack.posted[0]["blocks"], "feedback_buttons")


def test_follow_ups_in_its_thread_are_followed(on: Stage):
    learned(on, WORKSPACE)
    press(on, asked_alone(on))
    ts = on.last_answer().ts
    assert questions.questions_in_thread(on.store, CHANNEL, str(ts))


def test_it_is_shared_once_however_often_the_button_is_pressed(on: Stage):
    learned(on, WORKSPACE)
    reply = asked_alone(on)
    press(on, reply)
    press(on, reply)
    assert len(on.slack.posted) == 1


def test_what_the_asker_alone_may_know_is_refused(on: Stage):
    learned(on, DIRECT)
    press(on, asked_alone(on))
    assert not on.slack.posted
    assert texts(last_told(on)["blocks"]) == words.SHARE_REFUSED
    assert not last_told(on)["replace_original"]
    assert on.last_answer().ts is None


def test_what_another_channel_knows_is_refused(on: Stage):
    learned(on, "C0SECRET")
    press(on, asked_alone(on))
    assert not on.slack.posted


def test_what_the_workspace_knows_is_refused_where_it_is_told_no_more(on: Stage):
    learned(on, WORKSPACE)
    reply = asked_alone(on)
    channels.note(on.store, CHANNEL, public=True, outside=True)  # others have joined meanwhile
    press(on, reply)
    assert not on.slack.posted
    channels.configure(on.store, ChannelSettings(CHANNEL, workspace=True))
    press(on, reply)  # a refusal isn't for good
    assert len(on.slack.posted) == 1


def test_what_was_unlearned_meanwhile_is_refused(on: Stage):
    passage = learned(on, WORKSPACE)
    reply = asked_alone(on)
    documents.remove(on.store, [documents.passage(on.store, passage).document_id])  # type: ignore[union-attr]
    press(on, reply)
    assert not on.slack.posted


def test_a_taught_answer_is_refused_where_its_question_saw_more_than_the_channel_does(on: Stage):
    learned(on, CHANNEL)
    change = on.known.change
    on.known.change = lambda answer: replace(change(answer), from_memory=True)
    reply = asked_alone(on)
    channels.configure(on.store, ChannelSettings(CHANNEL, workspace=False))
    press(on, reply)
    assert not on.slack.posted


def test_an_abstention_and_a_direct_message_have_nothing_to_share(on: Stage):
    learned(on, WORKSPACE)
    direct = asked_alone(on, channel=DIRECT)
    on.known.answers["How much <leave> do I get?"] = None
    on.known.change = lambda answer: answer
    for reply in (direct, asked_alone(on)):
        assert blocks.SHARE not in str(reply["blocks"])


def test_where_it_may_not_post_it_says_what_to_do_and_can_be_tried_again(on: Stage):
    learned(on, WORKSPACE)
    reply = asked_alone(on)
    on.slack.refuse["chat.postMessage"] = "not_in_channel"
    press(on, reply)
    assert texts(last_told(on)["blocks"]) == words.SHARE_FAILED
    del on.slack.refuse["chat.postMessage"]
    press(on, reply)
    assert "28 days" in texts(on.slack.posted[-1]["blocks"])


def test_an_answer_that_was_forgotten_meanwhile_is_not_shared(on: Stage):
    learned(on, WORKSPACE)
    reply = asked_alone(on)
    with on.store.write() as db:
        db.execute("DELETE FROM answers")
    press(on, reply)
    assert not on.slack.posted
    assert texts(last_told(on)["blocks"]) == words.SHARE_GONE
