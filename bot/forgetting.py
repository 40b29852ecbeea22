"""Removing a person: what they asked, said and taught, where it lies in what others left, and what was learned from it."""

from __future__ import annotations

import html
import shutil
import time
from pathlib import Path
from typing import Any

from bot.errors import BusyError
from bot.records import Question
from bot.registry import Registry
from bot.store import Store, deletions, people, runs, traces
from bot.store.deletions import Posted

STOP_WAIT_S = 120.0
"""A training amid its longest step (loading a model) needs so long to notice that it has to stop."""
WHY = "learned from a person who was forgotten"
SINCE = ("reports", "logs")
"""Folders of pages about runs, and of what runs printed: those written since the person came are removed."""


def forget_person(
    store: Store, registry: Registry, home: Path, person: str, wait_s: float = STOP_WAIT_S
) -> dict[str, Any]:
    """Removes a person's data, and retires the adapters that learned from it.

    A retraining at work is stopped first. Where a retired adapter served, the newest before it that didn't learn from
    the person takes over, at last the seed; a retraining without them becomes due. Afterwards none of their words is
    left in the state folder. Done again after an interruption, it does the rest. Returns the counts, the id of the
    adapter that serves now, whether a retraining is due, and whether the state file's free pages could be cleaned too.

    Raises BusyError, with nothing removed, where the retraining doesn't stop in time.
    """
    stopped = _stop_training(store, wait_s)
    since = traces.since(store, person)
    retired = registry.learned_from(person)
    with store.write():
        if (run := runs.running(store)) is not None:
            raise BusyError(_still_running(run.id))
        traces.clear(store, person)
        forgotten = people.forget(store, person)
        if retired or stopped:
            runs.ask_rebuild(store, "somebody was forgotten")
    for adapter in retired:
        registry.retire(adapter.id, by="cli", why=WHY)
    shutil.rmtree(home / "work", ignore_errors=True)  # builds and checkpoints of runs that were stopped
    removed = 0 if since is None else _remove_written_since(home, since)
    scrubbed = traces.scrub(store)
    return {
        **forgotten,
        "adapters": len(retired),
        "reports": removed,
        "champion": registry.champion().id,
        "rebuild": bool(retired or stopped),
        "scrubbed": scrubbed,
    }


def forget_question(store: Store, home: Path, question: Question) -> list[Posted]:
    """Removes a question that was deleted in Slack, with all that was said of its answers; returns our replies elsewhere
    that stand in what went with it.

    Every retraining begins at the seed, so the next one is without it; where an adapter may have learned from it, that
    one comes at its next hour, however little feedback is new.
    """
    if deletions.trained_on(store, question.id or 0) or runs.running(store) is not None:
        runs.ask_rebuild(store, "a question was deleted", soon=False)
    standing = deletions.remove_question(store, question)
    _remove_pages_with(home, question.text)
    return standing


def _remove_pages_with(home: Path, words: str) -> None:
    """Removes the pages about runs, and their pictures, that quote these words."""
    shown = html.escape(words)
    for page in (home / "reports").glob("*.html"):
        text = page.read_text(encoding="utf-8", errors="replace")
        if words and (words in text or shown in text):
            for path in page.parent.glob(f"{page.stem}.*"):
                path.unlink(missing_ok=True)


def _stop_training(store: Store, wait_s: float) -> bool:
    """Ends a retraining at work; whether there was one."""
    runs.bury(store)
    if runs.running(store) is None:
        return False
    runs.cancel(store, runs.FORGET)
    until = time.monotonic() + wait_s
    while (run := runs.running(store)) is not None:
        if time.monotonic() > until:
            raise BusyError(_still_running(run.id))
        time.sleep(0.2)
        runs.bury(store)
    return True


def _still_running(run_id: int | None) -> str:
    return (
        f"found run {run_id} still training, expected it to stop for the removal: nothing was removed, try again in a"
        " minute"
    )


def _remove_written_since(home: Path, since: float) -> int:
    """Removes the runs' pages, pictures and logs of that time; which of them quote whom, nobody noted. Counts the pages."""
    pages = 0
    for folder in SINCE:
        for path in (home / folder).glob("*"):
            if path.is_file() and path.stat().st_mtime >= since:
                path.unlink(missing_ok=True)
                pages += path.suffix == ".html"
    return pages
