"""The table of questions whose answers are hard to cut out exactly, and the way each goes: learned, found, read, answered."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from stand_ins import HashingEncoder

from bot.answering import Answerer, LiveReader
from bot.knowledge.convert import convert
from bot.knowledge.index import Index
from bot.knowledge.learning import learn
from bot.reading.protocol import Reader
from bot.records import WORKSPACE, Adapter, Answer, Passage, Question
from bot.store import documents, open_store

TABLE = Path(__file__).parent / "data" / "tricky-offsets.jsonl"


@dataclass(frozen=True)
class Tricky:
    """One row: a document, a question about it, and the exact characters that answer it."""

    id: str
    kind: str
    document: str
    question: str
    answer: str
    suffix: str = ".md"
    encoding: str = "utf-8"
    occurrence: int = 0  # which of several places with these characters is meant, from 0

    def place(self, text: str) -> tuple[int, int]:
        """Where the answer stands in a text, half open."""
        at = text.index(self.answer)
        for _ in range(self.occurrence):
            at = text.index(self.answer, at + 1)
        return at, at + len(self.answer)


@dataclass(frozen=True)
class Told:
    """What came of a row."""

    text: str  # the document as it was learned
    passages: list[Passage]
    answer: Answer

    @property
    def span(self) -> str:
        """The characters that the reader chose, cut out of the passage."""
        return self.answer.evidence.text[self.answer.start : self.answer.end] if self.answer.evidence else ""

    @property
    def offset(self) -> int:
        """Where they begin in the document."""
        source = self.answer.evidence
        return self.answer.start + next(
            (each.start for each in self.passages if source and each.id == source.passage_id), 0
        )


def read_table() -> list[Tricky]:
    return [Tricky(**json.loads(line)) for line in TABLE.read_text(encoding="utf-8").splitlines()]


class OneAdapter:
    """A registry of one adapter."""

    def champion(self) -> Adapter:
        return Adapter("seed", "base", "hash", "hash", "/nowhere", card={})


def tell(case: Tricky, reader: Reader, folder: Path) -> Told:
    """Learns the row's document into a store of its own and asks its question, whatever the reader's doubt."""
    path = folder / f"{case.id}{case.suffix}"
    path.write_bytes(case.document.encode(case.encoding))
    store, encoder = open_store(folder / f"{case.id}.db"), HashingEncoder()
    try:
        report = learn(store, encoder, [path])
        assert report.learned == 1, report.failed
        live = LiveReader(OneAdapter(), lambda adapter: reader)  # type: ignore[arg-type]
        answerer = Answerer(store, Index(store, encoder), encoder, live, min_confidence=0.0)
        answer = answerer.answer(Question("cli", case.id, case.question, "cli", scopes=(WORKSPACE,)))
        passages = documents.passages(store, range(1, report.passages + 1))
        return Told(convert(path, max_file_mb=1).text, passages, answer)
    finally:
        store.close()
