"""A lesson answers its own question, at once, in its own scope, and nobody else's question."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from stand_ins import HashingEncoder

from bot.errors import DocumentError
from bot.knowledge import memory
from bot.knowledge.index import Index
from bot.knowledge.sameness import same_words
from bot.records import WORKSPACE, Document, Found, Passage
from bot.store import Store, documents, open_store

QUESTION = "What is the notice period for contractors?"


class Agreeing(HashingEncoder):
    """Finds all texts alike, so that the words alone decide."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.tile(super().encode(["same"]), (len(texts), 1))


ENCODER = Agreeing()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "lorebot.db")


def teach(
    store: Store,
    answer: str,
    *,
    question: str = QUESTION,
    scope: str = WORKSPACE,
    evidence: Passage | None = None,
) -> Passage:
    return memory.teach(
        store, ENCODER, question=question, answer=answer, scope=scope, person="U1", evidence=evidence
    )


def recalled(store: Store, question: str = QUESTION, *scopes: str) -> str | None:
    found = memory.recall(store, ENCODER, question, scopes or (WORKSPACE,))
    return found and found.passage.text[found.passage.answer_start :]


def put(store: Store, text: str) -> Passage:
    passage = Passage(0, WORKSPACE, "Notice", "", text, 0, 0)
    vectors = [HashingEncoder().encode([text])[0].tobytes()]
    document = documents.replace(store, Document("/notice.md", "Notice", WORKSPACE, ""), [passage], vectors)
    return documents.passages_of(store, document)[0]


def test_a_lesson_is_a_passage_of_question_and_answer(store: Store) -> None:
    lesson = teach(store, "10 working days", question=" What is the\nnotice period? ")
    assert lesson.id is not None
    assert lesson.text == "What is the notice period?\n10 working days"
    assert lesson.text[lesson.answer_start :] == "10 working days"
    document = documents.document(store, lesson.source, WORKSPACE)
    assert document is not None
    assert (document.kind, document.person, document.title) == ("taught", "U1", "What is the notice period?")


@pytest.mark.parametrize(
    "question",
    [
        "what is the notice period for contractors", "WHAT IS THE NOTICE  PERIOD FOR CONTRACTORS ?!", "notice period contractors",
        "what's the contractors’ notice period?", "Please tell me: the notice-period for a contractor?",
        "Whatisthenoticeperiodforcontractors",
    ],
)  # fmt: skip
def test_the_same_question_recalls_the_lesson(store: Store, question: str) -> None:
    teach(store, "10 days")
    assert recalled(store, question) == "10 days"


@pytest.mark.parametrize(
    ("taught", "asked"),
    [
        (QUESTION, "What is the notice period for employees?"),
        (QUESTION, "What is the notice period?"),
        (QUESTION, "Why is there a notice period for contractors, and what is it worth?"),
        ("What is the limit of API v1?", "What is the limit of API v2?"),
        ("How heavy is the Wren?", "How heavy is the Heron?"),
        ("Can I take my laptop home?", "Can't I take my laptop home?"),
        ("Can I take my laptop home?", "Must I take my laptop home?"),
        ("Is it paid?", "Is it not paid?"),
        ("Is the Wren dearer than the Heron?", "Is the Heron dearer than the Wren?"),
        ("Who approves travel?", "When is travel approved?"),
        ("How long is the guarantee?", "How much is the guarantee?"),
        ("What was the price of the Wren?", "What is the price of the Wren?"),
        ("What do I do before a release?", "What do I do after a release?"),
        ("How much is a C++ licence?", "How much is a C# licence?"),
        ("Leave after 5 years?", "Leave after 50 years?"),
        ("Is 1,000 enough?", "Is 10,000 enough?"),
        ("🦩", "🐙"),
        ("", "?"),
    ],
)
def test_a_question_that_only_looks_alike_recalls_nothing(taught: str, asked: str) -> None:
    assert not same_words(taught, asked)
    assert not same_words(asked, taught)


def test_words_that_agree_are_not_enough_where_the_meaning_is_far(store: Store) -> None:
    teach(store, "10 days")
    far = HashingEncoder()  # its vectors have nothing to do with the lesson's
    assert memory.recall(store, far, "notice period of contractors", [WORKSPACE]) is None
    assert memory.recall(store, far, QUESTION.upper(), [WORKSPACE]) is not None


def test_a_newer_lesson_takes_the_olders_place_in_its_scope_alone(store: Store) -> None:
    old = teach(store, "10 days")
    teach(store, "3 weeks", scope="C1")
    teach(store, "20 days", question="notice period for contractors")
    assert documents.passage(store, old.id or 0) is None
    assert documents.document(store, old.source, WORKSPACE) is None
    assert recalled(store) == "20 days"
    assert recalled(store, QUESTION, "C1") == "3 weeks"


def test_a_channels_lesson_comes_before_the_workspaces(store: Store) -> None:
    teach(store, "3 weeks", scope="C1")
    teach(store, "20 days")
    assert recalled(store, QUESTION, WORKSPACE, "C1") == "3 weeks"
    assert recalled(store, QUESTION, WORKSPACE, "C2") == "20 days"
    assert recalled(store, QUESTION, "C2") is None


def test_of_two_channels_the_newer_lesson_is_recalled(store: Store) -> None:
    teach(store, "old", scope="C2")
    teach(store, "new", scope="C1")
    assert recalled(store, QUESTION, "C1", "C2") == recalled(store, QUESTION, "C2", "C1") == "new"


def test_a_correction_is_found_at_once_before_the_old_passage(store: Store) -> None:
    encoder = HashingEncoder()
    put(store, "The notice period for contractors is four weeks.")
    index = Index(store, encoder)
    assert len(index.find(QUESTION, [WORKSPACE, "C1"])) == 1
    lesson = memory.teach(store, encoder, question=QUESTION, answer="10 days", scope="C1", person="U1")
    assert index.find(QUESTION, [WORKSPACE, "C1"])[0].passage.id == lesson.id
    assert [each.passage.question for each in index.find(QUESTION, [WORKSPACE])] == [None]


def test_what_is_untaught_is_gone_and_documents_stay(store: Store) -> None:
    lesson, passage = teach(store, "10 days"), put(store, "Contractors have 10 days.")
    memory.unteach(store, lesson.id or 0)
    memory.unteach(store, lesson.id or 0)
    memory.unteach(store, passage.id or 0)
    assert recalled(store) is None
    assert documents.passage(store, passage.id or 0) is not None
    assert documents.counts(store) == {"documents": 1, "passages": 1, "taught": 0}


def test_evidence_is_kept_while_it_exists(store: Store) -> None:
    passage = put(store, "Contractors have 10 days.")
    assert teach(store, "10 days", evidence=passage).evidence_id == passage.id
    documents.remove(store, [passage.document_id])
    assert documents.taught(store, [WORKSPACE])[0].evidence_id is None
    assert teach(store, "10 days", evidence=passage).evidence_id is None  # somebody pruned it meanwhile


@pytest.mark.parametrize(("question", "answer"), [("", "a"), (" \n", "a"), ("q", ""), ("q", " \t")])
def test_a_lesson_without_words_is_refused(store: Store, question: str, answer: str) -> None:
    with pytest.raises(DocumentError, match="is empty"):
        teach(store, answer, question=question)


@pytest.mark.parametrize("question", ["", " ", "?", "🦩", "\ud800", "\x00", "x" * 50_000, "%", '"'])
def test_any_text_may_be_recalled_and_taught(store: Store, question: str) -> None:
    assert recalled(store, question) is None
    if question.strip():
        teach(store, "a", question=question)
        assert recalled(store, question) == "a"


def test_many_who_teach_the_same_at_once_leave_one_lesson(store: Store) -> None:
    threads = [threading.Thread(target=teach, args=(store, f"{n} days")) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(documents.taught(store, [WORKSPACE])) == 1


def test_a_widened_lesson_is_everybodys_and_keeps_its_teacher(store: Store) -> None:
    lesson = teach(store, "10 days", scope="C1")
    wide = memory.widen(store, lesson)
    assert (recalled(store), wide.scope) == ("10 days", WORKSPACE)
    assert documents.taught(store, ["C1"]) == []
    document = documents.document(store, wide.source, WORKSPACE)
    assert document is not None
    assert document.person == "U1"


def test_a_widened_lesson_takes_the_place_of_the_workspaces_own(store: Store) -> None:
    teach(store, "12 days")
    memory.widen(store, teach(store, "10 days", scope="C1"))
    assert [each.text[each.answer_start :] for each in documents.taught(store, [WORKSPACE])] == ["10 days"]


def test_a_lesson_that_a_reviewer_rewrote_is_the_reviewers(store: Store) -> None:
    wide = memory.widen(store, teach(store, "10 days", scope="C1"), words=" 11 days ", by="UADMIN")
    assert recalled(store) == "11 days"
    document = documents.document(store, wide.source, WORKSPACE)
    assert document is not None
    assert document.person == "UADMIN"


def test_a_lesson_that_is_gone_can_not_be_widened(store: Store) -> None:
    lesson = teach(store, "10 days", scope="C1")
    memory.unteach(store, lesson.id or 0)
    with pytest.raises(DocumentError, match="is gone"):
        memory.widen(store, lesson)


def test_evidence_is_the_first_passage_in_which_the_answer_stands(store: Store) -> None:
    one, two = (
        Passage(0, WORKSPACE, "", "", text, 0, 0) for text in ("Pay 42 euros.", "The gate\n closes at Ten. 4")
    )
    lesson = Passage(0, WORKSPACE, "", "", "When?\nat ten", 0, 0, question="When?", answer_start=6)
    found = [Found(each, 1.0, 1.0, 1, 1) for each in (lesson, one, two)]
    assert memory.evidence_of(found, "the  gate closes AT ten") is two
    assert memory.evidence_of([one, two], "4") is two  # not inside 42
    assert memory.evidence_of(found, "at ten.") is two
    assert memory.evidence_of(found, "eleven") is memory.evidence_of(found, " ") is None
