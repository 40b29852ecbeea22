"""The state file: what may be opened, what a write promises, and what several threads and processes may do at once."""

import os
import sqlite3
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from bot.errors import StoreError
from bot.records import Answer, Candidate, ChannelSettings, Feedback, Offered, Promotion, Question
from bot.store import Store, adapters, channels, claims, feedback, open_store, people, questions


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "state" / "lorebot.db")


def asked(store: Store, key: str = "C1:1.0", person: str = "U1") -> Question:
    return questions.record_question(store, Question("message", key, "how much leave?", person, "C1", "1.0"))


def answered(store: Store, question: Question) -> Answer:
    answer = Answer(
        question_id=question.id or 0,
        text="25 days",
        confidence=0.8,
        adapter="seed",
        offered=(Offered("You get 25 days.", 3, "Leave", "Days", "http://x/leave", 0.7),),
        candidates=(Candidate(0, 8, 15, "25 days", 4.5, -0.2, 0.8),),
        chosen=0,
        start=8,
        end=15,
        sentence="You get 25 days.",
    )
    return questions.record_answer(store, answer)


def test_a_second_opening_changes_nothing(store: Store) -> None:
    asked(store)
    again = open_store(store.path)
    assert again.one("SELECT count(*) AS n FROM questions") == {"n": 1}


def test_a_file_that_is_no_database_is_refused_and_stays_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "lorebot.db"
    path.write_text("minutes of the last meeting, not a database")
    with pytest.raises(StoreError, match="is not an SQLite database"):
        open_store(path)
    assert path.read_text() == "minutes of the last meeting, not a database"
    assert [each.name for each in tmp_path.iterdir()] == ["lorebot.db"]


def test_another_programs_database_is_refused_and_stays_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "lorebot.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE recipes (name TEXT)")
    before = path.read_bytes()
    with pytest.raises(StoreError, match="another program's database"):
        open_store(path)
    assert path.read_bytes() == before


def test_a_file_from_a_newer_version_is_refused_and_stays_as_it_was(store: Store) -> None:
    with store.write() as db:
        db.table("_sqlite_migrations").insert(
            {"migration_set": "lorebot", "name": "m999_from_the_future", "applied_at": "2030"}
        )
    store.db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    store.close()
    before = store.path.read_bytes()
    with pytest.raises(StoreError, match=r"newer Lorebot .*m999_from_the_future"):
        open_store(store.path)
    assert store.path.read_bytes() == before


def test_a_folder_that_cannot_be_made_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="set LOREBOT_HOME") as refused:
        open_store(tmp_path / "file" / "state" / "lorebot.db")
    assert "\n" not in str(refused.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_told_in_one_line(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StoreError, match="writable"):
        open_store(tmp_path / "lorebot.db")


def test_a_failed_write_leaves_nothing(store: Store) -> None:

    def write_and_fail() -> None:
        with store.write():
            asked(store)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_and_fail()
    assert store.one("SELECT count(*) AS n FROM questions") == {"n": 0}


def test_a_message_is_one_question_however_often_it_is_edited(store: Store) -> None:
    first = asked(store)
    second = questions.record_question(store, replace(first, id=None, text="how much leave do I get?"))
    assert second.id == first.id
    assert store.one("SELECT text FROM questions") == {"text": "how much leave do I get?"}


def test_an_answer_comes_back_as_it_was_recorded(store: Store) -> None:
    answer = answered(store, asked(store))
    assert questions.answer(store, answer.id or 0) == answer


def test_a_reply_is_found_by_its_message_and_the_newest_answer_in_it_counts(store: Store) -> None:
    question = asked(store)
    first, second = answered(store, question), answered(store, question)
    for answer in (first, second):
        questions.posted(store, answer.id or 0, "C1", "2.0")
    found = questions.answer_at(store, "C1", "2.0")
    assert found is not None
    assert found.id == second.id
    assert questions.answer_at(store, "C1", "3.0") is None


def test_the_last_word_of_a_person_wins(store: Store) -> None:
    answer = answered(store, asked(store)).id or 0
    feedback.record(store, Feedback(answer, "U2", "down", "button"))
    feedback.record(store, Feedback(answer, "U2", correction="28 days", reason="wrong"))
    assert feedback.of(store, answer, "U2") == replace(
        feedback.of(store, answer, "U2"), vote="down", correction="28 days", reason="wrong"
    )
    feedback.record(store, Feedback(answer, "U2", "up", "button"))
    last = feedback.of(store, answer, "U2")
    assert last is not None
    assert (last.vote, last.correction) == ("up", None)


def test_taking_a_reaction_back_clears_only_the_vote_it_made(store: Store) -> None:
    answer = answered(store, asked(store)).id or 0
    feedback.record(store, Feedback(answer, "U2", "up", "reaction:thumbsup"))
    feedback.record(store, Feedback(answer, "U2", "down", "button"))
    assert not feedback.clear_vote(store, answer, "U2", "reaction:thumbsup")
    assert feedback.of(store, answer, "U2").vote == "down"  # type: ignore[union-attr]
    assert feedback.clear_vote(store, answer, "U2", "button")
    assert feedback.of(store, answer, "U2").vote is None  # type: ignore[union-attr]


def test_many_threads_claim_the_same_event_and_one_gets_it(store: Store) -> None:
    won: list[bool] = []
    start = threading.Barrier(16)

    def take() -> None:
        start.wait()
        won.append(claims.claim(store, "message:C1:1.0", {"text": "hi"}))
        store.close()

    threads = [threading.Thread(target=take) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == [False] * 15 + [True]


def test_five_hundred_writes_from_ten_threads_all_arrive(store: Store) -> None:
    def write(worker: int) -> None:
        for i in range(50):
            asked(store, f"C1:{worker}.{i}")
        store.close()

    threads = [threading.Thread(target=write, args=(worker,)) for worker in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.one("SELECT count(*) AS n FROM questions") == {"n": 500}


def test_the_version_tells_of_what_another_connection_wrote(store: Store) -> None:
    before = store.version()
    other = open_store(store.path)
    asked(other)
    assert store.version() != before


def test_the_promotion_log_can_only_grow(store: Store) -> None:
    with store.write() as db:
        db.execute(
            "INSERT INTO adapters (id, base, base_sha256, sha256, folder, card, created_at)"
            " VALUES ('seed', 'b', 'h', 'h', '/', '{}', 0)"
        )
    adapters.append_promotion(store, Promotion("seed", "cli", "first"))
    for change in ("UPDATE promotions SET why = 'other'", "DELETE FROM promotions"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"), store.write() as db:
            db.execute(change)
    assert [each.why for each in adapters.promotions(store)] == ["first"]


def test_forgetting_a_person_leaves_what_others_said(store: Store) -> None:
    mine, theirs = asked(store, "C1:1.0", "U1"), asked(store, "C1:2.0", "U2")
    feedback.record(store, Feedback(answered(store, mine).id or 0, "U2", "up", "button"))
    kept = answered(store, theirs).id or 0
    feedback.record(store, Feedback(kept, "U1", "down", "button"))
    feedback.record(store, Feedback(kept, "U2", "up", "button"))
    assert people.forget(store, "U1") == {"questions": 1, "feedback": 1, "taught": 0, "learned": 0}
    assert [each.person for each in feedback.all_of(store)] == ["U2"]
    assert store.one("SELECT count(*) AS n FROM questions") == {"n": 1}


def test_a_channel_keeps_its_settings_and_what_slack_said_of_it(store: Store) -> None:
    assert channels.settings(store, "C1") == ChannelSettings("C1")
    kept = channels.configure(
        store, ChannelSettings("C1", "questions", follows=True, workspace=False, by="U1")
    )
    assert channels.settings(store, "C1") == kept and kept.at > 0
    assert channels.configured(store) == [kept]
    channels.note(store, "C1", public=True, outside=True)
    channels.note(store, "C1", public=False)
    assert channels.outside(store, "C1") and "C1" not in channels.public(store)
    channels.note(store, "C1", public=True, outside=False)
    assert not channels.outside(store, "C1") and "C1" in channels.public(store)
