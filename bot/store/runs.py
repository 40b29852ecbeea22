"""Training cycles: one at a time across processes, with a heartbeat by which a dead one is noticed."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from dataclasses import asdict
from typing import Any

from bot.errors import BusyError
from bot.records import Run, Verdict
from bot.store.database import Store

NEWS_S = 3 * 86400.0  # so long the end of a scheduled run is news
DEAD_AFTER_S = 120.0
"""A running cycle whose heartbeat is older than this has died: its lock no longer holds."""

GONE_AFTER_S = 20.0
"""The same where its process isn't here either; it may be another container's, hence not at once."""


DIED = "the process died"
QUIET = "quiet hours"
FORGET = "forget"
"""Who asks a run to end, where no person does."""
SCHEDULE, REBUILD = "schedule", "rebuild"
NOBODY = (SCHEDULE, REBUILD)
"""What asks for a run where nobody does; such a run keeps quiet hours."""


def start(store: Store, by: str, channel: str | None = None, ts: str | None = None) -> Run:
    """Takes the lock and returns the new run. Raises BusyError when another cycle is alive."""
    now = time.time()
    with store.write() as db:
        bury(store)
        fields = asdict(Run(by=by, channel=channel, ts=ts, pid=os.getpid(), started_at=now, heartbeat_at=now))
        del fields["id"]
        try:
            run_id = int(db.table("runs").insert(fields).last_pk or 0)
        except sqlite3.IntegrityError:
            other = running(store)
            raise BusyError(
                f"run {other.id if other else '?'} is already training "
                f"({other.stage if other else 'starting'}); wait for it to end"
            ) from None
    found = run(store, run_id)
    assert found is not None
    return found


def bury(store: Store) -> Run | None:
    """Ends the run whose process is gone, and returns it as it was; None where there is none."""
    with store.write() as db:
        dead = running(store)
        if dead is None or alive(dead):
            return None
        end = {"state": "failed", "stage": "failed", "error": DIED, "finished_at": time.time()}
        db.table("runs").update(dead.id or 0, end)
    return dead


def cancel(store: Store, by: str, run_id: int | None = None) -> Run | None:
    """Asks the run in progress (only `run_id`, where given) to end, across processes, and returns it.

    None where none can be stopped any more: a run that has its verdict goes on, for promoting is one transaction. Who
    asks first is noted.
    """
    with store.write() as db:
        found = running(store)
        if found is None or found.verdict is not None or run_id not in (None, found.id):
            return None
        db.execute("UPDATE runs SET cancel = coalesce(cancel, ?) WHERE id = ?", [by, found.id])
        return run(store, found.id or 0)


def cancelled_by(store: Store, run_id: int) -> str | None:
    """Who asked that run to end; None: nobody did."""
    row = store.one("SELECT cancel FROM runs WHERE id = ?", [run_id])
    return row["cancel"] if row else None


def ask_rebuild(store: Store, why: str, *, soon: bool = True) -> None:
    """Notes that a retraining has to come, however little feedback is new: soon, or at its next hour."""
    with store.write() as db:
        db.table("rebuilds").insert({"why": why, "asked_at": time.time(), "soon": int(soon)})


def rebuild_due(store: Store, *, soon: bool = False) -> str | None:
    """Why a retraining has to come (before its next hour, with `soon`), where none begun since has come to its verdict."""
    row = store.one(
        "SELECT why FROM rebuilds WHERE soon >= ? AND asked_at >"
        " (SELECT coalesce(max(started_at), 0) FROM runs WHERE state = 'done') ORDER BY id DESC LIMIT 1",
        [int(soon)],
    )
    return str(row["why"]) if row else None


def rebuild_tried(store: Store) -> bool:
    """Whether some run began since a rebuild was last asked for that has to come soon, however it ended."""
    row = store.one(
        "SELECT (SELECT coalesce(max(started_at), 0) FROM runs)"
        " > (SELECT coalesce(max(asked_at), 0) FROM rebuilds WHERE soon) AS yes"
    )
    return bool(row and row["yes"])


def alive(run: Run) -> bool:
    """Whether a running cycle still gives signs of life."""
    if run.state != "running":
        return False
    silent = time.time() - run.heartbeat_at
    return silent < GONE_AFTER_S or (silent < DEAD_AFTER_S and _process_exists(run.pid))


def beat(store: Store, run_id: int) -> None:
    """A sign of life of a cycle whose step takes long."""
    with store.write() as db:
        db.execute(
            "UPDATE runs SET heartbeat_at = ? WHERE id = ? AND state = 'running'", [time.time(), run_id]
        )


def update(store: Store, run_id: int, **fields: Any) -> None:
    """Sets fields of a run (names as in records.Run) and its heartbeat."""
    if isinstance(fields.get("verdict"), Verdict):
        fields["verdict"] = json.dumps(asdict(fields["verdict"]))
    with store.write() as db:
        db.table("runs").update(run_id, {**fields, "heartbeat_at": time.time()})


def finish(store: Store, run_id: int, *, error: str | None = None) -> None:
    """The run is over: done, or failed with what went wrong in one line. Its lock is free."""
    end: dict[str, Any] = {"state": "failed", "stage": "failed", "error": error}
    if error is None:
        end = {"state": "done", "stage": "done", "progress": 1.0, "detail": ""}
    update(store, run_id, finished_at=time.time(), **end)


def run(store: Store, run_id: int) -> Run | None:
    row = store.one("SELECT * FROM runs WHERE id = ?", [run_id])
    return _run(row) if row else None


def run_of(store: Store, adapter: str) -> Run | None:
    """The cycle that made an adapter; None for one that came from elsewhere, such as the seed."""
    row = store.one("SELECT * FROM runs WHERE candidate = ? ORDER BY id DESC LIMIT 1", [adapter])
    return _run(row) if row else None


def running(store: Store) -> Run | None:
    row = store.one("SELECT * FROM runs WHERE state = 'running'")
    return _run(row) if row else None


def last(store: Store) -> Run | None:
    """The newest cycle, however it ended."""
    row = store.one("SELECT * FROM runs ORDER BY id DESC LIMIT 1")
    return _run(row) if row else None


def before(store: Store, run_id: int) -> Run | None:
    """The cycle before that one, however it ended."""
    row = store.one("SELECT * FROM runs WHERE id < ? ORDER BY id DESC LIMIT 1", [run_id])
    return _run(row) if row else None


def last_done(store: Store) -> Run | None:
    """The newest cycle that came to a verdict."""
    row = store.one("SELECT * FROM runs WHERE state = 'done' ORDER BY id DESC LIMIT 1")
    return _run(row) if row else None


def runs(store: Store, limit: int = 20) -> list[Run]:
    """Newest first."""
    return [_run(row) for row in store.rows("SELECT * FROM runs ORDER BY id DESC LIMIT ?", [limit])]


def last_asker(store: Store) -> str | None:
    """The person who last asked for a retraining in Slack; None where nobody ever did."""
    row = store.one('SELECT "by" FROM runs WHERE channel IS NOT NULL ORDER BY id DESC LIMIT 1')
    return row["by"] if row else None


def by_outcome(store: Store) -> dict[str, int]:
    """How many retrainings ended how: promoted, kept (the champion stayed), failed; and those running."""
    sql = (
        "SELECT CASE WHEN state = 'done' THEN iif(promoted, 'promoted', 'kept') ELSE state END AS outcome,"
        " count(*) AS n FROM runs GROUP BY outcome"
    )
    return {row["outcome"]: int(row["n"]) for row in store.rows(sql)}


def unreported(store: Store) -> list[Run]:
    """Runs that a channel awaits the end of, or follows the progress of; and the schedule's own of the last days."""
    sql = (
        "SELECT * FROM runs WHERE reported = 0 AND (channel IS NOT NULL OR (by = 'schedule' AND started_at > ?))"
        " ORDER BY id"
    )
    return [_run(row) for row in store.rows(sql, [time.time() - NEWS_S])]


def _process_exists(pid: int | None) -> bool:
    if pid is None:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's, so there is one
        return True
    return True


def _run(row: dict[str, Any]) -> Run:
    verdict = json.loads(row["verdict"]) if row["verdict"] else None
    return Run(
        **{
            **row,
            "verdict": Verdict(verdict["decision"], tuple(verdict["reasons"]), verdict["numbers"])
            if verdict
            else None,
            "promoted": bool(row["promoted"]),
            "reported": bool(row["reported"]),
        }
    )
