"""Teachers are asked whether what they taught still holds: once, in time, and only they decide by it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from slack_stage import ALICE, CHANNEL, Stage, click, elements, stage, texts
from stand_ins import HashingEncoder

from bot.knowledge import memory
from bot.records import Passage
from bot.slack import words
from bot.slack.feedback.still_true import FORGET, KEEP, StillTrue
from bot.store import documents

BOB = "U0BOB"


@pytest.fixture
def on(tmp_path: Path) -> Iterator[Stage]:
    with stage(tmp_path, taught_ttl=90.0, started=False) as here:
        here.app.room.lanes.start()
        yield here
        here.app.room.lanes.stop(seconds=5)


def taught(
    on: Stage, *, days_ago: float, person: str = ALICE, question: str = "Who owns the car?"
) -> Passage:
    lesson = memory.teach(
        on.store, HashingEncoder(), question=question, answer="Eva & <!channel>", scope=CHANNEL, person=person
    )
    with on.store.write() as db:
        then = time.time() - days_ago * 86400
        db.execute("UPDATE documents SET learned_at = ? WHERE id = ?", [then, lesson.document_id])
    return lesson


def look(on: Stage) -> None:
    StillTrue(on.app.room).look()
    on.settle()


def answer(on: Stage, action: str, *, user: str = ALICE) -> str:
    """What is said to somebody who presses a button of the question."""
    (asked,) = on.slack.posted
    button = next(each for each in elements(asked["blocks"], "button") if each["action_id"] == action)
    on.send(click(button, on.slack, user=user))
    said = on.slack.wait("respond")[-1]
    assert said["replace_original"] is True
    return texts(said["blocks"])


def test_the_teacher_is_asked_directly_once(on: Stage) -> None:
    taught(on, days_ago=80)
    look(on)
    look(on)
    (asked,) = on.slack.posted
    assert asked["channel"] == "D0ALICE"
    assert "Who owns the car?" in texts(asked["blocks"])
    assert "<!channel>" not in str(asked["text"])
    assert on.slack.of("conversations.open")[0]["users"] == ALICE


def test_what_is_fresh_or_was_taught_on_the_command_line_asks_nobody(on: Stage) -> None:
    taught(on, days_ago=10)
    taught(on, days_ago=80, person="cli:root", question="Who cooks?")
    look(on)
    assert on.slack.posted == []


def test_what_has_expired_goes_without_a_word(on: Stage) -> None:
    taught(on, days_ago=91)
    look(on)
    assert documents.taught_everywhere(on.store) == []
    assert on.slack.posted == []


def test_the_teacher_keeps_it(on: Stage) -> None:
    lesson = taught(on, days_ago=80)
    look(on)
    assert answer(on, KEEP) == words.STILL_KEPT
    document = documents.document(on.store, lesson.source, CHANNEL)
    assert document is not None
    assert time.time() - documents.fresh_at(document) < 60


def test_the_teacher_lets_it_go(on: Stage) -> None:
    taught(on, days_ago=80)
    look(on)
    assert answer(on, FORGET) == words.STILL_FORGOTTEN
    assert documents.taught_everywhere(on.store) == []


def test_nobody_else_decides_by_its_buttons(on: Stage) -> None:
    taught(on, days_ago=80)
    look(on)
    assert answer(on, FORGET, user=BOB) == words.STILL_GONE
    assert len(documents.taught_everywhere(on.store)) == 1


def test_pressed_twice_or_too_late_it_says_that_it_is_gone(on: Stage) -> None:
    lesson = taught(on, days_ago=80)
    look(on)
    memory.unteach(on.store, lesson.id or 0)
    assert answer(on, KEEP) == words.STILL_GONE


def test_a_room_without_a_limit_has_nothing_to_look_at(tmp_path: Path) -> None:
    with stage(tmp_path) as on:
        taught(on, days_ago=10_000)
        look(on)
        assert on.slack.posted == []
        assert len(documents.taught_everywhere(on.store)) == 1
