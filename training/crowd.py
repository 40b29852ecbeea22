"""The people of a simulation: who asks, who judges what was answered, and what each kind of them says.

What a person does about a question depends on the seed, the person and the question alone, so that simulations which
differ in one setting differ in nothing else.

    careful      votes as they think, and is wrong as often as `flip` says
    careless     votes the opposite of what they think two times in five
    silent       asks and never says what they thought of the answer
    malicious    a third each: always down; always up; always down with a wrong correction, another span of the passage
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from bot.errors import DataError
from bot.reading.items import Item
from bot.reading.scores import RIGHT
from bot.reading.squad import f1
from bot.records import Answer, Feedback

Kind = Literal["careful", "careless", "silent", "always_down", "always_up", "misleading"]
MALICE: tuple[Kind, ...] = ("misleading", "always_down", "always_up")
CARELESS = 0.4  # share of a careless person's votes that say the opposite
THIRD = 0.5  # of the answers that a second person judges, the share that a third one judges too
TRIES = 50


@dataclass(frozen=True, slots=True)
class Member:
    """One of the people."""

    id: str
    kind: Kind

    @property
    def votes(self) -> bool:
        return self.kind != "silent"


@dataclass(frozen=True, slots=True)
class Crowd:
    """How many questions are asked, and of what kinds the people are who ask them. All shares are 0 to 1."""

    feedback: int  # questions asked, in all rounds
    rounds: int
    flip: float  # share of careful people's votes that say the opposite of what they think
    corrections: float  # share of honest downs that come with the right answer
    seed: int
    people: int = 40
    careless: float = 0.0  # share of the people
    silent: float = 0.0
    malicious: float = 0.0
    overlap: float = 0.0  # share of the answers that a second person judges too, half of them a third

    def members(self) -> tuple[Member, ...]:
        """Everybody, always the same. Raises DataError where the shares don't fit."""
        shares = {"careless": self.careless, "silent": self.silent, "malicious": self.malicious}
        if sum(shares.values()) > 1:
            said = ", ".join(f"{name} {share:g}" for name, share in shares.items())
            raise DataError(f"Found shares of people of {said}; expected at most 1 together: lower one.")
        wanted = {name: round(share * self.people) for name, share in shares.items()}
        kinds: list[Kind] = [MALICE[i % len(MALICE)] for i in range(wanted["malicious"])]
        kinds.extend(["careless"] * wanted["careless"])
        kinds.extend(["silent"] * wanted["silent"])
        kinds.extend(["careful"] * (self.people - len(kinds)))
        return tuple(Member(f"U{number:03}", kind) for number, kind in enumerate(kinds[: self.people], 1))


def drawn(items: Sequence[Item], crowd: Crowd) -> list[Item]:
    """The questions that are asked, in their order: fewer are the first of more. Raises DataError for too few."""
    if len(items) < crowd.feedback:
        raise DataError(
            f"Found {len(items)} questions in the stream; expected at least {crowd.feedback}: ask for less."
        )
    shuffled = list(items)
    random.Random(crowd.seed).shuffle(shuffled)
    return shuffled[: crowd.feedback]


def asker(item: Item, members: Sequence[Member], crowd: Crowd) -> Member:
    return random.Random(f"{crowd.seed} asks {item.id}").choice(members)


def judges(item: Item, members: Sequence[Member], crowd: Crowd) -> list[Member]:
    """Who says something of the answer: the one who asked, and sometimes one or two others."""
    asked = asker(item, members, crowd)
    draw = random.Random(f"{crowd.seed} judges {item.id}")
    others = [each for each in members if each.votes and each != asked]
    second, third = draw.random() < crowd.overlap, draw.random() < THIRD
    also = draw.sample(others, min(len(others), 2))[: second + (second and third)]
    return [each for each in (asked, *also) if each.votes]


def whims_of(member: Member, item: Item, crowd: Crowd) -> random.Random:
    return random.Random(f"{crowd.seed} {member.id} {item.id}")


def react(answer: Answer, item: Item, member: Member, crowd: Crowd, whims: random.Random) -> Feedback:
    """What somebody who votes says of an answer whose question's right answer they know."""
    if member.kind == "always_up":
        return _vote(answer, member, down=False)
    if member.kind == "always_down":
        return _vote(answer, member, down=True)
    if member.kind == "misleading":
        return replace(_vote(answer, member, down=True), reason="wrong", correction=another_span(item, whims))
    right = f1(answer.text or "", item.references) >= RIGHT
    flips = whims.random() < (CARELESS if member.kind == "careless" else crowd.flip)
    corrects = whims.random() < crowd.corrections
    given = _vote(answer, member, down=right == flips)
    if given.vote == "up" or not corrects:
        return given
    if item.answerable:
        return replace(given, reason="wrong", correction=item.answers[0].text)
    return given if answer.abstained else replace(given, reason="should_be_silent")


def another_span(item: Item, whims: random.Random) -> str:
    """Some other words of the passage, about as many as the answer has: what somebody says who wants to mislead."""
    words = list(re.finditer(r"\w+(?:[^\w\s]+\w+)*", item.context))
    if not words:
        return item.context.strip()
    usual = len(item.answers[0].text.split()) if item.answers else 3
    text = ""
    for _ in range(TRIES):
        first = whims.randrange(len(words))
        last = min(first + max(1, usual + whims.randint(-1, 1)), len(words)) - 1
        text = item.context[words[first].start() : words[last].end()]
        if not item.answers or f1(text, item.references) < RIGHT:
            break
    return text


def _vote(answer: Answer, member: Member, *, down: bool) -> Feedback:
    return Feedback(answer.id or 0, member.id, "down" if down else "up", "import")
