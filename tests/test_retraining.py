"""Starting cycles: one at a time, in a process of their own, and by the clock only when there is something to learn."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot import retraining
from bot.errors import BusyError, SettingsError, TrainingError
from bot.quiet import quiet_hours
from bot.records import Answer, Feedback, Question, Review, Run, Verdict
from bot.settings import Settings
from bot.store import Store, feedback, open_store, people, questions, reviews, runs


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, retrain_min_feedback=3, admins=["U1", "U2"], _env_file=None)  # type: ignore[call-arg]


@pytest.fixture
def store(settings: Settings) -> Store:
    return open_store(settings.database)


def give(store: Store, number: int, person: str = "U1") -> list[tuple[int, str]]:
    """So many ups on answers to different questions; returns their keys."""
    keys = []
    for i in range(number):
        key = f"{time.time()} {i}"
        question = questions.record_question(store, Question("cli", key, f"What is {key}?", person))
        answer = questions.record_answer(store, Answer(question.id or 0, "yes", 0.9, "seed", (), ()))
        feedback.record(store, Feedback(answer.id or 0, person, "up", "button"))
        keys.append((answer.id or 0, person))
    return keys


def test_the_command_names_who_asked_and_where_the_report_goes(settings: Settings) -> None:
    command = retraining.cycle_command(settings, by="U1", channel="C1", ts="1.2")
    assert command[1:] == [
        "-m", "training", "cycle", "--by", "U1", "--home", str(settings.home), "--channel", "C1", "--ts", "1.2",
    ]  # fmt: skip


def test_training_gets_our_settings_but_no_secret_of_slack(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-secret")
    environment = retraining.cycle_environment(settings)
    assert environment["LOREBOT_HOME"] == str(settings.home)
    assert environment["LOREBOT_ADMINS"] == "U1,U2"
    assert environment["LOREBOT_MIN_CONFIDENCE"] == ""
    assert not [name for name in environment if "SLACK" in name]
    monkeypatch.delenv("SLACK_BOT_TOKEN")
    again = Settings(
        _env_file=None, **{k[8:].lower(): v for k, v in environment.items() if k.startswith("LOREBOT_")}
    )  # type: ignore[call-arg]
    assert again == settings


def test_a_cycle_is_not_started_beside_another(settings: Settings, store: Store) -> None:
    runs.start(store, by="U1")
    with pytest.raises(BusyError, match="run 1 is already training"):
        retraining.start_cycle(settings, by="U2")


def test_a_cycle_is_a_process_of_its_own_with_a_log(
    settings: Settings, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        retraining, "cycle_command", lambda settings, **_: ["/bin/sh", "-c", "echo $LOREBOT_HOME $$"]
    )
    process = retraining.start_cycle(settings, by="U1")
    assert process.wait(10) == 0
    (log,) = (settings.home / "logs").glob("run-*.log")
    home, pid = log.read_text().split()
    assert (home, int(pid)) == (str(settings.home), process.pid)


def test_old_logs_are_dropped(settings: Settings) -> None:
    folder = settings.home / "logs"
    folder.mkdir()
    for i in range(30):
        (folder / f"run-2026{i:02}.log").touch()
    assert not retraining._new_log(folder).exists()
    assert len(list(folder.iterdir())) == retraining.KEPT_LOGS - 1


def test_the_clock_starts_a_cycle_only_with_enough_new_feedback(settings: Settings, store: Store) -> None:
    started: list[str] = []

    def start(settings: Settings, *, by: str) -> None:
        started.append(by)

    give(store, 2)
    retraining._start_if_due(settings, store, start)
    assert started == []
    give(store, 1)
    retraining._start_if_due(settings, store, start)
    assert started == ["schedule"]
    runs.finish(store, runs.start(store, by="schedule").id or 0)
    assert retraining.due(settings, store) == retraining.Due(new=0, needed=3)


def test_feedback_that_waits_for_a_reviewer_counts_once_it_is_accepted(
    settings: Settings, store: Store
) -> None:
    people.seen(store, "UGUEST", "guest")
    keys = give(store, 3, "UGUEST")
    assert retraining.due(settings, store).new == 0
    runs.finish(store, runs.start(store, by="U1").id or 0)
    for answer_id, person in keys:
        reviews.record(store, Review(answer_id, person, "accept", None, "U1", time.time()))
    assert retraining.due(settings, store) == retraining.Due(new=3, needed=3)
    runs.finish(store, runs.start(store, by="U1").id or 0)
    assert retraining.due(settings, store).new == 0


def test_a_failed_cycle_uses_up_no_feedback(settings: Settings, store: Store) -> None:
    give(store, 3)
    runs.finish(store, runs.start(store, by="schedule").id or 0, error="out of memory")
    assert retraining.due(settings, store).enough


def test_a_cycle_that_is_running_already_is_no_error_of_the_clock(settings: Settings, store: Store) -> None:
    give(store, 3)
    runs.start(store, by="U1")
    retraining._start_if_due(settings, store, retraining.start_cycle)
    assert len(runs.runs(store)) == 1


def test_the_next_run_can_be_read(settings: Settings, store: Store) -> None:
    scheduler = retraining.schedule(settings, store)
    try:
        moment = retraining.next_run(scheduler)
        assert moment is not None
        assert (moment.hour, moment.minute) == (3, 0)
        assert moment.timestamp() > time.time()
    finally:
        scheduler.shutdown(wait=False)


def test_an_empty_expression_means_never(settings: Settings, store: Store) -> None:
    scheduler = retraining.schedule(settings.model_copy(update={"retrain_cron": " "}), store)
    try:
        assert retraining.next_run(scheduler) is None
    finally:
        scheduler.shutdown(wait=False)


@pytest.mark.parametrize("expression", ["every night", "61 3 * * *", "0 3 * *", "0 3 * * 5-2", "0 3 * * 9"])
def test_a_wrong_expression_is_said_to_be_one(settings: Settings, store: Store, expression: str) -> None:
    with pytest.raises(SettingsError, match=r"LOREBOT_RETRAIN_CRON .* expected minute, hour"):
        retraining.schedule(settings.model_copy(update={"retrain_cron": expression}), store)


@pytest.mark.parametrize(
    ("days", "weekdays"),
    [
        ("0", {6}),
        ("7", {6}),
        ("1-5", {0, 1, 2, 3, 4}),
        ("0-2", {6, 0, 1}),
        ("*/3", {6, 2, 5}),
        ("sat", {5}),
        ("6,0", {5, 6}),
    ],
)
def test_days_of_the_week_count_from_sunday_as_in_cron(days: str, weekdays: set[int]) -> None:
    trigger = retraining.cron_trigger(f"0 3 * * {days}")
    moment, found = datetime.now().astimezone(), set()
    for _ in range(14):
        moment = trigger.get_next_fire_time(moment, moment)
        found.add(moment.weekday())
    assert found == weekdays


def test_a_dead_run_gives_up_its_lock(store: Store) -> None:
    dead = runs.start(store, by="U1")
    runs.update(store, dead.id or 0, pid=2**22 + 1)
    with store.write() as db:
        db.execute("UPDATE runs SET heartbeat_at = ?", [time.time() - runs.GONE_AFTER_S - 1])
    assert runs.start(store, by="U2").id == 2
    first = runs.run(store, 1)
    assert first is not None
    assert (first.state, first.error) == ("failed", "the process died")


def test_a_cancelled_run_is_told_so_once_and_by_whoever_asked_first(store: Store) -> None:
    run = runs.start(store, by="schedule")
    assert runs.cancel(store, "U9", run_id=(run.id or 0) + 1) is None
    assert retraining.cancel(store, by="U1").id == run.id
    assert retraining.cancel(store, by="U2").cancel == "U1"
    assert runs.cancelled_by(store, run.id or 0) == "U1"


def test_where_nothing_can_be_cancelled_the_reason_is_said(store: Store) -> None:
    with pytest.raises(TrainingError, match="found no retraining at work"):
        retraining.cancel(store, by="cli")
    run = runs.start(store, by="schedule")
    runs.update(store, run.id or 0, verdict=Verdict("reject", ("worse",), {}))
    with pytest.raises(TrainingError, match="found run 1 at its verdict"):
        retraining.cancel(store, by="cli")
    runs.finish(store, run.id or 0)
    kill(store, runs.start(store, by="schedule"))
    with pytest.raises(TrainingError, match="found run 2 dead"):
        retraining.cancel(store, by="cli")
    assert runs.running(store) is None


def kill(store: Store, run: Run) -> None:
    """Makes a run one whose process is gone."""
    with store.write() as db:
        db.execute(
            "UPDATE runs SET pid = ?, heartbeat_at = ? WHERE id = ?",
            [2**22 + 1, time.time() - runs.GONE_AFTER_S - 1, run.id],
        )


NOON, EVENING = datetime(2026, 3, 2, 12, 0), datetime(2026, 3, 2, 19, 0)


def look(store: Store, now: datetime = EVENING, quiet: str = "08:00-19:00") -> list[str]:
    """By whom the clock's look starts a run."""
    started: list[str] = []
    retraining.look_after(store, started.append, quiet_hours(quiet), now)
    return started


def test_a_run_that_died_is_told_in_the_log_and_not_tried_again_by_itself(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    run = runs.start(store, by="schedule")
    runs.update(store, run.id or 0, stage="training", progress=0.43)
    assert look(store) == []
    assert not caplog.records
    kill(store, run)
    assert look(store) == []
    assert "run 1 died in training at 43%; the champion goes on serving" in caplog.text
    assert runs.last(store).error == "the process died"  # type: ignore[union-attr]


def test_what_quiet_hours_stopped_goes_on_after_them(store: Store) -> None:
    run = runs.start(store, by="schedule")
    runs.cancel(store, runs.QUIET)
    runs.finish(store, run.id or 0, error="cancelled by quiet hours")
    assert look(store, NOON) == []
    assert look(store, EVENING) == ["schedule"]
    runs.start(store, by="schedule")
    assert look(store, EVENING) == []


def test_what_a_person_cancelled_does_not_go_on_by_itself(store: Store) -> None:
    run = runs.start(store, by="schedule")
    runs.cancel(store, "U1")
    runs.finish(store, run.id or 0, error="cancelled by U1")
    assert look(store) == []


def test_a_rebuild_that_is_due_begins_whatever_the_feedback_and_once_only(
    settings: Settings, store: Store
) -> None:
    runs.finish(store, runs.start(store, by="schedule").id or 0)
    runs.ask_rebuild(store, "somebody was forgotten")
    assert look(store, NOON) == []
    assert look(store) == ["rebuild"]
    runs.finish(store, runs.start(store, by="rebuild").id or 0, error="out of memory")
    assert look(store) == []
    started: list[str] = []
    retraining._start_if_due(settings, store, lambda settings, by: started.append(by))
    assert started == ["rebuild"]
    runs.finish(store, runs.start(store, by="rebuild").id or 0)
    assert runs.rebuild_due(store) is None


def test_what_falls_due_in_quiet_hours_waits_for_their_end(settings: Settings, store: Store) -> None:
    started: list[str] = []
    give(store, 3)
    tomorrow = datetime.now().replace(hour=12, minute=0) + timedelta(days=1)
    now = [tomorrow]
    scheduler = retraining.schedule(
        settings.model_copy(update={"quiet_hours": "08:00-19:00"}),
        store,
        lambda settings, by: started.append(by),
        lambda: now[0],
    )
    try:
        scheduler.get_job(retraining.JOB).func()
        assert started == []
        postponed = scheduler.get_job(retraining.POSTPONED)
        assert postponed.next_run_time.replace(tzinfo=None) == tomorrow.replace(
            hour=19, second=0, microsecond=0
        )
        now[0] = tomorrow.replace(hour=19)
        postponed.func()
        assert started == ["schedule"]
    finally:
        scheduler.shutdown(wait=False)


def test_ctrl_c_lets_a_cycle_in_the_foreground_end_by_itself(tmp_path: Path) -> None:
    script = "trap 'sleep 1; echo freed; exit 1' INT; echo ready; sleep 60 & wait"
    code = (
        # a shell that runs the tests in the background has them ignore SIGINT, and so would the children
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
        "from bot import retraining; from bot.settings import Settings;"
        f"retraining.cycle_command = lambda *_, **__: ['/bin/sh', '-c', {script!r}];"
        f"raise SystemExit(retraining.run_here(Settings(home={str(tmp_path)!r}, _env_file=None), by='cli'))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    os.killpg(process.pid, signal.SIGINT)
    assert process.stdout.readline() == "freed\n"
    assert process.wait(60) == 1


def test_a_run_elsewhere_that_is_silent_for_a_moment_keeps_its_lock(store: Store) -> None:
    run = runs.start(store, by="U1")
    runs.update(store, run.id or 0, pid=2**22 + 1)
    with pytest.raises(BusyError):
        runs.start(store, by="U2")
