"""Files and folders into the store: what is unchanged is skipped, what changed is replaced whole, what fails
is named.

Learning is repeated often (a cron job, a playground's start), so a second time must cost next to nothing: a
file whose bytes are known isn't even converted, and of a changed one only the passages with new words are
embedded again.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from bot.errors import DocumentError
from bot.knowledge.convert import SUPPORTED, read_file, to_text
from bot.knowledge.cutting import cut
from bot.reading.encoder import Encoder
from bot.records import WORKSPACE, Document, Passage
from bot.store import Store, documents

Progress = Callable[[int, int, str], None]
"""Told the files done, the files in all, and the name of the one at hand; once more at the end, with ""."""


@dataclass(frozen=True, slots=True)
class LearnReport:
    """What became of the files."""

    learned: int = 0  # new documents
    replaced: int = 0  # changed: the text, or only the link
    unchanged: int = 0
    pruned: int = 0
    skipped: int = 0  # files in folders, of kinds that can't be learned
    failed: tuple[tuple[str, str], ...] = ()  # (path, reason)
    notes: tuple[tuple[str, str], ...] = ()  # (path, what to know about a file that was learned)
    passages: int = 0  # in the store now


@dataclass(frozen=True, slots=True)
class _File:
    path: Path  # absolute; the document's source
    place: str  # relative to the folder given, with "/": what its link ends with


_Outcome = Literal["learned", "replaced", "unchanged"]


def learn(
    store: Store,
    encoder: Encoder,
    paths: Sequence[Path],
    *,
    scope: str = WORKSPACE,
    prune: bool = False,
    link_base: str | None = None,
    max_file_mb: float = 20.0,
    progress: Progress | None = None,
) -> LearnReport:
    """Learns every file that is named or lies below a folder that is named. One that fails doesn't stop the
    rest.

    Hidden files and folders are passed over, unless named. A link to a file is `link_base` and the file's
    place below the folder given. `prune` drops documents of this scope below these folders whose files are
    gone; a folder that is gone itself loses nothing: it may only be unmounted.
    """
    files, skipped, failed = _files(paths)
    counts: dict[_Outcome, int] = {"learned": 0, "replaced": 0, "unchanged": 0}
    notes: list[tuple[str, str]] = []
    for done, file in enumerate(files):
        if progress:
            progress(done, len(files), _shown(file.path.name))
        try:
            outcome, note = _learn_one(store, encoder, file, scope, link_base, max_file_mb)
        except DocumentError as error:
            failed.append((_shown(file.path), str(error)))
            continue
        counts[outcome] += 1
        if note:
            notes.append((_shown(file.path), note))
    pruned = _prune(store, [path for path in paths if path.is_dir()], scope) if prune else 0
    if progress:
        progress(len(files), len(files), "")
    return LearnReport(
        **counts,
        pruned=pruned,
        skipped=skipped,
        failed=tuple(failed),
        notes=tuple(notes),
        passages=documents.counts(store)["passages"],
    )


def embedded(passage: Passage) -> str:
    """What a passage's vector is made from: its words, and where they stand."""
    named = () if passage.heading.startswith(passage.title) else (passage.title,)
    return "\n".join(filter(None, (*named, passage.heading, passage.text)))


def _learn_one(
    store: Store, encoder: Encoder, file: _File, scope: str, link_base: str | None, max_file_mb: float
) -> tuple[_Outcome, str]:
    """What became of it, and a note. Raises DocumentError with the reason."""
    source = str(file.path)
    if _shown(source) != source:
        raise DocumentError("its name is not UTF-8; expected a name that can be shown: rename it")
    data = read_file(file.path, max_file_mb)
    digest = hashlib.sha256(data).hexdigest()
    link = link_base.rstrip("/") + "/" + quote(file.place) if link_base else None
    known = documents.document(store, source, scope)
    if known is not None and known.id is not None and known.sha256 == digest:
        if known.link == link:
            return "unchanged", ""
        documents.relink(store, known.id, link)
        return "replaced", ""
    text = to_text(file.path, data, max_file_mb=max_file_mb)
    passages = cut(text.text, title=text.title, scope=scope)
    if not passages:
        raise DocumentError("there is no text in it; expected some: fill it or leave it out")
    new = Document(source=source, title=text.title, scope=scope, sha256=digest, link=link)
    documents.replace(store, new, passages, vectors_of(store, encoder, known, passages))
    return ("learned" if known is None else "replaced"), text.note


def vectors_of(
    store: Store, encoder: Encoder, known: Document | None, passages: Sequence[Passage]
) -> list[bytes]:
    """Each passage's vector: the one it has where it was known before, else a new one."""
    vectors: dict[str, bytes] = {}
    if known is not None and known.id is not None:
        before = {each.id: each for each in documents.passages_of(store, known.id) if each.id is not None}
        stored = documents.vectors_of(store, list(before))
        size = encoder.dimension * 4
        vectors = {embedded(before[i]): vector for i, vector in stored.items() if len(vector) == size}
    texts = [embedded(passage) for passage in passages]
    new = list(dict.fromkeys(text for text in texts if text not in vectors))
    if new:
        vectors |= {text: vector.tobytes() for text, vector in zip(new, encoder.encode(new), strict=True)}
    return [vectors[text] for text in texts]


def _files(paths: Sequence[Path]) -> tuple[list[_File], int, list[tuple[str, str]]]:
    """The files to learn, each once; how many of other kinds lie in the folders; and the paths that are
    nothing."""
    found: dict[Path, _File] = {}
    skipped: set[Path] = set()
    failed: list[tuple[str, str]] = []
    for path in paths:
        if not path.is_dir():
            found.setdefault(path.resolve(), _File(path.parent.resolve() / path.name, path.name))
            continue
        root = path.resolve()
        for file in _below(root, failed):
            if file.suffix.lower() in SUPPORTED and file.is_file():
                found.setdefault(file.resolve(), _File(file, file.relative_to(root).as_posix()))
            else:
                skipped.add(file.resolve())
    return list(found.values()), len(skipped), failed


def _below(folder: Path, failed: list[tuple[str, str]]) -> Iterator[Path]:
    """Files below a folder in a fixed order, without hidden ones and office programs' lock files.

    Linked folders are followed, each folder once, so that a link to a folder above ends there.
    """

    def unreadable(error: OSError) -> None:
        failed.append(
            (_shown(error.filename or folder), f"can't be read ({error.strerror}); give the right to")
        )

    seen = {_identity(folder)}
    for where, folders, names in os.walk(folder, followlinks=True, onerror=unreadable):
        entered = []
        for name in sorted(folders):
            identity = _identity(Path(where, name))
            if not name.startswith(".") and identity not in seen:
                seen.add(identity)
                entered.append(name)
        folders[:] = entered
        yield from (Path(where, name) for name in sorted(names) if not name.startswith((".", "~$")))


def _identity(folder: Path) -> tuple[int, int] | Path:
    try:
        stat = folder.stat()
    except OSError:
        return folder  # os.walk says why
    return stat.st_dev, stat.st_ino


def _prune(store: Store, folders: Sequence[Path], scope: str) -> int:
    roots = [folder.resolve() for folder in folders]
    gone = [
        each.id
        for each in documents.documents(store, scope)
        if each.kind == "file"
        and each.id is not None
        and any(Path(each.source).is_relative_to(root) for root in roots)
        and _is_gone(each.source)
    ]
    documents.remove(store, gone)
    return len(gone)


def _is_gone(source: str) -> bool:
    """Only what surely isn't there: a file that can't be looked at just now isn't gone."""
    try:
        os.stat(source)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def _shown(path: Path | str) -> str:
    return str(path).encode("utf-8", "replace").decode()
