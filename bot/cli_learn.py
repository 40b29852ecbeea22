"""What `lorebot learn` does with the paths that it is given, and how it tells: files and folders here, Slack exports there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from bot.errors import DocumentError
from bot.knowledge.archive import is_export
from bot.knowledge.export import ExportReport, learn_export
from bot.knowledge.learning import LearnReport, Progress, learn
from bot.reading.encoder import Encoder
from bot.settings import Settings
from bot.store import Store

Learned = tuple[LearnReport, list[ExportReport]]


def learn_all(
    store: Store,
    encoder: Encoder,
    paths: Sequence[Path],
    settings: Settings,
    *,
    scope: str,
    prune: bool,
    link_base: str | None,
    progress: Progress,
) -> Learned:
    """Learns exports first, then files and folders: one that fails doesn't stop the rest."""
    exports: list[ExportReport] = []
    failed: list[tuple[str, str]] = []
    for path in paths:
        if is_export(path):
            try:
                exports.append(
                    learn_export(
                        store, encoder, path, scope=scope, prune=prune, link_base=link_base, progress=progress
                    )
                )
            except DocumentError as error:
                failed.append((str(path), str(error)))
    report = learn(
        store,
        encoder,
        [path for path in paths if not is_export(path)],
        scope=scope,
        prune=prune,
        link_base=settings.link_base if link_base is None else link_base,
        max_file_mb=settings.max_file_mb,
        progress=progress,
    )
    return replace(report, failed=(*failed, *report.failed)), exports


def nothing_learned(learned: Learned) -> bool:
    """Whether all that was given has failed."""
    report, exports = learned
    return bool(report.failed) and not (exports or report.learned or report.replaced or report.unchanged)


def as_data(learned: Learned) -> dict[str, Any]:
    report, exports = learned
    return {**asdict(report), "exports": [asdict(each) for each in exports]}


def remarks(learned: Learned) -> Iterator[str]:
    """What people have to know of single files, a line each."""
    report, exports = learned
    yield from (f"learned with a note: {path}: {note}" for path, note in report.notes)
    failed = [*report.failed, *((f"{each.path}: {day}", why) for each in exports for day, why in each.failed)]
    yield from (f"not learned: {path}: {why}" for path, why in failed)


def summary(learned: Learned) -> Iterator[str]:
    report, exports = learned
    for each in exports:
        yield (
            f"{each.path}: {each.messages:,} messages in {each.channels} channels ({each.private} of them private, "
            f"{each.left_out} conversations left unread): {each.answered} answered questions, {each.pinned} pinned messages; "
            f"{each.learned} learned, {each.replaced} replaced, {each.unchanged} unchanged, {each.pruned} dropped"
        )
    if not exports or report.learned or report.replaced or report.unchanged or report.pruned:
        yield (
            f"{report.learned} learned, {report.replaced} replaced, {report.unchanged} unchanged, {report.pruned} dropped, "
            f"{report.skipped} of other kinds, {len(report.failed)} failed; {report.passages} passages in all"
        )
