"""When two questions are one and the same, so that what was taught for the one may answer the other unread.

A vector alone can't tell: "notice period for contractors" and "notice period for employees" lie closer
together than many a paraphrase. So the words decide first: the same telling words, numbers, names and
negations, the same kind of question. Whoever asks in other words still finds the lesson by search; it is then
read, not recalled.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

SAME_COSINE = 0.80
"""Questions whose words agree must also be this near by meaning; tests/bench/bench_find.py shows what it
parts."""

_WORD = re.compile(r"\d+(?:[.,:/]\d+)+|[^\W_]+(?:['’][^\W_]+)*(?:\.\d+)*[+#%]*|[€$£%]")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}\b)")


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


_LIGHT = _words(
    """
    a an the this that these those some any there here it its i me my mine we us our ours you your yours
    he him his she her hers they them their theirs one's do does am is are be been being of for in on at
    to by and as if so please tell say know show give explain let hi hello hey thanks thank ok okay
    lorebot get got have has having exactly actually currently just really also much many long often big
    old far kind sort what which how s t
    """
)
"""Words that change nothing about what is asked, next to the kind of question, which is compared by
itself."""

_KINDS = {"who": "who", "whom": "who", "whose": "whose", "when": "when", "where": "where", "why": "why"}
_PAST = _words("did was were had")
_FUTURE = _words("will shall")
_MAY = _words("can could may might allowed permitted")
_MUST = _words("must should need needs needed required obliged mandatory")
_NEGATIONS = _words(
    """
    not no never none nobody nothing nowhere without cannot cant dont doesnt didnt wont isnt arent neither
    nor
    """
)
_SHORT_FORMS = {
    "what's": "what is",
    "who's": "who is",
    "where's": "where is",
    "when's": "when is",
    "how's": "how is",
    "i'm": "i am",
    "i've": "i have",
    "i'd": "i would",
    "i'll": "i will",
    "we're": "we are",
    "we've": "we have",
    "won't": "will not",
    "can't": "can not",
    "cannot": "can not",
    "whats": "what is",
    "wheres": "where is",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What a question comes down to, to be compared with another's."""

    squashed: str  # letters, digits and signs only
    telling: tuple[str, ...]  # stems, in order
    kinds: frozenset[str]
    quantity: str  # "how much" and "how long" ask for different things; "" where it doesn't say
    negated: bool
    tense: str
    duty: str  # "may", "must" or ""


def same_words(one: str, other: str) -> bool:
    """Whether two questions may be one by their words. Case, punctuation and spacing make no difference."""
    a, b = asked(one), asked(other)
    if not a.squashed or not b.squashed:
        return one.strip() == other.strip()
    if a.squashed == b.squashed:
        return True
    return (
        bool(a.telling)
        and _turned(a.telling, b.telling)
        and a.negated == b.negated
        and a.tense == b.tense
        and _agree(a.quantity, b.quantity)
        and _agree(a.duty, b.duty)
        and (a.kinds == b.kinds or not a.kinds or not b.kinds)
    )


def identical(one: str, other: str) -> bool:
    """Whether two questions are the same but for case, punctuation and spacing."""
    a, b = asked(one).squashed, asked(other).squashed
    return a == b if a or b else one.strip() == other.strip()


@lru_cache(maxsize=20_000)
def asked(question: str) -> Asked:
    text = _THOUSANDS.sub("", unicodedata.normalize("NFKC", question).casefold()).replace("’", "'")
    raw = _WORD.findall(text)
    words = [part for word in raw for part in _SHORT_FORMS.get(word, word).split()]
    plain = [word.removesuffix("n't") if word.endswith("n't") else word for word in words]
    duty = "must" if _obliged(words) else "may" if _MAY & set(words) else ""
    marks = _PAST | _FUTURE | _MAY | _MUST | _NEGATIONS | _KINDS.keys()
    return Asked(
        squashed="".join(raw),
        telling=tuple(_stem(word) for word in plain if word not in _LIGHT and word not in marks),
        kinds=frozenset(_KINDS[word] for word in words if word in _KINDS),
        quantity=_quantity(words),
        negated=any(word in _NEGATIONS or word.endswith("n't") for word in words),
        tense="past" if _PAST & set(plain) else "future" if _FUTURE & set(plain) else "",
        duty=duty,
    )


def _obliged(words: Sequence[str]) -> bool:
    pairs = set(pairwise(words))
    return bool(_MUST & set(words)) or bool(pairs & {("have", "to"), ("has", "to")})


def _quantity(words: Sequence[str]) -> str:
    for how, what in pairwise(words):
        if how == "how" and what in ("much", "many", "long", "often", "big", "old", "far"):
            return "many" if what == "much" else what
    return ""


def _agree(one: str, other: str) -> bool:
    return one == other or not one or not other


def _turned(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether the words are the same, in the same order or turned round: "X of Y" and "Y's X", "who does X"
    and "X is done by whom", but not "is X dearer than Y" and "is Y dearer than X"."""
    if len(one) != len(other):
        return False
    return any((*one[i:], *one[:i]) == tuple(other) for i in range(len(one)))


def _stem(word: str) -> str:
    """Singular and plural, "approve", "approves", "approved" and "approving" alike; words with a digit as
    they are."""
    word = word.removesuffix("'s").removesuffix("'")
    if any(c.isdigit() for c in word) or len(word) < 4:
        return word
    for ending, instead in (
        ("ies", "y"),
        ("sses", "ss"),
        ("ing", ""),
        ("ed", ""),
        ("es", ""),
        ("s", ""),
        ("e", ""),
    ):
        if (
            word.endswith(ending)
            and len(word) - len(ending) >= 3
            and not (ending == "s" and word.endswith("ss"))
        ):
            return word[: len(word) - len(ending)] + instead
    return word
