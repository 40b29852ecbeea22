"""Every passage's vector in one matrix: a team's passages fit into memory, and a plain product over them is
exact.

SQLite here can't load a vector extension, and up to some 200,000 passages a matrix product answers in
milliseconds. The matrix grows in place as passages are learned: what a search looks at is a view of it that
later rows never touch.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.store import Store, documents

ROOM_TO_GROW = 1.25
SHARE_OF_DEAD_ROWS = 0.25
"""Removed passages stay as dead rows until they are this many: closing each gap at once would copy
everything."""


@dataclass(frozen=True, slots=True)
class Vectors:
    """The passages of one moment. Rows are in the order of their ids; `alive` is false for what was
    removed."""

    ids: NDArray[np.int64]
    scopes: NDArray[np.int32]  # codes, see scope_codes
    matrix: NDArray[np.float32]
    alive: NDArray[np.bool_]
    scope_codes: dict[str, int]

    def nearest(
        self, question: NDArray[np.float32], scopes: Sequence[str], limit: int
    ) -> list[tuple[int, float]]:
        """(passage id, cosine) of the `limit` nearest passages of these scopes, nearest first."""
        codes = [self.scope_codes[scope] for scope in scopes if scope in self.scope_codes]
        seen = np.flatnonzero(self.alive & np.isin(self.scopes, codes))
        if not len(seen) or limit < 1:
            return []
        if len(seen) * 2 < len(self.ids):  # a small scope: copying its rows is cheaper than multiplying all
            cosines = self.matrix[seen] @ question
        else:
            cosines = (self.matrix @ question)[seen]
        best = np.argpartition(-cosines, limit - 1)[:limit] if limit < len(seen) else np.arange(len(seen))
        best = best[np.lexsort((self.ids[seen[best]], -cosines[best]))]
        return [(int(self.ids[seen[i]]), float(cosines[i])) for i in best]

    def cosines(self, question: NDArray[np.float32], ids: Collection[int]) -> dict[int, float]:
        """The cosine of each of these passages; 0 for one that isn't here."""
        wanted = np.array(sorted(ids), np.int64)
        rows = np.searchsorted(self.ids, wanted)
        here = rows < len(self.ids)
        here[here] = self.ids[rows[here]] == wanted[here]
        found = np.zeros(len(wanted), np.float32)
        found[here] = self.matrix[rows[here]] @ question
        return dict(zip(wanted.tolist(), found.tolist(), strict=True))


class VectorTable:
    """Keeps the matrix in step with the store, whoever wrote to it."""

    def __init__(self, dimension: int) -> None:
        self._dimension = dimension
        self._state = (0, 0)  # the store's state() that `_now` shows
        self._matrix = np.zeros(
            (0, dimension), np.float32
        )  # with room to grow: `_now.matrix` is its first rows
        self._now = _nothing(dimension)
        self.lock = threading.Lock()

    def current(self, store: Store) -> Vectors:
        """The passages as this thread's read transaction sees them. The caller holds `lock` since that
        began."""
        state = documents.state(store)
        if state != self._state:
            if state[0] < self._state[0]:  # another file was put in the store's place
                self._now = _nothing(self._dimension)
            self._add(documents.vectors(store, after=int(self._now.ids[-1]) if len(self._now.ids) else 0))
            if int(self._now.alive.sum()) != state[1]:
                self._drop_all_but(documents.passage_ids(store))
            self._state = state
        return self._now

    def _add(self, rows: list[tuple[int, str, bytes]]) -> None:
        if not rows:
            return
        old, used = self._now, len(self._now.ids)
        total = used + len(rows)
        if total > len(self._matrix) or used == 0:
            bigger = np.zeros((int(total * ROOM_TO_GROW) if used else total, self._dimension), np.float32)
            bigger[:used] = old.matrix
            self._matrix = bigger
        codes = dict(old.scope_codes)
        for row, (_, scope, vector) in enumerate(rows, start=used):
            codes.setdefault(scope, len(codes))
            if (
                len(vector) == self._dimension * 4
            ):  # another encoder's vectors mean nothing here: words still find them
                self._matrix[row] = np.frombuffer(vector, np.float32)
        self._now = Vectors(
            ids=_joined(old.ids, [passage_id for passage_id, _, _ in rows], np.int64),
            scopes=_joined(old.scopes, [codes[scope] for _, scope, _ in rows], np.int32),
            matrix=self._matrix[:total],
            alive=_joined(old.alive, [True] * len(rows), np.bool_),
            scope_codes=codes,
        )

    def _drop_all_but(self, ids: list[int]) -> None:
        old = self._now
        alive = np.isin(old.ids, np.array(ids, np.int64), assume_unique=True)
        if alive.sum() >= len(alive) * (1 - SHARE_OF_DEAD_ROWS):
            self._now = Vectors(old.ids, old.scopes, old.matrix, alive, old.scope_codes)
            return
        self._matrix = old.matrix[alive]
        kept = int(alive.sum())
        self._now = Vectors(
            old.ids[alive], old.scopes[alive], self._matrix, np.ones(kept, np.bool_), old.scope_codes
        )


def _joined(old: NDArray[Any], new: list[Any], kind: type[np.generic]) -> NDArray[Any]:
    return np.concatenate([old, np.array(new, kind)])


def _nothing(dimension: int) -> Vectors:
    return Vectors(
        ids=np.zeros(0, np.int64),
        scopes=np.zeros(0, np.int32),
        matrix=np.zeros((0, dimension), np.float32),
        alive=np.zeros(0, np.bool_),
        scope_codes={},
    )
