"""The review queue: what waits, who may see it, and what decisions do, all or nothing."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from stand_ins import HashingEncoder

from bot import reviewing
from bot.errors import DataError
from bot.knowledge import memory
from bot.records import WORKSPACE, Answer, Feedback, Question
from bot.reviewing import Waiting
from bot.store import Store, channels, documents, feedback, open_store, people, questions, reviews

ENCODER = HashingEncoder()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "lorebot.db")


def said(
    store: Store,
    person: str = "UGUEST",
    *,
    channel: str | None = "C1",
    source: str = "message",
    asker: str = "U0ASKER",
    correction: str | None = None,
    at: float | None = None,
) -> int:
    """A down of a guest, which waits for a reviewer; the id of its answer."""
    people.seen(store, person, "guest" if "GUEST" in person else "member", 1.0)
    n = (store.one("SELECT count(*) AS n FROM questions") or {})["n"]
    question = Question(source, f"{channel}:{n}", f"How much leave in year {n}?", asker, channel)  # type: ignore[arg-type]
    asked = questions.record_question(store, question)
    answer = questions.record_answer(store, Answer(asked.id or 0, "25 days", 0.8, "seed", (), ()))
    given = Feedback(
        answer.id or 0, person, "down", "button", correction=correction, given_at=at or time.time()
    )
    feedback.record(store, given)
    return answer.id or 0


def teach(store: Store, scope: str = "C1", person: str = "U1", question: str = "Where is the key?") -> int:
    lesson = memory.teach(store, ENCODER, question=question, answer="Hook 3", scope=scope, person=person)
    return lesson.id or 0


def keys(items: list[Waiting]) -> list[str]:
    return [each.key for each in items]


def test_what_waits_is_what_trust_holds_back_and_what_was_taught_in_one_channel_oldest_first(
    store: Store,
) -> None:
    said(store, "UMEMBER")
    second, first = said(store, at=200.0), said(store, at=100.0, correction="28 days")
    lesson = teach(store)
    teach(store, WORKSPACE, question="Who has the key?")
    waiting = reviewing.waiting(store)
    assert keys(waiting) == [f"{first}:UGUEST", f"{second}:UGUEST", f"taught:{lesson}"]
    assert "guest" in waiting[0].why
    assert [each.words for each in waiting] == ["28 days", None, "Hook 3"]


def test_a_decision_takes_a_piece_out_of_the_queue_and_reopening_puts_it_back(store: Store) -> None:
    said(store)
    waiting = reviewing.waiting(store)
    for decision in ("accept", "reject", "edit"):
        done = reviewing.decide(store, waiting, decision, by="UADMIN", words="28 days")  # type: ignore[arg-type]
        assert keys(done) == keys(waiting)
        assert reviewing.waiting(store) == []
        [made] = reviews.all_of(store).values()
        words = "28 days" if decision == "edit" else None
        assert (made.decision, made.words, made.by) == (decision, words, "UADMIN")
        assert reviewing.reopen(store, keys(done)) == 1
        assert keys(reviewing.waiting(store)) == keys(waiting)


def test_a_taught_answer_is_given_to_all_or_put_right_or_forgotten(store: Store) -> None:
    for question in ("Where is the key?", "Who has the spare one?", "When does the gate close?"):
        teach(store, question=question)
    for each, decision in zip(reviewing.waiting(store), ("accept", "edit", "reject"), strict=True):
        reviewing.decide(store, [each], decision, by="UADMIN", words="Hook 4")  # type: ignore[arg-type]
    left = {each.question: each.text[each.answer_start :] for each in documents.taught(store, [WORKSPACE])}
    assert left == {"Where is the key?": "Hook 3", "Who has the spare one?": "Hook 4"}
    assert len(documents.taught_everywhere(store)) == 2


def test_an_edit_needs_words(store: Store) -> None:
    teach(store)
    with pytest.raises(DataError, match="without words"):
        reviewing.decide(store, reviewing.waiting(store), "edit", by="UADMIN", words=" ")
    assert len(reviewing.waiting(store)) == 1


def test_what_changed_since_it_was_shown_is_left_alone(store: Store) -> None:
    first, second, third = said(store), said(store), said(store)
    shown, seen = reviewing.waiting(store), time.time()
    feedback.record(store, Feedback(first, "UGUEST", "up", "button"))
    reviewing.decide(store, [each for each in shown if each.key == f"{second}:UGUEST"], "reject", by="UOTHER")
    done = reviewing.decide(store, shown, "accept", by="UADMIN", seen=seen)
    assert keys(done) == [f"{third}:UGUEST"]
    assert reviews.all_of(store)[second, "UGUEST"].by == "UOTHER"
    assert (first, "UGUEST") not in reviews.all_of(store)


def test_a_bulk_that_fails_changes_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    said(store)
    teach(store)

    def fail(*_: object, **__: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(memory, "widen", fail)
    with pytest.raises(OSError, match="disk is full"):
        reviewing.decide(store, reviewing.waiting(store), "accept", by="UADMIN")
    assert len(reviewing.waiting(store)) == 2
    assert reviews.all_of(store) == {}


def test_what_was_said_in_private_is_shown_only_to_who_could_see_it_there(store: Store) -> None:
    channels.note(store, "CPUBLIC", public=True)
    channels.note(store, "CPRIVATE", public=False)
    public = f"{said(store, channel='CPUBLIC')}:UGUEST"
    private = f"{said(store, channel='CPRIVATE')}:UGUEST"
    unknown = f"{said(store, channel='CUNKNOWN')}:UGUEST"
    direct = f"{said(store, channel='D1', asker='UBOSS')}:UGUEST"
    command = f"{said(store, channel='CPUBLIC', source='command', asker='UBOSS')}:UGUEST"
    local = f"{said(store, channel=None, source='cli')}:UGUEST"
    taught = f"taught:{teach(store, 'D2', 'UBOSS')}"
    waiting = reviewing.waiting(store)
    assert len(waiting) == 7

    asked: list[str] = []

    def seen(person: str, *member_of: str) -> set[str]:
        asked.clear()

        def is_member(channel: str) -> bool:
            asked.append(channel)
            return channel in member_of

        may_see = reviewing.seen_by(store, person, is_member)
        return set(keys([each for each in waiting if may_see(each)]))

    assert seen("UADMIN") == {public, local}
    assert sorted(asked) == ["CPRIVATE", "CUNKNOWN"]
    assert seen("UADMIN", "CPRIVATE") == {public, local, private}
    assert seen("UBOSS", "CUNKNOWN") == {public, local, unknown, direct, command, taught}
    public_only = reviewing.public_channels(store)
    assert set(keys([each for each in waiting if public_only(each)])) == {public, local}


def test_a_key_names_a_piece_that_was_decided_too_and_nothing_else(store: Store) -> None:
    answer = said(store)
    reviewing.decide(store, reviewing.waiting(store), "reject", by="UADMIN")
    assert reviewing.find(store, f"{answer}:UGUEST").person == "UGUEST"
    for wrong in ("", "x", "7", f"{answer}:UNOBODY", "taught:1", "taught:x", f"99{answer}:UGUEST"):
        with pytest.raises(DataError, match="ANSWER:PERSON"):
            reviewing.find(store, wrong)
