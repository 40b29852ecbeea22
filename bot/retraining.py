"""Starts training cycles, by hand, on a schedule or because one has to come; and asks them to stop.

Each is a process of its own, so that a crash of the training, or its memory, never touches answering: nothing
of `training` is imported here.
"""

from __future__ import annotations

import logging
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.errors import BusyError, SettingsError, TrainingError
from bot.quiet import QuietHours, quiet_hours
from bot.records import Run
from bot.settings import Settings
from bot.store import Store, feedback, open_store, reviews, runs
from bot.trust import Rules, standings

JOB, POSTPONED, LOOK = "retrain", "retrain after quiet hours", "look"
LOOK_EVERY_S = 60
KEPT_LOGS = 20
LATE_S = 6 * 3600
"""A machine that slept through the hour catches up within this; later, the next night will do."""

_DAYS = (
    "sun",
    "mon",
    "tue",
    "wed",
    "thu",
    "fri",
    "sat",
    "sun",
)  # cron counts from Sunday, and 7 is Sunday too
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Due:
    """How much feedback that counts came since the last finished cycle, and how much a scheduled one waits for."""

    new: int
    needed: int

    @property
    def enough(self) -> bool:
        return self.new >= self.needed


def cycle_command(
    settings: Settings, *, by: str, channel: str | None = None, ts: str | None = None
) -> list[str]:
    """The command line of one cycle. `channel`: where the report is awaited; `ts`: its progress message."""
    command = [sys.executable, "-m", "training", "cycle", "--by", by, "--home", str(settings.home)]
    if channel is not None:
        command += ["--channel", channel]
    if ts is not None:
        command += ["--ts", ts]
    return command


def cycle_environment(settings: Settings) -> dict[str, str]:
    """This environment, with our settings as they are in force here and without Slack's secrets.

    Preloads tcmalloc where Debian's package of it is installed: training on a CPU gains a quarter in speed.
    """
    environment = {name: value for name, value in os.environ.items() if not name.upper().startswith("SLACK_")}
    for name, value in settings.model_dump(mode="json").items():
        if not name.startswith("slack_"):
            text = (
                ",".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)
            )
            environment[f"LOREBOT_{name.upper()}"] = text
    environment.update(HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false", PYTHONUNBUFFERED="1")
    tcmalloc = next(Path("/usr/lib").glob("*/libtcmalloc_minimal.so.4"), None)
    if tcmalloc is not None:
        environment.setdefault("LD_PRELOAD", str(tcmalloc))
    return environment


def start_cycle(
    settings: Settings, *, by: str, channel: str | None = None, ts: str | None = None
) -> subprocess.Popen[bytes]:
    """Starts one cycle in a session of its own (it outlives the bot), its output in `logs/` under the home.

    Raises BusyError where one is running. The cycle takes the lock itself: of two started at once, one ends.
    """
    store = open_store(settings.database)
    try:
        other = runs.running(store)
    finally:
        store.close()
    if other is not None and runs.alive(other):
        raise BusyError(
            f"run {other.id} is already training ({other.stage}, {other.progress:.0%}); wait for it to end"
        )
    with _new_log(settings.home / "logs").open("ab") as output:
        process = subprocess.Popen(
            cycle_command(settings, by=by, channel=channel, ts=ts),
            env=cycle_environment(settings),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    # Somebody has to wait for a child process, or it stays behind as a zombie and its lock seems held.
    threading.Thread(target=process.wait, name="retraining", daemon=True).start()
    return process


def run_here(settings: Settings, *, by: str, arguments: Sequence[str] = ()) -> int:
    """Runs one cycle in the foreground, as a process of its own, and returns its exit code.

    Ctrl-C reaches it too: it is waited for until it has said so and freed its lock.
    """
    # Handled, not ignored: what is ignored is ignored by the child too. And from before its start, so that no moment is
    # left in which Ctrl-C ends this process and leaves the cycle behind.
    before = signal.getsignal(signal.SIGINT)
    if before is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, lambda *_: None)
    try:
        command = [*cycle_command(settings, by=by), *arguments]
        return subprocess.Popen(command, env=cycle_environment(settings)).wait()
    finally:
        signal.signal(signal.SIGINT, before)


def cancel(store: Store, by: str) -> Run:
    """Asks the cycle that is running, whoever started it, to stop within seconds; returns it.

    The champion goes on serving, and what was trained waits for the next cycle. Raises TrainingError where none can
    be stopped.
    """
    dead = runs.bury(store)
    run = runs.cancel(store, by)
    if run is not None:
        return run
    if dead is not None:
        raise TrainingError(
            f"found run {dead.id} dead, expected a retraining to cancel: its lock is free now, start another when you like"
        )
    if (late := runs.running(store)) is not None:
        raise TrainingError(
            f"found run {late.id} at its verdict, expected one still at work: wait for it, `lorebot adapters rollback` undoes it"
        )
    raise TrainingError("found no retraining at work, expected one to cancel: `lorebot retrain` starts one")


def due(settings: Settings, store: Store) -> Due:
    """Whether there is enough to learn from for a cycle that nobody asked for.

    What is held back for a reviewer doesn't count; once accepted, it is as new as the decision.
    """
    last = runs.last_done(store)
    since = last.started_at if last else 0.0
    found = standings(store, Rules.of(settings))
    counted = {key for key, standing in found.items() if standing.weight > 0}
    new = {(each.answer_id, each.person) for each in feedback.all_of(store, since)}
    new |= {key for key, review in reviews.all_of(store).items() if review.at > since}
    return Due(len(new & counted), settings.retrain_min_feedback)


def schedule(
    settings: Settings,
    store: Store,
    start: Callable[..., object] = start_cycle,
    clock: Callable[[], datetime] = datetime.now,
) -> Any:  # an APScheduler BackgroundScheduler, which has no type information
    """A running background scheduler: the retraining by cron, unless the expression is empty, and a look each minute.

    A run that falls due starts only with enough new feedback; one that falls due in quiet hours waits for their end.
    Raises SettingsError for a wrong expression. `clock`: local time. The caller shuts it down.
    """
    from apscheduler.schedulers.background import BackgroundScheduler

    trigger = cron_trigger(settings.retrain_cron) if settings.retrain_cron.strip() else None
    quiet = quiet_hours(settings.quiet_hours)
    scheduler: Any = BackgroundScheduler(daemon=True)  # type: ignore[no-untyped-call]
    common = {"coalesce": True, "max_instances": 1, "misfire_grace_time": LATE_S, "replace_existing": True}

    def fall_due() -> None:
        now = clock()
        if quiet is None or not quiet.hold(now):
            _start_if_due(settings, store, start)
            return
        over = quiet.over_at(now)
        _log.info("retraining waits for the end of quiet hours at %s", over.strftime("%H:%M"))
        scheduler.add_job(fall_due, "date", run_date=over, id=POSTPONED, **common)

    if trigger is not None:
        scheduler.add_job(fall_due, trigger, id=JOB, **common)
    scheduler.add_job(
        lambda: look_after(store, lambda by: start(settings, by=by), quiet, clock()),
        "interval",
        seconds=LOOK_EVERY_S,
        next_run_time=datetime.now(),
        id=LOOK,
        **common,
    )
    scheduler.start()
    return scheduler


def look_after(store: Store, start: Callable[[str], object], quiet: QuietHours | None, now: datetime) -> None:
    """What the clock looks after between the scheduled hours.

    A run that died is told in the log; one that quiet hours stopped goes on after them; one that has to come (somebody
    was forgotten) begins. A run that failed isn't tried again before its hour: it would most likely fail again.
    """
    dead = runs.bury(store)
    if dead is not None:
        _log.warning(
            "run %s died in %s at %d%%; the champion goes on serving, and the next retraining with the same to learn goes"
            " on from its checkpoints",
            dead.id,
            dead.stage,
            round(100 * dead.progress),
        )
    if runs.running(store) is not None or (quiet is not None and quiet.hold(now)):
        return
    last = runs.last(store)
    try:
        if last is not None and last.state == "failed" and last.cancel == runs.QUIET:
            _log.info("quiet hours are over: run %s is taken up again", last.id)
            start(last.by)
        elif (why := runs.rebuild_due(store, soon=True)) and not runs.rebuild_tried(store):
            _log.info("retraining, because %s", why)
            start(runs.REBUILD)
    except BusyError as error:
        _log.info("no retraining: %s", error)


def next_run(scheduler: Any) -> datetime | None:
    """When the next scheduled retraining falls due, in local time; None: never."""
    job = scheduler.get_job(JOB)
    moment: datetime | None = job.next_run_time if job else None
    return moment


def cron_trigger(expression: str) -> Any:
    """The trigger of a five-field cron expression, in local time; day 0 of the week is Sunday, as in cron.

    Raises SettingsError where it isn't one. APScheduler wants both day fields to match, cron takes either.
    """
    from apscheduler.triggers.cron import CronTrigger

    fields = expression.split()
    try:
        if len(fields) != 5:
            raise ValueError(f"it has {len(fields)} fields")
        days = _named_days(fields[4])
        return CronTrigger.from_crontab(" ".join([*fields[:4], days]))  # type: ignore[no-untyped-call]
    except (ValueError, IndexError) as error:
        raise SettingsError(
            f"LOREBOT_RETRAIN_CRON is {expression!r} ({error}); expected minute, hour, day, month, "
            "day of week, such as '0 3 * * *', or nothing for never"
        ) from None


def _named_days(field: str) -> str:
    """Numbered days of the week by name: APScheduler counts them from Monday, cron from Sunday."""
    named = []
    for part in field.split(","):
        span, _, step = part.partition("/")
        if re.fullmatch(r"\d-\d", span):
            first, last = int(span[0]), int(span[2])
            if first > last:
                raise ValueError(f"days {span} run backwards")
            named += [_DAYS[day] for day in range(first, last + 1, int(step or 1))]
        elif span.isdigit():
            named.append(_DAYS[int(span)])
        elif span == "*" and step:
            named += [_DAYS[day] for day in range(0, 7, int(step))]
        else:
            named.append(part)
    return ",".join(dict.fromkeys(named))


def _start_if_due(settings: Settings, store: Store, start: Callable[..., object]) -> None:
    found, by = due(settings, store), runs.REBUILD if runs.rebuild_due(store) else runs.SCHEDULE
    if by == runs.SCHEDULE and not found.enough:
        _log.info("no retraining: %d new pieces of feedback, %d are needed", found.new, found.needed)
        return
    try:
        start(settings, by=by)
    except BusyError as error:
        _log.info("no retraining: %s", error)


def _new_log(folder: Path) -> Path:
    """A new log file's path; the oldest files beyond `KEPT_LOGS` are dropped."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in sorted(folder.glob("run-*.log"))[: -KEPT_LOGS + 1]:
        old.unlink(missing_ok=True)
    return folder / f"run-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log"
