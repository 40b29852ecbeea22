"""Files and canvases that people shared in Slack, kept as documents that stand on the messages which brought them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

from bot.errors import DocumentError
from bot.knowledge.apart import to_text_apart
from bot.knowledge.cutting import cut
from bot.knowledge.learning import vectors_of
from bot.knowledge.suspect import refuse_suspect
from bot.reading.encoder import Encoder
from bot.records import Document
from bot.store import Store, documents, slack_sources


@dataclass(frozen=True, slots=True)
class SharedFile:
    """A file as it came from Slack."""

    id: str
    name: str  # its suffix tells its kind
    data: bytes
    scope: str
    channel: str  # where it was shared
    ts: str = ""  # of the message that brought it; "": the channel's own canvas
    person: str | None = None  # who made it
    link: str | None = None
    title: str | None = None  # None: as its text says


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of it."""

    outcome: Literal["learned", "replaced", "unchanged"]
    title: str
    passages: int
    note: str = ""  # what the person who shared it should know; "" mostly


def source_of(file: str) -> str:
    return slack_sources.FILE_SOURCE + file


def keep_file(store: Store, encoder: Encoder, shared: SharedFile, *, max_file_mb: float) -> Kept:
    """Learns a file, in place of what it said before; an unchanged one is only noted to stand on this message too.

    Raises DocumentError in one line: of a kind that isn't learned, suspect, damaged, without text.
    """
    refuse_suspect(shared.name, shared.data)
    digest = hashlib.sha256(shared.data).hexdigest()
    source = source_of(shared.id)
    known = documents.document(store, source, shared.scope)
    if known is not None and known.id is not None and known.sha256 == digest:
        with store.write():
            documents.relink(store, known.id, shared.link)
            _note(store, known.id, shared)
        return Kept("unchanged", known.title, len(documents.passages_of(store, known.id)))
    text = to_text_apart(shared.name, shared.data, max_file_mb=max_file_mb)
    title = shared.title or text.title
    passages = cut(text.text, title=title, scope=shared.scope)
    if not passages:
        raise DocumentError("there is no text in it; expected some: fill it or leave it out")
    new = Document(
        source=source,
        title=title,
        scope=shared.scope,
        sha256=digest,
        kind="slack",
        link=shared.link,
        person=shared.person,
    )
    vectors = vectors_of(store, encoder, known, passages)
    with store.write():
        document_id = documents.replace(store, new, passages, vectors)
        _note(store, document_id, shared)
    return Kept("learned" if known is None else "replaced", title, len(passages), text.note)


def _note(store: Store, document_id: int, shared: SharedFile) -> None:
    slack_sources.note(store, document_id, shared.channel, shared.ts, shared.id, shared.person)
