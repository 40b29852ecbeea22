"""Whether a message asks something that documents may answer: how Lorebot tells when nobody called it.

English, and cautious: where it is unsure it says no. A question that goes unanswered here costs a mention; an answer that
nobody asked for costs the channel's patience. All of its words stand here.
"""

from __future__ import annotations

import re

from bot.slack.looks.markup import unslack
from bot.slack.talk.followups import without_dummies
from bot.slack.talk.smalltalk import smalltalk

LONGEST_WORDS = 60
"""A longer message tells a story; what it asks leans on all of it."""


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


_ASKING = _words("what which who whom whose where when why how")
_VERBS = _words(
    "is are am was were do does did can could may might must should will would has have had need "
    "isn't aren't wasn't don't doesn't didn't can't couldn't shouldn't won't wouldn't hasn't haven't"
)
_SOMEBODY = _words("anyone anybody someone somebody everyone everybody")
_TELLING = _words("know knows tell remember recall explain remind point idea clue say")
"""What somebody is asked to do where a piece of knowledge is wanted, not a hand."""

_OPENINGS = _words(
    "hi hello hey hiya morning afternoon evening folks all team there guys everyone everybody please pls plz so and but "
    "or also then well um uh hmm ok okay btw fyi sorry question quick actually just another one again thanks here"
)
"""Words that may come before a question without making it another one."""

_NO_NAMES = (
    _OPENINGS
    | _ASKING
    | _words(
        "h hm hmmm ah oh aha cool nice great perfect sure right interesting yeah yep yes no nope wow lol haha damn seriously "
        "honestly basically currently today tomorrow yesterday however generally apparently unfortunately finally first "
        "second edit update note fyi otherwise instead exactly indeed true correct fair agreed done same"
    )
)
"""What stands before a comma or a colon without being anybody's name."""

_BEFORE = _words(
    "by for until till since after before above below under up to from at in on with within about around"
)
_CLAUSES = _BEFORE | _words("if as i i'm we we're my our")

_GENERIC_YOU = re.compile(r"^(?:how|where) (?:do|can|would|should) you (?!think|feel|like|mean|know|guys)\w+")
_RHETORICAL = re.compile(
    r"^(?:who (?:cares|knows|wants|else|is (?:up|in|coming|joining|around))|why (?:not|bother|me|oh)|why don't we|"
    r"how (?:hard|difficult|bad|cool|nice|great|about|come|dare)\b|what (?:(?:a|an|about|if)\b|the (?:hell|heck|fuck))|"
    r"what could possibly|what(?: i|')s (?:up|new|wrong|the point|going on|happening)|isn't (?:it|that|this)|"
    r"(?:can|could|may) (?:we|i) (?:meet|talk|chat|sync|ask)\b|(?:should|shall) we|"
    r"(?:is|are) (?:it|this|that|there|they|we) (?:just|only) (?:me|us)|(?:am|was) i\b|do i look)"
)
_FILLING = _words(
    "a an the of for in on at to from with by about as if or and but not no yes so too very really still yet now today "
    "i me my we us our it its this that these those he him his she her they them their one ones there here some any "
    "get got go going know tell mean want happen happens happened happening thing things stuff again same else work works "
    "working ok okay right please anyone anybody someone somebody possible think thoughts idea way good bad"
)
"""Words that name nothing that could be looked up."""

_SUBJECTS = _words("i we you he she they it that this the a an my our your his her their")
_UNMARKED = re.compile(
    r"(?:can|may|could|do|are) (?:i|we)\b|(?:is|are) (?:there|the|our)\b|does (?:the|our)\b"
)
"""Openings that ask also where the mark was left out."""

_POINTERS = re.compile(r"\b(?:it|its|this|that|these|those|he|him|his|she|her|they|them|their)\b")
_YOU = re.compile(r"\b(?:you|your|yours|u|ya)\b")
_TAG = re.compile(
    r"(?:\b(?:right|ok|okay|no|yes|huh|eh|yeah|correct|lol|haha)|isn't (?:it|that)|doesn't it|don't you)\s*\?+$"
)
_PEOPLE = re.compile(r"<@[A-Z0-9]+(?:\|[^>]*)?>|<!subteam\^[^>]*>")
_EVERYBODY = re.compile(r"<!(?:here|channel|everyone)(?:\|[^>]*)?>")
_LINK = re.compile(r"<(?:https?|mailto|tel):[^>]*>|https?://\S+")
_CODE = re.compile(r"```")
_QUOTED = re.compile(r"^(?:&gt;|>).*$", re.MULTILINE)
_EMOJI = re.compile(r":[a-z0-9_+'-]+:(?:skin-tone-\d:)?")
_NAMED = re.compile(
    r"^(?:(?:hi|hey|hello|thanks|thank you|thx|sorry|ok|yes|no|yo)[ ,]+)?@?([A-Za-z][\w'.-]{1,20})\s*[:,;]\s"
)
_THANKED = re.compile(
    r"^(?:many )?(?:thanks|thank you|thx|cheers|ty)[ ,]+(?:so much |a lot )?@?([A-Za-z][\w'-]*)",
    re.IGNORECASE,
)
_SENTENCES = re.compile(r"(?<=[.!?])\s+|\n")
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")


def asks(raw: str) -> bool:
    """Whether a channel's message, as Slack sent it, is a question to nobody in particular that stands by itself."""
    if to_somebody(raw) or _CODE.search(raw):
        return False
    text = _plain(raw)
    if not 3 <= len(_WORD.findall(text)) <= LONGEST_WORDS or smalltalk(text) is not None:
        return False
    return any(_stands_alone(words, sentence) for words, sentence in _questions(text))


def asks_on(raw: str) -> bool:
    """Whether a reply asks on in a conversation ("and for interns?"): it may lean on what was said, not be somebody's."""
    if to_somebody(raw):
        return False
    text = _plain(raw)
    if smalltalk(text) is not None or len(_WORD.findall(text)) > LONGEST_WORDS:
        return False
    asked = text.endswith("?") and not _YOU.search(text) and not _TAG.search(text)
    return asked or text.startswith(("what about ", "how about ")) or bool(_questions(text))


def to_somebody(raw: str) -> bool:
    """Whether a message is somebody's: it mentions a person or a group, opens with a name, or thanks one."""
    if _PEOPLE.search(raw):
        return True
    text = unslack(_EVERYBODY.sub(" ", raw)).strip()
    named, thanked = _NAMED.match(text), _THANKED.match(text)
    if named and named.group(1).lower() not in _NO_NAMES:
        return True
    return bool(thanked and thanked.group(1)[0].isupper() and thanked.group(1).lower() not in _NO_NAMES)


def _plain(raw: str) -> str:
    """Lower case, without links, emoji, quoted lines and everybody's attention."""
    for sign in (_QUOTED, _LINK, _EMOJI, _EVERYBODY):
        raw = sign.sub(" ", raw)
    return unslack(raw).replace("’", "'").replace("`", "").lower().strip()


def _questions(text: str) -> list[tuple[list[str], str]]:
    """Each sentence that is put as a question, by its mark or its form: its words without what opens it, and all of it."""
    found: list[tuple[list[str], str]] = []
    for sentence in map(str.strip, _SENTENCES.split(text)):
        words = _opened(sentence)
        bare = " ".join(words)
        if (
            not words
            or sentence.endswith(("!", "!?", "?!"))
            or _TAG.search(sentence)
            or _RHETORICAL.match(bare)
        ):
            continue
        if _put_as_question(words, marked=sentence.endswith("?")) and not _to_a_person(bare):
            found.append((words, sentence))
    return found


def _opened(sentence: str) -> list[str]:
    """From the first word on that may open a question: greetings go, and a clause before it ("if I'm ill, who ...")."""
    words = _WORD.findall(sentence)
    while words and words[0] in _OPENINGS:
        words.pop(0)
    asking = next((i for i, word in enumerate(words[:3]) if word in _ASKING), 0)
    if asking and set(words[:asking]) <= _BEFORE:  # by when, for how long, up to what value
        return words[asking:]
    if words and words[0] in _CLAUSES:
        clauses = [_WORD.findall(clause) for clause in sentence.split(",")[1:]]
        return next((clause for clause in clauses if clause and clause[0] in _ASKING | _VERBS), words)
    return words


def _put_as_question(words: list[str], *, marked: bool) -> bool:
    first, rest = words[0].split("'")[0] if words[0].endswith("'s") else words[0], words[1:]
    if first in _SOMEBODY:
        return bool(_TELLING & set(rest[:3]))
    if first in _ASKING:
        # Without its mark it has to have a question's form: "what time is it" asks, "what he said" doesn't.
        verb = bool(_VERBS & set(rest[:5])) and rest[0] not in _SUBJECTS
        verb = verb or (first == "who" and len(rest) > 2 and rest[0].endswith("s"))
        return marked or words[0].endswith("'s") or (first == "how" and rest[:1] == ["to"]) or verb
    return len(words) > 2 and words[0] in _VERBS and (marked or bool(_UNMARKED.match(" ".join(words))))


def _to_a_person(bare: str) -> bool:
    """A question about you, or for a hand: whoever answers has to be one of us."""
    if _GENERIC_YOU.match(bare):
        return False
    somebody = re.match(r"(?:can|could|would|will|does|do|did|has|have|is|are|may)n?'?t? (\w+)", bare)
    if somebody and somebody.group(1) in _SOMEBODY:
        return not _TELLING & set(bare.split()[2:5])
    return bool(_YOU.search(bare))


def _stands_alone(words: list[str], sentence: str) -> bool:
    """Names what it asks about: by more than one word where it only wants a yes, or points at something said before."""
    around = _WORD.findall(sentence)
    named = {
        word for word in around if word not in _FILLING | _ASKING | _VERBS | _OPENINGS and word[-2:] != "'s"
    }
    points = _POINTERS.search(without_dummies(" ".join(words)))
    wants_a_yes = words[0] in _VERBS and not (_ASKING | {"there", "have", "allowed"}) & set(words[1:4])
    return len(named) >= (2 if points or wants_a_yes else 1)
