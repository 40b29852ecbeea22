"""Forgetting by age (LOREBOT_RETENTION_DAYS): what people wrote is kept so long, and no longer.

Weights follow: every retraining begins at the seed with what is kept then, so an adapter has learned from nothing older
than itself and the limit together. One that serves longer than the limit is made anew at the next hour of retraining; the
gate decides, as ever, whether its successor serves.
"""

from __future__ import annotations

import logging
import shutil
import time
from pathlib import Path
from typing import Any

from bot.registry import Registry
from bot.store import Store, retention, runs, traces

HOUR, MINUTE = 2, 30
"""When it is done each day, in local time: before the night's retraining."""
WHY = "the one in service is older than what may be kept"
FOLDERS = ("reports", "logs", "work")
"""Of runs: their pages, what they printed, and what they left unfinished. All may quote what people wrote."""
log = logging.getLogger(__name__)


def forget_old(
    store: Store, registry: Registry, home: Path, days: float, now: float | None = None
) -> dict[str, int]:
    """Removes what is older than `days`; returns counts. Done again, it finds nothing."""
    before = (time.time() if now is None else now) - days * 86400
    counts = retention.forget_before(store, before)
    counts["files"] = _remove_older(home, before)
    champion = registry.champion()
    if champion.id != registry.seed().id and champion.created_at < before and not runs.rebuild_due(store):
        runs.ask_rebuild(store, WHY, soon=False)
    if any(counts.values()):
        scrubbed = traces.scrub(store)
        log.info(
            "forgot what is older than %g days: %s%s",
            days,
            ", ".join(f"{count} {name}" for name, count in counts.items()),
            "" if scrubbed else "; the state file was in use, so its free pages are cleaned next time",
        )
    return counts


def schedule(scheduler: Any, store: Store, registry: Registry, home: Path, days: float) -> None:
    """Each night, and once when a process starts; nothing where `days` is 0. `scheduler`: APScheduler's."""
    if not days:
        return
    for name, trigger in (("at the start", "date"), ("each night", "cron")):
        when = {"hour": HOUR, "minute": MINUTE} if trigger == "cron" else {}
        scheduler.add_job(
            lambda: forget_old(store, registry, home, days),
            trigger,
            id=f"retention {name}",
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
            **when,
        )


def _remove_older(home: Path, before: float) -> int:
    removed = 0
    for folder in FOLDERS:
        for path in (home / folder).glob("*"):
            if path.stat().st_mtime >= before:
                continue
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
            removed += 1
    return removed
