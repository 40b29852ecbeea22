"""Files and folders into the store: what is unchanged is skipped, what changed is replaced whole, what fails is named."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from bot.errors import DocumentError
from bot.knowledge.convert import SUPPORTED, convert
from bot.knowledge.cutting import cut
from bot.reading.encoder import Encoder
from bot.records import Document
from bot.store import Store, documents

Progress = Callable[[int, int, str], None]
"""Told the files done, the files in all, and the name of the one at hand."""


@dataclass(frozen=True, slots=True)
class LearnReport:
    """What became of the files."""

    learned: int = 0  # new documents
    replaced: int = 0
    unchanged: int = 0
    pruned: int = 0
    skipped: int = 0  # files in folders, of kinds that can't be learned
    failed: tuple[tuple[str, str], ...] = ()  # (path, reason)
    passages: int = 0  # in the store now


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    root: Path  # the folder given, or the file's own: links are relative to it


def learn(
    store: Store,
    encoder: Encoder,
    paths: Sequence[Path],
    *,
    scope: str,
    prune: bool = False,
    link_base: str | None = None,
    max_file_mb: float = 20,
    progress: Progress | None = None,
) -> LearnReport:
    """Learns every file that is named or lies below a folder that is named. One that fails doesn't stop the rest.

    `prune` drops documents of this scope below these folders whose files are gone. Raises DocumentError for a path
    that doesn't exist, before anything is learned.
    """
    files, skipped = _files(paths)
    counts = {"learned": 0, "replaced": 0, "unchanged": 0}
    failed: list[tuple[str, str]] = []
    for done, file in enumerate(files):
        if progress:
            progress(done, len(files), file.path.name)
        try:
            counts[_learn_one(store, encoder, file, scope, link_base, max_file_mb)] += 1
        except DocumentError as error:
            failed.append((str(file.path), str(error)))
    pruned = _prune(store, paths, scope) if prune else 0
    if progress:
        progress(len(files), len(files), "")
    return LearnReport(
        **counts,
        pruned=pruned,
        skipped=skipped,
        failed=tuple(failed),
        passages=documents.counts(store)["passages"],
    )


def _learn_one(
    store: Store, encoder: Encoder, file: _File, scope: str, link_base: str | None, max_file_mb: float
) -> str:
    """Which count it belongs to. Raises DocumentError with the reason."""
    source = str(file.path.resolve())
    link = _link(file, link_base)
    known = documents.document(store, source, scope)
    digest = _digest(file.path, max_file_mb)
    if known is not None and known.sha256 == digest and known.link == link:
        return "unchanged"
    converted = convert(file.path, max_file_mb=max_file_mb)
    passages = cut(converted.text, scope=scope, title=converted.title)
    if not passages:
        raise DocumentError("it holds no text")
    vectors = encoder.encode(["\n".join(filter(None, (p.title, p.heading, p.text))) for p in passages])
    new = Document(source=source, title=converted.title, scope=scope, sha256=digest, link=link)
    documents.replace(store, new, passages, [vector.tobytes() for vector in vectors])
    return "learned" if known is None else "replaced"


def _files(paths: Sequence[Path]) -> tuple[list[_File], int]:
    """The files to learn, each once, and how many of other kinds lie in the folders."""
    found: dict[Path, _File] = {}
    skipped = 0
    for path in paths:
        if path.is_dir():
            for file in _below(path):
                if file.suffix.lower() in SUPPORTED:
                    found.setdefault(file.resolve(), _File(file, path))
                else:
                    skipped += 1
        elif path.exists() or path.is_symlink():
            found.setdefault(path.resolve(), _File(path, path.parent))
        else:
            raise DocumentError(f"found nothing at {path}, expected a file or a folder: check the path")
    return list(found.values()), skipped


def _below(folder: Path) -> Iterator[Path]:
    """Files below a folder in a fixed order, hidden ones left out; linked folders are not followed, so none is met twice."""
    for where, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(where) / name for name in sorted(names) if not name.startswith((".", "~$")))


def _digest(path: Path, max_file_mb: float) -> str:
    try:
        if path.stat().st_size > max_file_mb * 1e6:
            return ""  # too large to learn: converting it says so
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise DocumentError(f"it can't be read ({error.strerror}): check its permissions") from None


def _link(file: _File, link_base: str | None) -> str | None:
    if not link_base:
        return None
    return link_base.rstrip("/") + "/" + quote(file.path.relative_to(file.root).as_posix())


def _prune(store: Store, paths: Sequence[Path], scope: str) -> int:
    """Drops what was learned in this scope from files that are gone: below the folders, or named themselves."""
    roots = [path.resolve() for path in paths]
    gone = [
        each.id
        for each in documents.documents(store, scope)
        if each.kind == "file"
        and each.id is not None
        and any(Path(each.source) == root or Path(each.source).is_relative_to(root) for root in roots)
        and not Path(each.source).is_file()
    ]
    documents.remove(store, gone)
    return len(gone)
