"""How much each piece of feedback weighs in training, and which pieces wait for a reviewer first.

An adapter believes what it is trained on, so whoever may vote may teach, and whoever wants to can try to spoil it. These
rules stand in between; the first that applies to a piece decides about it.

1. A reviewer's word is final. Accepted, or edited, a piece weighs 1; rejected, it teaches nothing.
2. One word a person, question and text: the newest. Somebody who asks again doesn't vote twice.
3. Bots, guests, people of other workspaces and new accounts wait for a reviewer: they can be made in any number, and nobody
   here vouches for them. An account is new for some days after it was first seen, unless it was first seen in the
   installation's own first days, when everybody is new. Of whom nothing is known (an import, the command line) is a
   member: whoever may write to the state file needs no votes to spoil it.
4. Who is shown to agree with the others little better than chance waits too; everybody else weighs as they agree (below).
5. A correction that stands in no offered text teaches a reader that cuts out spans nothing: a reviewer may find its words.
6. Where people disagree on one and the same answer, a clear majority of trust is believed and the others are outvoted;
   without one, all of them wait. So for or against an answer, and so among corrections of it that share few words.

Agreement is measured as Dawid and Skene (1979, "Maximum likelihood estimation of observer error-rates using the EM
algorithm") do: whether an answer was good is hidden, and each person has two rates, of calling good answers good and bad
ones bad. Two, because somebody who always votes up is right about every good answer; only both rates together tell that
they know nothing: `up + down - 1` is 1 for somebody who is always right, 0 for chance and for voting one way always, and
negative for the opposite of the truth. That is their weight. Each rate is a Beta-Bernoulli mean whose prior trusts
people, so whom nobody overlapped with keeps the prior's weight. A reviewer's decision counts as several agreements or
disagreements, and settles what the answer was.
"""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.reading.squad import f1
from bot.records import Person, PersonKind, Review, Vote
from bot.said import Key, Said, all_said, as_reviewed, place_of
from bot.settings import Settings
from bot.store import Store, people, reviews

RIGHT_BEFORE, WRONG_BEFORE = 4.5, 0.5  # Beta prior of both rates: 9 in 10, worth five votes
REVIEWED = 5.0  # votes that a reviewer's decision counts as
BARELY = 0.4  # whose weight is below this even at its upper end is shown to be trusted too much; the prior's is 0.8
UPPER = 1.28  # standard deviations: the upper end of a one-sided 90 % interval
CLEAR = (
    0.6  # share of the trust that a majority needs: two of three have it, one of two and five of nine don't
)
ALIKE = 0.6  # F1 of two corrections from which on they say the same: "3 days" and "5 days" don't
SUREST = 0.95  # of a rate, when an answer is judged by it: no one person settles what an answer was
ROUNDS = 20
_DAY_S = 86400.0

BY_KIND: dict[PersonKind, str] = {
    "bot": "given by a bot",
    "guest": "given by a guest",
    "external": "given by somebody of another workspace",
}
NEW_ACCOUNT = "given by a new account"
LOW_TRUST = "given by somebody who hardly agrees with others"
NOWHERE = "a correction that stands in no offered text"
CONTRADICTORY = "people disagree about this answer"

SAID_AGAIN = "said again later"
REJECTED = "rejected by a reviewer"
OUTVOTED = "outvoted"


@dataclass(frozen=True, slots=True)
class Standing:
    """What one piece of feedback counts."""

    weight: float  # 0..1: what it weighs in training
    why: str | None = None  # why it waits for a reviewer and weighs nothing until then; None: it doesn't wait
    settled: str | None = None  # why it teaches nothing for good; None: it may


@dataclass(frozen=True, slots=True)
class Rules:
    """What differs between installations."""

    new_days: float = 3.0  # an account is new that long
    free: bool = False  # the reader writes words of its own, so it learns corrections that stand nowhere
    everybody: bool = False  # believe everybody alike: what trust is worth is measured against that
    taught_days: float | None = None  # taught answers expire that many days after their last word

    @classmethod
    def of(cls, settings: Settings) -> Rules:
        generative = settings.reader == "generative"
        return cls(settings.trust_after_days, generative, taught_days=settings.taught_ttl)


def standings(store: Store, rules: Rules = Rules()) -> dict[Key, Standing]:
    """What every piece of feedback that says something counts now, by (answer id, person)."""
    return weigh(list(all_said(store)), people.known(store), reviews.all_of(store), rules)


class RecentStandings:
    """`standings` for where questions are answered: weighing reads everything that anybody ever said, so it is done at
    most once a minute, and at once for a piece that is newer. Safe to share between threads."""

    def __init__(self, store: Store, rules: Rules = Rules(), seconds: float = 60.0) -> None:
        self._store, self._rules, self._seconds = store, rules, seconds
        self._found: dict[Key, Standing] = {}
        self._weighed = float("-inf")

    def of(self, keys: Collection[Key]) -> Mapping[Key, Standing]:
        """What these pieces count, among others."""
        found = self._found
        if time.monotonic() - self._weighed > self._seconds or not found.keys() >= set(keys):
            self._weighed = time.monotonic()
            unknown = dict.fromkeys(keys, Standing(0.0))  # what says nothing that could be weighed
            self._found = found = unknown | standings(self._store, self._rules)
        return found


def weigh(
    said: Sequence[Said],
    known: Mapping[str, Person],
    reviewed: Mapping[Key, Review],
    rules: Rules = Rules(),
    now: float | None = None,
) -> dict[Key, Standing]:
    """`standings` over pieces of feedback, oldest first, without a store. `now`: Unix seconds."""
    found = {each.id: Standing(0.0, settled=SAID_AGAIN) for each in said}
    newest = _last_words(said, reviewed)
    if rules.everybody:
        return found | {each.id: Standing(1.0) for each in newest}
    rates = agreement(newest, reviewed)
    opened = min((each.first_seen for each in known.values()), default=0.0)
    now = time.time() if now is None else now
    for each in newest:
        person = each.feedback.person
        if each.id in reviewed:
            rejected = reviewed[each.id].decision == "reject"
            found[each.id] = Standing(0.0, settled=REJECTED) if rejected else Standing(1.0)
            continue
        rate = rates.get(person, Rates())
        why = _stranger(known.get(person), opened, rules, now)
        if why is None and rate.low:
            why = LOW_TRUST
        if why is None and each.corrects and not rules.free and place_of(each) is None:
            why = NOWHERE
        found[each.id] = Standing(0.0 if why else rate.weight, why=why)
    heard = [as_reviewed(each, reviewed.get(each.id)) for each in newest if found[each.id].weight > 0]
    return found | _disagreements(heard, found, reviewed)


def _last_words(said: Sequence[Said], reviewed: Mapping[Key, Review]) -> list[Said]:
    """One word a person, question and text: the newest, unless a reviewer stood by an older one."""
    last: dict[tuple[str, str, str], Said] = {}
    for each in said:
        key = (each.feedback.person, each.key, each.context or "")
        before = last.pop(key, None)
        last[key] = before if before is not None and _stands(before, reviewed, each) else each
    return list(last.values())


def _stands(before: Said, reviewed: Mapping[Key, Review], after: Said) -> bool:
    review = reviewed.get(before.id)
    return review is not None and review.decision != "reject" and after.id not in reviewed


def _stranger(person: Person | None, opened: float, rules: Rules, now: float) -> str | None:
    """Why nobody vouches for somebody; None: they are a member, and no newcomer."""
    if person is None:
        return None
    new = rules.new_days * _DAY_S
    if person.kind == "member":
        return NEW_ACCOUNT if now - person.first_seen < new <= person.first_seen - opened else None
    return BY_KIND[person.kind]


# Agreement


@dataclass(frozen=True, slots=True)
class Rates:
    """How often somebody called good answers good, and bad ones bad; counts may be parts of votes."""

    good_right: float = 0.0
    good_wrong: float = 0.0
    bad_right: float = 0.0
    bad_wrong: float = 0.0

    @property
    def good(self) -> float:
        return _mean(self.good_right, self.good_wrong)

    @property
    def bad(self) -> float:
        return _mean(self.bad_right, self.bad_wrong)

    @property
    def informed(self) -> float:
        """1: always right; 0: chance, or always the same vote; -1: always the opposite of what is right."""
        return self.good + self.bad - 1

    @property
    def weight(self) -> float:
        return max(self.informed, 0.0)

    @property
    def low(self) -> bool:
        """Whether it is shown that this person knows hardly more than chance."""
        spread = math.sqrt(
            _variance(self.good_right, self.good_wrong) + _variance(self.bad_right, self.bad_wrong)
        )
        return self.informed <= 0 or self.informed + UPPER * spread < BARELY


@dataclass(frozen=True, slots=True)
class Poll:
    """What people said of one answer."""

    votes: tuple[
        tuple[str, Vote, float], ...
    ]  # person, vote, and as how many votes it counts for their rates
    settled: float | None = None  # a reviewer knows: 1 it was good, 0 it wasn't; None: nobody does


def agreement(said: Sequence[Said], reviewed: Mapping[Key, Review]) -> dict[str, Rates]:
    """Everybody's rates, of whom anything is known, by person.

    Expectation maximisation: from what everybody's rates say of each answer to what the answers say of their rates, and
    again, until nothing moves. `said` holds one word a person, question and text.
    """
    polls = list(_polls(said, reviewed))
    rates: dict[str, Rates] = {}
    good, share = [0.5] * len(polls), 0.5
    for _ in range(ROUNDS):
        before = good
        good = [_belief(poll, rates, share) for poll in polls]
        rates = _rates(polls, good)
        share = (sum(good) + 1) / (len(good) + 2)
        if all(abs(a - b) < 1e-4 for a, b in zip(before, good, strict=True)):
            break
    return rates


def _polls(said: Sequence[Said], reviewed: Mapping[Key, Review]) -> Iterator[Poll]:
    """The answers of which several people said something, or a reviewer did."""
    answers: dict[tuple[object, ...], list[Said]] = defaultdict(list)
    for each in said:
        review = reviewed.get(each.id)
        if review is not None and review.decision == "reject" and each.corrects:
            # The words were wrong; whether the answer was, the reviewer doesn't say.
            yield Poll(((each.feedback.person, "down", REVIEWED),), settled=1.0)
        else:
            answers[each.same_answer].append(each)
    for pieces in answers.values():
        decided = [
            (review.at, each, review) for each in pieces if (review := reviewed.get(each.id)) is not None
        ]
        settled = None
        if decided:
            _, piece, review = max(decided, key=lambda known: known[0])
            settled = float(
                (piece.side == "up") == (review.decision == "accept") and review.decision != "edit"
            )
        if settled is not None or len(pieces) > 1:
            yield Poll(tuple(_vote(each, reviewed.get(each.id)) for each in pieces), settled)


def _vote(piece: Said, review: Review | None) -> tuple[str, Vote, float]:
    counts = REVIEWED if review is not None and review.decision != "edit" else 1.0
    return piece.feedback.person, piece.side, counts


def _belief(poll: Poll, rates: Mapping[str, Rates], share: float) -> float:
    """The probability that the answer was good, where a `share` of all answers is."""
    if poll.settled is not None:
        return poll.settled
    odds = math.log(share / (1 - share))
    for person, vote, _ in poll.votes:
        rate = rates.get(person, Rates())
        good, bad = (min(max(each, 1 - SUREST), SUREST) for each in (rate.good, rate.bad))
        odds += math.log(good / (1 - bad)) if vote == "up" else math.log((1 - good) / bad)
    return 1 / (1 + math.exp(-odds))


def _rates(polls: Sequence[Poll], good: Sequence[float]) -> dict[str, Rates]:
    counts: dict[str, list[float]] = defaultdict(lambda: [0.0] * 4)
    for poll, belief in zip(polls, good, strict=True):
        for person, vote, weight in poll.votes:
            if_good, if_bad = (0, 3) if vote == "up" else (1, 2)  # as the fields of Rates
            counts[person][if_good] += weight * belief
            counts[person][if_bad] += weight * (1 - belief)
    return {person: Rates(*each) for person, each in counts.items()}


def _mean(right: float, wrong: float) -> float:
    return (RIGHT_BEFORE + right) / (RIGHT_BEFORE + WRONG_BEFORE + right + wrong)


def _variance(right: float, wrong: float) -> float:
    mean = _mean(right, wrong)
    return mean * (1 - mean) / (RIGHT_BEFORE + WRONG_BEFORE + right + wrong + 1)


# Disagreement


def _disagreements(
    said: Sequence[Said], found: Mapping[Key, Standing], reviewed: Mapping[Key, Review]
) -> dict[Key, Standing]:
    """The standings of those who are outvoted, or wait because nobody has a clear majority."""
    answers: dict[tuple[object, ...], list[Said]] = defaultdict(list)
    for each in said:
        answers[each.same_answer].append(each)
    changed: dict[Key, Standing] = {}
    trust = {each.id: REVIEWED if each.id in reviewed else found[each.id].weight for each in said}
    for pieces in answers.values():
        sides = [[each for each in pieces if each.side == side] for side in ("up", "down")]
        for camps in (sides, _alike([each for each in sides[1] if each.corrects])):
            settled = _settle([[e for e in camp if e.id not in changed] for camp in camps], trust)
            changed |= {key: each for key, each in settled.items() if key not in reviewed}
    return changed


def _settle(camps: Sequence[Sequence[Said]], trust: Mapping[Key, float]) -> dict[Key, Standing]:
    """Who loses where camps disagree: all but the one with a clear majority; without one, all wait."""
    weights = [sum(trust[each.id] for each in camp) for camp in camps]
    if sum(weight > 0 for weight in weights) < 2:
        return {}
    most = max(range(len(camps)), key=lambda i: weights[i])
    clear = weights[most] >= CLEAR * sum(weights)
    lost = Standing(0.0, settled=OUTVOTED) if clear else Standing(0.0, why=CONTRADICTORY)
    return {each.id: lost for i, camp in enumerate(camps) if not (clear and i == most) for each in camp}


def _alike(corrections: Sequence[Said]) -> list[list[Said]]:
    """Corrections that say about the same, together."""
    camps: list[list[Said]] = []
    for each in corrections:
        for camp in camps:
            if f1(each.feedback.correction or "", [camp[0].feedback.correction or ""]) >= ALIKE:
                camp.append(each)
                break
        else:
            camps.append([each])
    return camps
