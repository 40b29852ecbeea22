"""Whether a question leans on the one before it ("and for contractors?"), so that search gets both."""

from __future__ import annotations

import re

FOLLOWS_CHARACTERS = 400
"""A chain of follow-ups is kept this long at most: search drowns in more."""

_OPENINGS = re.compile(
    r"^(?:and|but|or|also|then|plus|what about|how about|what if|same for|ok(?:ay)?,? (?:and|but|what about)|even|only)\b",
    re.IGNORECASE,
)
_POINTERS = re.compile(
    r"\b(?:it|its|they|them|their|theirs|that|those|these|this|he|him|his|she|her|there|then|one|ones|the same|instead|else)\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")


def looks_like_follow_up(text: str, *, in_thread: bool) -> bool:
    """A full question of its own is none, even in a thread: what stood before it would only mislead the search."""
    text = text.strip()
    words = _WORD.findall(text)
    if not words:
        return False
    if _OPENINGS.match(text):
        return True
    if len(words) <= (4 if in_thread else 2):
        return True
    return len(words) <= 9 and bool(_POINTERS.search(without_dummies(text)))


def chained(last: str, last_follows: str | None) -> str:
    """What the next question follows: the last question, behind what that one followed itself."""
    whole = f"{last_follows} {last}" if last_follows else last
    return whole if len(whole) <= FOLLOWS_CHARACTERS else last[:FOLLOWS_CHARACTERS]


def without_dummies(text: str) -> str:
    """ "Is there a gym?" and "Is it possible to ...?" point at nothing."""
    return re.sub(
        r"\b(?:(?:is|are|was|were|will|do|does) there|there (?:is|are)|(?:is|was) it (?:possible|allowed|true|ok|okay)|"
        r"(?:so|such|the one|this (?:week|month|year|quarter|morning|afternoon))(?: that)?)\b",
        " ",
        text,
        flags=re.IGNORECASE,
    )
