"""After somebody was forgotten: nothing of theirs is left, no adapter that learned from them serves, others keep theirs."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from adapter_folders import write_adapter
from stand_ins import HashingEncoder
from test_cycle import RIGHT, WRONG, Bench, ask

from bot import forgetting
from bot.errors import BusyError
from bot.forgetting import forget_person
from bot.knowledge import memory
from bot.records import Answer, Candidate, Feedback, Offered, Question, Review
from bot.registry import Registry, person_digest
from bot.store import Store, documents, feedback, open_store, people, questions, reviews, runs, traces
from training.cycle import run_cycle

SECRET = "zzyzxq"
"""A word that only the person used who is forgotten."""

LEAVES = "U7LEAVES"
"""That person, where files are searched for them: a shorter id could stand in one by chance."""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "lorebot.db")


@pytest.fixture
def registry(store: Store, tmp_path: Path) -> Registry:
    return Registry(store, tmp_path / "adapters", seed=write_adapter(tmp_path / "seed", "seed", parent=None))


def answered(
    store: Store, person: str, text: str, *offered: Offered, chosen: int = 0, **more: object
) -> Answer:
    """An answer to that person's question, read from the offered texts."""
    key = f"C1:{time.time()}"
    thread = more.pop("thread", None)
    question = questions.record_question(
        store,
        Question("message", key, text, person, "C1", thread, **more),  # type: ignore[arg-type]
    )
    read = offered or (Offered(f"Notes {key}.", None, "Notes", "", None, 0.0),)
    first = Candidate(chosen, 0, 5, read[chosen].text[:5], 9.0, -0.1, 0.9)
    others = [Candidate(i, 0, 5, each.text[:5], 1.0, -3.0, 0.1) for i, each in enumerate(read) if i != chosen]
    return questions.record_answer(
        store,
        Answer(question.id or 0, read[chosen].text[:5], 0.9, "seed", read, (first, *others), chosen, 0, 5),
    )


def trained_on(registry: Registry, folder: Path, name: str, *who: str) -> None:
    data = {"people": [person_digest(person) for person in who]}
    registry.register(write_adapter(folder / name, name, data=data))
    registry.promote(name, by="cli", why="better")


def holding(home: Path, word: str) -> list[str]:
    """The files under the home that hold a word, in whatever case."""
    return [
        str(path.relative_to(home))
        for path in home.rglob("*")
        if path.is_file() and word.encode() in path.read_bytes().lower()
    ]


def test_the_newest_version_that_did_not_learn_from_them_serves(
    store: Store, registry: Registry, tmp_path: Path
) -> None:
    for name, who in (("a1", ["U2"]), ("a2", ["U1", "U2"]), ("a3", ["U2"]), ("a4", ["U1"]), ("a5", ["U1"])):
        trained_on(registry, tmp_path / "made", name, *who)
    done = forget_person(store, registry, tmp_path, "U1")
    assert (done["adapters"], done["champion"], done["rebuild"]) == (3, "a3", True)
    assert registry.champion().id == "a3"
    assert not any((tmp_path / "adapters" / name).exists() for name in ("a2", "a4", "a5"))
    again = forget_person(store, registry, tmp_path, "U2")
    assert (again["adapters"], again["champion"]) == (2, "seed")
    assert registry.champion().id == "seed"


def test_a_retraining_becomes_due_whatever_the_feedback(
    store: Store, registry: Registry, tmp_path: Path
) -> None:
    assert forget_person(store, registry, tmp_path, "U1")["rebuild"] is False
    assert runs.rebuild_due(store) is None
    trained_on(registry, tmp_path / "made", "a1", "U1")
    forget_person(store, registry, tmp_path, "U1")
    assert runs.rebuild_due(store) == "somebody was forgotten"


def test_no_file_keeps_their_words_after_a_whole_retraining(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {RIGHT: 0.9, "gold": 0.8}, {WRONG: 0.9, "gold": 0.8})
    store = bench.store
    for i in range(60):
        ask(store, i, corrected=True)
    texts = Offered(f"Text has {WRONG} and {RIGHT}.", None, "Notes", "", None, 0.0)
    for i in range(12):
        text = f"Where is my {SECRET} {i}?"
        given = answered(store, LEAVES, text, texts)
        feedback.record(
            store, Feedback(given.id or 0, LEAVES, "down", "button", "wrong", f"{RIGHT} {SECRET}")
        )
        reviews.record(store, Review(given.id or 0, LEAVES, "edit", RIGHT, "U2", time.time()))
        answered(store, LEAVES, f"Unremarked {SECRET} {i}?", texts)
    people.seen(store, LEAVES, "member")
    encoder = HashingEncoder()
    memory.teach(
        store, encoder, question=f"Whose {SECRET}?", answer=f"The {SECRET} band", scope="C1", person=LEAVES
    )

    def stops(build: Path, out: Path, tell: object) -> Path:
        (build / "checkpoints").mkdir()
        raise KeyboardInterrupt

    with pytest.raises(Exception, match="cancelled"):
        run_cycle(replace(bench.loop, train=stops), by="U1")  # leaves its build folder
    assert holding(tmp_path / "work", SECRET)
    finished = run_cycle(bench.loop, by="U1")
    candidate = bench.registry.show(finished.run.candidate or "")
    assert person_digest(LEAVES) in candidate.card["data"]["people"]
    with pytest.raises(Exception, match="cancelled"):
        run_cycle(replace(bench.loop, train=stops), by="U1")
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "run-1.log").write_text(f"can't read {SECRET}")
    assert len(holding(tmp_path, SECRET)) > 2

    done = forget_person(store, bench.registry, tmp_path, LEAVES)
    assert (done["questions"], done["feedback"], done["taught"]) == (24, 12, 1)
    assert done["adapters"] == 1
    assert holding(tmp_path, SECRET) == []
    assert holding(tmp_path, LEAVES.lower()) == []
    assert len(feedback.all_of(store)) == 60
    assert not Path(candidate.folder).exists()


def test_their_words_go_from_the_answers_of_others_too(
    store: Store, registry: Registry, tmp_path: Path
) -> None:
    encoder = HashingEncoder()
    lesson = memory.teach(
        store, encoder, question="Who plays?", answer=f"The {SECRET} band", scope="C1", person="U7"
    )
    their = Offered(lesson.text, lesson.id, "Taught", "", None, 0.9)
    other = Offered("Others play the drums.", 999, "Notes", "", None, 0.8)
    thread = Offered(f"I lost my {SECRET}", None, "This thread", "", None, 0.0)
    read = answered(store, "U2", "Who plays today?", other, their)
    stands = answered(store, "U2", "Who plays tomorrow?", their, other)
    answered(store, "U7", f"Where is my {SECRET}?", thread="1.0")
    follow = answered(
        store, "U2", "And hers?", thread, their, other, chosen=2, thread="1.0", follows=f"my {SECRET}?"
    )
    for each in (read, stands, follow):
        feedback.record(store, Feedback(each.id or 0, "U2", "up", "button"))
    forget_person(store, registry, tmp_path, "U7")
    assert holding(tmp_path, SECRET) == []
    assert questions.answer(store, stands.id or 0) is None
    kept = questions.answer(store, read.id or 0)
    assert kept is not None
    assert [each.text for each in kept.offered] == [other.text, ""]
    assert [each.passage for each in kept.candidates] == [0]
    assert {each.answer_id for each in feedback.all_of(store)} == {read.id, follow.id}


def test_what_others_taught_goes_only_where_it_repeats_their_question(
    store: Store, registry: Registry, tmp_path: Path
) -> None:
    encoder = HashingEncoder()
    answered(store, "U7", f"Where is my {SECRET}?")
    answered(store, "U7", "How much leave do I get?")
    answered(store, "U2", "how much leave do I get?")
    for question in (f"Where is my {SECRET}?", "How much leave do I get?", "Who owns the car?"):
        memory.teach(store, encoder, question=question, answer="See room 2", scope="C1", person="U2")
    forget_person(store, registry, tmp_path, "U7")
    left = {each.question for each in documents.taught_everywhere(store)}
    assert left == {"How much leave do I get?", "Who owns the car?"}
    assert holding(tmp_path, SECRET) == []


def test_whose_words_are_behind_an_answer(store: Store) -> None:
    encoder = HashingEncoder()
    lesson = memory.teach(store, encoder, question="Who?", answer="Anna", scope="C1", person="U3")
    answered(store, "U4", "Who runs payroll?", thread="1.0")
    alone = answered(store, "U2", "Who owns the car?")
    taught = answered(store, "U2", "Who?", Offered(lesson.text, lesson.id, "", "", None, 0.9))
    follow = answered(store, "U5", "And the car?", thread="1.0")
    assert traces.behind(store, [alone.id or 0]) == {"U2"}
    assert traces.behind(store, [taught.id or 0]) == {"U2", "U3"}
    assert traces.behind(store, [follow.id or 0, alone.id or 0]) == {"U2", "U4", "U5"}
    assert traces.behind(store, []) == frozenset()


def test_a_training_at_work_is_stopped_first(store: Store, registry: Registry, tmp_path: Path) -> None:
    answered(store, "U7", f"Where is my {SECRET}?")
    run = runs.start(store, by="schedule")

    def cycle() -> None:
        mine = open_store(tmp_path / "lorebot.db")
        while runs.cancelled_by(mine, run.id or 0) is None:
            time.sleep(0.05)
        assert mine.one("SELECT 1 FROM questions")  # nothing goes before it has stopped
        runs.finish(mine, run.id or 0, error="cancelled by forget")
        mine.close()

    thread = threading.Thread(target=cycle)
    thread.start()
    done = forget_person(store, registry, tmp_path, "U7")
    thread.join()
    assert (done["questions"], done["rebuild"]) == (1, True)
    assert runs.last(store).cancel == runs.FORGET  # type: ignore[union-attr]


def test_a_training_that_does_not_stop_leaves_everything_in_place(
    store: Store, registry: Registry, tmp_path: Path
) -> None:
    answered(store, "U7", "Where?")
    runs.start(store, by="schedule")
    with pytest.raises(BusyError, match=r"found run 1 still training, expected .* nothing was removed"):
        forget_person(store, registry, tmp_path, "U7", wait_s=0.1)
    assert store.one("SELECT count(*) AS n FROM questions") == {"n": 1}


def test_pages_of_runs_before_their_time_stay(store: Store, registry: Registry, tmp_path: Path) -> None:
    (tmp_path / "reports").mkdir()
    for name, age in (("run-1.html", 3600), ("run-2.html", -60), ("run-2.png", -60)):
        path = tmp_path / "reports" / name
        path.write_text("page")
        os.utime(path, (time.time() - age, time.time() - age))
    answered(store, "U7", "Where?")
    assert forget_person(store, registry, tmp_path, "U7")["reports"] == 1
    assert [path.name for path in (tmp_path / "reports").iterdir()] == ["run-1.html"]
    assert forgetting.SINCE == ("reports", "logs")


def test_a_busy_state_file_is_said_to_hold_old_pages_still(
    store: Store, registry: Registry, tmp_path: Path
) -> None:
    answered(store, "U7", f"Where is my {SECRET}?")
    reader = open_store(tmp_path / "lorebot.db")
    reader.db.execute("PRAGMA busy_timeout = 100")
    store.db.execute("PRAGMA busy_timeout = 100")
    assert forget_person(store, registry, tmp_path, "U7")["scrubbed"]  # others may have it open
    answered(store, "U7", f"Where is my {SECRET}?")
    reader.db.execute("BEGIN")
    assert reader.one("SELECT count(*) AS n FROM questions") == {"n": 1}
    assert not forget_person(store, registry, tmp_path, "U7")["scrubbed"]
    reader.db.execute("ROLLBACK")
    assert forget_person(store, registry, tmp_path, "U7")["scrubbed"]
    assert holding(tmp_path, SECRET) == []
    reader.close()
