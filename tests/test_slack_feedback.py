"""What people say of answers: votes by button and reaction, corrections, lessons."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from threading import Event

import pytest
from slack_stage import (
    ALICE,
    BOT,
    CHANNEL,
    DIRECT,
    Stage,
    click,
    command,
    elements,
    message,
    reaction,
    stage,
    submission,
    texts,
)

from bot.errors import DocumentError
from bot.records import Document, Feedback, Passage
from bot.slack import words
from bot.slack.looks import blocks
from bot.store import claims, documents, feedback


@pytest.fixture
def on(tmp_path):
    with stage(tmp_path) as made:
        yield made


def voted(on: Stage, person: str = ALICE) -> Feedback | None:
    on.settle()
    return feedback.of(on.store, on.last_answer().id or 0, person)


def thumb(on: Stage, vote: str, **more) -> dict:
    action = {
        "action_id": blocks.FEEDBACK,
        "type": "feedback_buttons",
        "value": f"{vote}:{on.last_answer().id}",
    }
    return click(action, on.slack, **more)


def press(on: Stage, action_id: str, **more) -> dict:
    return click(
        {"action_id": action_id, "type": "button", "value": str(on.last_answer().id)}, on.slack, **more
    )


def form(on: Stage, body: dict) -> dict:
    assert on.send(body).status == 200
    return on.slack.wait("views.open")[-1]["view"]


def test_a_thumbs_up_is_recorded_and_opens_nothing(on: Stage):
    on.ask("When is payday?")
    on.send(thumb(on, "up"))
    given = voted(on)
    assert given is not None
    assert (given.vote, given.vote_source) == ("up", "button")
    assert not on.slack.of("views.open")


def test_a_thumbs_down_is_recorded_and_opens_the_correction_form_with_its_trigger(on: Stage):
    on.ask("When is payday?")
    body = thumb(on, "down")
    view = form(on, body)
    assert on.slack.of("views.open")[0]["trigger_id"] == body["trigger_id"]
    assert view["callback_id"] == "correction"
    assert "When is payday?" in texts(view["blocks"])
    given = voted(on)
    assert given is not None
    assert given.vote == "down"


def test_plain_buttons_vote_too(on: Stage):
    on.ask("When is payday?")
    on.send(press(on, blocks.FEEDBACK_UP))
    assert texts(on.slack.wait("chat.postEphemeral")[0]["blocks"]) == words.UP_NOTED
    given = voted(on)
    assert given is not None
    assert given.vote == "up"


@pytest.mark.parametrize(
    ("name", "vote"),
    [("+1", "up"), ("thumbsup::skin-tone-3", "up"), ("-1::skin-tone-6", "down"), ("x", "down")],
)
def test_a_reaction_on_an_answer_is_a_vote(on: Stage, name, vote):
    on.ask("When is payday?")
    on.send(reaction(name, on.last_answer()))
    given = voted(on)
    assert given is not None
    assert given.vote == vote


def test_other_emoji_and_other_messages_are_no_votes(on: Stage):
    on.ask("When is payday?")
    on.send(reaction("tada", on.last_answer()))
    on.send(reaction("+1", replace(on.last_answer(), ts="1.0")))
    assert voted(on) is None


def test_a_reaction_of_a_bot_is_no_vote(on: Stage):
    on.ask("When is payday?")
    on.send(reaction("+1", on.last_answer(), user="U0OTHERBOT"))
    assert voted(on, "U0OTHERBOT") is None


def test_taking_a_reaction_back_takes_its_vote_back(on: Stage):
    on.ask("When is payday?")
    on.send(reaction("+1", on.last_answer()))
    on.settle()
    on.send(reaction("+1::skin-tone-2", on.last_answer(), removed=True))
    given = voted(on)
    assert given is not None
    assert given.vote is None


def test_taking_a_reaction_back_leaves_a_vote_given_otherwise(on: Stage):
    on.ask("When is payday?")
    on.send(reaction("+1", on.last_answer()))
    on.settle()
    on.send(thumb(on, "down"))
    on.settle()
    on.send(reaction("+1", on.last_answer(), removed=True))
    given = voted(on)
    assert given is not None
    assert (given.vote, given.vote_source) == ("down", "button")


def test_the_last_word_wins(on: Stage):
    on.ask("When is payday?")
    for body in (thumb(on, "up"), reaction("-1", on.last_answer()), thumb(on, "up")):
        on.send(body)
        on.settle()
    assert feedback.counts(on.store) == {"up": 1, "down": 0, "corrections": 0}


def test_a_repeated_reaction_event_does_not_undo_what_came_after(on: Stage):
    on.ask("When is payday?")
    body = reaction("-1", on.last_answer())
    on.send(body)
    on.settle()
    on.send(thumb(on, "up"))
    on.settle()
    on.send(body, retry=1)
    given = voted(on)
    assert given is not None
    assert given.vote == "up"


def test_a_thumbs_down_reaction_offers_a_button_because_it_brings_no_trigger(on: Stage):
    asked = on.say(f"<@{BOT}> When is payday?")
    on.send(reaction("-1", on.last_answer()))
    whisper = on.slack.wait("chat.postEphemeral")[0]
    assert (whisper["channel"], whisper["user"], whisper["thread_ts"]) == (
        CHANNEL,
        ALICE,
        asked["event"]["ts"],
    )
    button = elements(whisper["blocks"], "button")[0]
    assert form(on, click(button, on.slack))["callback_id"] == "correction"


def test_a_correction_is_recorded_and_taught_in_the_channel_it_was_given_in(on: Stage):
    on.ask("When is payday?")
    view = form(on, thumb(on, "down"))
    assert on.send(submission(view, {"reason": ["wrong"], "correction": "On the 25th"})).status == 200
    thanks = on.slack.wait("chat.postEphemeral")[0]
    assert texts(thanks["blocks"]) == words.CORRECTION_THANKS
    given = voted(on)
    assert given is not None
    assert (given.vote, given.reason, given.correction) == ("down", "wrong", "On the 25th")
    lesson = on.known.taught[0]
    assert (lesson["question"], lesson["answer"], lesson["scope"], lesson["person"]) == (
        "When is payday?",
        "On the 25th",
        CHANNEL,
        ALICE,
    )
    assert lesson["answer_record"].id == on.last_answer().id


def test_a_correction_in_a_direct_message_stays_in_it(on: Stage):
    on.say("When is payday?", channel=DIRECT)
    view = form(on, thumb(on, "down", channel=DIRECT))
    on.send(submission(view, {"reason": ["wrong"], "correction": "On the 25th"}))
    assert texts(on.slack.wait("chat.postEphemeral")[0]["blocks"]) == words.CORRECTION_THANKS_DIRECT
    assert on.known.taught[0]["scope"] == DIRECT


@pytest.mark.parametrize(
    ("values", "block", "error"),
    [
        ({"correction": "On the 25th"}, "reason", words.REASON_NEEDED),
        ({"reason": ["wrong"]}, "correction", words.ANSWER_NEEDED),
        ({"reason": ["wrong"], "correction": "28 Days."}, "correction", words.ANSWER_SAME),
        (
            {"reason": ["should_be_silent"], "correction": "On the 25th"},
            "correction",
            words.ANSWER_WITH_SILENCE,
        ),
    ],
)
def test_a_form_that_cannot_be_taken_stays_open_and_says_why(on: Stage, values, block, error):
    on.ask("When is payday?")
    view = form(on, thumb(on, "down"))
    answer = on.send(submission(view, values))
    assert f'"response_action": "errors", "errors": {{"{block}": "{error}"}}' in answer.body.replace(
        "\\u2019", "’"
    )
    on.settle()
    assert not on.known.taught


def test_saying_only_what_was_wrong_is_feedback_and_no_lesson(on: Stage):
    on.ask("When is payday?")
    view = form(on, thumb(on, "down"))
    on.send(submission(view, {"reason": ["outdated"]}))
    assert texts(on.slack.wait("chat.postEphemeral")[0]["blocks"]) == words.FEEDBACK_THANKS
    given = voted(on)
    assert given is not None
    assert (given.reason, given.correction) == ("outdated", None)
    assert not on.known.taught


def offer_real_passage(on: Stage) -> int:
    learned = Document("/wiki/pay.md", "Pay", "workspace", "0", person=None)
    documents.replace(
        on.store, learned, [Passage(0, "workspace", "Pay", "Pay > Dates", "Payday is the 25th.", 0, 0)], [b""]
    )
    passage_id = on.store.one("SELECT max(id) AS id FROM passages")["id"]
    on.known.change = lambda answer: replace(
        answer, offered=tuple(replace(each, passage_id=passage_id) for each in answer.offered[:1])
    )
    return passage_id


def test_the_passage_that_holds_the_answer_can_be_chosen(on: Stage):
    passage_id = offer_real_passage(on)
    on.ask("When is payday?")
    view = form(on, thumb(on, "down"))
    offered = [each["value"] for each in elements(view["blocks"], "static_select")[0]["options"]]
    assert offered == [str(passage_id), "none"]
    on.send(
        submission(
            view, {"reason": ["wrong_passage"], "passage": [str(passage_id)], "correction": "the 25th"}
        )
    )
    on.slack.wait("chat.postEphemeral")
    given = voted(on)
    assert given is not None
    assert given.passage_id == passage_id
    assert on.known.taught[0]["passage_id"] == passage_id


def test_a_passage_that_is_gone_by_then_does_not_lose_the_correction(on: Stage):
    passage_id = offer_real_passage(on)
    on.ask("When is payday?")
    view = form(on, thumb(on, "down"))
    with on.store.write() as db:
        db.execute("DELETE FROM passages")
    on.send(submission(view, {"reason": ["wrong"], "passage": [str(passage_id)], "correction": "the 25th"}))
    on.slack.wait("chat.postEphemeral")
    assert (on.known.taught[0]["answer"], on.known.taught[0]["passage_id"]) == ("the 25th", None)


def test_a_form_sent_twice_teaches_once(on: Stage):
    on.ask("When is payday?")
    sent = submission(form(on, thumb(on, "down")), {"reason": ["wrong"], "correction": "On the 25th"})
    on.send(sent)
    on.send(sent)
    on.settle()
    assert len(on.known.taught) == 1


def test_a_form_that_cannot_be_saved_stays_open(on: Stage, monkeypatch):
    monkeypatch.setattr(claims, "CLAIM_WAIT_S", 0.05)
    on.ask("When is payday?")
    view = form(on, thumb(on, "down"))
    on.settle()
    locker = sqlite3.connect(on.store.path)
    locker.execute("BEGIN IMMEDIATE")
    answer = on.send(submission(view, {"reason": ["wrong"], "correction": "On the 25th"}))
    locker.rollback()
    locker.close()
    assert words.SORRY_SAVE in answer.body


def test_a_lesson_that_a_crash_interrupted_is_taught_by_the_next_start(on: Stage):
    on.ask("When is payday?")
    view = form(on, thumb(on, "down"))
    on.app.room.inference.stop(seconds=1, drain=True)  # the process goes before it is taught
    sent = submission(view, {"reason": ["wrong"], "correction": "On the 25th"})
    on.send(sent)
    on.settle()
    assert not on.known.taught
    on.app.room.inference.start()
    with on.store.write() as db:
        db.execute("UPDATE claims SET lease_until = 1 WHERE state = 'taken'")
    assert on.app.room.recover() == 1
    on.settle()
    assert on.known.taught[0]["answer"] == "On the 25th"


def test_what_cannot_be_learned_is_said_in_one_line(on: Stage):
    on.ask("When is payday?")
    view = form(on, thumb(on, "down"))
    on.known.fail = DocumentError("the answer is empty")
    on.send(submission(view, {"reason": ["wrong"], "correction": "On the 25th"}))
    assert "the answer is empty" in texts(on.slack.wait("chat.postEphemeral")[0]["blocks"])


def test_a_correction_of_pasted_text_is_feedback_only(on: Stage):
    on.say(f"<@{BOT}> What is the fee?\n```The fee is 5 EUR.```")
    view = form(on, thumb(on, "down"))
    on.send(submission(view, {"reason": ["wrong"], "correction": "5 EUR"}))
    on.slack.wait("chat.postEphemeral")
    given = voted(on)
    assert given is not None
    assert given.correction == "5 EUR"
    assert not on.known.taught


def test_a_corrected_follow_up_is_taught_with_the_question_it_follows(on: Stage):
    first = on.say(f"<@{BOT}> How much leave do I get?")["event"]["ts"]
    on.say(f"<@{BOT}> and for contractors?", thread_ts=first)
    view = form(on, thumb(on, "down"))
    on.send(submission(view, {"reason": ["wrong"], "correction": "None"}))
    on.slack.wait("chat.postEphemeral")
    assert on.known.taught[0]["question"] == "How much leave do I get? and for contractors?"


def test_an_abstention_can_be_taught(on: Stage):
    on.known.answers["Who waters the plants?"] = None
    reply = on.ask("Who waters the plants?")
    assert words.DONT_KNOW in texts(reply["blocks"])
    button = elements(reply["blocks"], "button")[0]
    view = form(on, click(button, on.slack))
    assert view["callback_id"] == "teach"
    asked = elements(view["blocks"], "plain_text_input")[0]["initial_value"]
    assert asked == "Who waters the plants?"
    on.send(submission(view, {"question": asked, "answer": "Priya"}))
    on.slack.wait("chat.postEphemeral")
    given = voted(on)
    assert given is not None
    assert (given.vote, given.correction) == (None, "Priya")
    assert on.known.taught[0]["answer"] == "Priya"


def test_teaching_another_question_says_nothing_about_the_abstention(on: Stage):
    on.known.answers["Who waters the plants?"] = None
    reply = on.ask("Who waters the plants?")
    view = form(on, click(elements(reply["blocks"], "button")[0], on.slack))
    on.send(submission(view, {"question": "Who feeds the cat?", "answer": "Priya"}))
    on.slack.wait("chat.postEphemeral")
    assert voted(on) is None
    assert (on.known.taught[0]["question"], on.known.taught[0]["answer_record"]) == (
        "Who feeds the cat?",
        None,
    )


def test_a_form_that_comes_too_late_is_offered_again(on: Stage):
    on.ask("When is payday?")
    on.slack.refuse["views.open"] = "expired_trigger_id"
    on.send(thumb(on, "down"))
    whisper = on.slack.wait("chat.postEphemeral")[0]
    assert words.MODAL_TOO_LATE in texts(whisper["blocks"])
    assert elements(whisper["blocks"], "button")


def test_the_shortcut_corrects_an_answer_and_nothing_else(on: Stage):
    on.ask("When is payday?")
    body = {
        "type": "message_action",
        "callback_id": blocks.CORRECT_THIS,
        "trigger_id": "t",
        "user": {"id": ALICE},
        "team": {"id": "T0"},
        "channel": {"id": CHANNEL},
        "message": {"ts": on.last_answer().ts},
        "response_url": on.slack.response_url,
    }
    assert form(on, body)["callback_id"] == "correction"
    on.send({**body, "message": {"ts": "1.0"}})
    assert texts(on.slack.wait("respond")[0]["blocks"]) == words.NOT_MY_ANSWER


def test_teaching_with_the_command(on: Stage):
    on.send(command("teach Where is the projector? = Room 2, a = b", on.slack))
    on.slack.wait("chat.postEphemeral")
    lesson = on.known.taught[0]
    assert (lesson["question"], lesson["answer"], lesson["scope"]) == (
        "Where is the projector?",
        "Room 2, a = b",
        CHANNEL,
    )


def test_the_teach_command_alone_opens_its_form(on: Stage):
    view = form(on, command("teach", on.slack))
    on.send(submission(view, {"question": "Where is the projector?", "answer": "Room 2"}))
    on.slack.wait("chat.postEphemeral")
    assert on.known.taught[0]["answer"] == "Room 2"


def test_thanks_come_in_through_the_other_door_where_the_bot_is_not_in_the_channel(on: Stage):
    on.slack.refuse["chat.postEphemeral"] = "not_in_channel"
    on.send(command("teach Where is the projector? = Room 2", on.slack))
    assert texts(on.slack.wait("respond")[0]["blocks"]) == words.CORRECTION_THANKS


def test_a_thumbs_down_while_questions_are_being_answered_is_acknowledged_at_once(on: Stage):
    on.ask("When is payday?")
    on.known.gate = Event()
    for number in range(8):
        on.send(message(f"<@{BOT}> Question number {number}?", channel=f"C{number}"))
    form(on, thumb(on, "down"))
    on.known.gate.set()


def test_a_passage_that_was_kept_to_another_place_since_is_not_shown_in_the_form(on: Stage):
    offer_real_passage(on)
    on.ask("When is payday?")
    (learned,) = documents.documents(on.store)
    documents.narrow(on.store, learned.id or 0, "C0SECRET")
    view = form(on, thumb(on, "down"))
    assert not [each for each in view["blocks"] if each.get("block_id") == "passage"]
