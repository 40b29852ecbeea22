"""Search sees what the store holds now, in the scopes allowed, whatever was typed."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from stand_ins import HashingEncoder

from bot.knowledge.index import Index, words_query
from bot.records import WORKSPACE, Document, Found, Passage
from bot.store import Store, documents, open_store

ENCODER = HashingEncoder()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "lorebot.db")


def put(store: Store, source: str, *texts: str, scope: str = WORKSPACE) -> int:
    passages = [Passage(0, scope, source, "", text, 0, ordinal) for ordinal, text in enumerate(texts)]
    vectors = [vector.tobytes() for vector in ENCODER.encode(texts)]
    return documents.replace(store, Document(source, source, scope, ""), passages, vectors)


def texts(found: Sequence[Found]) -> list[str]:
    return [each.passage.text for each in found]


def similarities(found: Sequence[Found]) -> dict[int | None, float]:
    return {each.passage.id: each.similarity for each in found}


def test_the_passage_that_both_lists_like_comes_first(store: Store) -> None:
    put(store, "a", "the canteen opens at noon", "the gate closes at ten", "parking is free")
    found = Index(store, ENCODER).find("when does the canteen open?", [WORKSPACE])
    assert found[0].passage.text == "the canteen opens at noon"
    assert found[0].bm25_rank == found[0].vector_rank == 1
    assert found[0].score == pytest.approx(2 / 61)
    assert found[0].similarity == pytest.approx(
        float(
            ENCODER.encode(["when does the canteen open?"])[0] @ ENCODER.encode([found[0].passage.text])[0]
        ),
        abs=1e-5,
    )
    assert found[1].bm25_rank is None
    assert [each.score for each in found] == sorted((each.score for each in found), reverse=True)


@pytest.mark.parametrize(
    "question",
    [
        "", " ", "\n\t", '"', '""', "'", "AND", "OR NOT NEAR", "NEAR(a b, 3)", "a*", "-a", "+", "^a", "text:canteen",
        "{title} : x", "(((", "a AND", "🦩", "👨‍👩‍👧 canteen", "\x00", "a\x00b", "\ud800", "%_", "; DROP TABLE passages; --",
        "x" * 100_000, "word " * 20_000, "东京在哪里", "हिन्दी में", "e\u0301te\u0301", "\u200b", "?!", "the of and",
    ],
)  # fmt: skip
def test_any_text_is_a_question(store: Store, question: str) -> None:
    put(store, "a", "the canteen opens at noon")
    Index(store, ENCODER).find(question, [WORKSPACE])
    assert len(documents.passages_of(store, 1)) == 1


def test_stop_words_count_only_where_nothing_else_is_said() -> None:
    assert words_query("What is the notice period?") == '"notice" OR "period"'
    assert words_query("who are you") == '"who" OR "are" OR "you"'
    assert words_query('say "hi" to e\u0301t\u00e9') == '"say" OR "\u00e9t\u00e9"'


def test_a_scope_is_invisible_from_outside_and_takes_no_places(store: Store) -> None:
    put(store, "secret", *(f"canteen secret {i}" for i in range(120)), scope="C1")
    put(store, "open", "the canteen opens at noon, people say, and it closes before three in the afternoon")
    index = Index(store, ENCODER)
    assert len(index.find("canteen secret", [WORKSPACE])) == 1
    assert index.find("canteen secret", [WORKSPACE])[0].bm25_rank == 1
    assert {each.passage.scope for each in index.find("canteen secret", ["C1"])} == {"C1"}
    assert len(index.find("canteen", ["C1", WORKSPACE], 200)) > 50
    assert (
        index.find("canteen", [])
        == index.find("canteen", ["C9"])
        == index.find("canteen", [WORKSPACE], 0)
        == []
    )


def test_what_changes_is_seen_at_once(store: Store) -> None:
    index = Index(store, ENCODER)
    assert index.find("canteen", [WORKSPACE]) == []
    document = put(store, "a", "canteen one", "canteen two", "canteen three")
    assert sorted(texts(index.find("canteen", [WORKSPACE]))) == [
        "canteen one",
        "canteen three",
        "canteen two",
    ]
    put(store, "a", "canteen two", "canteen four")
    found = index.find("canteen", [WORKSPACE])
    assert sorted(texts(found)) == ["canteen four", "canteen two"]
    assert all(each.vector_rank and each.similarity > 0 for each in found)
    documents.remove(store, [document])
    assert index.find("canteen", [WORKSPACE]) == []
    put(store, "b", "canteen five", scope="C1")
    assert texts(index.find("canteen", ["C1"])) == ["canteen five"]


def test_many_changes_leave_the_same_index_as_a_new_one(store: Store) -> None:
    index = Index(store, ENCODER)
    chance = np.random.default_rng(3)
    for turn in range(60):
        which = f"d{chance.integers(5)}"
        put(store, which, *(f"canteen {which} {i}" for i in chance.choice(30, chance.integers(1, 9))))
        if turn % 3 == 0:
            documents.remove(store, [int(chance.integers(1, 9))])
        kept, new = (each.find("canteen d3 7", [WORKSPACE], 50) for each in (index, Index(store, ENCODER)))
        assert {each.passage.id for each in kept} == set(documents.passage_ids(store))
        assert similarities(kept) == pytest.approx(similarities(new), abs=1e-5)


def test_another_process_is_seen_at_once(store: Store) -> None:
    index = Index(store, ENCODER)
    put(store, "a", "canteen one")
    assert len(index.find("canteen", [WORKSPACE])) == 1
    write = (
        'import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute("INSERT INTO passages (document_id, scope,'
        " title, heading, text, start, ordinal) VALUES (1, 'workspace', '', '', 'canteen two', 0, 1)\"); c.commit()"
    )
    subprocess.run([sys.executable, "-c", write, str(store.path)], check=True)
    found = {each.passage.text: each for each in index.find("canteen two", [WORKSPACE])}
    assert found["canteen two"].bm25_rank == 1
    assert found["canteen two"].similarity == 0.0  # it has no vector: only its words found it


def test_what_is_not_committed_is_not_found(store: Store) -> None:
    index = Index(store, ENCODER)
    put(store, "a", "canteen one")
    writing, done = threading.Event(), threading.Event()

    def write() -> None:
        with contextlib.suppress(InterruptedError), store.write():
            put(store, "b", "canteen two")
            writing.set()
            done.wait(20)
            raise InterruptedError

    writer = threading.Thread(target=write)
    writer.start()
    assert writing.wait(20)
    assert texts(index.find("canteen", [WORKSPACE])) == ["canteen one"]
    done.set()
    writer.join()
    assert texts(index.find("canteen", [WORKSPACE])) == ["canteen one"]


def test_searching_while_others_replace_finds_whole_documents(store: Store) -> None:
    index = Index(store, ENCODER)
    put(store, "still", "the gate closes at ten")
    put(store, "busy", *(f"canteen a{i}" for i in range(6)))
    wrong: list[object] = []
    stop = threading.Event()

    def search() -> None:
        while not stop.is_set():
            try:
                found = index.find("canteen gate", [WORKSPACE], 50)
            except Exception as error:
                wrong.append(error)
                return
            busy = [each for each in found if each.passage.source == "busy"]
            if len(busy) != 6 or len({each.passage.text[8] for each in busy}) != 1:
                wrong.append(texts(busy))
            wrong.extend(each for each in found if each.vector_rank is None)

    threads = [threading.Thread(target=search) for _ in range(3)]
    for thread in threads:
        thread.start()
    for turn in range(40):
        put(store, "busy", *(f"canteen {'ab'[turn % 2]}{i}" for i in range(6)))
    stop.set()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_vector_of_another_encoder_is_passed_over(store: Store) -> None:
    odd = np.ones(3, np.float32).tobytes()
    passage = Passage(0, WORKSPACE, "a", "", "canteen", 0, 0)
    documents.replace(store, Document("a", "a", WORKSPACE, ""), [passage], [odd])
    found = Index(store, ENCODER).find("canteen", [WORKSPACE])
    assert (found[0].bm25_rank, found[0].similarity) == (1, 0.0)


def test_a_search_inside_a_write_is_refused(store: Store) -> None:
    with store.write(), pytest.raises(RuntimeError, match="rolled back"):
        Index(store, ENCODER).find("canteen", [WORKSPACE])


def test_the_nearest_are_those_of_a_plain_product(store: Store) -> None:
    class Meaningless:
        dimension = 16

        def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
            rows = np.stack([np.random.default_rng(len(t)).standard_normal(16) for t in texts]).astype(
                np.float32
            )
            return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)

    encoder = Meaningless()
    words = ["x" * n for n in range(1, 301)]
    passages = [Passage(0, WORKSPACE, "", "", text, 0, n) for n, text in enumerate(words)]
    matrix = encoder.encode(words)
    documents.replace(store, Document("a", "", WORKSPACE, ""), passages, [row.tobytes() for row in matrix])
    found = Index(store, encoder).find("?!" * 200, [WORKSPACE], 20)
    expected = np.argsort(-(matrix @ encoder.encode(["?!" * 200])[0]))[:20]
    assert texts(found) == [words[i] for i in expected]
