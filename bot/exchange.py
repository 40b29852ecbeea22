"""In and out as files: an adapter as one zip, feedback as JSON lines. What comes in is checked wholly before it counts."""

from __future__ import annotations

import json
import os
import tempfile
import zipfile
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.errors import AdapterError, DataError
from bot.records import Adapter, Answer, Candidate, Document, Feedback, Offered, Question
from bot.registry import Registry, read_adapter
from bot.store import Store, channels, documents, feedback, people, questions, reviews, slack_sources

ADAPTER_FILES = {
    "adapter_model.safetensors",
    "adapter_config.json",
    "calibrator.json",
    "card.json",
    "README.md",
}
NEEDED = ADAPTER_FILES - {"README.md"}
MAX_ADAPTER_BYTES = 512 * 1024 * 1024
ALL = -1  # no limit, to SQLite


def export_adapter(adapter: Adapter, file: Path) -> int:
    """Writes an adapter's files into one zip and returns its size in bytes. An existing file is replaced whole."""
    folder = Path(adapter.folder)
    with _published(file) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(ADAPTER_FILES):
            if (folder / name).is_file():
                archive.write(folder / name, name)
    return file.stat().st_size


def import_adapter(registry: Registry, file: Path) -> Adapter:
    """Registers the adapter in a zip that `export_adapter` wrote; it doesn't serve until it is promoted.

    Raises AdapterError, with nothing registered: no zip, files that an adapter doesn't have (code, paths that lead
    elsewhere), a hash that doesn't match its card, another base than the one in use.
    """
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "adapter"
        folder.mkdir()
        try:
            with zipfile.ZipFile(file) as archive:
                names = archive.namelist()
                strange = [name for name in names if name not in ADAPTER_FILES]
                if strange or len(set(names)) != len(names):
                    odd = strange[0] if strange else "a file twice"
                    allowed = ", ".join(sorted(ADAPTER_FILES))
                    raise AdapterError(f"{file} holds {odd}; expected only {allowed}: export it again")
                if missing := NEEDED - set(names):
                    raise AdapterError(
                        f"{file} lacks {', '.join(sorted(missing))}; expected a whole adapter: export it again"
                    )
                if sum(info.file_size for info in archive.infolist()) > MAX_ADAPTER_BYTES:
                    raise AdapterError(
                        f"{file} unpacks to over {MAX_ADAPTER_BYTES // 2**20} MiB; expected a LoRA adapter: export it again"
                    )
                for name in names:
                    (folder / name).write_bytes(archive.read(name))
        except (OSError, zipfile.BadZipFile) as error:
            raise AdapterError(
                f"can't read {file} ({error}); expected a file that `lorebot adapters export` wrote"
            ) from None
        registry.refuse_other_base(read_adapter(folder))
        return registry.register(folder)


def export_feedback(store: Store, file: Path) -> int:
    """Writes every piece of feedback with all that learning needs, one JSON object a line; returns how many."""
    given = feedback.all_of(store)
    with _published(file) as temporary, temporary.open("w", encoding="utf-8") as stream:
        for each in given:
            answer = questions.answer(store, each.answer_id)
            question = questions.question(store, answer.question_id) if answer else None
            if answer is None or question is None:
                continue
            row = {"question": asdict(question), "answer": asdict(answer), "feedback": asdict(each)}
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")
    return len(given)


def import_feedback(store: Store, file: Path) -> int:
    """Reads what `export_feedback` wrote, in one transaction; returns how many pieces were new.

    Questions are told by (source, key), answers by their question, time and text, so reading a file twice adds nothing.
    Raises DataError naming the line, with nothing read.
    """
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            f"can't read {file} ({error}); expected JSON lines from `lorebot feedback export`"
        ) from None
    rows = [_row(file, number, line) for number, line in enumerate(lines, 1) if line.strip()]
    if not rows:
        raise DataError(f"{file} is empty; expected JSON lines from `lorebot feedback export`")
    new = 0
    with store.write():
        for question, answer, given in rows:
            known = questions.question_by_key(store, question.source, question.key)
            question_id = (known or questions.record_question(store, question)).id or 0
            twin = questions.twin_of(store, question_id, answer)
            answer_id = (
                twin or questions.record_answer(store, replace(answer, question_id=question_id))
            ).id or 0
            if feedback.of(store, answer_id, given.person) is None:
                feedback.record(store, replace(given, answer_id=answer_id, passage_id=None))
                new += 1
    return new


def export_person(store: Store, person: str) -> dict[str, Any]:
    """All that is kept of a person, as JSON-able data: what `forgetting` would remove of their own.

    Their words and what was answered to them; of answers given to others, only what they said about them. Times are
    ISO 8601, UTC.
    """
    known = people.known(store).get(person)
    taught = [each for each in documents.documents(store) if each.kind == "taught" and each.person == person]
    return {
        "person": person,
        "known_as": known.kind if known else None,
        "first_seen": _moment(known.first_seen) if known else None,
        "questions": [_asked(store, each) for each in questions.of_person(store, person, ALL)],
        "feedback": [
            {**asdict(each), "given_at": _moment(each.given_at)}
            for each in feedback.of_person(store, person, ALL)
        ],
        "taught": [lesson for each in taught for lesson in _taught(store, each)],
        "learned_from": [
            {
                "title": each.title,
                "link": each.link,
                "scope": each.scope,
                "learned_at": _moment(each.learned_at),
            }
            for each in slack_sources.documents_by(store, person)
        ],
        "reviews": [
            {
                "answer_id": each.answer_id,
                "decision": each.decision,
                "words": each.words,
                "at": _moment(each.at),
            }
            for each in reviews.all_of(store).values()
            if each.by == person
        ],
        "channels_configured": [
            {"channel": each.channel, "at": _moment(each.at)}
            for each in channels.configured(store)
            if each.by == person
        ],
    }


def _asked(store: Store, question: Question) -> dict[str, Any]:
    said = [
        {
            "id": each.id,
            "text": each.text,
            "sentence": each.sentence,
            "confidence": each.confidence,
            "adapter": each.adapter,
            "answered_at": _moment(each.answered_at),
        }
        for each in questions.answers_to(store, question.id or 0)
    ]
    return {
        "asked_at": _moment(question.asked_at),
        "text": question.text,
        "context": question.context,
        "channel": question.channel,
        "thread": question.thread,
        "answers": said,
    }


def _taught(store: Store, document: Document) -> list[dict[str, Any]]:
    return [
        {
            "question": each.question,
            "answer": each.text[each.answer_start :],
            "scope": document.scope,
            "taught_at": _moment(document.learned_at),
        }
        for each in documents.passages_of(store, document.id or 0)
    ]


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _row(file: Path, number: int, line: str) -> tuple[Question, Answer, Feedback]:
    try:
        row: dict[str, Any] = json.loads(line)
        question = {**row["question"], "id": None, "scopes": tuple(row["question"]["scopes"])}
        answer = {
            **row["answer"],
            "id": None,
            "offered": tuple(Offered(**each) for each in row["answer"]["offered"]),
            "candidates": tuple(Candidate(**each) for each in row["answer"]["candidates"]),
        }
        return Question(**question), Answer(**answer), Feedback(**row["feedback"])
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{file} line {number}: {type(error).__name__}: {error}; expected an object with question, answer and feedback as "
            "`lorebot feedback export` writes them"
        ) from None


class _published:
    """A temporary file beside `file` that takes its place only when all went well."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._temporary = file.with_name(f".{file.name}.{os.getpid()}.tmp")

    def __enter__(self) -> Path:
        if not self._file.parent.is_dir():
            raise DataError(f"found no folder {self._file.parent}, expected one: make it first")
        return self._temporary

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if kind is None:
            os.replace(self._temporary, self._file)
        else:
            self._temporary.unlink(missing_ok=True)
