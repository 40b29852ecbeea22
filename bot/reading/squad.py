"""How right an answer is, measured as SQuAD does: exact match and token F1 after a normalisation of both
texts.

Definitions: Rajpurkar et al., "SQuAD: 100,000+ Questions for Machine Comprehension of Text" (2016), section
6; for questions without an answer, "Know What You Don't Know" (2018): silence scores 1 there, and any answer
0.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Iterable, Sequence

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)


def normalise(text: str) -> str:
    """Lower case, without ASCII punctuation, English articles and superfluous white space."""
    bare = text.lower().translate(_NO_PUNCTUATION)
    return " ".join(_ARTICLES.sub(" ", bare).split())


def exact_match(answer: str, references: Sequence[str]) -> float:
    """1.0 where the answer equals one of the references after normalisation; no references: where it is
    empty."""
    said = normalise(answer)
    return float(any(said == normalise(reference) for reference in references or ("",)))


def f1(answer: str, references: Sequence[str]) -> float:
    """The best token F1 over the references, 0 to 1; no references: 1.0 where the answer is empty."""
    said = normalise(answer).split()
    return max(_token_f1(said, normalise(reference).split()) for reference in references or ("",))


def mean_percent(values: Iterable[float]) -> float:
    """The mean of values in 0..1 as a percentage; 0 of none."""
    listed = list(values)
    return 100.0 * sum(listed) / len(listed) if listed else 0.0


def _token_f1(said: list[str], wanted: list[str]) -> float:
    if not said or not wanted:
        return float(said == wanted)
    shared = sum((Counter(said) & Counter(wanted)).values())
    if shared == 0:
        return 0.0
    precision, recall = shared / len(said), shared / len(wanted)
    return 2 * precision * recall / (precision + recall)
