"""Taught answers: what a person says once is found at once, and answers the same question from then on.

A lesson is a document of one passage, question and answer, whose vector is the question's. It has the scope
of the place where it was given, and takes the place of an older lesson for the same question there.
"""

from __future__ import annotations

import hashlib
import re
import textwrap
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bot import sight
from bot.errors import DocumentError
from bot.knowledge.sameness import SAME_COSINE, identical, same_words
from bot.reading.encoder import Encoder
from bot.records import WORKSPACE, Document, Found, Passage
from bot.store import Store, documents, slack_sources

TITLE_WIDTH = 80


@dataclass(frozen=True, slots=True)
class Recalled:
    """A taught passage whose question is the one asked."""

    passage: Passage
    similarity: float  # cosine of the two questions


def teach(
    store: Store,
    encoder: Encoder,
    *,
    question: str,
    answer: str,
    scope: str,
    person: str,
    evidence: Passage | None = None,
) -> Passage:
    """Keeps an answer for this question in this scope, in place of older ones for the same question there.

    `evidence`: the passage in which the answer stands. Returns the new passage. Raises DocumentError: nothing
    asked, or nothing answered.
    """
    question, answer = _one_line(question), answer.encode("utf-8", "replace").decode().strip()
    if not question or not answer:
        missing = "answer" if question else "question"
        raise DocumentError(f"the {missing} is empty; expected a question and its answer: write both")
    return _keep(store, encoder.encode([question])[0], question, answer, scope, person, evidence)


def _keep(
    store: Store,
    vector: np.ndarray,
    question: str,
    answer: str,
    scope: str,
    person: str,
    evidence: Passage | None,
) -> Passage:
    """As `teach`, with the question's vector."""
    text = f"{question}\n{answer}"
    new = Document(
        source=f"taught:{uuid.uuid4()}",
        title=textwrap.shorten(question, TITLE_WIDTH, placeholder="…") or question[:TITLE_WIDTH],
        scope=scope,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        kind="taught",
        person=person,
    )
    with store.write():
        documents.remove(store, [old.passage.document_id for old in _same(store, vector, question, [scope])])
        known = evidence is not None and evidence.id is not None and documents.passage(store, evidence.id)
        lesson = Passage(
            document_id=0,
            scope=scope,
            title=new.title,
            heading="",
            text=text,
            start=0,
            ordinal=0,
            question=question,
            answer_start=len(question) + 1,
            evidence_id=evidence.id if evidence is not None and known else None,
        )
        document_id = documents.replace(store, new, [lesson], [vector.tobytes()])
        return documents.passages_of(store, document_id)[0]


def recall(store: Store, encoder: Encoder, question: str, scopes: Sequence[str]) -> Recalled | None:
    """The lesson for this very question, if there is one in these scopes: a channel's before the workspace's,
    the newer before the older."""
    question = _one_line(question)
    if not question or not any(
        same_words(lesson.question or "", question) for lesson in documents.taught(store, scopes)
    ):
        return None  # as nearly always: without the cost of a vector
    same = _same(store, encoder.encode([question])[0], question, scopes)
    return min(
        same, key=lambda each: (each.passage.scope == WORKSPACE, -(each.passage.id or 0)), default=None
    )


def unteach(store: Store, passage_id: int) -> None:
    """Forgets a lesson. Does nothing when it is gone already, or the passage is no lesson."""
    with store.write():
        lesson = documents.passage(store, passage_id)
        if lesson is not None and lesson.question is not None:
            documents.remove(store, [lesson.document_id])


def evidence_of(found: Sequence[Found | Passage], answer: str) -> Passage | None:
    """The first of these passages in which the answer stands, whatever its case and spacing; lessons are
    none."""
    for each in found:
        passage = each.passage if isinstance(each, Found) else each
        if passage.question is None and find_answer(passage.text, answer) is not None:
            return passage
    return None


def find_answer(text: str, answer: str) -> tuple[int, int] | None:
    """The (start, end) where an answer stands in a text as whole words, whatever its case and spacing."""
    words = answer.strip().strip(".!?…\"'“”‘’").split()
    if not words:
        return None
    pattern = r"\s+".join(re.escape(word) for word in words)
    match = re.search(rf"(?<!\w){pattern}(?!\w)", text, re.IGNORECASE)
    return match.span() if match else None


def _same(store: Store, vector: np.ndarray, question: str, scopes: Sequence[str]) -> list[Recalled]:
    """The lessons in these scopes whose question is the same, newest first."""
    worded = [each for each in documents.taught(store, scopes) if same_words(each.question or "", question)]
    known = documents.vectors_of(store, [each.id for each in worded if each.id is not None])
    same: list[Recalled] = []
    for lesson in worded:
        stored = np.frombuffer(known.get(lesson.id or 0, b""), np.float32)
        cosine = float(stored @ vector) if len(stored) == len(vector) else 0.0
        if identical(lesson.question or "", question) or cosine >= SAME_COSINE:
            same.append(Recalled(lesson, cosine))
    return same


def _one_line(question: str) -> str:
    return " ".join(question.encode("utf-8", "replace").decode().split())


def widen(store: Store, lesson: Passage, *, words: str | None = None, by: str = "") -> Passage:
    """Gives a lesson of one channel to the whole workspace, as a reviewer agreed.

    In its teacher's name; with other `words`, which are the reviewer's, in the name of `by`. Needs no model: the
    question stays, and its vector with it. Raises DocumentError: the lesson is gone.
    """
    return _again(store, lesson, WORKSPACE, words, by)


def reword(store: Store, lesson: Passage, words: str, by: str) -> Passage:
    """Puts somebody's other words in a lesson's place, where it is. Raises DocumentError: the lesson is gone."""
    return _again(store, lesson, lesson.scope, words, by)


def _again(store: Store, lesson: Passage, scope: str, words: str | None, by: str) -> Passage:
    teacher = documents.document(store, lesson.source, lesson.scope)
    if teacher is None or lesson.id is None:
        raise DocumentError("that taught answer is gone; expected one that waits: look at the queue again")
    evidence = None if lesson.evidence_id is None else documents.passage(store, lesson.evidence_id)
    if words is not None or (evidence is not None and evidence.scope not in sight.standing_for(scope)):
        evidence = None  # the answer is for all now, the channel's own document isn't
    stored = documents.vectors_of(store, [lesson.id]).get(lesson.id, b"")
    with store.write():
        new = _keep(
            store,
            np.frombuffer(stored, np.float32),
            lesson.question or "",
            lesson.text[lesson.answer_start :] if words is None else words.strip(),
            scope,
            (teacher.person or "") if words is None else by,
            evidence,
        )
        slack_sources.join(store, lesson.document_id, new.document_id)
        unteach(store, lesson.id)
        return new
