"""What people said of passages: "it comes from the wrong one", or "it stands in this one".

That teaches search at once, and only for the question it was said of, by the same test as a taught answer's: a passage
that answers one question wrongly may answer the next one right. What was said in a public channel holds for everybody,
in a private place only there. Nothing is copied: feedback that is taken back, or forgotten with its person, has no
effect from that moment.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bot import sight
from bot.knowledge.sameness import SAME_COSINE, identical, same_words
from bot.reading.encoder import Encoder
from bot.records import Pointer
from bot.store import Store, feedback
from bot.trust import RecentStandings


def pointed(
    store: Store,
    encoder: Encoder,
    question: str,
    vector: NDArray[np.float32],
    scopes: Sequence[str],
    trust: RecentStandings,
) -> dict[int, float]:
    """Passage ids that people spoke of for this very question: -1 (surely the wrong one) to 1 (surely the right one).

    `vector` is the question's. Each person counts once a passage, by their newest word and its standing.
    """
    said = _of_the_same(feedback.pointers(store, sight.heard(store, scopes)), encoder, question, vector)
    if not said:
        return {}  # as nearly always: without the cost of everybody's standing
    weights = trust.of([(each.answer_id, each.person) for each in said])
    words: dict[tuple[str, int], float] = {}
    for pointer in said:
        wrong, right = feedback.pointed_at(store, pointer)
        standing = weights.get((pointer.answer_id, pointer.person))
        if wrong == right or not standing or not standing.weight:
            continue
        for passage, sign in ((wrong, -1.0), (right, 1.0)):
            if passage is not None:
                words[pointer.person, passage] = sign * standing.weight
    total: dict[int, float] = defaultdict(float)
    for (_, passage), word in words.items():
        total[passage] += word
    return {passage: max(-1.0, min(1.0, word)) for passage, word in total.items() if word}


def _of_the_same(
    pointers: Sequence[Pointer], encoder: Encoder, question: str, vector: NDArray[np.float32]
) -> list[Pointer]:
    """Those that were said of this question, in their order."""
    worded = [each for each in pointers if same_words(each.question, question)]
    near = [each.question for each in worded if not identical(each.question, question)]
    cosines = dict(zip(near, (encoder.encode(near) @ vector).tolist(), strict=True)) if near else {}
    return [each for each in worded if cosines.get(each.question, 1.0) >= SAME_COSINE]
