"""The questions suggested in the Messages tab come from what this person may see, and what may be told of others."""

from __future__ import annotations

import itertools
import time

import pytest
from slack_stage import ALICE, CHANNEL, DIRECT, event, stage

from bot.records import WORKSPACE, Answer, Document, Feedback, Offered, Passage, Question
from bot.slack import words
from bot.slack.talk.prompts import prompts
from bot.store import Store, channels, documents, feedback, open_store, questions

_numbers = itertools.count(1)


@pytest.fixture
def store(tmp_path) -> Store:
    made = open_store(tmp_path / "lorebot.db")
    channels.note(made, CHANNEL, public=True, outside=False)
    channels.note(made, "G0PRIVATE", public=False, outside=False)
    return made


def learned(
    store: Store, title: str = "Leave", heading: str = "Leave", scope: str = WORKSPACE, **more
) -> Passage:
    new = Document(f"/{next(_numbers)}.md", title, scope, "0", **more)
    question = (more.get("kind") == "taught" and heading) or None
    passage = Passage(0, scope, title, "" if question else heading, "text", 0, 0, question=question)
    return documents.passages_of(store, documents.replace(store, new, [passage], [b""]))[0]


def asked(
    store: Store, text: str, person: str, passage: Passage | None, channel: str = CHANNEL, vote: str = ""
) -> None:
    number = next(_numbers)
    kept = questions.record_question(
        store, Question("message", f"{channel}:{number}", text, person, channel, asked_at=time.time())
    )
    offered = (Offered("text", passage.id, "Leave", "", None, 0.8),) if passage else ()
    chosen = 0 if passage else None
    answer = questions.record_answer(
        store, Answer(kept.id or 0, "28" if passage else None, 0.9, "reader", offered, (), chosen)
    )
    if vote:
        feedback.record(store, Feedback(answer.id or 0, "U0VOTER", vote, "button"))  # type: ignore[arg-type]


def shown(store: Store, *scopes: str) -> list[str]:
    return [each["message"] for each in prompts(store, scopes or (WORKSPACE, DIRECT))]


def test_what_several_people_asked_and_what_was_liked_comes_first(store: Store):
    passage = learned(store)
    asked(store, "When is payday?", ALICE, passage)
    asked(store, "when is payday", "U0BOB", passage)
    asked(store, "How much leave do I get?", ALICE, passage, vote="up")
    asked(store, "Asked by one alone?", ALICE, passage)
    asked(store, "Disliked?", ALICE, passage, vote="down")
    asked(store, "Never answered?", ALICE, None)
    asked(store, "Never answered?", "U0BOB", None)
    first = shown(store)[:2]
    assert {each.lower().strip("?") for each in first} == {"when is payday", "how much leave do i get"}
    assert not {"Asked by one alone?", "Disliked?", "Never answered?"} & set(shown(store))


def test_other_peoples_questions_are_suggested_only_from_public_channels(store: Store):
    passage = learned(store)
    for channel in ("G0PRIVATE", "D0BOB", "C0UNKNOWN"):
        asked(store, f"Asked in {channel}?", "U0BOB", passage, channel, vote="up")
        asked(store, f"Asked in {channel}?", "U0EVE", passage, channel, vote="up")
    assert not [each for each in shown(store) if each.startswith("Asked in")]


def test_what_stands_in_a_scope_out_of_sight_is_not_suggested(store: Store):
    asked(store, "What is the secret?", ALICE, learned(store, scope="G0PRIVATE"), vote="up")
    learned(store, title="Secret plan", heading="Secret heading?", scope="G0PRIVATE")
    learned(store, heading="Taught secret?", scope="D0BOB", kind="taught")
    learned(store, title="Handbook", heading="Parking > Where may I park?")
    assert shown(store) == ["Where may I park?"]
    assert shown(store, "D0GUEST") == [words.PROMPT_HELP]


def test_an_answer_whose_document_is_gone_is_not_suggested(store: Store):
    passage = learned(store)
    asked(store, "When is payday?", ALICE, passage, vote="up")
    documents.remove(store, [passage.document_id])
    assert shown(store) == [words.PROMPT_HELP]


def test_taught_questions_and_headings_fill_up_without_saying_anything_twice(store: Store):
    asked(store, "When is payday?", ALICE, learned(store, heading="Leave > Leave"), vote="up")
    learned(store, heading="when is payday?", kind="taught")
    learned(store, heading="Where is the projector?", kind="taught")
    learned(store, title="FAQ", heading="FAQ > Can I bring my dog?")
    learned(store, title="Handbook", heading="Parking")
    drawn = [each.casefold() for each in shown(store)]
    assert drawn == ["when is payday?", "where is the projector?", "can i bring my dog?"]


def test_they_keep_slacks_limits(store: Store):
    for number in range(9):
        asked(store, f"{number} " + "very long " * 60 + "?", ALICE, learned(store), vote="up")
    drawn = prompts(store, (WORKSPACE,))
    assert len(drawn) == 4
    assert all(len(each["title"]) <= 75 and len(each["message"]) <= 300 for each in drawn)


def opened(tab: str = "messages", person: str = ALICE) -> dict:
    return event({"type": "app_home_opened", "user": person, "channel": DIRECT, "tab": tab})


def test_opening_the_messages_tab_sets_them_for_the_agent_view(tmp_path):
    with stage(tmp_path) as on:
        learned(on.store, title="Handbook", heading="Where is the Parking?")
        on.send(opened())
        on.settle()
        (given,) = on.slack.of("assistant.threads.setSuggestedPrompts")
        assert given["channel_id"] == DIRECT
        assert "thread_ts" not in given  # with it the agent view shows nothing
        assert "Parking" in str(given["prompts"])
        assert not on.slack.of("views.publish")


def test_a_guest_is_suggested_nothing_of_the_house(tmp_path):
    with stage(tmp_path) as on:
        on.slack.people[ALICE] = {"is_restricted": True}
        learned(on.store, title="Handbook", heading="Where is the Parking?")
        on.send(opened())
        on.settle()
        (given,) = on.slack.of("assistant.threads.setSuggestedPrompts")
        assert "Parking" not in str(given["prompts"])


def test_the_home_tab_sets_none(tmp_path):
    with stage(tmp_path) as on:
        on.send(opened("home"))
        on.settle()
        assert not on.slack.of("assistant.threads.setSuggestedPrompts")


def test_a_slack_that_refuses_them_is_left_alone(tmp_path):
    with stage(tmp_path) as on:
        on.slack.refuse["assistant.threads.setSuggestedPrompts"] = "not_allowed"
        on.send(opened())
        on.settle()
