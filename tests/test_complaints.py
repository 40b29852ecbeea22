"""What people complain about in bots that answer questions, each complaint by its name.

Everything runs as in service but the models: Slack's payloads go through the app to a local Slack, documents are searched,
lessons remembered and scopes kept. The reader finds answers that it is told of; the encoder counts words.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from slack_stage import (
    ALICE,
    BOT,
    CHANNEL,
    DIRECT,
    Stage,
    WebApi,
    click,
    command,
    edit,
    elements,
    event,
    mention_twin,
    message,
    reaction,
    stage,
    submission,
    texts,
    until,
)
from stand_ins import HashingEncoder, ScriptedReader

from bot.answering import Answerer, InService
from bot.knowledge import memory
from bot.knowledge.index import Index
from bot.records import WORKSPACE, Adapter, ChannelSettings, Document, Passage, Reading
from bot.slack import words
from bot.slack.looks import blocks
from bot.store import channels, documents, feedback

BOB = "U0BOB"
PRIVATE = "G0BOARD"
OTHER = "C0OTHER"
LEAVE = "How many days of leave do I get?"
CHATTER = [
    (ALICE, "good morning all"),
    (BOB, "morning! coffee?"),
    (ALICE, "did you merge the release branch?"),
    (BOB, "not yet, why?"),
    (ALICE, "can somebody review my pull request?"),
    (BOB, f"<@{ALICE}> how many days of leave do you have left?"),
    (ALICE, "what a day"),
    (BOB, "is it down again?"),
    (ALICE, "https://status.example.com/?page=2"),
    (BOB, "```SELECT count(*) FROM leave?```"),
]


class Attentive(ScriptedReader):
    """Gives its answers only to questions that speak of what the passage speaks of."""

    def read(self, question: str, passages: Sequence[str], *more: Any) -> Reading:
        asked = set(re.findall(r"\w{4,}", question.lower()))
        about = [
            text if len(asked & set(re.findall(r"\w{4,}", text.lower()))) > 1 else "" for text in passages
        ]
        return super().read(question, about, *more)


@dataclass
class House:
    """The stage with a mind of its own: what is asked is found, read, remembered and kept as in service."""

    on: Stage
    reader: ScriptedReader
    gate: threading.Event | None = None
    encoder: HashingEncoder = field(default_factory=HashingEncoder)

    def __post_init__(self) -> None:
        store = self.on.store
        adapter = Adapter("seed", "base", "", "", "/nowhere", card={"min_confidence": 0.5})
        live: Any = SimpleNamespace(current=InService(adapter, self.reader), on_trial=None)
        answerer = Answerer(store, Index(store, self.encoder), self.encoder, live)

        def answer(question: Any, said: Any) -> Any:
            if self.gate is not None:
                assert self.gate.wait(30)
            return answerer.answer(question, said)

        room = self.on.app.room
        room.services = replace(
            room.services, answer=answer, answer_if_sure=answerer.answer_if_sure, teach=self._teach
        )

    def _teach(self, *, question: str, answer: str, scope: str, person: str, **_: Any) -> Passage:
        return memory.teach(
            self.on.store, self.encoder, question=question, answer=answer, scope=scope, person=person
        )

    def learn(self, name: str, text: str, scope: str = WORKSPACE) -> None:
        passage = Passage(0, scope, name, f"{name} > How much", text, 0, 0)
        document = Document(f"/{name}.md", name, scope, "0", link=f"https://wiki.test/{name}")
        vector = self.encoder.encode([text])[0].tobytes()
        documents.replace(self.on.store, document, [passage], [vector])

    def said(self) -> list[str]:
        """Everything that was posted for anybody to read."""
        posted = self.on.slack.posted + self.on.slack.of("chat.postEphemeral") + self.on.slack.of("respond")
        return [f"{texts(each.get('blocks'))}\n{each.get('text')}" for each in posted]

    def correct(self, right: str, *, person: str = ALICE) -> None:
        """A thumbs-down on the last answer, and the right one in the form that opens."""
        answer = self.on.last_answer()
        thumb = {"action_id": blocks.FEEDBACK, "type": "feedback_buttons", "value": f"down:{answer.id}"}
        self.on.send(click(thumb, self.on.slack, user=person, channel=str(answer.channel)))
        view = self.on.slack.wait("views.open")[-1]["view"]
        self.on.send(submission(view, {"reason": ["wrong"], "correction": right}, user=person))
        self.on.settle()


def furnished(on: Stage) -> House:
    for channel in (CHANNEL, OTHER):
        channels.note(on.store, channel, public=True, outside=False)
    channels.note(on.store, PRIVATE, public=False, outside=False)
    return House(on, Attentive("seed", {"28 days": 0.9, "30 days": 0.8, "99 million": 0.95}))


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with stage(tmp_path) as on:
        made = furnished(on)
        made.learn("Leave", "Everybody gets 28 days of leave each year.")
        yield made
        if made.gate is not None:
            made.gate.set()


def talk(house: House, lines: list[tuple[str, str]], **more: Any) -> None:
    for person, text in lines:
        house.on.say(text, user=person, **more)


def anything_seen(on: Stage) -> list[str]:
    seen = (
        "chat.postMessage",
        "chat.postEphemeral",
        "chat.update",
        "reactions.add",
        "assistant.threads.setStatus",
    )
    return [method for method, _ in on.slack.calls if method in seen]


# "It answers when nobody asked"


def test_it_answers_when_nobody_asked__not_in_a_channel_where_it_was_not_named(house: House):
    talk(house, [*CHATTER, (ALICE, LEAVE)])
    assert not anything_seen(house.on)


def test_it_answers_when_nobody_asked__only_what_it_surely_knows_where_people_want_that(house: House):
    channels.configure(house.on.store, ChannelSettings(CHANNEL, mode="questions"))
    talk(house, CHATTER)
    talk(house, [(BOB, "What is the capital of Australia?"), (ALICE, "who ordered the office plants?")])
    assert not anything_seen(house.on)
    talk(house, [(BOB, LEAVE)])
    assert anything_seen(house.on) == ["chat.postMessage"]
    assert "28 days" in house.said()[0]


def test_it_answers_when_nobody_asked__not_half_sure(house: House):
    channels.configure(house.on.store, ChannelSettings(CHANNEL, mode="questions"))
    house.reader.known["28 days"] = 0.6  # enough for whoever asks it, too little unasked
    talk(house, [(BOB, LEAVE)])
    assert not anything_seen(house.on)
    assert "28 days" in texts(house.on.ask(LEAVE)["blocks"])


def test_it_answers_when_nobody_asked__and_keeps_nothing_of_what_was_said_to_others(house: House):
    channels.configure(house.on.store, ChannelSettings(CHANNEL, mode="questions"))
    talk(house, [(BOB, "What is the capital of Australia?")])
    for table in ("questions", "answers"):
        assert house.on.store.one(f"SELECT count(*) AS n FROM {table}")["n"] == 0  # type: ignore[index]
    assert not house.on.store.rows("SELECT 1 FROM claims WHERE payload LIKE '%Australia%'")


def test_it_answers_when_nobody_asked__not_when_people_talk_in_its_thread(house: House):
    channels.configure(house.on.store, ChannelSettings(CHANNEL, follows=True))
    first = house.on.say(f"<@{BOT}> {LEAVE}")["event"]
    house.on.slack.thread = [first]
    for person, text in [
        (BOB, "I took 30 last year"),
        (ALICE, "thanks Bob"),
        (ALICE, "and when do I get leave?"),
    ]:
        body = message(text, user=person, thread_ts=first["ts"])
        house.on.slack.thread.append(body["event"])
        house.on.send(body)
        house.on.settle()
    assert len(house.on.slack.posted) == 1


def test_it_answers_when_nobody_asked__not_a_word_where_it_is_switched_off(house: House):
    channels.configure(house.on.store, ChannelSettings(CHANNEL, mode="off"))
    talk(house, [*CHATTER, (ALICE, f"<@{BOT}> {LEAVE}")])
    assert anything_seen(house.on) == ["chat.postEphemeral"]  # to whoever named it, and to nobody else


# "Twice"


def test_twice__a_mention_that_slack_tells_of_twice_and_repeats(house: House):
    body = message(f"<@{BOT}> {LEAVE}")
    for each in (mention_twin(body), body):
        house.on.send(each)
        house.on.send(each, retry=1)
    house.on.settle()
    house.on.send(body, retry=3)  # minutes later
    house.on.settle()
    assert len(house.on.slack.posted) == 1


@pytest.mark.parametrize("mode", ["questions", "all"])
def test_twice__where_it_answers_unasked_as_well(house: House, mode):
    channels.configure(house.on.store, ChannelSettings(CHANNEL, mode=mode))
    body = message(f"<@{BOT}> {LEAVE}")
    for each in (body, mention_twin(body), edit(body, f"<@{BOT}>  {LEAVE}")):
        house.on.send(each)
    house.on.settle()
    assert len(house.on.slack.posted) == 1


def test_twice__two_processes_that_hear_the_same(tmp_path: Path):
    slack = WebApi()
    with stage(tmp_path, slack=slack) as one, stage(tmp_path, slack=slack) as other:
        bodies = [message(f"<@{BOT}> Question number {number}?") for number in range(5)]
        for body in bodies:
            for process in (one, other):
                process.send(body)
        one.settle()
        other.settle()
        assert len(slack.posted) == len(bodies)
    slack.close()


def test_twice__an_edited_question_is_answered_in_place(house: House):
    asked = house.on.say(f"<@{BOT}> How many days of laeve?")
    house.on.send(edit(asked, f"<@{BOT}> {LEAVE}"))
    house.on.settle()
    assert len(house.on.slack.posted) == 1
    assert len(house.on.slack.of("chat.update")) == 1


# "Late and without a sign of life"


def test_late_and_without_a_sign_of_life__a_sign_within_a_second_however_many_wait(house: House):
    house.gate = threading.Event()
    for number in range(20):
        house.on.send(message(f"<@{BOT}> Question number {number}?", channel=f"C{number}"))
    began = time.monotonic()
    body = message(f"<@{BOT}> {LEAVE}")
    house.on.send(body)
    until(
        lambda: [
            each
            for each in house.on.slack.of("assistant.threads.setStatus")
            if each["thread_ts"] == body["event"]["ts"]
        ],
        seconds=1,
    )
    assert time.monotonic() - began < 1
    assert not house.on.slack.posted


def test_late_and_without_a_sign_of_life__a_reaction_where_slack_has_no_status(house: House):
    house.on.slack.refuse["assistant.threads.setStatus"] = "unknown_method"
    house.gate = threading.Event()
    house.on.send(message(f"<@{BOT}> {LEAVE}"))
    house.on.slack.wait("reactions.add", seconds=1)


def test_late_and_without_a_sign_of_life__too_many_at_once_is_said_at_once(tmp_path: Path):
    with stage(tmp_path, queue_size=1) as on:
        house = furnished(on)
        house.gate = threading.Event()
        for number in range(3):
            on.send(message(f"<@{BOT}> Question number {number}?", channel=f"C{number}"))
            until(lambda: len(on.app.room.inference))
        until(lambda: house.said())
        assert words.BUSY in house.said()[0]
        house.gate.set()


def test_late_and_without_a_sign_of_life__a_failure_is_said_in_calm_words(house: House, monkeypatch):
    def fail(*_: Any, **__: Any) -> Any:
        raise RuntimeError("tensor of shape (3,)")

    monkeypatch.setattr(house.reader, "read", fail)
    house.on.say(f"<@{BOT}> {LEAVE}")
    house.on.slack.wait("chat.postMessage")
    assert words.SORRY in house.said()[0]
    assert "tensor" not in house.said()[0]


# "Without a source"


def test_without_a_source__every_answer_shows_its_sentence_and_links_its_document(house: House):
    reply = house.on.ask(LEAVE)
    said = texts(reply["blocks"])
    assert "Everybody gets \n28 days\n of leave each year." in said
    assert [(each["text"], each["url"]) for each in elements(reply["blocks"], "link")] == [
        ("Leave > How much", "https://wiki.test/Leave")
    ]
    assert "From Leave" in reply["text"]  # for those who hear the message


def test_without_a_source__what_stands_nowhere_is_not_claimed(house: House):
    reply = house.on.ask("How tall is the tower of Pisa?")
    said = texts(reply["blocks"])
    assert words.DONT_KNOW in said
    assert "Leave > How much" in said  # the closest it found, for a person to judge


def test_without_a_source__a_taught_answer_names_who_taught_it(house: House):
    house.on.send(command("teach Where is the projector? = In room 2", house.on.slack, user=BOB))
    house.on.settle()
    assert f"Taught by @Name of {BOB}" in texts(house.on.ask("Where is the projector?")["blocks"])


# "It leaks private channels"


@pytest.fixture
def secret(house: House) -> House:
    house.learn("Merger", "The merger will cost 99 million in the end.", PRIVATE)
    return house


MERGER = "What does the merger cost in the end?"


def test_it_leaks_private_channels__what_was_learned_there_is_told_there(secret: House):
    assert "99 million" in texts(secret.on.ask(MERGER, channel=PRIVATE, channel_type="group")["blocks"])


def test_it_leaks_private_channels__but_nowhere_else(secret: House):
    channels.configure(secret.on.store, ChannelSettings(OTHER, mode="questions"))
    secret.on.ask(MERGER)
    secret.on.say(MERGER, channel=DIRECT)
    secret.on.say(MERGER, channel=OTHER)
    secret.on.send(command(f"ask {MERGER}", secret.on.slack))
    secret.on.settle()
    secret.on.send(event({"type": "app_home_opened", "user": ALICE, "channel": DIRECT, "tab": "messages"}))
    secret.on.settle()
    seen = str(secret.on.slack.calls)
    assert "99 million" not in seen
    assert "Merger" not in seen


def test_it_leaks_private_channels__nor_what_was_corrected_there(secret: House):
    secret.on.ask(MERGER, channel=PRIVATE, channel_type="group")
    secret.correct("77 million")
    before = len(secret.said())
    secret.on.ask(MERGER)
    secret.on.say(MERGER, channel=DIRECT, user=BOB)
    assert "77 million" not in str(secret.said()[before:])
    assert "77 million" in texts(secret.on.ask(MERGER, channel=PRIVATE, channel_type="group")["blocks"])


def test_it_leaks_private_channels__nor_is_it_shared_out_of_them(secret: House):
    secret.on.send(command(f"ask {MERGER}", secret.on.slack, channel=PRIVATE))
    reply = secret.on.slack.wait("respond")[0]
    secret.on.settle()
    (share,) = [each for each in elements(reply["blocks"], "button") if each["action_id"] == blocks.SHARE]
    secret.on.send(click(share, secret.on.slack, channel=OTHER))  # no button of ours does that
    secret.on.settle()
    assert not secret.on.slack.posted


# "Feedback changes nothing"


def test_feedback_changes_nothing__a_correction_is_known_at_once(house: House):
    assert "28 days" in texts(house.on.ask(LEAVE)["blocks"])
    house.correct("31 days, since May")
    again = texts(house.on.ask(LEAVE, user=BOB)["blocks"])
    assert "31 days, since May" in again
    assert "28 days" not in again
    assert f"@Name of {ALICE}" in again


@pytest.mark.parametrize("wording", ["how many days of leave do I get", "How many days of leave do I get??"])
def test_feedback_changes_nothing__also_in_other_words(house: House, wording):
    house.on.ask(LEAVE)
    house.correct("31 days, since May")
    assert "31 days" in texts(house.on.ask(wording)["blocks"])


def test_feedback_changes_nothing__it_thanks_and_says_what_becomes_of_it(house: House):
    house.on.ask(LEAVE)
    house.correct("31 days, since May")
    assert any(words.CORRECTION_THANKS in each for each in house.said())


def test_feedback_changes_nothing__it_outlives_a_restart(tmp_path: Path):
    with stage(tmp_path) as on:
        house = furnished(on)
        house.learn("Leave", "Everybody gets 28 days of leave each year.")
        on.ask(LEAVE)
        house.correct("31 days, since May")
    with stage(tmp_path) as on:
        furnished(on)
        assert "31 days" in texts(on.ask(LEAVE)["blocks"])


def test_feedback_changes_nothing__a_thumb_is_kept_and_can_be_taken_back(house: House):
    house.on.ask(LEAVE)
    answer = house.on.last_answer()
    house.on.send(reaction("+1", answer, user=BOB))
    house.on.settle()
    given = feedback.of(house.on.store, answer.id or 0, BOB)
    assert given is not None
    assert given.vote == "up"
    house.on.send(reaction("+1", answer, user=BOB, removed=True))
    house.on.settle()
    left = feedback.of(house.on.store, answer.id or 0, BOB)
    assert left is None or left.vote is None


def test_feedback_changes_nothing__what_it_did_not_know_it_can_be_taught(house: House):
    question = "Where is the projector kept?"
    reply = house.on.ask(question)
    (teach,) = [each for each in elements(reply["blocks"], "button") if each["action_id"] == blocks.TEACH_ME]
    house.on.send(click(teach, house.on.slack))
    view = house.on.slack.wait("views.open")[0]["view"]
    house.on.send(submission(view, {"question": question, "answer": "In room 2"}))
    house.on.settle()
    assert "In room 2" in texts(house.on.ask(question)["blocks"])
