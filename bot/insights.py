"""What the Home tab tells: a person's own questions and feedback, and for admins how well people are served.

Everything here is a query over the store. Whoever asks says what a person may see; figures of the whole workspace are
counts, without a word of anybody's.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from bot import sight
from bot.knowledge.sameness import asked
from bot.records import Adapter, Answer, Feedback, Question, Review, Run, Vote
from bot.registry import person_digest
from bot.said import Key
from bot.store import Store, adapters, channels, documents, feedback, questions, reviews, runs, tallies
from bot.store.tallies import Counted
from bot.trust import OUTVOTED, Standing

SHOWN = 10
DAYS, WEEK = 30, 7
UNANSWERED = 1000
"""So many of the newest unanswered questions are looked at."""
PRIVATE_PLACES = 20
"""Of so many private channels Slack is asked who is in them, the ones with the most unanswered questions first."""
ALIKE = 0.5
"""Share of their telling words that questions of one group have in common."""


class Gist(NamedTuple):
    """What a question comes down to: its telling words, and whether it is asked with a "not"."""

    words: frozenset[str]
    negated: bool


MaySee = Callable[[Question], bool]


@dataclass(frozen=True, slots=True)
class AskedBefore:
    """One of a person's own questions."""

    question: Question
    answer: Answer | None  # None: it went with somebody who was forgotten
    vote: Vote | None  # the person's own


Fate = Literal["waits", "accepted", "edited", "rejected", "outvoted", "replaced", "counts", "learned"]
"""What became of a piece of feedback. Replaced: the person said it again later. Learned: by the adapter in service."""


@dataclass(frozen=True, slots=True)
class SaidBefore:
    """One of a person's own pieces of feedback, with what it is about, where they may still see that."""

    feedback: Feedback
    fate: Fate
    why: str = ""  # why it waits; which adapter learned it
    question: Question | None = None
    answer: Answer | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What people ask and nobody has told yet: questions of about the same words."""

    question: Question  # the newest of them
    times: int
    people: int


@dataclass(frozen=True, slots=True)
class Figures:
    """How questions in Slack went, day by day; the last day is today, so far."""

    first: float  # the local midnight at which the first day begins
    days: tuple[Counted, ...]

    def last(self, days: int) -> Counted:
        """Of the last so many days together."""
        return Counted(*(sum(column) for column in zip(*self.days[-days:], strict=True)))


# A person's own


def asked_before(store: Store, person: str, limit: int = SHOWN) -> tuple[AskedBefore, ...]:
    """What somebody asked last, newest first."""
    found = []
    for question in questions.of_person(store, person, limit):
        answer = questions.last_answer(store, question.id or 0)
        given = feedback.of(store, answer.id or 0, person) if answer else None
        found.append(AskedBefore(question, answer, given.vote if given else None))
    return tuple(found)


def said_before(
    store: Store,
    person: str,
    standings: Mapping[Key, Standing],
    champion: str,
    may_see: MaySee,
    limit: int = SHOWN,
) -> tuple[SaidBefore, ...]:
    """What somebody said last about answers, newest first, and what became of it.

    `champion`: the id of the adapter in service. What was asked by others where the person is no longer isn't told.
    """
    learned = _learned(store, person, champion)
    return tuple(
        _said(store, given, standings.get((given.answer_id, person)), learned, may_see)
        for given in feedback.of_person(store, person, limit)
    )


def _said(
    store: Store,
    given: Feedback,
    standing: Standing | None,
    learned: tuple[str, float],
    may_see: MaySee,
) -> SaidBefore:
    answer = questions.answer(store, given.answer_id)
    question = questions.question(store, answer.question_id) if answer else None
    seen = question is not None and (question.person == given.person or may_see(question))
    review = reviews.of(store, given.answer_id, given.person)
    fate, why = _fate(given, review, standing, learned)
    return SaidBefore(given, fate, why, question if seen else None, answer if seen else None)


def _fate(
    given: Feedback, review: Review | None, standing: Standing | None, learned: tuple[str, float]
) -> tuple[Fate, str]:
    """A reviewer's word is final; after that, what trust says; and once it counts, whether it was learned."""
    champion, trained_at = learned
    since = max(given.given_at, review.at if review else 0.0)
    if review is not None and review.decision == "reject":
        return "rejected", ""
    if review is None and standing is not None and standing.why is not None:
        return "waits", standing.why
    if review is None and standing is not None and standing.settled is not None:
        return ("outvoted" if standing.settled == OUTVOTED else "replaced"), ""
    if since < trained_at:
        return "learned", champion
    if review is not None:
        return ("edited" if review.decision == "edit" else "accepted"), ""
    return "counts", ""


def _learned(store: Store, person: str, champion: str) -> tuple[str, float]:
    """The adapter in service, and up to when what the person said went into it; 0.0: nothing did."""
    adapter = adapters.adapter(store, champion)
    if adapter is None or person_digest(person) not in adapter.card.get("data", {}).get("people", ()):
        return champion, 0.0
    run = runs.run_of(store, champion)
    return champion, run.started_at if run else adapter.created_at


# How well people are served


def figures(store: Store, now: datetime, days: int = DAYS) -> Figures:
    """Of the last so many days, today among them. `now`: local time."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=days - 1)
    first = midnight.timestamp()
    return Figures(first, tuple(tallies.by_day(store, first, days)))


def wanted(
    store: Store,
    person: str,
    is_member: Callable[[str], bool],
    since: float,
    most: int = SHOWN,
) -> tuple[Wanted, ...]:
    """What people asked most since then and nobody has answered, as far as this person may read it where it was asked.

    What was taught since, or answered to somebody who asked it again, is no longer wanted.
    """
    open_ = questions.unanswered(store, since, UNANSWERED)
    groups = _groups(_in_sight(store, open_, person, is_member))[: 2 * most]
    if not groups:
        return ()
    newest = min(group[0].asked_at for group in groups)
    taught = [_gist(each.question or "") for each in documents.taught_everywhere(store)]
    later = [(each.asked_at, _gist(each.asked)) for each in questions.answered_since(store, newest)]
    found = []
    for group in groups:
        gist = _gist(group[0].asked)
        answered = [*taught, *(each for at, each in later if at > group[0].asked_at)]
        if not any(_alike(gist, each) for each in answered):
            found.append(Wanted(group[0], len(group), len({each.person for each in group})))
    return tuple(found[:most])


def readable(store: Store, person: str, is_member: Callable[[str], bool], *, house: bool) -> MaySee:
    """Whether a person may read where something was asked, today. `house`: a full member of the workspace, to whom its
    public channels are open; to others only those that they are in."""
    public = channels.public(store)

    def may_see(question: Question) -> bool:
        if sight.under_four_eyes(question):
            return question.person == person
        if house and sight.public_place(question.channel, public):
            return True
        return question.channel is not None and is_member(question.channel)

    return may_see


def lineage(store: Store, adapter_id: str, most: int = 5) -> tuple[Adapter, ...]:
    """An adapter and what it descends from, the newest first."""
    found: list[Adapter] = []
    following: str | None = adapter_id
    while following is not None and len(found) < most:
        adapter = adapters.adapter(store, following)
        if adapter is None or adapter in found:
            break
        found.append(adapter)
        following = adapter.parent
    return tuple(found)


def last_runs(store: Store, most: int = 5) -> tuple[Run, ...]:
    """The newest retrainings that are over, newest first."""
    return tuple(run for run in runs.runs(store, most + 1) if run.state != "running")[:most]


def _in_sight(
    store: Store, found: Sequence[Question], person: str, is_member: Callable[[str], bool]
) -> list[Question]:
    """Slack is asked about the busiest private places only; what was asked in the others stays hidden."""
    public = channels.public(store)
    private = Counter(
        each.channel
        for each in found
        if not sight.under_four_eyes(each) and not sight.public_place(each.channel, public)
    )
    busiest = {channel for channel, _ in private.most_common(PRIVATE_PLACES)}
    open_to = {channel: is_member(channel) for channel in busiest if channel is not None}
    may_see = readable(store, person, lambda channel: open_to.get(channel, False), house=True)
    return [each for each in found if may_see(each)]


def _groups(found: Iterable[Question]) -> list[list[Question]]:
    """Questions of about the same words together, the newest first in each, the largest group first.

    Questions without a telling word ("and?") ask for nothing that could be written down.
    """
    exact: dict[Gist, list[Question]] = defaultdict(list)
    for each in found:
        if (gist := _gist(each.asked)).words:
            exact[gist].append(each)
    groups: list[list[Question]] = []
    leaders: list[Gist] = []
    saying: dict[str, list[int]] = defaultdict(list)  # the groups whose leader has this word
    for gist, members in sorted(exact.items(), key=lambda item: len(item[1]), reverse=True):
        near = sorted({number for word in gist.words for number in saying[word]})
        home = next((number for number in near if _alike(leaders[number], gist)), None)
        if home is not None:
            groups[home].extend(members)
            continue
        for word in gist.words:
            saying[word].append(len(groups))
        leaders.append(gist)
        groups.append(list(members))
    for group in groups:
        group.sort(key=lambda each: each.asked_at, reverse=True)
    return sorted(groups, key=lambda group: (len(group), group[0].asked_at), reverse=True)


def _gist(question: str) -> Gist:
    words = asked(question)
    return Gist(frozenset(words.telling), words.negated)


def _alike(one: Gist, other: Gist) -> bool:
    """Whether two questions ask for what can be told in one place: a looser view than what may be answered unread."""
    if one.negated != other.negated or not one.words or not other.words:
        return False
    shared = len(one.words & other.words)
    return one.words == other.words or (shared >= 2 and shared / len(one.words | other.words) >= ALIKE)
