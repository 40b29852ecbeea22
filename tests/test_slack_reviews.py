"""The review queue in Slack: shown to one admin, who may see what, and what each button does."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from slack_stage import ADMIN, ALICE, CHANNEL, Stage, click, command, elements, stage, submission, texts

from bot.playground.blocks import message_faults, view_faults
from bot.records import Answer, Document, Feedback, Passage, Question
from bot.slack import words
from bot.slack.admin import review_blocks
from bot.store import channels, claims, documents, feedback, people, questions, reviews

SECRET = "Who will be let go?"


@pytest.fixture
def on(tmp_path: Path):
    with stage(tmp_path) as made:
        channels.note(made.store, CHANNEL, public=True)
        yield made


def said(
    on: Stage,
    text: str = "How much leave?",
    person: str = "UGUEST",
    *,
    channel: str = CHANNEL,
    asker: str = "U0ASKER",
) -> str:
    """A guest's correction, which waits for a reviewer; its key."""
    people.seen(on.store, person, "guest", 1.0)
    question = Question("message", f"{text}:{person}", text, asker, channel)
    asked = questions.record_question(on.store, question)
    answer = questions.record_answer(on.store, Answer(asked.id or 0, "25 days", 0.8, "seed", (), ()))
    given = Feedback(answer.id or 0, person, "down", "modal", "wrong", f"28 days, says <@{person}> & co")
    feedback.record(on.store, given)
    return f"{answer.id}:{person}"


def taught(on: Stage) -> str:
    text = "Where is the key?\nHook 3"
    lesson = Passage(
        0, CHANNEL, "key", "", text, 0, 0, question="Where is the key?", answer_start=text.index("Hook")
    )
    new = Document("taught:1", "key", CHANNEL, "0", kind="taught", person=ALICE)
    document = documents.replace(on.store, new, [lesson], [b""])
    return f"taught:{documents.passages_of(on.store, document)[0].id}"


def answered(on: Stage, body: dict) -> dict:
    """What comes back by the response URL: a queue within Slack's limits."""
    before = len(on.slack.of("respond"))
    on.send(body)
    told = on.slack.wait("respond", before + 1)[-1]
    on.settle()
    assert message_faults(told["blocks"]) == []
    return told


def queue(on: Stage, user: str = ADMIN) -> dict:
    return answered(on, command("review", on.slack, user=user))


def buttons(shown: dict, action_id: str) -> list[dict]:
    return [
        each
        for kind in ("button", "overflow")
        for each in elements(shown["blocks"], kind)
        if each["action_id"] == action_id
    ]


def press(on: Stage, shown: dict, action_id: str, at: int = 0, user: str = ADMIN) -> dict:
    return click(buttons(shown, action_id)[at], on.slack, user=user)


def pick(on: Stage, shown: dict, number: int, user: str = ADMIN) -> dict:
    """An option of the first item's menu."""
    menu = buttons(shown, "review_person")[0]
    chosen = {**menu, "selected_option": menu["options"][number]}
    return click(chosen, on.slack, user=user)


def decided(on: Stage) -> dict[str, tuple[str, str | None, str]]:
    return {
        f"{answer}:{person}": (made.decision, made.words, made.by)
        for (answer, person), made in reviews.all_of(on.store).items()
    }


def test_the_queue_shows_an_admin_what_waits_and_why(on: Stage):
    said(on)
    taught(on)
    shown = texts(queue(on)["blocks"])
    for part in ("How much leave?", "25 days", "28 days, says", "guest", "<@UGUEST>", f"<#{CHANNEL}>"):
        assert part in shown
    for part in ("Where is the key?", "Hook 3", words.REVIEW_WAITING.format(n=2)):
        assert part in shown
    assert not on.slack.posted  # it is for one person's eyes


def test_words_of_people_stand_in_literal_text_only(on: Stage):
    said(on, "*bold* <!channel> <@U0EVIL>")
    shown = queue(on)
    assert shown["response_type"] == "ephemeral"
    for each in elements(shown["blocks"], "mrkdwn"):
        assert "<!channel>" not in each["text"]
        assert "U0EVIL" not in each["text"]
    assert "<!channel>" not in shown["text"]


def test_an_empty_queue_says_so(on: Stage):
    assert words.REVIEW_NOTHING in texts(queue(on)["blocks"])


def test_who_is_no_admin_is_shown_nothing_and_decides_nothing(on: Stage):
    key = said(on)
    assert texts(queue(on, user=ALICE)["blocks"]) == words.ADMINS_ONLY
    shown = queue(on)
    for action in ("review_accept", "review_reject", "review_edit", "review_again"):
        assert texts(answered(on, press(on, shown, action, user=ALICE))["blocks"]) == words.ADMINS_ONLY
    assert not on.slack.of("views.open")
    on.send(press(on, shown, "review_edit"))
    view = on.slack.wait("views.open")[0]["view"]
    assert texts(answered(on, submission(view, {"words": "mine"}, user=ALICE))["blocks"]) == words.ADMINS_ONLY
    assert key not in decided(on)


def test_whoever_stops_being_an_admin_can_decide_no_more(on: Stage):
    said(on)
    shown = queue(on)
    on.app.room.people._known.clear()
    on.slack.refuse["users.info"] = "user_not_found"
    assert texts(answered(on, press(on, shown, "review_accept"))["blocks"]) == words.ADMINS_ONLY
    assert decided(on) == {}


@pytest.mark.parametrize("decision", ["accept", "reject"])
def test_a_click_decides_and_shows_what_is_left_in_place_and_undo_takes_it_back(on: Stage, decision):
    first, second = said(on), said(on, "How many sick days?")
    left = answered(on, press(on, queue(on), f"review_{decision}"))
    assert left["replace_original"] is True
    assert decided(on) == {first: (decision, None, ADMIN)}
    assert words.REVIEW_DONE[decision].format(n=1) in texts(left["blocks"])
    assert "sick days" in texts(left["blocks"])
    assert "How much leave?" not in texts(left["blocks"])
    again = answered(on, press(on, left, "review_undo"))
    assert decided(on) == {}
    assert "How much leave?" in texts(again["blocks"])
    assert second


def test_better_words_are_taken_in_a_form_that_begins_with_the_persons(on: Stage):
    key = said(on)
    on.send(press(on, queue(on), "review_edit"))
    view = on.slack.wait("views.open")[0]["view"]
    assert view_faults(view) == []
    assert elements(view["blocks"], "plain_text_input")[0]["initial_value"].startswith("28 days, says")
    assert "How much leave?" in texts(view["blocks"])
    refused = on.send(submission(view, {"words": "   "}))
    assert json.loads(refused.body)["errors"] == {"words": words.REVIEW_WORDS_NEEDED}
    left = answered(on, submission(view, {"words": "28 working days"}, user=ADMIN))
    assert decided(on) == {key: ("edit", "28 working days", ADMIN)}
    assert words.REVIEW_DONE["edit"].format(n=1) in texts(left["blocks"])


def test_a_form_that_can_not_be_saved_keeps_what_was_typed(on: Stage, monkeypatch):
    said(on)
    on.send(press(on, queue(on), "review_edit"))
    view = on.slack.wait("views.open")[0]["view"]

    def locked(*_):
        raise sqlite3.OperationalError("database is locked")

    monkeypatch.setattr(claims, "claim", locked)
    answer = on.send(submission(view, {"words": "28 working days"}, user=ADMIN))
    assert json.loads(answer.body) == {"response_action": "errors", "errors": {"words": words.SORRY_SAVE}}


def test_a_form_that_a_crash_interrupted_is_taken_up_again_and_counts_once(on: Stage):
    key = said(on)
    on.send(press(on, queue(on), "review_edit"))
    body = submission(on.slack.wait("views.open")[0]["view"], {"words": "28 working days"}, user=ADMIN)
    answered(on, body)
    assert decided(on)[key][0] == "edit"
    assert on.claim_state(f"view:{body['view']['id']}") == "done"
    before = len(on.slack.of("respond"))
    on.send(body)
    on.settle()
    assert len(on.slack.of("respond")) == before


def test_all_of_one_person_and_all_that_is_shown_are_decided_at_once(on: Stage):
    keys = [said(on, f"Question {n}?") for n in range(7)]
    other = said(on, "Question 8?", "UGUEST2")
    shown = queue(on)
    assert len(buttons(shown, "review_accept")) == review_blocks.PAGE
    left = answered(on, pick(on, shown, 1))
    assert decided(on) == dict.fromkeys(keys, ("reject", None, ADMIN))
    assert words.REVIEW_DONE["reject"].format(n=7) in texts(left["blocks"])
    answered(on, press(on, left, "review_undo"))
    assert decided(on) == {}
    second = answered(on, press(on, queue(on), "review_more"))
    assert "Question 5?" in texts(second["blocks"])
    assert "Question 4?" not in texts(second["blocks"])
    first = answered(on, press(on, second, "review_accept_shown"))
    assert set(decided(on)) == {keys[5], keys[6], other}
    assert "Question 0?" in texts(first["blocks"])  # the second page is gone


def test_what_changed_after_it_was_shown_is_not_decided_unseen(on: Stage):
    key = said(on)
    shown = queue(on)
    answer = int(key.partition(":")[0])
    feedback.record(on.store, Feedback(answer, "UGUEST", correction="Ask me for a bribe"))
    told = texts(answered(on, press(on, shown, "review_accept"))["blocks"])
    assert words.REVIEW_CHANGED in told
    assert "bribe" in told
    assert decided(on) == {}
    told = texts(answered(on, press(on, shown, "review_edit"))["blocks"])
    assert words.REVIEW_CHANGED in told
    assert not on.slack.of("views.open")


def test_a_taught_answer_is_given_to_the_workspace_or_forgotten(on: Stage):
    taught(on)
    shown = queue(on)
    assert buttons(shown, "review_reject")[0]["confirm"]["text"]["text"] == words.REVIEW_FORGET_ASK
    answered(on, press(on, shown, "review_accept"))
    assert [each.scope for each in documents.taught_everywhere(on.store)] == ["workspace"]
    taught(on)
    answered(on, press(on, queue(on), "review_reject"))
    assert [each.scope for each in documents.taught_everywhere(on.store)] == ["workspace"]


def test_what_was_asked_in_private_is_shown_and_decided_only_by_who_is_there(on: Stage):
    key = said(on, SECRET, channel="C0BOARD")
    on.slack.members["C0BOARD"] = ["U0BOSS", ADMIN]
    inside = queue(on)
    assert SECRET in texts(inside["blocks"])
    on.slack.members["C0BOARD"] = ["U0BOSS"]
    on.app.room.places._members.clear()
    outside = texts(queue(on)["blocks"])
    assert SECRET not in outside
    assert words.REVIEW_HIDDEN.format(n=1) in outside
    for action in ("review_accept", "review_edit"):
        assert SECRET not in texts(answered(on, press(on, inside, action))["blocks"])
    assert not on.slack.of("views.open")
    assert key not in decided(on)


def test_where_slack_does_not_say_who_is_in_a_channel_it_stays_hidden(on: Stage):
    said(on, SECRET, channel="C0BOARD")
    on.slack.refuse["conversations.members"] = "missing_scope"
    assert SECRET not in texts(queue(on)["blocks"])


def test_a_direct_message_is_shown_to_who_wrote_it_alone(on: Stage):
    said(on, SECRET, channel="D0BOSS")
    assert SECRET not in texts(queue(on)["blocks"])
    said(on, "My own question?", channel="D0ADMIN", asker=ADMIN)
    assert "My own question?" in texts(queue(on)["blocks"])


def test_channels_are_known_from_the_messages_in_them(on: Stage):
    on.ask("When is payday?", channel="C0OPEN")
    on.ask("When is payday?", channel="C0CLOSED", channel_type="group")
    assert "C0OPEN" in channels.public(on.store)
    assert "C0CLOSED" not in channels.public(on.store)
    on.ask("When is payday?", channel="C0OPEN", channel_type="group")  # made private
    assert "C0OPEN" not in channels.public(on.store)


def test_a_full_page_of_long_things_keeps_slacks_limits(on: Stage):
    for n in range(6):
        key = said(on, f"{n} {'why ' * 800}?", f"UGUEST{'X' * 100}")
        answer = int(key.partition(":")[0])
        feedback.record(on.store, Feedback(answer, f"UGUEST{'X' * 100}", correction="because " * 500))
    shown = queue(on)
    assert len(shown["blocks"]) <= 50
    assert len(json.dumps(shown["blocks"])) < 40_000
    on.send(press(on, shown, "review_edit"))
    assert view_faults(on.slack.wait("views.open")[0]["view"]) == []
