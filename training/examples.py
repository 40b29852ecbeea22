"""Feedback to examples: what each piece of feedback teaches, what it can't teach, and what is held out to judge on.

What was recorded with an answer is all that is used: the texts offered then, the span chosen, what the model thought.
Nothing is guessed: a piece of feedback that teaches nothing is counted under its reason, never dropped in silence.

    up                  the bot's own span again, in the text where it stood
    down                away from that span, and from that span only: a vote against is no vote for silence
    down, abstention    away from silence, in the text the person pointed to or the reader liked best
    up, abstention      silence was right there (at half weight: nobody knows every document)
    correction          the span with those words, in whichever offered text holds them
    "should be silent"  silence in that text, unless words that somebody accepted as the answer stand there
    "wrong passage"     nothing here: search learns from it, for the reading of that passage may have been right

A generative reader (`free`) also learns words that stand in no text: they are its own, or a person's, with the sentence
closest to them as their place. An extractive one learns nothing from them. What was asked in private is no example for a
generative reader: it could recite it to everybody.

What a piece weighs, and whether it counts at all, is for `bot.trust` to say. One person's share of all is capped.

Held out is a share of the questions, by a hash of the question's normalised text: a question stays on its side
for good, whoever asks it again.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bot import sight
from bot.answering import nearest, priors
from bot.reading.aligning import closest_sentence, find_words
from bot.reading.squad import normalise
from bot.records import Answer, Example, Kind, Review
from bot.said import Key, Place, Said, all_said, as_reviewed, best_text, place_of
from bot.store import Store, channels, feedback, people, questions, reviews
from bot.trust import NOWHERE, Rules, Standing, weigh
from training.trials import Trial, TrialKind

HELD_OUT = 0.25
LONGEST_CORRECTION = 40  # words; the reader gives no longer answers
CONFIRMED_SILENCE = 0.5  # weight of an up on an abstention
LEAST_IMPORTANCE = 0.0
PERSON_SHARE = 0.05  # of a build, that one person's feedback may have
SMALL_BUILD = 200  # examples: nobody is cut below an equal share of a build of that size
ENOUGH_TO_JUDGE = 0.5  # trust from which on a person's word is judged by


@dataclass(frozen=True, slots=True)
class Gathered:
    """All that the feedback of a store teaches."""

    examples: tuple[Example, ...]  # to train on
    trials: tuple[Trial, ...]  # held out, to judge on
    rejected: Mapping[str, int] = field(default_factory=dict)  # reason: how many pieces of feedback
    thought: Mapping[int, float] = field(
        default_factory=dict
    )  # answer id: ln P of its span when it was given
    people: frozenset[str] = frozenset()  # whose feedback is in `examples`
    accepted: frozenset[Key] = frozenset()  # what a reviewer stands by, of `examples`

    def kinds(self) -> dict[str, int]:
        return dict(sorted(Counter(example.kind for example in self.examples).items()))


def gather(
    store: Store,
    held_out: float = HELD_OUT,
    *,
    rules: Rules = Rules(),
    kinds: frozenset[Kind] | None = None,
    share: float = PERSON_SHARE,
) -> Gathered:
    """Everything the store's feedback teaches now.

    `rules.free`: the reader to train can write words that stand in no text. `kinds`: only these are trained on (None:
    all); what is judged on stays the same.
    """
    said, reviewed = list(all_said(store)), reviews.all_of(store)
    return examples_of(
        said,
        held_out,
        rules=rules,
        standings=weigh(said, people.known(store), reviewed, rules),
        reviewed=reviewed,
        public=channels.public(store),
        kinds=kinds,
        share=share,
    )


def examples_of(
    said: Sequence[Said],
    held_out: float = HELD_OUT,
    *,
    rules: Rules = Rules(),
    standings: Mapping[Key, Standing] | None = None,
    reviewed: Mapping[Key, Review] | None = None,
    public: frozenset[str] = frozenset(),
    kinds: frozenset[Kind] | None = None,
    share: float = PERSON_SHARE,
) -> Gathered:
    """`gather` over pieces of feedback, oldest first, without a store. `public`: channels that everybody may read."""
    reviewed = reviewed or {}
    standings = weigh(said, {}, reviewed, rules) if standings is None else standings
    rejected: Counter[str] = Counter()
    kept = list(_counted(said, standings, reviewed, rejected))
    places = {each.id: place_of(each) for each in kept if each.corrects}
    accepted = _accepted(kept)
    examples: list[Example] = []
    trials: list[tuple[str, Trial]] = []
    learned_from: set[str] = set()
    for each in kept:
        found = _example(each, places.get(each.id), accepted)
        if isinstance(found, Example) and found.words is not None and not rules.free:
            found = NOWHERE if each.corrects else "words that stand in no text"
        open_to_all = sight.is_public(each.question, public)
        trusted = standings[each.id].weight
        if isinstance(found, str):
            rejected[found] += 1
        elif is_held_out(each.asked, held_out):
            if trusted < ENOUGH_TO_JUDGE:
                rejected["too little trusted to judge by"] += 1
            else:
                trial = replace(_trial(each, found), reviewed=each.id in reviewed, public=open_to_all)
                trials.append((each.feedback.person, trial))
        elif rules.free and not open_to_all:
            rejected["asked in private, which a reader that writes could recite"] += 1
        elif kinds is not None and found.kind not in kinds:
            rejected["of a kind that is left out"] += 1
        else:
            examples.append(replace(found, weight=found.weight * trusted))
            learned_from |= _teachers(each, reviewed)
    thought = {each.answer.id or 0: _thought(each.answer) for each in kept}
    judged = trials if rules.everybody else _fair(trials, reviewed, share, rejected)
    return Gathered(
        tuple(examples),
        tuple(_with_all_references([trial for _, trial in judged])),
        dict(sorted(rejected.items())),
        {answer_id: value for answer_id, value in thought.items() if value is not None},
        frozenset(learned_from),
        frozenset(each.feedback for each in examples if each.feedback in reviewed and each.feedback),
    )


def capped(
    examples: Sequence[Example], share: float = PERSON_SHARE, accepted: frozenset[Key] = frozenset()
) -> list[Example]:
    """The examples with nobody's together weighing more than one person may; what a reviewer accepted keeps its weight.

    Whose are too many have all of theirs made lighter: which of them are the good ones, nobody knows.
    """
    weights: dict[str, float] = defaultdict(float)
    fixed = 0.0
    for each in examples:
        if each.feedback is None or each.feedback in accepted:
            fixed += each.weight
        else:
            weights[each.feedback[1]] += each.weight
    most = cap(weights.values(), share, fixed)
    lighter = {person: most / weight for person, weight in weights.items() if weight > most}
    return [
        replace(each, weight=each.weight * lighter[each.feedback[1]])
        if each.feedback is not None and each.feedback not in accepted and each.feedback[1] in lighter
        else each
        for each in examples
    ]


def cap(weights: Iterable[float], share: float = PERSON_SHARE, fixed: float = 0.0) -> float:
    """The most that one person's examples may weigh together, given what everybody's weigh; `fixed` is nobody's.

    A share of what is left when everybody is cut to it, so that a flood can't raise its own limit; of few people, twice an
    equal share, which ordinary differences in zeal stay below. Nobody is cut below an equal share of a small build:
    there the keenest have to teach for all. Where only two took part, nobody is there to be protected.
    """
    each = sorted(weights)
    if len(each) < 3:
        return math.inf
    share = max(share, 2 / len(each))
    most = math.inf
    for _ in range(200):
        before, most = most, share * (fixed + sum(min(weight, most) for weight in each))
        if before - most < 1e-9:
            break
    return max(most, SMALL_BUILD / len(each))


def unremarked(store: Store, most: int, held_out: float = HELD_OUT, *, free: bool = False) -> list[Example]:
    """Questions people asked and said nothing about, newest first, to replay: the texts of real traffic.

    Each stands with the text its answer came from, or the reader liked best. Held-out questions stay out, and for a
    reader that writes (`free`) private ones too.
    """
    public = channels.public(store)
    found: list[Example] = []
    seen: set[str] = set()
    for answer_id in feedback.unremarked(store, 4 * most):
        answer = questions.answer(store, answer_id)
        question = questions.question(store, answer.question_id) if answer else None
        if answer is None or question is None:
            continue
        key, best = normalise(question.asked), best_text(answer)
        if answer.from_memory or best is None or key in seen or is_held_out(question.asked, held_out):
            continue
        if free and not sight.is_public(question, public):
            continue
        seen.add(key)
        found.append(Example(question.asked, best, "replay", feedback=(answer_id, question.person)))
        if len(found) == most:
            break
    return found


def is_held_out(question: str, share: float = HELD_OUT) -> bool:
    """Whether a question is for judging only: the same answer for the same words, for good."""
    digest = hashlib.sha256(normalise(question).encode()).digest()
    return int.from_bytes(digest[:8], "big") < share * 2**64


def weighted(
    examples: Iterable[Example], thought: Mapping[int, float], now: Mapping[int, float]
) -> list[Example]:
    """Each up weighed by importance: how likely its span is to the adapter that training starts from, over how likely
    it was to the one that answered, clipped to at most 1 (Gao et al. 2023). Both are ln P by answer id."""
    found = []
    for example in examples:
        answer_id = example.feedback[0] if example.feedback else 0
        if example.kind == "up" and answer_id in thought and answer_id in now:
            ratio = math.exp(min(now[answer_id] - thought[answer_id], 0.0))
            example = replace(example, weight=example.weight * max(ratio, LEAST_IMPORTANCE))
        found.append(example)
    return found


def _counted(
    said: Sequence[Said],
    standings: Mapping[Key, Standing],
    reviewed: Mapping[Key, Review],
    rejected: Counter[str],
) -> Iterator[Said]:
    """The pieces that count, with reviewers' words in place of what they edited."""
    for each in said:
        standing = standings[each.id]
        if standing.weight > 0:
            yield as_reviewed(each, reviewed.get(each.id))
        elif standing.why is not None:
            rejected[f"waits for a reviewer: {standing.why}"] += 1
        else:
            rejected[standing.settled or "weighs nothing"] += 1


def _accepted(kept: Sequence[Said]) -> dict[str, set[str]]:
    """By question: the words that anybody accepted as its answer."""
    found: dict[str, set[str]] = defaultdict(set)
    for each in kept:
        if each.corrects:
            found[each.key].add(each.feedback.correction or "")
        elif each.side == "up" and not each.answer.abstained:
            found[each.key].add(each.answer.chosen_words)
    return found


def _answered_in(text: str, each: Said, accepted: Mapping[str, set[str]]) -> bool:
    """Whether words that somebody accepted as the answer to this question stand in a text."""
    return any(find_words(words, [text], each.asked) for words in accepted.get(each.key, ()))


def _teachers(each: Said, reviewed: Mapping[Key, Review]) -> set[str]:
    """Whose words these are: the person's, and those of the reviewer who wrote others."""
    review = reviewed.get(each.id)
    return {each.feedback.person} | ({review.by} if review and review.decision == "edit" else set())


def _fair(
    trials: Sequence[tuple[str, Trial]],
    reviewed: Mapping[Key, Review],
    share: float,
    rejected: Counter[str],
) -> list[tuple[str, Trial]]:
    """The trials without those beyond one person's share, so that nobody alone decides what is judged on.

    Which of a person's stay goes by a hash, as does what is held out.
    """
    unreviewed = [trial for trial in trials if not trial[1].reviewed]
    counts = Counter(person for person, _ in unreviewed)
    most = cap(counts.values(), share, len(trials) - len(unreviewed))
    dropped: set[str] = set()
    for person in (person for person, count in counts.items() if count > most):
        theirs = [trial.id for name, trial in unreviewed if name == person]
        dropped |= set(sorted(theirs, key=lambda id: hashlib.sha256(id.encode()).digest())[round(most) :])
    if dropped:
        rejected["beyond one person's share of what is judged on"] += len(dropped)
    return [trial for trial in trials if trial[1].id not in dropped]


def _example(each: Said, place: Place | None, accepted: Mapping[str, set[str]]) -> Example | str:
    """What one piece of feedback teaches, or why it teaches nothing."""
    answer, given = each.answer, each.feedback
    if each.corrects:
        return _correction(each, place)
    if answer.from_memory:
        return "a vote on a taught answer"
    best = each.context
    if best is None:
        return "no text was offered"
    common = {"question": each.asked, "context": best, "feedback": each.id}
    if answer.abstained:
        if given.vote == "up":
            if _answered_in(best, each, accepted):
                return "silence confirmed where an accepted answer stands"
            return Example(**common, kind="silence", weight=CONFIRMED_SILENCE)  # type: ignore[arg-type]
        if given.reason == "should_be_silent":
            return "told to be silent where it was"
        return Example(**{**common, "context": each.meant or best}, kind="down_abstention")  # type: ignore[arg-type]
    if not 0 <= answer.start < answer.end <= len(best):
        return "the answer's span is not in its text"
    if given.vote == "up":
        return Example(**common, kind="up", start=answer.start, end=answer.end, words=_own_words(answer))  # type: ignore[arg-type]
    if given.reason == "outdated":
        return "the text is outdated, not the reading"
    if given.reason == "wrong_passage":
        return "the wrong passage, which search learns from"
    if given.reason == "should_be_silent":
        if _answered_in(best, each, accepted):
            return "told to be silent where an accepted answer stands"
        return Example(**common, kind="silence")  # type: ignore[arg-type]
    return Example(**common, kind="down", start=answer.start, end=answer.end, words=_own_words(answer))  # type: ignore[arg-type]


def _correction(each: Said, place: Place | None) -> Example | str:
    words = (each.feedback.correction or "").split()
    if len(words) > LONGEST_CORRECTION:
        return "a correction too long for a span"
    answer = each.answer
    own = None if place else (each.feedback.correction or "").strip()
    place = place or _closest(each)
    if place is None:
        return NOWHERE
    rejected, rejected_words = None, None
    read = not answer.abstained and not answer.from_memory and each.feedback.reason != "wrong_passage"
    if read and answer.evidence is not None:
        span = (answer.start, answer.end)
        apart = span != (place.start, place.end)
        if answer.evidence.text == place.text and not answer.grounded:
            rejected_words = _own_words(answer)
        elif answer.evidence.text == place.text and apart and span[0] < span[1]:
            rejected = span
    return Example(
        question=each.asked,
        context=place.text,
        kind="correction",
        start=place.start,
        end=place.end,
        words=own,
        rejected=rejected,
        rejected_words=rejected_words,
        references=(own or place.text[place.start : place.end],),
        feedback=each.id,
    )


def _closest(each: Said) -> Place | None:
    """The sentence closest to a correction that stands nowhere, in the text it is most likely about."""
    text = each.meant or each.context
    found = closest_sentence(each.feedback.correction or "", [text], each.asked) if text else None
    return Place(text, found.start, found.end) if text and found else None


def _own_words(answer: Answer) -> str | None:
    """What a generative reader said that stands in no text; None where its words are a span."""
    return None if answer.grounded else answer.chosen_words


def _trial(each: Said, example: Example) -> Trial:
    kinds: dict[Kind, TrialKind] = {"up": "up", "correction": "correction", "silence": "silence"}
    kind = kinds.get(example.kind, "down")
    texts, weights = [offered.text for offered in each.answer.offered], priors(each.answer.offered)
    if example.context not in texts:  # the person pointed to a passage which search did not find
        texts, weights = [*texts, example.context], [*weights, 0.0]
    references = {
        "up": (each.answer.chosen_words,),
        "correction": tuple(dict.fromkeys((*example.references, each.feedback.correction or ""))),
    }
    return Trial(
        id=f"{each.answer.id}:{each.feedback.person}",
        cluster=each.key,
        question=each.asked,
        texts=tuple(texts),
        priors=tuple(weights),
        nearest=nearest(each.answer.offered),
        kind=kind,
        references=references.get(kind, ()),
        said=None if each.answer.abstained else each.answer.chosen_words,
        context=example.context,
    )


def _with_all_references(trials: Sequence[Trial]) -> Iterable[Trial]:
    """What anybody accepted as the answer to a question is accepted in all trials of it that have an answer."""
    accepted: dict[str, dict[str, None]] = defaultdict(dict)
    for trial in trials:
        accepted[trial.cluster].update(dict.fromkeys(trial.references))
    for trial in trials:
        yield replace(trial, references=tuple(accepted[trial.cluster])) if trial.references else trial


def _thought(answer: Answer) -> float | None:
    """ln P of the answer's span when it was given; None for an abstention or a taught answer."""
    for candidate in answer.candidates:
        if (candidate.passage, candidate.start, candidate.end) == (answer.chosen, answer.start, answer.end):
            return candidate.log_probability
    return None
