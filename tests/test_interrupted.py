"""Runs that are stopped, by somebody, by quiet hours or by a kill: what serves on, what is kept, and who goes on with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from test_cycle import RIGHT, WRONG, Bench, ask

from bot import retraining
from bot.errors import StoppedError
from bot.quiet import quiet_hours
from bot.store import open_store, runs
from training import pulse
from training.build import read_build
from training.cycle import run_cycle
from training.finetune import Progress

KNOWS = ({RIGHT: 0.9, "gold": 0.8}, {WRONG: 0.9, "gold": 0.8})


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setattr(pulse, "LOOK_S", 0.0)
    return filled(tmp_path)


def filled(home: Path) -> Bench:
    found = Bench(home, *KNOWS)
    for i in range(80):
        ask(found.store, i, corrected=True)
    return found


def leave_checkpoint(build: Path) -> None:
    folder = build / "checkpoints" / "checkpoint-50"
    folder.mkdir(parents=True)
    (folder / "trainer_state.json").write_text("{}")


def test_anybody_can_cancel_a_run_between_two_steps_and_what_was_trained_is_kept(bench: Bench) -> None:
    steps: list[int] = []
    resumed: list[bool] = []

    def trains(build: Path, out: Path, tell: Progress) -> Path:
        leave_checkpoint(build)
        for step in range(100):
            steps.append(step)
            tell(step / 100, f"step {step}")
            if step == 3:
                other = open_store(bench.home / "lorebot.db")  # as another process has it
                retraining.cancel(other, by="U9")
                other.close()
        return bench.train(build, out, tell)

    with pytest.raises(StoppedError, match="run 1 was cancelled by U9; the champion goes on serving"):
        run_cycle(replace(bench.loop, train=trains), by="U1")
    assert steps == [0, 1, 2, 3, 4]
    (run,) = runs.runs(bench.store)
    assert (run.state, run.error, run.cancel) == ("failed", "cancelled by U9", "U9")
    assert bench.registry.champion().id == "seed"

    def goes_on(build: Path, out: Path, tell: Progress) -> Path:
        resumed.append((build / "checkpoints" / "checkpoint-50").is_dir())
        return bench.train(build, out, tell)

    assert run_cycle(replace(bench.loop, train=goes_on), by="U1").run.state == "done"
    assert resumed == [True]


def test_a_cancel_that_comes_before_the_verdict_keeps_the_candidate_out(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulse, "LOOK_S", 1e9)  # nobody looks after the first step: only promoting itself does

    def trains(build: Path, out: Path, tell: Progress) -> Path:
        runs.cancel(bench.store, "U9")
        return bench.train(build, out, tell)

    with pytest.raises(StoppedError):
        run_cycle(replace(bench.loop, train=trains), by="U1")
    assert bench.registry.promotions() == []


def test_quiet_hours_stop_a_scheduled_run_which_goes_on_after_them_with_the_same_to_learn(
    bench: Bench,
) -> None:
    now = [datetime(2026, 3, 2, 7, 59)]
    loop = replace(bench.loop, quiet=quiet_hours("08:00-19:00"), clock=lambda: now[0])
    learned: list[tuple[int, str, bool]] = []

    def trains(build: Path, out: Path, tell: Progress) -> Path:
        content = read_build(build)
        learned.append((len(content.examples), content.notes["id"], (build / "checkpoints").is_dir()))
        if now[0].hour < 19:
            leave_checkpoint(build)
            tell(0.4, "step 4")
            now[0] = datetime(2026, 3, 2, 8, 0)
            tell(0.5, "step 5")
        return bench.train(build, out, tell)

    loop = replace(loop, train=trains)
    with pytest.raises(StoppedError, match="quiet hours"):
        run_cycle(loop, by="schedule")
    for i in range(100, 120):
        ask(bench.store, i, corrected=True)
    with pytest.raises(StoppedError):
        run_cycle(loop, by="schedule")  # somebody's crontab: not in quiet hours
    assert len(learned) == 1
    with bench.store.write() as db:
        db.execute("DELETE FROM runs WHERE id = 2")
    now[0] = datetime(2026, 3, 2, 19, 0)
    started: list[str] = []
    retraining.look_after(bench.store, started.append, loop.quiet, now[0])
    assert started == ["schedule"]
    finished = run_cycle(loop, by="schedule")
    (examples, adapter, had), (again, same, has) = learned
    assert (again, same, had, has) == (examples, adapter, False, True)
    assert finished.run.candidate == adapter
    assert bench.registry.show(adapter).card["run"] == finished.run.id


def test_a_run_that_somebody_asked_for_is_exempt_from_quiet_hours_and_learns_what_is_known_now(
    bench: Bench,
) -> None:
    loop = replace(bench.loop, quiet=quiet_hours("08:00-19:00"), clock=lambda: datetime(2026, 3, 2, 12, 0))
    assert run_cycle(loop, by="U1").run.state == "done"


CHILD = """
import sys, time
from pathlib import Path
sys.path.insert(0, {tests!r})
from dataclasses import replace
from test_interrupted import KNOWS, Bench, leave_checkpoint
from training.cycle import run_cycle

class Again(Bench):
    def __init__(self, home):
        from test_cycle import GOLDEN, Loop, Registry, open_store
        self.home, self.store = home, open_store(home / "lorebot.db")
        self.registry = Registry(self.store, home / "adapters", seed=home / "seed")
        self.loop = Loop(home, self.store, self.registry, GOLDEN, None, self.load, self.train)
        self.knows, self.candidate_knows, self.builds = {{"seed": KNOWS[1]}}, KNOWS[0], []

    def train(self, build, out, tell):
        leave_checkpoint(build)
        print("training", flush=True)
        time.sleep(600)

run_cycle(Again(Path({home!r})).loop, by="schedule")
"""


def test_after_a_kill_the_next_run_takes_the_lock_and_the_checkpoints(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    code = CHILD.format(tests=str(Path(__file__).parent), home=str(bench.home))
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "training\n"
    os.kill(process.pid, signal.SIGKILL)
    process.wait(60)
    killed = runs.running(bench.store)
    assert killed is not None
    assert killed.pid == process.pid
    with bench.store.write() as db:  # the time that a silent run is given
        db.execute("UPDATE runs SET heartbeat_at = ?", [time.time() - runs.GONE_AFTER_S - 1])
    retraining.look_after(bench.store, lambda by: None, None, datetime.now())
    assert "run 1 died in training" in caplog.text
    resumed: list[bool] = []

    def goes_on(build: Path, out: Path, tell: Progress) -> Path:
        resumed.append((build / "checkpoints" / "checkpoint-50").is_dir())
        return bench.train(build, out, tell)

    assert run_cycle(replace(bench.loop, train=goes_on), by="U1").run.state == "done"
    assert resumed == [True]
