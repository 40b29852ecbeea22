"""What kind of answer a question asks for, told from its words: a span, a yes or no, or a list.

A span answers "how many days?" and says nothing to "may I?" or "which ones?": there the sentence, or the list, that the
span stands in is the answer. English for now, and all of its words stand here. Where it is unsure it says "span": that
costs nothing, a sentence in place of a date does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

Form = Literal["span", "yes_no", "list"]


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


_VERBS = _words(
    "is are am was were do does did can could may might must shall should will would has have had isn't aren't wasn't "
    "weren't don't doesn't didn't can't cannot couldn't mustn't shouldn't won't wouldn't hasn't haven't"
)
"""Of these verbs one opens a yes/no question, and follows the head of "which plans ...?"."""

_ASKING = _words("what which who whom whose where when why how what's who's where's when's how's")
_OPENINGS = _words(
    "hi hello hey hiya morning please thanks ok okay so and but or also then well um lorebot quick question"
)
_TELLING = _words(
    "tell know knows say says show explain remind remember idea clue wondering find check confirm list name"
)
"""After these an opening verb only leads to the real question: can you tell me where ...?"""

_NAMING = _words("list name enumerate")
_ALL = _words("all the our your every each some any two three four five")
_PLURALS = _words("people persons children men women criteria staff")
_NO_PLURALS = _words("was does has always perhaps gas news series yes")
_MEASURES = _words(
    "hours times days dates weeks months years minutes costs prices fees rates charges chances odds limits dimensions "
    "measurements credentials details coordinates"
)
"""Plurals that are asked for as one thing: what are the opening hours?"""

_WITHIN = _words(
    "of for in on at to from with by about that which who when where if during under near behind between per we i you "
    "they available there"
)
"""The head of a phrase stands before these."""

_WORD = re.compile(r"[\w'’-]+")
_CLAUSE = re.compile(r"[,;:.!?…]+(?=\s|$)|\n|\s[-–—]\s")


def asked_for(question: str) -> Form:
    """The form of answer that `question` asks for, by its last clause that asks anything."""
    for clause in reversed(_CLAUSE.split(question)):
        words = [word.lower().replace("’", "'") for word in _WORD.findall(clause)]
        while words and words[0] in _OPENINGS:
            del words[0]
        if len(words) > 1 and words[0] in _VERBS | _ASKING | _NAMING:
            return _form(words)
    return "span"


def _form(words: Sequence[str]) -> Form:
    first, rest = words[0], words[1:]
    if first in _NAMING:
        return "list" if rest[0] in _ALL else "span"
    if first in _VERBS:
        indirect = any(word in _TELLING for word in rest) and any(word in _ASKING for word in rest)
        return "span" if indirect or rest[0].isdigit() else "yes_no"
    if first == "who" and rest[0] in ("are", "were") and rest[1:2] and rest[1] in _ALL:
        return "list"
    if first == "what" and rest[0] in ("are", "were"):
        return "list" if rest[1:2] and rest[1] in _ALL and _is_several(_head(rest[2:])) else "span"
    if first in ("which", "what"):
        verb = next((i for i, word in enumerate(rest) if word in _VERBS), 0)
        return "list" if verb and _is_several(rest[verb - 1]) else "span"
    return "span"


def _head(phrase: Sequence[str]) -> str:
    """The last word of a noun phrase, before what says more about it; "" for none."""
    end = next((i for i, word in enumerate(phrase) if word in _WITHIN | _VERBS), len(phrase))
    return phrase[end - 1] if end else ""


def _is_several(noun: str) -> bool:
    """Whether a noun names several things."""
    if noun in _MEASURES or noun in _NO_PLURALS:
        return False
    return noun in _PLURALS or (len(noun) > 3 and noun.endswith("s") and noun[-2] not in "suiy'")
