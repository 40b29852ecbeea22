"""Greetings, thanks and the like get a human reply instead of a search.

Only a message that is nothing else counts: each word must belong to the phrase, so "help with VPN?" is a question.
"""

from __future__ import annotations

import re
from typing import Literal

Smalltalk = Literal["hello", "thanks", "bye", "help", "empty"]

_NAMES = {"lorebot", "bot", "there", "all", "everyone", "everybody", "team", "again"}
_GREETINGS = {"hi", "hello", "hey", "hiya", "howdy", "yo", "hallo", "hola", "moin", "greetings", "morning"}
_HELLO = {
    "good morning",
    "good afternoon",
    "good evening",
    "good day",
    "how are you",
    "how are you doing",
    "how is it going",
    "hows it going",
    "whats up",
    "what is up",
    "sup",
    "nice to meet you",
    "test",
    "ping",
    "are you there",
}
_BYE = {
    "bye",
    "bye bye",
    "goodbye",
    "good bye",
    "good night",
    "see you",
    "see you later",
    "see ya",
    "cu",
    "have a nice day",
}
_HELP = {
    "help",
    "help me",
    "help please",
    "please help",
    "please help me",
    "i need help",
    "can you help",
    "can you help me",
    "could you help me",
    "what can you do",
    "what do you do",
    "what can you help with",
    "what can you help me with",
    "what can i ask",
    "what can i ask you",
    "how do you work",
    "how does this work",
    "how can you help",
    "how can you help me",
    "how do i use you",
    "who are you",
    "what are you",
    "usage",
    "commands",
}
_THANKS_CORE = {"thanks", "thank", "thx", "thankyou", "ty", "tysm", "cheers", "danke", "gracias", "merci"}
_THANKS_AROUND = (
    _NAMES
    | _THANKS_CORE
    | {
        "you",
        "so",
        "very",
        "much",
        "a",
        "lot",
        "many",
        "ok",
        "okay",
        "great",
        "perfect",
        "awesome",
        "cool",
        "nice",
    }
    | {
        "that",
        "helped",
        "helps",
        "really",
        "for",
        "your",
        "the",
        "help",
        "bunch",
        "ton",
        "million",
        "got",
        "it",
        "super",
        "and",
    }
)
_PRAISE = {
    "great",
    "perfect",
    "awesome",
    "cool",
    "nice",
    "ok",
    "okay",
    "good bot",
    "well done",
    "good job",
    "got it",
    "k",
    "wow",
}
_EMOJI_NAME = re.compile(r":[a-z0-9_+'-]+(?:::skin-tone-\d)?:")


def smalltalk(text: str) -> Smalltalk | None:
    """What kind of small talk the cleaned text is; None for a question."""
    bare = _EMOJI_NAME.sub(" ", text.lower().replace("’", "'").replace("'", ""))
    words = re.findall(r"[^\W_]+", bare)
    if not words:
        return "hello" if text.strip(" .,;:!?") and _has_emoji(text) else "empty"
    if len(words) > 8:
        return None
    phrase = " ".join(words)
    addressed = " ".join(_unaddressed(words))
    if phrase in _HELP or addressed in _HELP:
        return "help"
    if _THANKS_CORE & set(words) and set(words) <= _THANKS_AROUND:
        return "thanks"
    if phrase in _PRAISE or addressed in _PRAISE:
        return "thanks"
    if phrase in _BYE or addressed in _BYE:
        return "bye"
    if addressed in _HELLO or (words[0] in _GREETINGS and not addressed) or phrase in _HELLO:
        return "hello"
    return None


def _unaddressed(words: list[str]) -> list[str]:
    """Without a greeting in front and names around: "hi lorebot, how are you" is "how are you"."""
    left = list(words)
    while left and (left[0] in _GREETINGS or left[0] in _NAMES):
        left.pop(0)
    while left and left[-1] in _NAMES:
        left.pop()
    return left


def _has_emoji(text: str) -> bool:
    return bool(_EMOJI_NAME.search(text)) or any(ord(c) > 0x2000 for c in text)
