"""Starts training cycles, by hand or on a schedule.

Each is a process of its own, so that a crash of the training, or its memory, never touches answering: nothing
of `training` is imported here.
"""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.errors import BusyError, SettingsError
from bot.settings import Settings
from bot.store import Store, feedback, open_store, runs

JOB = "retrain"
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
    """How much feedback came since the last finished cycle, and how much a scheduled one waits for."""

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
        return subprocess.Popen(
            cycle_command(settings, by=by, channel=channel, ts=ts),
            env=cycle_environment(settings),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def due(settings: Settings, store: Store) -> Due:
    """Whether there is enough to learn from for a cycle that nobody asked for."""
    last = runs.last_done(store)
    return Due(feedback.said_since(store, last.started_at if last else 0.0), settings.retrain_min_feedback)


def schedule(
    settings: Settings, store: Store, start: Callable[..., object] = start_cycle
) -> Any:  # an APScheduler BackgroundScheduler, which has no type information
    """A running background scheduler with the retraining in it; no job where the expression is empty.

    A run that falls due starts only with enough new feedback. Raises SettingsError for a wrong expression.
    The caller shuts it down.
    """
    from apscheduler.schedulers.background import BackgroundScheduler

    trigger = cron_trigger(settings.retrain_cron) if settings.retrain_cron.strip() else None
    scheduler: Any = BackgroundScheduler(daemon=True)  # type: ignore[no-untyped-call]
    if trigger is not None:
        scheduler.add_job(
            lambda: _start_if_due(settings, store, start),
            trigger,
            id=JOB,
            coalesce=True,
            max_instances=1,
            misfire_grace_time=LATE_S,
        )
    scheduler.start()
    return scheduler


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
    found = due(settings, store)
    if not found.enough:
        _log.info("no retraining: %d new pieces of feedback, %d are needed", found.new, found.needed)
        return
    try:
        start(settings, by="schedule")
    except BusyError as error:
        _log.info("no retraining: %s", error)


def _new_log(folder: Path) -> Path:
    """A new log file's path; the oldest files beyond `KEPT_LOGS` are dropped."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in sorted(folder.glob("run-*.log"))[: -KEPT_LOGS + 1]:
        old.unlink(missing_ok=True)
    return folder / f"run-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log"
