"""Teach from any message: the form is filled in, the lesson remembers its message, nothing is slow on the way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from slack_past import BOB, Scene, scene
from slack_stage import ALICE, BOT, CHANNEL, Json, submission, texts
from stand_ins import HashingEncoder

from bot.knowledge import memory
from bot.slack import words
from bot.slack.feedback.teaching import TEACH_THIS
from bot.slack.looks import modals
from bot.store import documents, slack_sources


@pytest.fixture
def on(tmp_path: Path) -> Iterator[Scene]:
    with scene(tmp_path) as here:
        store = here.on.store

        def teach(answer_record: object, passage_id: object, **given: Any) -> object:
            return memory.teach(store, HashingEncoder(), **given)

        here.on.app.room.services = replace(here.on.app.room.services, teach=teach)
        yield here


def shortcut(on: Scene, message: Json, channel: str = CHANNEL) -> Json:
    return {
        "type": "message_action",
        "callback_id": TEACH_THIS,
        "trigger_id": "t",
        "user": {"id": ALICE},
        "team": {"id": "T0"},
        "channel": {"id": channel},
        "message": message,
        "response_url": on.slack.response_url,
    }


def pick(on: Scene, message: Json, channel: str = CHANNEL) -> Json:
    """The form that is open once the room has dealt with the shortcut."""
    assert on.on.send(shortcut(on, message, channel)).status == 200
    on.slack.wait("views.open")
    on.settle()
    updates = on.slack.of("views.update")
    form: Json = updates[-1]["view"] if updates else on.slack.of("views.open")[-1]["view"]
    return form


def filled(form: Json) -> tuple[str, str]:
    values = {each["block_id"]: each["element"].get("initial_value", "") for each in form["blocks"]}
    return values["question"], values["answer"]


def test_a_message_becomes_the_answer_in_plain_words(on: Scene) -> None:
    said = on.slack.write("The badge desk is in <#C9|building 7> &amp; opens at 9", BOB)
    form = pick(on, said)
    assert form["callback_id"] == modals.TEACH
    assert filled(form) == ("", "The badge desk is in #building 7 & opens at 9")


def test_of_a_reply_the_threads_question_is_filled_in_without_holding_the_trigger_up(on: Scene) -> None:
    asked = on.slack.write("Hi all, where is the badge desk?", ALICE)
    said = on.slack.reply(asked, "In building 7", BOB)
    form = pick(on, said)
    (waiting,) = on.slack.of("views.open")
    assert texts(waiting["view"]["blocks"]) == words.ONE_MOMENT
    names = [name for name, _ in on.slack.calls]
    assert names.index("views.open") < names.index("conversations.replies")
    assert filled(form) == ("Hi all, where is the badge desk?", "In building 7")


@pytest.mark.parametrize("first", ["Good morning everybody", ""])
def test_a_thread_that_begins_with_no_question_leaves_the_question_to_its_teacher(
    on: Scene, first: str
) -> None:
    said = on.slack.reply(on.slack.write(first, ALICE), "The desk is in building 7", BOB)
    assert filled(pick(on, said)) == ("", "The desk is in building 7")


def test_where_the_thread_cannot_be_read_the_form_comes_all_the_same(on: Scene) -> None:
    said = on.slack.reply(on.slack.write("Where is the desk?", ALICE), "In building 7", BOB)
    on.slack.refuse["conversations.replies"] = "not_in_channel"
    assert filled(pick(on, said)) == ("", "In building 7")


def test_a_question_that_we_were_asked_is_known_without_asking_slack(on: Scene) -> None:
    asked = on.on.say(f"<@{BOT}> Where is the badge desk?")["event"]
    said = {
        "type": "message",
        "user": BOB,
        "text": "In building 7",
        "ts": "1900000000.1",
        "thread_ts": asked["ts"],
    }
    assert filled(pick(on, said)) == ("Where is the badge desk?", "In building 7")
    assert on.slack.of("views.update") == []


def test_a_long_message_fits_into_the_form(on: Scene) -> None:
    _, answer = filled(pick(on, on.slack.write("word " * 2000, BOB)))
    assert len(answer) <= modals.ANSWER_CHARACTERS
    assert answer.endswith("…")


def test_the_lesson_remembers_its_message_and_who_wrote_it(on: Scene) -> None:
    said = on.slack.write("In building 7", BOB)
    view = pick(on, said)
    on.on.send(submission(view, {"question": "Where is the badge desk?", "answer": "In building 7"}))
    on.slack.wait("chat.postEphemeral")
    (document,) = slack_sources.documents_of(on.on.store, CHANNEL, said["ts"])
    assert (document.kind, document.scope, document.person) == ("taught", CHANNEL, ALICE)
    assert slack_sources.people_of(on.on.store, document.id or 0) == [BOB]


def test_what_was_taught_from_a_message_goes_with_it(on: Scene) -> None:
    said = on.slack.write("In building 7", BOB)
    on.on.send(submission(pick(on, said), {"question": "Where is the badge desk?", "answer": "Building 7"}))
    on.slack.wait("chat.postEphemeral")
    on.settle()
    assert len(documents.taught_everywhere(on.on.store)) == 1
    gone = {"type": "message", "subtype": "message_deleted", "channel": CHANNEL, "channel_type": "channel"}
    on.send({**gone, "deleted_ts": said["ts"], "previous_message": said, "ts": "2000000000.1"})
    assert documents.taught_everywhere(on.on.store) == []


def test_what_a_reviewer_gave_to_everybody_still_follows_its_message(on: Scene) -> None:
    store = on.on.store
    lesson = memory.teach(
        store, HashingEncoder(), question="Where is it?", answer="Here", scope=CHANNEL, person=ALICE
    )
    slack_sources.note(store, lesson.document_id, CHANNEL, "1.1", person=BOB)
    widened = memory.widen(store, lesson)
    assert [each.id for each in slack_sources.documents_of(store, CHANNEL, "1.1")] == [widened.document_id]


def test_a_form_that_comes_too_late_is_said_calmly(on: Scene) -> None:
    on.slack.refuse["views.open"] = "expired_trigger_id"
    on.on.send(shortcut(on, on.slack.write("In building 7", BOB)))
    assert on.slack.wait("respond")[0]["text"] == words.MODAL_TOO_LATE
