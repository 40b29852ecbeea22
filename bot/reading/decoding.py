"""From a model's logits to answer spans: within one window, then over all windows and passages of a question.

A span's score is its start and end logit less those of "no answer" (position 0) in the same window, so that
scores of different windows can be compared: each is measured against its own silence (Devlin et al. 2019,
section 4.3). The same text at several places adds their odds up: two passages that say the same support each
other. No answer begins or ends inside a word or a URL. Its log-probability is that of its start plus that of its
end, each a softmax over position 0 and the passage's tokens.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bot.reading.windows import Window

MAX_ANSWER = 40  # tokens
N_BEST = 10

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]

_URL = re.compile(r"\b\w+://\S*[^\s.,;:!?)\]}>\"'|*`]")
_WITHOUT_SPACES = (
    "\u0e00"  # from Thai on, scripts that put no space between words are common: cut anywhere there
)


@dataclass(frozen=True, slots=True)
class Span:
    """A possible answer: characters `start:end` of a passage, never empty, without white space at its
    ends."""

    passage: int
    start: int
    end: int
    score: float
    log_probability: float
    silence: float = 0.0  # ln P of "no answer" in its window
    support: float = 0.0  # logits that the same text at other places adds to its rank
    text: str | None = (
        None  # written words that stand in no passage; `start:end` is the sentence closest to them
    )

    def words(self, texts: Sequence[str]) -> str:
        """What it says: its cut of the passages read, or its own words."""
        return texts[self.passage][self.start : self.end] if self.text is None else self.text


@dataclass(frozen=True, slots=True)
class Ranking:
    """The spans of one question over all its passages, best first."""

    spans: tuple[Span, ...]
    silence: float  # ln P that no passage answers: of "no answer" in the window that is least silent; 0 without any


def window_spans(
    window: Window,
    text: str,
    start: Floats,
    end: Floats,
    *,
    n_best: int = N_BEST,
    max_answer: int = MAX_ANSWER,
) -> list[Span]:
    """The best spans of one window, best first. `start`, `end`: logits of its positions,
    (len(window.ids),)."""
    count = len(window.offsets)
    if count == 0:
        return []
    piece = slice(window.first, window.first + count)
    null = float(start[0] + end[0])
    first_inside, last_inside = _inside_words(text, window.offsets)
    whole_start = np.where(first_inside, -np.inf, start[piece])
    whole_end = np.where(last_inside, -np.inf, end[piece])
    scores = _grid(whole_start, whole_end, max_answer) - null  # (tokens, length - 1)
    if not np.isfinite(scores).any():  # one endless word: better a piece of it than nothing
        scores = _grid(start[piece], end[piece], max_answer) - null
    log_null = null - _log_total(start, piece) - _log_total(end, piece)
    wanted = min(2 * n_best, scores.size)
    best = np.argpartition(scores.ravel(), -wanted)[-wanted:]
    spans = []
    for flat in best[np.argsort(-scores.ravel()[best], kind="stable")]:
        first, extra = divmod(int(flat), scores.shape[1])
        score = float(scores[first, extra])
        if not np.isfinite(score):
            break
        a, b = _trimmed(text, window.offsets[first][0], window.offsets[first + extra][1])
        if a < b:
            spans.append(
                Span(window.passage, a, b, score, min(score + log_null, 0.0), silence=min(log_null, 0.0))
            )
    return spans[:n_best]


def span_log_probability(
    window: Window, start: Floats, end: Floats, characters: tuple[int, int]
) -> float | None:
    """ln P of characters (start, end) in one window, or of "no answer" for (0, 0); None where it isn't in
    there."""
    positions = (0, 0) if characters == (0, 0) else window.position_span(*characters)
    if positions is None:
        return None
    piece = slice(window.first, window.first + len(window.offsets))
    logits = float(start[positions[0]] + end[positions[1]])
    return min(logits - _log_total(start, piece) - _log_total(end, piece), 0.0)


def rank_spans(
    spans: Iterable[Span],
    texts: Sequence[str],
    priors: Sequence[float] | None = None,
    *,
    n_best: int = N_BEST,
) -> Ranking:
    """One ranking over all windows and passages: each text once, at its best place, by its odds over all places.

    A place's rank is its score plus its passage's prior. A span that two overlapping windows hold is one place.
    """

    def rank(span: Span) -> float:
        return span.score + (priors[span.passage] if priors else 0.0)

    places: dict[tuple[int, int, int, str | None], Span] = {}
    silence = 0.0
    for span in sorted(spans, key=lambda span: (-rank(span), span.passage, span.start, span.end)):
        places.setdefault((span.passage, span.start, span.end, span.text), span)
        silence = min(silence, span.silence)
    texts_at: dict[str, list[Span]] = {}
    for span in places.values():
        said = " ".join(span.words(texts).casefold().split())
        texts_at.setdefault(said, []).append(span)
    supported = [
        (total := _log_sum(map(rank, same)), replace(same[0], support=total - rank(same[0])))
        for same in texts_at.values()
    ]
    supported.sort(key=lambda each: -each[0])
    return Ranking(tuple(span for _, span in supported[:n_best]), silence)


def _log_sum(values: Iterable[float]) -> float:
    """ln of the sum of exp(values), which are in falling order."""
    top, *rest = values
    return top + math.log1p(sum(math.exp(value - top) for value in rest))


def _inside_words(text: str, offsets: Sequence[tuple[int, int]]) -> tuple[Bools, Bools]:
    """Which tokens begin, and which end, inside a word or a URL of the text: no answer is cut there. (tokens,) each."""
    urls = [match.span() for match in _URL.finditer(text)] if "://" in text else []

    def inside(at: int) -> bool:
        if not 0 < at < len(text):
            return False
        before, after = text[at - 1], text[at]
        if before.isalnum() and after.isalnum() and max(before, after) < _WITHOUT_SPACES:
            return True
        return any(start < at < end for start, end in urls)

    return (
        np.array([inside(start) for start, _ in offsets], np.bool_),
        np.array([inside(end) for _, end in offsets], np.bool_),
    )


def _grid(start: Floats, end: Floats, max_answer: int) -> Floats:
    """start[i] + end[i + j] for j < max_answer, (tokens, max_answer); -inf past the last token."""
    longest = min(max_answer, len(end))
    padded = np.concatenate([end, np.full(longest - 1, -np.inf, end.dtype)])
    grid: Floats = start[:, None] + np.lib.stride_tricks.sliding_window_view(padded, longest)
    return grid


def _log_total(logits: Floats, piece: slice) -> float:
    """ln of the softmax's denominator over position 0 and the passage's tokens."""
    allowed = np.append(logits[piece], logits[0]).astype(np.float64)
    top = allowed.max()
    return float(top + np.log(np.exp(allowed - top).sum()))


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    piece = text[start:end]
    return start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip())
