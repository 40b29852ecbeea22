"""What a candidate changes: by kind of feedback with intervals, how sure it is against how right, and answer by answer.

All of it is reckoned from the outcomes that the gate judged by; nothing is read again.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from bot.reading.items import Item
from bot.reading.scores import Outcome, binned
from bot.reading.sentence import sentence_around
from bot.records import Adapter
from training.gate import Difference, Measured, two_way_difference
from training.trials import Trial, TrialKind, changed

DIFFERS = 0.2  # of F1: from here on an answer counts as mended or broken
AROUND = 160  # characters shown of a sentence on either side of an answer
ALIKE = 0.4  # share of common words below which two answers are different altogether
Z95 = 1.96

KINDS: tuple[tuple[TrialKind, str], ...] = (
    ("correction", "corrected"),
    ("up", "liked"),
    ("silence", "rightly silent"),
    ("down", "disliked"),
)

_TOKENS = re.compile(r"\d+(?:[.,:]\d+)*|\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a run measured, as its page shows it: outcomes in the order of `trials` and `items`."""

    trials: Sequence[Trial]
    items: Sequence[Item]  # the golden set's half that judges
    before: Measured
    after: Measured
    champion: Adapter | None = None
    candidate: Adapter | None = None
    thresholds: tuple[float, float] | None = None  # of champion and candidate


@dataclass(frozen=True, slots=True)
class Compared:
    """One kind of question: means of champion and candidate in percent, and their difference in points."""

    name: str
    measure: str  # what the percentages are
    champion: float | None  # None: only the difference is known
    candidate: float | None
    difference: Difference

    @property
    def finding(self) -> str:
        """What the interval says, in a word."""
        if self.measure == CHANGED:
            return ""  # nobody knows whether for the better
        return "better" if self.difference.low > 0 else "worse" if self.difference.high < 0 else "no proof"


F1, SILENT, CHANGED, GAIN = "F1", "silent, %", "changed, %", "F1 gained"


@dataclass(frozen=True, slots=True)
class Bin:
    """Questions whose confidence falls into one tenth: how sure the reader was, and how many were right."""

    n: int
    confidence: float  # mean, 0..1
    right: float  # share, 0..1
    low: float  # 95 % interval of that share (Wilson 1927)
    high: float


@dataclass(frozen=True, slots=True)
class Words:
    """Words in the sentence they stand in; of silence, what would have been the best guess."""

    said: str | None  # None: silent
    before: str = ""
    after: str = ""
    found: bool = True  # False: the words stand in none of the texts
    guess: str = ""
    confidence: float = 0.0


@dataclass(frozen=True, slots=True)
class Change:
    """One question that the candidate answers otherwise, to the better or the worse."""

    question: str
    origin: str  # "corrected", "golden set", ...
    champion: Words
    candidate: Words
    accepted: tuple[Words, ...]  # none: silence
    gain: float  # of F1, -1..1


@dataclass(frozen=True, slots=True)
class Changes:
    """Answers mended (or broken), the greatest change first; `hidden` more were asked where not everybody may read."""

    shown: tuple[Change, ...]
    hidden: int


def proof(numbers: Mapping[str, Any]) -> list[Compared]:
    """What the gate went by, of a verdict's numbers: the gain over all held-out feedback; no row where there is none."""
    held_out = numbers.get("held_out") or {}
    found = held_out.get("proof") or held_out.get("difference")
    return [Compared("all feedback", GAIN, None, None, Difference(**found))] if found else []


def by_kind(evidence: Evidence) -> list[Compared]:
    """A row a kind of held-out feedback and of golden question, where there are any."""
    rows = []
    triples = list(zip(evidence.trials, evidence.before.trials, evidence.after.trials, strict=True))
    for kind, name in KINDS:
        group = [each for each in triples if each[0].kind == kind]
        drawn = (
            [trial.cluster for trial, _, _ in group],
            [trial.context or trial.cluster for trial, _, _ in group],
        )
        if kind == "down":
            pairs = [(float(changed(t, a)), float(changed(t, b))) for t, a, b in group]
            rows += _compared(f"{name} answers", CHANGED, pairs, *drawn)
        else:
            pairs = [(a.f1, b.f1) for _, a, b in group]
            rows += _compared(f"{name} answers", SILENT if kind == "silence" else F1, pairs, *drawn)
    golden = list(zip(evidence.items, evidence.before.golden, evidence.after.golden, strict=True))
    parts: tuple[tuple[str, str, Callable[[Outcome], bool]], ...] = (
        ("golden set, all", F1, lambda _: True),
        ("golden set, answerable", F1, lambda outcome: outcome.answerable),
        ("golden set, no answer", SILENT, lambda outcome: not outcome.answerable),
    )
    for name, measure, belongs in parts:
        chosen = [each for each in golden if belongs(each[1])]
        pairs = [(a.f1, b.f1) for _, a, b in chosen]
        ids, texts = [item.id for item, _, _ in chosen], [item.context for item, _, _ in chosen]
        rows += _compared(name, measure, pairs, ids, texts)
    return rows


def mended(evidence: Evidence) -> Changes:
    """What the champion got wrong and the candidate gets right, or nearly."""
    return _changes(evidence, 1)


def broken(evidence: Evidence) -> Changes:
    return _changes(evidence, -1)


def reliability(outcomes: Sequence[Outcome]) -> list[Bin]:
    """One bin a tenth of confidence that any outcome falls into, least sure first."""
    found = []
    for members in filter(None, binned([outcome.confidence for outcome in outcomes])):
        n, right = len(members), sum(outcomes[i].right for i in members)
        low, high = wilson(right, n)
        found.append(Bin(n, sum(outcomes[i].confidence for i in members) / n, right / n, low, high))
    return found


def wilson(successes: int, n: int) -> tuple[float, float]:
    """The 95 % score interval of a share (Wilson 1927), 0..1; `n` is at least 1."""
    share, z2 = successes / n, Z95 * Z95
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return max(0.0, middle - half), min(1.0, middle + half)


def in_service(outcomes: Sequence[Outcome]) -> tuple[float, float] | None:
    """(coverage, risk) of what is really said, 0..1; None where nothing is."""
    said = [outcome for outcome in outcomes if outcome.answer is not None]
    if not said:
        return None
    return len(said) / len(outcomes), sum(not outcome.right for outcome in said) / len(said)


def pieces(words: str, other: str | None) -> list[tuple[str, bool]]:
    """`words` in pieces, in order, each with whether it differs from `other`'s words (upper and lower case are one).

    Against silence, or words that have next to nothing in common with it, all of it differs.
    """
    tokens = list(_TOKENS.finditer(words))
    matcher = SequenceMatcher(
        None,
        [each.group().casefold() for each in tokens],
        [each.group().casefold() for each in _TOKENS.finditer(other or "")],
        autojunk=False,
    )
    if matcher.ratio() < ALIKE:
        return [(words, True)] if words else []
    same = {
        i for block in matcher.get_matching_blocks() for i in range(block.a, block.a + block.size)
    }  # indexes of tokens
    found: list[tuple[str, bool]] = []
    at = 0
    for i, token in enumerate(tokens):
        differs = i not in same
        between = words[at : token.start()]
        if found and found[-1][1] == differs:
            found[-1] = (found[-1][0] + between + token.group(), differs)
        else:
            if between:
                found.append((between, False))
            found.append((token.group(), differs))
        at = token.end()
    if words[at:]:
        found.append((words[at:], False))
    return found


def _compared(
    name: str,
    measure: str,
    pairs: Sequence[tuple[float, float]],
    questions: Sequence[str],
    contexts: Sequence[str],
) -> list[Compared]:
    if not pairs:
        return []
    before, after = (100 * sum(side) / len(pairs) for side in zip(*pairs, strict=True))
    difference = two_way_difference([b - a for a, b in pairs], questions, contexts)
    return [Compared(name, measure, before, after, difference)]


def _changes(evidence: Evidence, sign: int) -> Changes:
    """Asked for feedback first: golden questions tell of skills, these of people. No question twice."""
    found: dict[tuple[str, str, str], Change] = {}
    hidden: set[str] = set()
    names = dict(KINDS)
    # What was accepted in private is accepted wherever the question is asked, but shown nowhere.
    private = {trial.cluster for trial in evidence.trials if not trial.public}
    for trial, a, b in zip(evidence.trials, evidence.before.trials, evidence.after.trials, strict=True):
        if trial.kind == "down" or sign * (b.f1 - a.f1) < DIFFERS:
            continue
        if trial.cluster in private:
            hidden.add(trial.cluster)
            continue
        change = _change(trial.question, names[trial.kind], trial.texts, trial.references, a, b)
        found.setdefault((trial.question, a.answer or "", b.answer or ""), change)
    people = sorted(found.values(), key=lambda each: -abs(each.gain))
    golden = [
        _change(item.question, "golden set", (item.context, *item.others), item.references, a, b)
        for item, a, b in zip(evidence.items, evidence.before.golden, evidence.after.golden, strict=True)
        if sign * (b.f1 - a.f1) >= DIFFERS
    ]
    golden.sort(key=lambda each: -abs(each.gain))
    return Changes((*people, *golden), len(hidden))


def _change(
    question: str, origin: str, texts: Sequence[str], references: Sequence[str], a: Outcome, b: Outcome
) -> Change:
    accepted = tuple(_in_sentence(each, texts) for each in dict.fromkeys(references))
    return Change(question, origin, _words(a, texts), _words(b, texts), accepted, b.f1 - a.f1)


def _words(outcome: Outcome, texts: Sequence[str]) -> Words:
    if outcome.answer is None:
        return Words(None, guess=outcome.span, confidence=outcome.confidence)
    found = _in_sentence(outcome.answer, texts)
    return Words(found.said, found.before, found.after, found.found, confidence=outcome.confidence)


def _in_sentence(words: str, texts: Sequence[str]) -> Words:
    """Words with what stands around them in the first text that has them as whole words."""
    pattern = re.compile(rf"(?<!\w){re.escape(words)}(?!\w)")
    place = next((hit for each in texts if (hit := pattern.search(each))), None)
    if not words or place is None:
        return Words(words, found=False)
    (start, end), source = place.span(), place.string
    first, last = sentence_around(source, start, end)
    before, after = source[first:start], source[end:last]
    if len(before) > AROUND:
        before = "…" + before[-AROUND:]
    if len(after) > AROUND:
        after = after[:AROUND] + "…"
    return Words(words, before, after)
