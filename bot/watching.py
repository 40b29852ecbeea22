"""What people's votes say of adapters that serve: live trials are decided by them, and a new champion is watched.

A trial compares challenger and champion in the same time, on threads that chance dealt out. Proven better, the challenger
is promoted; proven worse, or undecided when its time is over, it goes. A champion that is new is compared with what its
predecessor got while that served; a proven drop brings the predecessor back, once: what was gone back to isn't left again
by itself. Votes before and after differ in more than the adapter (other questions, other documents), so a drop may have
another cause; going back to what people were content with does no harm then, and the log says why it happened.

What is proven says `bot.sequential`. Two rules more, because a vote isn't a coin: with fewer than `LEAST` votes on either
side nothing is decided, and the proof must hold with any one person's votes left out, so that nobody turns an adapter in
or out alone. In a team in which one single person votes, that person's word is the team's. Missing votes never count.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from bot.errors import LorebotError
from bot.records import Ballot, Challenge
from bot.registry import Registry
from bot.sequential import PROVEN, Block, evidence, one_after_other, side_by_side
from bot.store import Store, ballots, challenges
from bot.store.watch import StoreWatch
from bot.trust import CONTRADICTORY, NOWHERE, Rules, Standing, standings

LEAST = 20
"""Votes that either side needs before anything is decided: the first few come from whoever is quickest."""

QUIETER = 0.1
"""More of its questions than the champion a challenger mustn't abstain on: few vote on silence, so it could look good by it."""

REMEMBERED = 600
"""Votes of the predecessor that the watch looks back on, the newest: older ones speak of other times."""

LOOK_EVERY_S = 5.0
AT_LEAST_EVERY_S = 60.0
"""Also where nobody wrote anything: a trial's time runs out by itself."""

DAY_S = 86400.0
log = logging.getLogger(__name__)
Blocks = Callable[[Sequence[Ballot]], list[Block]]


@dataclass(frozen=True, slots=True)
class Tally:
    """How many people's votes, and how many of them ups."""

    ups: int
    votes: int

    def __str__(self) -> str:
        return f"{self.ups} of {self.votes} votes were ups"


@dataclass(frozen=True, slots=True)
class Standoff:
    """A live trial as it stands now."""

    adapter: str
    other: str  # whom it is compared with
    tally: Tally
    other_tally: Tally
    since: float
    share: float  # of the threads that it answers, 0..0.5


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that happened without anybody asking for it, and that admins should hear of."""

    kind: Literal["rolled_back", "promoted", "worse", "undecided", "failed", "ended"]
    adapter: str  # on which it was decided
    serving: str  # who serves now
    why: str
    run_id: int | None = None


class VoteWatch(StoreWatch):
    """Looks after new votes, by whichever process they came, decides what they prove, and tells of it.

    `canary_days`: how long a trial may last. `tell` must not wait for anybody.
    """

    def __init__(
        self,
        store: Store,
        registry: Registry,
        tell: Callable[[Notice], None],
        *,
        rules: Rules = Rules(),
        canary_days: float = 14.0,
    ) -> None:
        failed = "looking at the votes failed; nothing is decided"
        super().__init__(
            store, "vote-watch", failed=failed, every_s=LOOK_EVERY_S, at_least_every_s=AT_LEAST_EVERY_S
        )
        self._registry, self._tell = registry, tell
        self._rules, self._days = rules, canary_days
        self._heard = max((each.id or 0 for each in challenges.ended(store, 0)), default=0)
        self._stuck: int | None = None  # the promotion from which nothing leads back
        # Votes at the last look, and which of them counted.
        self._known: dict[str, tuple[list[Ballot], list[Ballot]]] = {}

    def look(self) -> None:
        """One look: judges the trial that is open, watches a new champion, tells of trials that have ended."""
        self._judge()
        self._guard()
        self._tell_of_endings()

    def _judge(self) -> None:
        trial = challenges.current(self._store)
        if trial is None:
            return
        votes = self._counted([trial.champion, trial.adapter], since=trial.started_at)
        mine, champions = tally(votes, trial.adapter), tally(votes, trial.champion)
        better = worse = None
        if min(mine.votes, champions.votes) >= LEAST:
            better = proof(votes, _trial_blocks(trial.adapter), needed(self._store, trial))
            worse = proof(votes, _trial_blocks(trial.champion), PROVEN)
        silence, champions_silence = (
            _share(*ballots.silences(self._store, each, trial.started_at))
            for each in (trial.adapter, trial.champion)
        )
        numbers = (
            f"{mine} for {trial.adapter}, {champions} for {trial.champion} in the same time; silent on "
            f"{silence:.0%} and {champions_silence:.0%} of their questions"
        )
        if better is not None and silence - champions_silence <= QUIETER:
            self._promote(trial, f"Better on live trial: {numbers} (e-value {_rounded(better)}).")
        elif worse is not None:
            why = f"Worse on live trial: {numbers} (e-value {_rounded(worse)}; {PROVEN:g} is proof)."
            self._registry.end_challenge("worse", why, trial.id)
        elif time.time() - trial.started_at > self._days * DAY_S:
            why = f"Nothing proven in {self._days:g} days: {numbers}."
            self._registry.end_challenge("undecided", why, trial.id)

    def _promote(self, trial: Challenge, why: str) -> None:
        try:
            with self._store.write():
                open_ = challenges.current(self._store)
                if open_ is not None and open_.id == trial.id:
                    self._registry.promote(trial.adapter, by="bot", why=why, run_id=trial.run_id)
        except LorebotError as error:
            log.warning("adapter %s won its trial but can't serve: %s", trial.adapter, error)
            self._registry.end_challenge("failed", str(error), trial.id)

    def _guard(self) -> None:
        """Brings the predecessor back where the champion that is new is proven to get fewer ups."""
        found = self._registry.newcomer()
        if found is None:
            return
        promotion, predecessor = found
        before = self._counted([predecessor.id], before=promotion.at)[-REMEMBERED:]
        after = self._counted([promotion.adapter], since=promotion.at)
        if min(len(before), len(after)) < LEAST or self._stuck == promotion.id:
            return
        drop = proof([*before, *after], _watch_blocks(promotion.adapter), PROVEN)
        if drop is None:
            return
        why = (
            f"Fewer ups since {promotion.adapter} serves: {tally(after, promotion.adapter)}; before it, "
            f"{tally(before, predecessor.id)} for {predecessor.id} (e-value {_rounded(drop)}; {PROVEN:g} is proof)."
        )
        with self._store.write():
            now = self._registry.newcomer()
            if now is None or now[0].id != promotion.id:  # somebody was quicker
                return
            try:
                back = self._registry.rollback(by="bot", why=why)
            except LorebotError as error:
                log.error("%s But it can't be rolled back: %s", why, error)
                self._stuck = promotion.id
                return
        log.warning("rolled back to %s: %s", back.adapter, why)
        self._say(Notice("rolled_back", promotion.adapter, back.adapter, why, promotion.run_id))

    def _tell_of_endings(self) -> None:
        """Tells of the trials that have ended since this watch began, each once, whoever ended it."""
        for ended in challenges.ended(self._store, self._heard):
            self._heard = ended.id or 0
            log.info("the trial of adapter %s ended (%s): %s", ended.adapter, ended.outcome, ended.ending)
            if ended.outcome is not None and ended.outcome != "overtaken":  # that was somebody, who knows
                champion = self._registry.champion().id
                self._say(Notice(ended.outcome, ended.adapter, champion, ended.ending or "", ended.run_id))

    def _counted(
        self, adapters: Sequence[str], *, since: float = 0.0, before: float | None = None
    ) -> list[Ballot]:
        """The votes that count, weighed anew only where some came or went: weighing reads all that anybody ever said."""
        key, cast = " ".join(adapters), ballots.cast(self._store, adapters, since=since, before=before)
        if key not in self._known or self._known[key][0] != cast:
            self._known = {name: self._known[name] for name in list(self._known)[-3:]}
            self._known[key] = cast, of_weight(self._store, cast, self._rules)
        return self._known[key][1]

    def _say(self, notice: Notice) -> None:
        try:
            self._tell(notice)
        except Exception:
            log.exception("nobody could be told: %s", notice.why)


def of_weight(store: Store, cast: Sequence[Ballot], rules: Rules = Rules()) -> list[Ballot]:
    """The votes that count, in their order: of people whose word does without a reviewer's.

    Whoever weighs nothing in training, because they are a bot, a guest, new or untrustworthy, decides nothing here either.
    """
    if not cast:
        return []
    standing = standings(store, rules)
    return [each for each in cast if _counts(standing.get((each.answer_id, each.person)))]


def tally(votes: Iterable[Ballot], adapter: str) -> Tally:
    of_it = [each.up for each in votes if each.adapter == adapter]
    return Tally(sum(of_it), len(of_it))


def proof(votes: Sequence[Ballot], blocks: Blocks, enough: float) -> float | None:
    """The e-value of a claim, where it is `enough`, and enough still without any one person; else None."""
    found = evidence(blocks(votes))
    if found < enough:
        return None
    people = {each.person for each in votes}
    if len(people) > 1:
        for person in people:
            if evidence(blocks([each for each in votes if each.person != person])) < enough:
                return None
    return found


def needed(store: Store, trial: Challenge) -> float:
    """The e-value that promotes this challenger: each further trial against one champion has to prove more.

    20, 60, 120, ...: an equal one is promoted with a chance of 5 % in a champion's first trial, and of 10 % in all. One
    that broke down doesn't count.
    """
    others = challenges.of_champion(store, trial.champion)
    k = 1 + sum(1 for each in others if (each.id or 0) < (trial.id or 0) and each.outcome != "failed")
    return PROVEN * k * (k + 1) / 2


def on_trial(store: Store, rules: Rules = Rules(), canary: float = 0.0) -> Standoff | None:
    """The open trial, for people to look at. `canary`: the share where the trial names none."""
    trial = challenges.current(store)
    if trial is None:
        return None
    cast = ballots.cast(store, [trial.champion, trial.adapter], since=trial.started_at)
    votes = of_weight(store, cast, rules)
    mine, champions = tally(votes, trial.adapter), tally(votes, trial.champion)
    share = canary if trial.share is None else trial.share
    return Standoff(trial.adapter, trial.champion, mine, champions, trial.started_at, share)


def _counts(standing: Standing | None) -> bool:
    """Also what waits only because nobody can learn from it: an answer that divides people has its ups and downs."""
    return standing is not None and (standing.weight > 0 or standing.why in (NOWHERE, CONTRADICTORY))


def _trial_blocks(better: str) -> Blocks:
    return lambda votes: side_by_side((each.adapter == better, each.up) for each in votes)


def _watch_blocks(newcomer: str) -> Blocks:
    return lambda votes: one_after_other(
        [each.up for each in votes if each.adapter != newcomer],
        [each.up for each in votes if each.adapter == newcomer],
    )


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _rounded(e_value: float) -> str:
    return f"{e_value:.3g}" if e_value < 1e6 else "over a million"
