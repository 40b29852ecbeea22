"""Taught answers expire when nobody says that they still hold: not before, not silently, and never unless it is wanted."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from stand_ins import HashingEncoder

from bot import reviewing
from bot.errors import SettingsError
from bot.knowledge import expiring, memory
from bot.knowledge.expiring import DAY_S
from bot.knowledge.index import Index
from bot.records import WORKSPACE, Passage
from bot.settings import Settings, load_settings
from bot.store import Store, documents, open_store
from bot.trust import Rules

ENCODER = HashingEncoder()
RULES = Rules(taught_days=90.0)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "lorebot.db")


def taught(
    store: Store, question: str = "Who owns the car?", *, days_ago: float, scope: str = WORKSPACE
) -> Passage:
    lesson = memory.teach(store, ENCODER, question=question, answer="Eva does", scope=scope, person="U1")
    with store.write() as db:
        then = time.time() - days_ago * DAY_S
        db.execute("UPDATE documents SET learned_at = ? WHERE id = ?", [then, lesson.document_id])
    return lesson


def recalled(store: Store, question: str = "Who owns the car?") -> bool:
    return memory.recall(store, ENCODER, question, [WORKSPACE]) is not None


def test_an_expired_answer_neither_supersedes_nor_is_found(store: Store) -> None:
    taught(store, days_ago=91)
    index = Index(store, ENCODER)
    assert recalled(store)
    assert index.find("Who owns the car?", [WORKSPACE], 3)
    assert expiring.expire(store, 90) == 1
    assert not recalled(store)
    assert index.find("Who owns the car?", [WORKSPACE], 3) == []


def test_without_a_limit_nothing_ever_expires(store: Store) -> None:
    taught(store, days_ago=10_000)
    assert expiring.expire(store, None) == 0
    assert expiring.ending(store, None) == []
    assert recalled(store)


@pytest.mark.parametrize(("days_ago", "asked"), [(75, 0), (77, 1), (89, 1)])
def test_it_is_asked_about_two_weeks_before(store: Store, days_ago: float, asked: int) -> None:
    taught(store, days_ago=days_ago)
    assert expiring.expire(store, 90) == 0
    assert len(expiring.ending(store, 90)) == asked


def test_of_a_short_life_it_is_asked_about_in_the_last_fifth(store: Store) -> None:
    taught(store, days_ago=7)
    assert expiring.ending(store, 10) == []
    taught(store, "Who cooks?", days_ago=8.5)
    assert [each.question for each in expiring.ending(store, 10)] == ["Who cooks?"]


def test_confirmed_or_taught_again_it_lives_on(store: Store) -> None:
    lesson = taught(store, days_ago=89)
    other = taught(store, "Who cooks?", days_ago=89)
    expiring.confirm(store, lesson)
    memory.teach(store, ENCODER, question=other.question or "", answer="Ben", scope=WORKSPACE, person="U2")
    assert expiring.ending(store, 90) == []
    later = time.time() + 80 * DAY_S
    assert expiring.expire(store, 90, later) == 0
    assert expiring.expire(store, 90, later + 11 * DAY_S) == 2


def test_documents_of_files_and_of_slack_never_expire(store: Store) -> None:
    from bot.records import Document

    for kind in ("file", "slack"):
        documents.replace(store, Document(kind, kind, WORKSPACE, "x", kind=kind, learned_at=1.0), [], [])  # type: ignore[arg-type]
    assert expiring.expire(store, 1) == 0


# The reviewers' queue


def waiting(store: Store) -> list[reviewing.Waiting]:
    return [each for each in reviewing.waiting(store, RULES) if each.key.startswith("still:")]


@pytest.mark.parametrize("scope", [WORKSPACE, "C1"])
def test_reviewers_are_asked_and_their_agreement_keeps_it_where_it_is(store: Store, scope: str) -> None:
    taught(store, days_ago=80, scope=scope)
    (item,) = waiting(store)
    day = time.strftime("%Y-%m-%d", time.localtime(item.at + 90 * DAY_S))
    assert (item.person, item.words, item.channel) == ("U1", "Eva does", scope)
    assert item.why == f"is forgotten on {day} unless somebody agrees that it is still true"
    assert reviewing.decide(store, [item], "accept", by="U9", seen=time.time())
    assert waiting(store) == []
    (lesson,) = documents.taught_everywhere(store)
    assert lesson.scope == scope


def test_rejecting_forgets_it_and_an_edit_puts_the_reviewers_words_there(store: Store) -> None:
    taught(store, days_ago=80, scope="C1")
    taught(store, "Who cooks?", days_ago=80)
    car, cook = waiting(store)
    reviewing.decide(store, [car], "edit", by="U9", words="Ben does")
    reviewing.decide(store, [cook], "reject", by="U9")
    (lesson,) = documents.taught_everywhere(store)
    assert (lesson.text, lesson.scope) == ("Who owns the car?\nBen does", "C1")
    assert documents.document(store, lesson.source, "C1").person == "U9"  # type: ignore[union-attr]
    assert waiting(store) == []


def test_what_was_taught_under_four_eyes_is_shown_to_its_teacher_only(store: Store) -> None:
    taught(store, days_ago=80, scope="D0ALICE")
    (item,) = waiting(store)
    assert item.private_to == "U1"
    assert not reviewing.seen_by(store, "U9", lambda _: True)(item)


def test_one_that_was_confirmed_meanwhile_is_left_alone(store: Store) -> None:
    lesson = taught(store, days_ago=80)
    (item,) = waiting(store)
    seen = time.time()
    expiring.confirm(store, lesson)
    assert reviewing.decide(store, [item], "reject", by="U9", seen=seen) == []
    assert recalled(store)


def test_without_a_limit_reviewers_are_asked_nothing(store: Store) -> None:
    taught(store, days_ago=10_000)
    assert reviewing.waiting(store, Rules.of(Settings(_env_file=None))) == []


# The setting


@pytest.mark.parametrize(("value", "days"), [("90d", 90.0), ("90", 90.0), (" 0.5 d ", 0.5), ("", None)])
def test_the_limit_is_days_with_or_without_their_letter(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, value: str, days: float | None
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LOREBOT_TAUGHT_TTL", value)
    assert load_settings().taught_ttl == days


@pytest.mark.parametrize("value", ["soon", "0", "-3d", "3w"])
def test_another_limit_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, value: str) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LOREBOT_TAUGHT_TTL", value)
    with pytest.raises(SettingsError, match="LOREBOT_TAUGHT_TTL"):
        load_settings()
