"""The words of a question that tell what it is about: for search, and for seeing what a passage lacks."""

from __future__ import annotations

import re

_STOP_WORDS = """
    a about all also am an and any are as at be been being but by can could did do does for from get give
    got had has have having he her hers him his how i if in into is it its just let me may might my no not
    of on or our ours please she should so some such tell than that the their them then there these they
    this those to too us was we were what when where which while who whom whose why will with would you
    your yours hi hello hey thanks s t d m re ve ll
"""
STOP_WORDS = frozenset(_STOP_WORDS.split())
"""Words that stand in every passage, and the words that ask: they say nothing about which passage answers."""

_STEM = 5  # letters that two forms of a word share
_WORD = re.compile(r"\w+")


def lacking(question: str, passage: str) -> tuple[float, int]:
    """What of the question the passage doesn't mention: the share of its telling words, 0 to 1, and how many names and
    numbers.

    Inflected forms count as mentioned. A name is a word with a capital that doesn't begin the question; a question
    altered in one such word is the commonest kind that a passage only seems to answer (Rajpurkar et al. 2018).
    """
    words = [
        (match.group(), match.start())
        for match in _WORD.finditer(question)
        if match.group().lower() not in STOP_WORDS
    ]
    if not words:
        return 0.0, 0
    there = {word.lower() for word in _WORD.findall(passage)}
    stems = {word[:_STEM] for word in there if len(word) >= _STEM}
    missing = [
        (word, at)
        for word, at in words
        if (low := word.lower()) not in there and not (len(low) >= _STEM and low[:_STEM] in stems)
    ]
    names = sum(word[0].isdigit() or (word[0].isupper() and at > 0) for word, at in missing)
    return len(missing) / len(words), names
