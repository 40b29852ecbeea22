"""The review queue: what waits for somebody to look at it, who may see it, and what a decision does.

Three kinds of things wait: feedback that trust holds back; answers taught in one channel, which an agreement gives to the
whole workspace; and taught answers that are about to expire, which an agreement keeps. What was asked in private is shown
only to who could see it there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from bot import sight
from bot.errors import DataError
from bot.knowledge import expiring, memory
from bot.records import WORKSPACE, Answer, Decision, Feedback, Passage, Review
from bot.said import Key
from bot.store import Store, channels, documents, feedback, questions, reviews
from bot.trust import Rules, Standing, standings

TAUGHT = "taught"
TAUGHT_WHY = "taught in one channel; an agreement gives it to the whole workspace"
STILL = "still"
STILL_WHY = "is forgotten on {day} unless somebody agrees that it is still true"
SAID_WHY = "it counts already"


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something to decide about: a piece of feedback, or an answer taught in one channel."""

    key: str  # "12:U123": what U123 says of answer 12; "taught:34", "still:34": the passage 34
    person: str  # who said it, or taught it
    question: str
    why: str  # why it waits
    at: float  # when it was said
    channel: str | None  # where; None: on the command line
    private_to: str | None = None  # asked or taught under four eyes: the only person who may see it
    answer: Answer | None = None  # these two: of a piece of feedback
    feedback: Feedback | None = None
    taught: Passage | None = None

    @property
    def words(self) -> str | None:
        """What the person says the right answer is, if they say so."""
        if self.taught is not None:
            return self.taught.text[self.taught.answer_start :]
        return self.feedback.correction if self.feedback is not None else None


def waiting(
    store: Store, rules: Rules = Rules(), weighed: Mapping[Key, Standing] | None = None
) -> list[Waiting]:
    """All that waits, oldest first, whoever may see it. `weighed`: the standings, where they are at hand."""
    reviewed = reviews.all_of(store)
    held = [
        found
        for (answer_id, person), standing in (standings(store, rules) if weighed is None else weighed).items()
        if standing.why is not None and (answer_id, person) not in reviewed
        if (found := _said(store, answer_id, person, standing.why)) is not None
    ]
    taught = [_taught(store, each) for each in documents.taught_everywhere(store) if each.scope != WORKSPACE]
    still = [_still(store, each, rules.taught_days) for each in expiring.ending(store, rules.taught_days)]
    return sorted([*held, *taught, *still], key=lambda each: (each.at, each.key))


def look(store: Store, key: str) -> Waiting | None:
    """What a key names as it is now, whether it waits or was decided before; None where there is no such thing."""
    first, _, rest = key.partition(":")
    if first == TAUGHT and rest.isdecimal():
        lesson = documents.passage(store, int(rest))
        taught = lesson is not None and lesson.question is not None and lesson.scope != WORKSPACE
        return _taught(store, lesson) if lesson is not None and taught else None
    if first == STILL and rest.isdecimal():
        lesson = documents.passage(store, int(rest))
        return None if lesson is None or lesson.question is None else _still(store, lesson, None)
    return _said(store, int(first), rest, None) if first.isdecimal() else None


def find(store: Store, key: str) -> Waiting:
    """As `look`. Raises DataError where there is no such thing."""
    found = look(store, key)
    if found is None:
        raise DataError(
            f"found nothing to review under {key!r}; expected ANSWER:PERSON, taught:ID or still:ID as"
            " `lorebot feedback review --json` lists them"
        )
    return found


def public_channels(store: Store) -> Callable[[Waiting], bool]:
    """Whether something was said where the whole workspace could read it."""
    known = channels.public(store)
    return lambda each: each.private_to is None and sight.public_place(each.channel, known)


def seen_by(store: Store, person: str, is_member: Callable[[str], bool]) -> Callable[[Waiting], bool]:
    """Whether a person may see something; `is_member(channel)` is asked once for each private channel."""
    public = public_channels(store)
    asked: dict[str, bool] = {}

    def may_see(each: Waiting) -> bool:
        if each.private_to is not None or public(each):
            return each.private_to in (None, person)
        channel = each.channel or ""
        if channel not in asked:
            asked[channel] = is_member(channel)
        return asked[channel]

    return may_see


def decide(
    store: Store,
    items: Sequence[Waiting],
    decision: Decision,
    *,
    by: str,
    words: str | None = None,
    seen: float | None = None,
) -> list[Waiting]:
    """Decides about all of these in one transaction, and returns those that it was done to.

    An edit gives `words` as the right answer. What changed, went or was decided by somebody after the moment `seen`
    (Unix seconds), when the reviewer was shown it, is left alone. Rejecting what was taught forgets it. Raises
    DataError or DocumentError, with nothing changed.
    """
    done, words = [], reviews.edited(decision, words)
    with store.write():
        for each in items:
            now = look(store, each.key)
            if now is None or (seen is not None and _moved(store, now, seen)):
                continue
            _decide(store, now, decision, by, words)
            done.append(now)
    return done


def reopen(store: Store, keys: Collection[str]) -> int:
    """Takes decisions about feedback back, so that it waits again; returns how many there were."""
    with store.write():
        return sum(
            reviews.remove(store, int(answer_id), person)
            for answer_id, _, person in (key.partition(":") for key in keys)
            if answer_id.isdecimal()
        )


def _decide(store: Store, each: Waiting, decision: Decision, by: str, words: str | None) -> None:
    if each.feedback is not None:
        made = Review(each.feedback.answer_id, each.person, decision, words, by, time.time())
        reviews.record(store, made)
    elif each.taught is not None and decision == "reject":
        memory.unteach(store, each.taught.id or 0)
    elif each.taught is not None and each.key.startswith(STILL) and words is not None:
        memory.reword(store, each.taught, words, by)
    elif each.taught is not None and each.key.startswith(STILL):
        expiring.confirm(store, each.taught)
    elif each.taught is not None:
        memory.widen(store, each.taught, words=words, by=by)


def _moved(store: Store, each: Waiting, seen: float) -> bool:
    review = reviews.of(store, each.feedback.answer_id, each.person) if each.feedback is not None else None
    return each.at > seen or (review is not None and review.at > seen)


def _said(store: Store, answer_id: int, person: str, why: str | None) -> Waiting | None:
    given = feedback.of(store, answer_id, person)
    answer = questions.answer(store, answer_id) if given is not None else None
    question = questions.question(store, answer.question_id) if answer is not None else None
    if given is None or answer is None or question is None:
        return None
    return Waiting(
        key=f"{answer_id}:{person}",
        person=person,
        question=question.asked,
        why=why or SAID_WHY,
        at=given.given_at,
        channel=question.channel,
        private_to=question.person if sight.under_four_eyes(question) else None,
        answer=answer,
        feedback=given,
    )


def _still(store: Store, lesson: Passage, days: float | None) -> Waiting:
    """A taught answer that expires `days` after its last word; None: nobody asks when."""
    source = documents.document(store, lesson.source, lesson.scope)
    at, why = documents.fresh_at(source) if source is not None else 0.0, SAID_WHY
    if source is not None and days is not None:
        day = time.strftime("%Y-%m-%d", time.localtime(expiring.ends(source, days)))
        why = STILL_WHY.format(day=day)
    return replace(_taught(store, lesson), key=f"{STILL}:{lesson.id}", why=why, at=at)


def _taught(store: Store, lesson: Passage) -> Waiting:
    source = documents.document(store, lesson.source, lesson.scope)
    person = (source.person if source else None) or ""
    return Waiting(
        key=f"{TAUGHT}:{lesson.id}",
        person=person,
        question=lesson.question or "",
        why=TAUGHT_WHY,
        at=source.learned_at if source else 0.0,
        channel=lesson.scope,
        private_to=person if sight.is_direct(lesson.scope) else None,
        taught=lesson,
    )
