"""Documents and passages in the store: replaced whole, kept where nothing changed, searched by scope."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from bot.records import WORKSPACE, Document, Passage
from bot.store import Store, documents, open_store

VECTOR = np.ones(8, np.float32).tobytes()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "lorebot.db")


def put(
    store: Store, *texts: str, source: str = "/a.md", scope: str = WORKSPACE, title: str = "Leave"
) -> int:
    passages = [
        Passage(0, scope, title, "", text, start=10 * ordinal, ordinal=ordinal)
        for ordinal, text in enumerate(texts)
    ]
    document = Document(source, title, scope, sha256="")
    return documents.replace(store, document, passages, [VECTOR] * len(texts))


def ids(store: Store, document_id: int) -> dict[str, int | None]:
    return {each.text: each.id for each in documents.passages_of(store, document_id)}


def matches(store: Store, word: str, *scopes: str) -> list[int]:
    return [passage for passage, _ in documents.search_words(store, f'"{word}"', scopes, 10)]


def test_a_replaced_document_keeps_the_ids_of_unchanged_passages(store: Store) -> None:
    first = put(store, "one", "two", "three")
    before = ids(store, first)
    assert put(store, "new", "three", "one") == first
    after = documents.passages_of(store, first)
    assert [each.text for each in after] == ["new", "three", "one"]
    assert [each.start for each in after] == [0, 10, 20]
    assert (after[1].id, after[2].id) == (before["three"], before["one"])
    assert after[0].id not in before.values()
    assert documents.passage(store, before["two"] or 0) is None


def test_equal_passages_of_one_document_stay_as_many_as_they_are(store: Store) -> None:
    document = put(store, "same", "same")
    put(store, "same", "same", "same")
    assert len(documents.passages_of(store, document)) == 3
    put(store, "same")
    assert len(documents.passages_of(store, document)) == 1


def test_a_new_title_makes_new_passages(store: Store) -> None:
    document = put(store, "one")
    before = ids(store, document)
    put(store, "one", title="Holidays")
    assert ids(store, document) != before
    assert documents.passages_of(store, document)[0].title == "Holidays"


def test_words_find_only_what_is_there_now(store: Store) -> None:
    put(store, "the old canteen")
    put(store, "the new canteen")
    assert matches(store, "old", WORKSPACE) == []
    assert len(matches(store, "canteens", WORKSPACE)) == 1


def test_words_are_searched_in_the_scopes_alone(store: Store) -> None:
    for channel in ("C1", "C2"):
        put(store, "canteen", scope=channel)
    assert len(matches(store, "canteen", "C1")) == 1
    assert len(matches(store, "canteen", "C1", "C2", WORKSPACE)) == 2
    assert matches(store, "canteen", WORKSPACE) == []


def test_a_failed_replacement_leaves_everything_as_it_was(store: Store) -> None:
    document = put(store, "one", "two")
    before = ids(store, document)
    broken = [Passage(0, WORKSPACE, "Leave", "", "new", 0, 0), Passage(0, WORKSPACE, "Leave", "", None, 5, 1)]  # type: ignore[arg-type]
    with pytest.raises(Exception, match="NOT NULL"):
        documents.replace(store, Document("/a.md", "Leave", WORKSPACE, "x"), broken, [VECTOR] * 2)
    assert ids(store, document) == before
    known = documents.document(store, "/a.md", WORKSPACE)
    assert known is not None
    assert known.sha256 == ""


def test_the_state_changes_with_every_passage_that_comes_or_goes(store: Store) -> None:
    seen = [documents.state(store)]
    document = put(store, "one", "two")
    seen.append(documents.state(store))
    put(store, "one", "three")
    seen.append(documents.state(store))
    documents.remove(store, [document])
    seen.append(documents.state(store))
    assert len(set(seen)) == 4
    put(store, "one", "two")
    assert documents.state(store) not in seen


def test_another_link_is_shown_at_once(store: Store) -> None:
    document = put(store, "one")
    documents.relink(store, document, "https://wiki.example/a")
    assert documents.passages_of(store, document)[0].link == "https://wiki.example/a"


def test_a_removed_passage_takes_no_lesson_with_it(store: Store) -> None:
    document = put(store, "the evidence")
    evidence = ids(store, document)["the evidence"]
    lesson = Passage(0, WORKSPACE, "Q", "", "Q\nA", 0, 0, question="Q", answer_start=2, evidence_id=evidence)
    taught = documents.replace(
        store, Document("taught:1", "Q", WORKSPACE, "", kind="taught"), [lesson], [VECTOR]
    )
    assert documents.taught(store, [WORKSPACE])[0].evidence_id == evidence
    documents.remove(store, [document])
    assert [each.evidence_id for each in documents.passages_of(store, taught)] == [None]


def test_readers_in_other_threads_see_whole_documents_only(store: Store) -> None:
    put(store, *(f"a{i}" for i in range(5)))
    torn: list[set[str]] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            kinds = {each.text[0] for each in documents.passages_of(store, 1)}
            if len(kinds) != 1:
                torn.append(kinds)

    reader = threading.Thread(target=read)
    reader.start()
    for turn in range(40):
        put(store, *(f"{'ab'[turn % 2]}{i}" for i in range(5)))
    stop.set()
    reader.join()
    assert torn == []
