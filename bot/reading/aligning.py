"""Where the words of an answer stand in texts: exactly, else whatever their case, spacing and punctuation, else inflected.

People correct from memory or paste with other quotes and line breaks, and a generative reader writes its answers; a
span is what learning and evidence need. Words must match whole: "three" does not stand in "threefold" or "thirty-three",
"2" not in "2.14" or "1-2", "can" not in "can't". In another form a word keeps its sense: number and tense may differ, never
a negation, a comparison or a digit.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from bot.reading.sentence import sentence_around, split_sentences
from bot.reading.squad import normalise

Finder = Callable[[str, str], Iterator[tuple[int, int]]]

_WORD = re.compile(r"\w+(?:[.,:]\d+|['’]t\b)*")
_NUMBER = re.compile(r"\d[.,:]\d")
_MARKS = " \t\r\n\"'`“”‘’«»()[]{}*_.,;:!?…"
_ARTICLE = re.compile(r"(?:the|an?)\s+(?=\S)", re.IGNORECASE)
_ENDINGS = (
    ("ies", "y"),
    ("ied", "y"),
    ("es", ""),
    ("s", ""),
    ("ed", ""),
    ("ed", "e"),
    ("ing", ""),
    ("ing", "e"),
)
"""What an inflected English word ends in, and its base in place of that."""
_OTHER_WORDS = frozenset(
    ("evening", "morning", "nothing", "news", "during", "this", "always", "unless", "wedding")
)
_VOWEL = re.compile(r"[aeiouy]")
_STEM = 3  # letters of a base at least
_BEFORE = re.compile(
    r"(?:\b(?:non|anti|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)|\d)[-‐‑–]$", re.IGNORECASE
)
"""What makes the word behind it another one."""
_BEHIND = re.compile(r"['’]t\b|[-‐‑–]\d", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Place:
    """Words found: characters `start:end` of the text with that index."""

    text: int
    start: int
    end: int


def exact(wanted: str, text: str) -> Iterator[tuple[int, int]]:
    """The places of these very characters, as whole words."""
    at = text.find(wanted)
    while at >= 0:
        if _is_whole(text, at, at + len(wanted)):
            yield at, at + len(wanted)
        at = text.find(wanted, at + 1)


def tolerant(wanted: str, text: str) -> Iterator[tuple[int, int]]:
    """The places of the same words, whatever their case and what is between them."""
    return _in_a_row(wanted, text, str.__eq__)


def inflected(wanted: str, text: str) -> Iterator[tuple[int, int]]:
    """The places of the same words in any form of theirs, an article before them left away."""
    return _in_a_row(_ARTICLE.sub("", wanted, count=1), text, _same_stem)


def find_words(
    words: str, texts: Sequence[str], question: str, finders: Sequence[Finder] = (exact, tolerant, inflected)
) -> Place | None:
    """The first text that holds `words` by the first of the finders that finds them anywhere; None: nowhere.

    Where a text holds them more than once, the sentence that shares most words with the question has it.
    """
    wanted = words.strip(_MARKS)
    if not wanted:
        return None
    for find in finders:
        for index, text in enumerate(texts):
            spans = list(find(wanted, text))
            if spans:
                start, end = max(spans, key=lambda span: (_nearness(text, span, question), -span[0]))
                return Place(index, start, end)
    return None


def closest_sentence(words: str, texts: Sequence[str], question: str) -> Place | None:
    """The sentence that shares most words with `words`, then with the question; None where no text has any sentence."""
    said, asked = _words(words), _words(question)
    best: tuple[tuple[int, int], Place] | None = None
    for index, text in enumerate(texts):
        for start, end in split_sentences(text):
            there = _words(text[start:end])
            shared = len(said & there), len(asked & there)
            if best is None or shared > best[0]:
                best = shared, Place(index, start, end)
    return best[1] if best else None


def _in_a_row(wanted: str, text: str, same: Callable[[str, str], bool]) -> Iterator[tuple[int, int]]:
    looked_for = [word.group().casefold() for word in _WORD.finditer(wanted)]
    there = [(word.group().casefold(), word.start(), word.end()) for word in _WORD.finditer(text)]
    for i in range(len(there) - len(looked_for) + 1 if looked_for else 0):
        if all(same(a, b) for a, (b, _, _) in zip(looked_for, there[i:], strict=False)):
            start, end = there[i][1], there[i + len(looked_for) - 1][2]
            if not _is_compound(text, start, end):
                yield start, end


def _same_stem(a: str, b: str) -> bool:
    return a == b or not _bases(a).isdisjoint(_bases(b))


@lru_cache(maxsize=50_000)
def _bases(word: str) -> frozenset[str]:
    """The word, and what it may be a form of: "planned" of "plan", "policies" of "policy". Of digits, nothing."""
    if not word.isalpha() or word in _OTHER_WORDS:
        return frozenset((word,))
    found = {word}
    for ending, instead in _ENDINGS:
        bare = word.removesuffix(ending)
        if (
            bare == word
            or len(bare) < _STEM
            or not _VOWEL.search(bare)
            or (ending == "s" and bare[-1] in "sui")
        ):
            continue
        found.add(bare + instead)
        if ending in ("ed", "ing") and bare[-1] == bare[-2]:
            found.add(bare[:-1])
    return frozenset(found)


def _is_compound(text: str, start: int, end: int) -> bool:
    """Whether what stands around makes it another word or number: "thirty-", "non-", "1-", or a "n't" behind."""
    return bool(_BEFORE.search(text, max(start - 10, 0), start) or _BEHIND.match(text, end))


def _is_whole(text: str, start: int, end: int) -> bool:
    """Whether no word, and no number such as 2.14, goes on beyond the ends."""
    before, after = text[max(start - 1, 0) : start + 1], text[end - 1 : end + 1]
    if (start > 0 and before.isalnum()) or (end < len(text) and after.isalnum()):
        return False
    if _is_compound(text, start, end):
        return False
    return not _NUMBER.match(text, end - 1) and not _NUMBER.match(text, max(start - 2, 0), start + 1)


def _nearness(text: str, span: tuple[int, int], question: str) -> int:
    first, last = sentence_around(text, *span)
    return len(_words(text[first:last]) & _words(question))


def _words(text: str) -> set[str]:
    return set(normalise(text).split())
