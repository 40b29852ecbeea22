"""Forgetting by age: nothing older than the limit is left, in the state file's bytes either; what is younger stays."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from adapter_folders import write_adapter
from lorebot_process import versions
from slack_stage import until
from stand_ins import HashingEncoder

from bot import retention, retraining
from bot.records import WORKSPACE, Answer, Document, Feedback, Offered, Passage, Question
from bot.settings import Settings
from bot.store import Store, claims, documents, feedback, open_store, questions, runs

DAY = 86400.0
OLD, YOUNG = "pangolin", "wallaby"
"""What was said 40 days ago, and what 20 days ago."""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "lorebot.db")


def say(store: Store, word: str, days_ago: float) -> None:
    """A question with its answer, feedback and corrections, a message learned, a claim left over, and a run's page."""
    at, home = time.time() - days_ago * DAY, store.path.parent
    asked = Question(
        "message",
        f"C1:{word}",
        f"{word}?",
        "U1",
        "C1",
        word,
        (WORKSPACE,),
        f"c {word}",
        None,
        f"f {word}",
        at,
    )
    recorded = questions.record_question(store, asked)
    offered = (Offered(f"text of a {word}", None, "T", "", None, 0.5),)
    answer = Answer(recorded.id or 0, word, 0.9, "seed", offered, (), 0, 0, 3, f"a {word}", answered_at=at)
    kept = questions.record_answer(store, answer)
    feedback.record(
        store, Feedback(kept.id or 0, "U2", "down", "modal", "wrong", f"no, a {word}", given_at=at)
    )
    for kind, source in (
        ("slack", f"slack:C1:{word}"),
        ("slack", f"slack:file:{word}"),
        ("taught", f"taught:{word}"),
    ):
        passage = Passage(0, WORKSPACE, "T", "", f"{kind} {word}", 0, 0)
        vectors = [HashingEncoder().encode(["x"])[0].tobytes()]
        document = Document(source, f"{source} title", WORKSPACE, "h", kind, learned_at=at)  # type: ignore[arg-type]
        documents.replace(store, document, [passage], vectors)
    claims.claim(store, f"message:{word}", {"text": word})
    with store.write() as db:
        db.execute("UPDATE claims SET claimed_at = ? WHERE key = ?", [at, f"message:{word}"])
        db.execute("UPDATE documents SET learned_at = ? WHERE source LIKE ?", [at, f"%{word}"])
    for folder in retention.FOLDERS:
        path = home / folder / f"{word}.html"
        path.parent.mkdir(exist_ok=True)
        path.write_text(word)
        os.utime(path, (at, at))


def test_nothing_older_than_the_limit_is_left_and_nothing_younger_gone(store: Store) -> None:
    home = store.path.parent
    say(store, OLD, 40)
    say(store, YOUNG, 20)
    removed = retention.forget_old(store, versions(store, home), home, 30)
    assert removed == {"feedback": 1, "questions": 1, "messages": 1, "files": 3}
    for table, count in (("questions", 1), ("answers", 1), ("feedback", 1), ("documents", 5)):
        assert store.one(f"SELECT count(*) AS n FROM {table}") == {"n": count}
    assert {row["source"] for row in store.rows("SELECT source FROM documents")} == {
        f"slack:C1:{YOUNG}",
        f"slack:file:{YOUNG}",
        f"taught:{YOUNG}",
        f"slack:file:{OLD}",
        f"taught:{OLD}",
    }
    assert store.one("SELECT payload FROM claims WHERE key = ?", [f"message:{OLD}"]) == {"payload": None}
    assert store.one("SELECT payload FROM claims WHERE key = ?", [f"message:{YOUNG}"]) != {"payload": None}
    for folder in retention.FOLDERS:
        assert [path.name for path in (home / folder).iterdir()] == [f"{YOUNG}.html"]
    assert retention.forget_old(store, versions(store, home), home, 30) == dict.fromkeys(removed, 0)


def test_what_was_forgotten_lies_in_no_free_page(store: Store) -> None:
    home = store.path.parent
    say(store, OLD, 40)
    with store.write() as db:  # these stay, and name it: out of the way of the search for its bytes
        db.execute("DELETE FROM documents WHERE source LIKE 'slack:file:%' OR kind = 'taught'")
        db.execute("DELETE FROM claims")
    retention.forget_old(store, versions(store, home), home, 30)
    left = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
    assert OLD.encode() not in left


def test_feedback_on_a_young_question_stays_and_old_feedback_goes_alone(store: Store) -> None:
    say(store, YOUNG, 20)
    with store.write() as db:
        db.execute("UPDATE feedback SET given_at = ?", [time.time() - 31 * DAY])
    removed = retention.forget_old(store, versions(store, store.path.parent), store.path.parent, 30)
    assert (removed["feedback"], removed["questions"]) == (1, 0)


def test_an_adapter_older_than_the_limit_is_made_anew_once_and_the_seed_never(store: Store) -> None:
    home = store.path.parent
    registry = versions(store, home)
    retention.forget_old(store, registry, home, 30)
    assert runs.rebuild_due(store) is None, "the seed learned nothing here"
    registry.register(write_adapter(home / "new", "reader-1"))
    registry.promote("reader-1", "cli", "better")
    retention.forget_old(store, registry, home, 30)
    assert runs.rebuild_due(store) is None, "it is young"
    for _ in range(2):
        retention.forget_old(store, registry, home, 30, now=time.time() + 31 * DAY)
    assert runs.rebuild_due(store) == retention.WHY
    assert runs.rebuild_due(store, soon=True) is None, "at its hour, not at once"
    assert store.one("SELECT count(*) AS n FROM rebuilds") == {"n": 1}
    assert registry.champion().id == "reader-1", "it serves until another is proven better"


@pytest.mark.parametrize("days", [0, 30])
def test_it_is_done_at_the_start_and_each_night_where_a_limit_is_set(store: Store, days: float) -> None:
    home = store.path.parent
    say(store, OLD, 40)
    settings = Settings(_env_file=None, home=home, retrain_cron="")  # type: ignore[call-arg]
    scheduler = retraining.schedule(settings, store, lambda *_, **__: None)
    try:
        retention.schedule(scheduler, store, versions(store, home), home, days)
        if days:
            until(lambda: store.one("SELECT count(*) AS n FROM questions") == {"n": 0})
            night = scheduler.get_job("retention each night").next_run_time
            assert (night.hour, night.minute) == (retention.HOUR, retention.MINUTE)
        else:
            time.sleep(0.3)
            assert store.one("SELECT count(*) AS n FROM questions") == {"n": 1}
    finally:
        scheduler.shutdown()
