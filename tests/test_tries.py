"""Runs of a champion share one chance of error: what a run may test, what it leaves to people, what it needn't train."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from test_cycle import RIGHT, WRONG, Bench, ask

from bot.records import Verdict
from bot.store import challenges, feedback, runs
from training.cycle import run_cycle
from training.loop import Options
from training.tries import KEY, Tries, tries_against

KNOWS_RIGHT, KNOWS_WRONG = {RIGHT: 0.9, "gold": 0.8}, {WRONG: 0.9, "gold": 0.8}

HELD_OUT = 23
"""Of the 36 questions that a bench begins with: small, for each is many rows, so with more of them held out than usual."""

cycle = partial(run_cycle, options=Options(held_out=0.7, min_examples=5))


@pytest.fixture(autouse=True)
def few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.gate.RESAMPLES", 500)


def filled(home: Path, *, corrected: bool = True, knows: dict[str, float] = KNOWS_WRONG) -> Bench:
    found = Bench(home, knows, KNOWS_WRONG)
    for i in range(36):
        ask(found.store, i, corrected=corrected)
    return found


def tried(bench: Bench, champion: str = "seed", questions: int = 30, number: int = 1) -> None:
    """A run in the store whose verdict spent a test."""
    run = runs.start(bench.store, by="cli")
    numbers = {"champion": champion, KEY: {"number": number, "error": 0.025, "questions": questions}}
    runs.update(bench.store, run.id or 0, verdict=Verdict("reject", ("not better",), numbers))
    runs.finish(bench.store, run.id or 0)


def against(bench: Bench, champion: str = "seed") -> Tries:
    return tries_against(bench.store, champion, bench.registry.promotions())


def test_tests_are_counted_against_the_champion_of_now_and_since_it_took_its_place(tmp_path: Path) -> None:
    bench = filled(tmp_path, knows=KNOWS_RIGHT)
    assert against(bench) == Tries()
    tried(bench, questions=8)
    tried(bench, champion="another")
    tried(bench, questions=11)
    assert against(bench) == Tries(2, 11)
    finished = cycle(bench.loop, by="cli")
    assert finished.run.promoted
    assert finished.verdict.numbers[KEY]["number"] == 3
    assert against(bench, finished.run.candidate or "") == Tries()
    bench.registry.rollback(by="U1", why="I liked the other one better")
    assert against(bench) == Tries()


def test_a_run_that_tested_and_lost_is_counted(tmp_path: Path) -> None:
    bench = filled(tmp_path)
    assert cycle(bench.loop, by="cli").verdict.decision == "reject"
    assert against(bench) == Tries(1, HELD_OUT)


def test_a_scheduled_run_without_fresh_questions_trains_nothing(tmp_path: Path) -> None:
    bench = filled(tmp_path, knows=KNOWS_RIGHT)
    tried(bench, questions=HELD_OUT)
    finished = cycle(bench.loop, by="schedule")
    assert (finished.verdict.decision, finished.run.candidate, bench.builds) == ("not_yet", None, [])
    assert "the next one waits for 29" in finished.verdict.reasons[0]
    assert "6 more held-out questions, so about 24 more" in finished.verdict.reasons[0]
    assert against(bench) == Tries(1, HELD_OUT)


def test_a_run_by_hand_trains_all_the_same_but_tests_nothing(tmp_path: Path) -> None:
    bench = filled(tmp_path, knows=KNOWS_RIGHT)
    tried(bench, questions=HELD_OUT)
    finished = cycle(bench.loop, by="U1")
    assert finished.verdict.decision == "not_yet"
    assert finished.run.candidate is not None
    assert finished.verdict.numbers["held_out"]["difference"]["low"] > 0
    assert bench.registry.champion().id == "seed"
    assert against(bench) == Tries(1, HELD_OUT)


def test_a_scheduled_run_with_fresh_questions_trains_and_promotes(tmp_path: Path) -> None:
    bench = filled(tmp_path, knows=KNOWS_RIGHT)
    tried(bench, questions=18)
    assert cycle(bench.loop, by="schedule").run.promoted


def test_a_scheduled_run_on_votes_alone_trains_only_where_people_can_decide(tmp_path: Path) -> None:
    bench = filled(tmp_path, corrected=False)
    finished = cycle(bench.loop, by="schedule")
    assert "Only 0 corrected questions are held out" in finished.verdict.reasons[0]
    assert bench.builds == []
    cycle(replace(bench.loop, canary=0.1), by="schedule")
    assert len(bench.builds) == 1


def voted(home: Path) -> Bench:
    """Votes alone: the candidate keeps what people liked, and says something else where they disliked it."""
    disliked = range(100, 120)
    other_words = {f"Text {i} has": 0.95 for i in disliked}
    bench = filled(home, corrected=False, knows={**KNOWS_WRONG, **other_words})
    for i in disliked:
        ask(bench.store, i, corrected=False)
    for given in feedback.all_of(bench.store)[len(disliked) * -1 :]:
        feedback.record(bench.store, replace(given, vote="down"))
    return bench


def test_votes_alone_earn_a_live_trial_where_there_is_a_share_for_it(tmp_path: Path) -> None:
    bench = voted(tmp_path)
    finished = cycle(replace(bench.loop, canary=0.1), by="U1")
    assert finished.verdict.decision == "trial"
    trial = challenges.current(bench.store)
    assert trial is not None
    assert (trial.adapter, trial.champion, trial.by) == (finished.run.candidate, "seed", "U1")
    assert (trial.run_id, trial.why) == (finished.run.id, finished.verdict.reasons[0])
    assert bench.registry.champion().id == "seed"
    assert not finished.run.promoted
    assert against(bench).spent == 1


def test_without_a_share_for_live_trials_votes_alone_are_not_yet_enough(tmp_path: Path) -> None:
    bench = voted(tmp_path)
    finished = cycle(bench.loop, by="U1")
    assert finished.verdict.decision == "not_yet"
    assert "LOREBOT_CANARY" in finished.verdict.reasons[0]
    assert challenges.current(bench.store) is None
    assert against(bench) == Tries()


def test_one_live_trial_at_a_time(tmp_path: Path) -> None:
    bench = voted(tmp_path)
    loop = replace(bench.loop, canary=0.1)
    first = cycle(loop, by="U1").run.candidate
    for i in range(200, 225):
        ask(bench.store, i, corrected=False)
    finished = cycle(loop, by="U1")
    assert finished.verdict.decision == "not_yet"
    assert f"{first} is on live trial already" in finished.verdict.reasons[0]
    assert against(bench).spent == 1
