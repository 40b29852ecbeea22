"""Which reply answered a question that was asked in a thread: one rule, for a channel's live history and for archives.

A wrong pair is told to everybody as something the team knows, a missed one costs nothing but a line in a document. So
only the asker's own word makes an answer accepted, or the check marks of two others; a thread that ends in doubt has none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

CHECKS = frozenset(
    {"white_check_mark", "heavy_check_mark", "ballot_box_with_check", "check", "checkmark", "check_mark"}
    | {"green_check_mark", "solved", "resolved", "answered", "accepted"}
)
"""Names of reactions that say "this is the answer"."""

ENOUGH_OTHERS = 2
"""People beside the asker and the writer whose check marks accept a reply."""

QUESTION_CHARACTERS = 1000
"""A first message that is longer tells something; what it asks can't be told apart from it."""
ANSWER_CHARACTERS = 4000
THANKS_CHARACTERS = 160

_HELPING = "do|does|did|is|are|was|were|has|have|can|could|may|must|should|shall|would|will"
_PRONOUN = "i|you|we|they|it|he|she"
_OPENERS = re.compile(
    rf"(?:who|whom|whose|what|when|where|why|how|which)(?:'s| (?!(?:{_PRONOUN})\b)\S+){{0,2}}? (?:{_HELPING}|to)\b"
    rf"|(?:what|who|where|how)'s\b|how come\b|any ?(?:one|body|idea)\b"
    rf"|(?!do (?:it|this|that|these|those|the|an?)\b)(?:{_HELPING})"
    rf" (?:{_PRONOUN}|there|this|that|these|those|the|an?|my|our|any\w*|some(?:one|body)|people)\b",
    re.IGNORECASE,
)
_GREETING = re.compile(
    r"^\s*(?:(?:(?:hi|hello|hey|hiya|morning|good (?:morning|afternoon|evening)|quick question|question|ok|okay|so|um"
    r"|sorry|please|all|folks|team|guys|everyone|everybody|there|@\S+)\b|:[a-z0-9_+'-]+:)(?:[\s,.;!-]|:(?!\w))*)+",
    re.IGNORECASE,
)
_ASKS = re.compile(r"\?+[!?)\"'”’*_~]*(?=\s|$)")
_ADDRESS = re.compile(r"https?://\S+|```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)
_THANKS = re.compile(
    r"\b(?:thanks|thank (?:you|u)|thankyou|thx|tysm|ty|cheers|much appreciated|(?:that|this|it)(?:'s| has| is)? (?:all )?"
    r"(?:worked|works|helped|helps|solved|fixed|did it|was it|did the trick|answers)|works now|working now|it works"
    r"|(?:all )?(?:solved|sorted|fixed) (?:now|it)|got it working|you(?:'re| are) right|problem solved"
    r"|exactly what i (?:needed|was looking for))\b",
    re.IGNORECASE,
)
_DOUBTS = re.compile(
    r"\?|\b(?:but|however|still|unfortunately|no luck|not|nope|cannot|\w+n't|dont|doesnt|didnt|isnt|wont|cant|fails?"
    r"|failed|same (?:error|problem|issue)|in advance|(?:i'll|i will|will|let me|gonna|going to) (?:try|check|see|test"
    r"|look|have a look|give)|trying|never ?mind|anyways?|no thanks|thanks for nothing)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Said:
    """A message of a thread, with its text as people see it."""

    ts: str
    person: str  # who wrote it
    text: str
    bot: bool = False  # what a bot wrote answers nothing, and thanks nobody
    reactions: Mapping[str, Iterable[str]] = field(default_factory=dict)  # by name, without skin tone: who
    mentions: frozenset[str] = frozenset()  # the people it names


@dataclass(frozen=True, slots=True)
class Accepted:
    """A question and the answer that its asker took."""

    question: str  # on one line, without a greeting in front
    answer: str
    asker: str
    answerer: str
    asked: str  # ts of the question
    answered: tuple[str, ...]  # ts of the messages that the answer is made of, first to last

    @property
    def messages(self) -> tuple[str, ...]:
        """Of every message in it: it falls with any of them."""
        return (self.asked, *self.answered)


def accepted(thread: Iterable[Said]) -> Accepted | None:
    """The question that a thread begins with, and its accepted answer; None where one of them is missing.

    `thread`: its messages in any order, the first one among them. A reply is accepted by a check mark (`CHECKS`) of the
    asker or of two others, neither its writer; a reply of the asker's own only by their own mark. Else by the asker's
    short thanks, without "but", "still" or another question: then the answer is what was last said before by somebody
    else (or by whom the thanks name), as long as they spoke in one go. Doubts of the asker after that take it back.
    """
    said = sorted(thread, key=lambda each: _moment(each.ts))
    if not said or said[0].bot or not asks(said[0].text):
        return None
    first, replies = said[0], said[1:]
    answer = _checked(first.person, replies) or _thanked(first.person, replies)
    text = "\n".join(each.text.strip() for each in answer)
    if not answer or len(text) > ANSWER_CHARACTERS:
        return None
    return Accepted(
        question=_ungreeted(" ".join(first.text.split())),
        answer=text,
        asker=first.person,
        answerer=answer[0].person,
        asked=first.ts,
        answered=tuple(each.ts for each in answer),
    )


def asks(text: str) -> bool:
    """Whether a message asks something: it has a sentence with a question mark, or begins as questions do.

    Of three words at least, and no longer than QUESTION_CHARACTERS.
    """
    if len(text) > QUESTION_CHARACTERS:
        return False
    plain = _ADDRESS.sub(" x ", text)
    if len(re.findall(r"[^\W_]+", plain)) < 3:
        return False
    return bool(_ASKS.search(plain) or _OPENERS.match(_GREETING.sub("", plain)))


def thanks(text: str) -> bool:
    """Whether a message of the asker says that they have their answer: short, and without a doubt in it."""
    plain = text.replace("’", "'")
    return len(plain) <= THANKS_CHARACTERS and bool(_THANKS.search(plain)) and not doubts(plain)


def doubts(text: str) -> bool:
    """Whether a message of the asker says, or may say, that they don't have their answer yet."""
    return bool(_DOUBTS.search(_ADDRESS.sub(" x ", text.replace("’", "'"))))


def _checked(asker: str, replies: Sequence[Said]) -> list[Said]:
    """The reply with the most valid check marks, the later of two; the asker's mark outweighs all others."""
    best: tuple[tuple[bool, int], Said] | None = None
    for said in replies:
        marks = {who for name, people in said.reactions.items() if name in CHECKS for who in people}
        others = marks - {asker, said.person}
        if said.bot or not said.text.strip() or not (asker in marks or len(others) >= ENOUGH_OTHERS):
            continue
        rank = asker in marks, len(others)
        if best is None or rank >= best[0]:
            best = rank, said
    return [best[1]] if best else []


def _thanked(asker: str, replies: Sequence[Said]) -> list[Said]:
    """The replies that stand when the asker has spoken for the last time."""
    answer: list[Said] = []
    before: list[list[Said]] = []  # what others said, in goes
    for person, together in groupby((each for each in replies if not each.bot), lambda each: each.person):
        if person != asker:
            before.append(list(together))
            continue
        for said in together:
            if thanks(said.text):
                answer = answer or _meant(before, said.mentions)
            elif doubts(said.text):
                answer = []
    return answer


def _meant(before: Sequence[Sequence[Said]], named: frozenset[str]) -> list[Said]:
    """What a thanks is for: the last go of whom it names, else the last one; without what only asks back."""
    goes = [go for go in before if go[0].person in named] or list(before)
    return [said for said in goes[-1] if said.text.strip() and not _asks_back(said.text)] if goes else []


def _asks_back(text: str) -> bool:
    """Whether a reply ends in a question, so that it seeks rather than tells."""
    return bool(re.search(r"\?[\s!?)\"'”’*_~]*$", _ADDRESS.sub(" x ", text)))


def _ungreeted(text: str) -> str:
    bare = _GREETING.sub("", text)
    return bare[:1].upper() + bare[1:] if len(bare) < len(text) and asks(bare) else text


def _moment(ts: str) -> tuple[int, str]:
    seconds, _, rest = ts.partition(".")
    return (int(seconds) if seconds.isdecimal() else 0), rest
