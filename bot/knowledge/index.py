"""Finds the passages that may answer a question: by its words (BM25) and by its meaning (vectors), fused.

Words find names, numbers and error codes; vectors find what was said in other words. Their scores can't be
compared, their ranks can: reciprocal rank fusion adds 1 / (60 + rank) over both lists (Cormack, Clarke and
Buettcher, 2009). What people said of a passage for this very question counts too: the right one gains what standing
first in both lists would bring, the wrong one loses what standing first in one of them brings.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from bot.knowledge.pointing import pointed
from bot.knowledge.vectors import Vectors, VectorTable
from bot.reading.encoder import Encoder
from bot.reading.telling import STOP_WORDS
from bot.records import Found
from bot.store import Store, documents
from bot.trust import RecentStandings, Rules

K = 60
DEPTH = 50
"""How far down each list a passage still counts."""

SAID_COSINE = 0.5
"""What a passage's similarity gains, or loses, when people surely call it the right or wrong one for a question: lower
in the list alone, a passage would be read all the same, and the reader goes by similarity."""

MAX_QUESTION = 2000
"""Characters of a question that search looks at: a pasted log must not become a query of ten thousand
words."""

MAX_TERMS = 64


class Index:
    """Search over all passages of a store. Safe to share between threads; sees other processes' writes at
    once."""

    def __init__(self, store: Store, encoder: Encoder, rules: Rules = Rules()) -> None:
        """`rules`: whose word about passages counts."""
        self._store, self._encoder, self._trust = store, encoder, RecentStandings(store, rules)
        self._table = VectorTable(encoder.dimension)

    def find(self, question: str, scopes: Sequence[str], limit: int = 10) -> list[Found]:
        """The passages of these scopes that most likely answer the question, best first, at most `limit`.

        Any text is a question: what is no word is passed over. Passages outside the scopes take no part in
        ranking.
        """
        question = question[:MAX_QUESTION].encode("utf-8", "replace").decode()
        if not question.strip() or not scopes or limit < 1:
            return []
        vector: NDArray[np.float32] = self._encoder.encode([question])[0]
        match = words_query(question)
        said = pointed(self._store, self._encoder, question, vector, scopes, self._trust)
        with self._one_moment() as vectors:
            words = _ranks(documents.search_words(self._store, match, scopes, DEPTH) if match else [])
            meaning = _ranks(vectors.nearest(vector, scopes, DEPTH))
            right = documents.passages(self._store, [i for i, word in said.items() if word > 0])
            named = {each.id for each in right if each.id is not None and each.scope in scopes}
            score = {
                i: _fused(words.get(i), meaning.get(i)) + _said(said.get(i, 0.0))
                for i in words.keys() | meaning.keys() | named
            }
            similarity = {
                i: max(-1.0, min(1.0, cosine + SAID_COSINE * said[i])) if i in said else cosine
                for i, cosine in vectors.cosines(vector, score.keys()).items()
            }
            best = sorted(score, key=lambda i: (-score[i], -similarity[i], i))[:limit]
            passages = documents.passages(self._store, best)
        return [
            Found(passage, score[i], similarity[i], bm25_rank=words.get(i), vector_rank=meaning.get(i))
            for i, passage in zip(best, passages, strict=True)
        ]

    @contextmanager
    def _one_moment(self) -> Iterator[Vectors]:
        """A read transaction, and the matrix of exactly the passages that it sees.

        The transaction begins under the matrix's lock: so no thread with an older view can turn the matrix
        back.
        """
        connection = self._store.db.conn
        if (
            connection.in_transaction
        ):  # inside somebody's write: what isn't committed must not enter the matrix
            raise RuntimeError("find() inside a write transaction would see what may be rolled back")
        with self._table.lock:
            connection.execute("BEGIN")
            try:
                vectors = self._table.current(self._store)
            except BaseException:
                connection.rollback()
                raise
        try:
            yield vectors
        finally:
            connection.rollback()  # nothing was written


def words_query(question: str) -> str:
    """The question as an FTS5 query: its words, each quoted, any of which may match; "" when it has none."""
    text = unicodedata.normalize("NFC", question)
    kept = (c if c.isalnum() or unicodedata.category(c).startswith("M") else " " for c in text)
    words = list(dict.fromkeys("".join(kept).casefold().split()))
    telling = [word for word in words if word not in STOP_WORDS]
    return " OR ".join(f'"{word}"' for word in (telling or words)[:MAX_TERMS])


def _ranks(best: Sequence[tuple[int, float]]) -> dict[int, int]:
    return {passage: rank for rank, (passage, _) in enumerate(best, start=1)}


def _fused(*ranks: int | None) -> float:
    return sum(1 / (K + rank) for rank in ranks if rank is not None)


def _said(word: float) -> float:
    """What people's word, -1 to 1, adds to a passage's score."""
    return word * (2 if word > 0 else 1) / (K + 1)
