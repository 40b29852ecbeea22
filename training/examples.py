"""Feedback to examples: what each piece of feedback teaches, what it can't teach, and what is held out to judge on.

What was recorded with an answer is all that is used: the texts offered then, the span chosen, what the model thought.
Nothing is guessed: a piece of feedback that teaches nothing is counted under its reason, never dropped in silence.

    up                  the bot's own span again, in the text where it stood
    down                away from that span, and from that span only: a vote against is no vote for silence
    down, abstention    away from silence, in the text that the reader liked best
    up, abstention      silence was right there (at half weight: nobody knows every document)
    correction          the span with those words, in whichever offered text holds them
    "should be silent"  silence in that text, unless somebody found an answer there

A generative reader (`free`) also learns words that stand in no text: they are its own, or a person's, with the sentence
closest to them as their place. An extractive one learns nothing from them.

Held out is a share of the questions, by a hash of the question's normalised text: a question stays on its side
for good, whoever asks it again.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bot.answering import asked, nearest, priors
from bot.reading.aligning import closest_sentence
from bot.reading.squad import normalise
from bot.records import Answer, Example, Feedback, Kind, Question
from bot.store import Store, documents, feedback, questions
from training.locating import Place, locate
from training.trials import Trial, TrialKind

HELD_OUT = 0.25
LONGEST_CORRECTION = 40  # words; the reader gives no longer answers
CONFIRMED_SILENCE = 0.5  # weight of an up on an abstention
LEAST_IMPORTANCE = 0.0


@dataclass(frozen=True, slots=True)
class Said:
    """A piece of feedback with the answer and question it is about, and the passage a person pointed to."""

    feedback: Feedback
    answer: Answer
    question: Question
    pointed: str | None = None  # text of `feedback.passage_id`, where it was not among the offered

    @property
    def asked(self) -> str:
        return asked(self.question)

    @property
    def key(self) -> str:
        """The normalised question: what holding out and clustering go by."""
        return normalise(self.asked)

    @property
    def corrects(self) -> bool:
        return bool(self.feedback.correction and self.feedback.correction.strip())


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

    def kinds(self) -> dict[str, int]:
        return dict(sorted(Counter(example.kind for example in self.examples).items()))


def gather(store: Store, held_out: float = HELD_OUT, *, free: bool = False) -> Gathered:
    """Everything the store's feedback teaches now. `free`: the reader to train can write words that stand in no text."""
    return examples_of(list(_said(store)), held_out, free=free)


def examples_of(said: Sequence[Said], held_out: float = HELD_OUT, *, free: bool = False) -> Gathered:
    """`gather` over pieces of feedback, oldest first, without a store."""
    rejected: Counter[str] = Counter()
    kept = _without_contradictions(_last_words(said, rejected), rejected)
    places = {_id(each): _place(each) for each in kept if each.corrects}
    answered_there = _answered_there(kept, places)
    examples, trials, people = [], [], set()
    for each in kept:
        found = _example(each, places.get(_id(each)), answered_there)
        if isinstance(found, Example) and found.words is not None and not free:
            found = (
                "a correction that stands in no offered text"
                if each.corrects
                else "words that stand in no text"
            )
        if isinstance(found, str):
            rejected[found] += 1
            continue
        if is_held_out(each.asked, held_out):
            trials.append(_trial(each, found))
        else:
            examples.append(found)
            people.add(each.feedback.person)
    thought = {each.answer.id or 0: _thought(each.answer) for each in kept}
    return Gathered(
        tuple(examples),
        tuple(_with_all_references(trials)),
        dict(sorted(rejected.items())),
        {answer_id: value for answer_id, value in thought.items() if value is not None},
        frozenset(people),
    )


def unremarked(store: Store, most: int, held_out: float = HELD_OUT) -> list[Example]:
    """Questions people asked and said nothing about, newest first, to replay: the texts of real traffic.

    Each stands with the text its answer came from, or the reader liked best. Held-out questions stay out.
    """
    found: list[Example] = []
    seen: set[str] = set()
    for answer_id in feedback.unremarked(store, 4 * most):
        answer = questions.answer(store, answer_id)
        question = questions.question(store, answer.question_id) if answer else None
        if answer is None or question is None:
            continue
        key = normalise(asked(question))
        best = _best_text(answer)
        if answer.from_memory or best is None or key in seen or is_held_out(asked(question), held_out):
            continue
        seen.add(key)
        found.append(Example(question=asked(question), context=best, kind="replay"))
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


def _said(store: Store) -> Iterable[Said]:
    for given in feedback.all_of(store):
        answer = questions.answer(store, given.answer_id)
        question = questions.question(store, answer.question_id) if answer else None
        if answer is None or question is None:
            continue
        pointed = None
        if given.passage_id is not None and all(o.passage_id != given.passage_id for o in answer.offered):
            passage = documents.passage(store, given.passage_id)
            pointed = passage.text if passage else None
        yield Said(given, answer, question, pointed)


def _last_words(said: Sequence[Said], rejected: Counter[str]) -> list[Said]:
    """One word a person, question and context: the newest. Somebody who asks again doesn't vote twice."""
    newest: dict[tuple[str, str, str], Said] = {}
    for each in said:
        key = (each.feedback.person, each.key, _best_text(each.answer) or "")
        if key in newest:
            rejected["said again later"] += 1
        newest.pop(key, None)
        newest[key] = each
    return list(newest.values())


def _without_contradictions(said: Sequence[Said], rejected: Counter[str]) -> list[Said]:
    """Where people disagree on one and the same answer, the majority counts; a tie teaches nothing.

    Somebody's correction says more than a vote: a tie doesn't silence it, a majority does.
    """
    votes: dict[tuple[object, ...], Counter[str]] = defaultdict(Counter)
    for each in said:
        votes[_same_answer(each)][_side(each)] += 1
    kept = []
    for each in said:
        tally = votes[_same_answer(each)]
        ours, theirs = tally[_side(each)], tally["down" if _side(each) == "up" else "up"]
        if ours > theirs or (ours == theirs and each.corrects):
            kept.append(each)
        else:
            rejected["contradictory" if ours == theirs else "outvoted"] += 1
    return kept


def _same_answer(each: Said) -> tuple[object, ...]:
    return each.key, _best_text(each.answer), each.answer.abstained, each.answer.start, each.answer.end


def _side(each: Said) -> str:
    return "up" if each.feedback.vote == "up" and not each.corrects else "down"


def _place(each: Said) -> Place | None:
    """Where a correction stands: first the text the person pointed to, then the answer's own, then the others."""
    texts = [offered.text for offered in each.answer.offered]
    if each.pointed is not None:
        texts.append(each.pointed)
    pointed_at = [
        i
        for i, offered in enumerate(each.answer.offered)
        if offered.passage_id is not None and offered.passage_id == each.feedback.passage_id
    ]
    if each.pointed is not None:
        pointed_at = [len(texts) - 1]
    chosen = [] if each.answer.chosen is None else [each.answer.chosen]
    order = list(dict.fromkeys([*pointed_at, *chosen, *range(len(texts))]))
    return locate(each.feedback.correction or "", [texts[i] for i in order], each.asked)


def _answered_there(
    said: Sequence[Said], places: Mapping[tuple[int, str], Place | None]
) -> set[tuple[str, str]]:
    """(question, text) pairs of which somebody says that the answer stands there."""
    found = set()
    for each in said:
        place = places.get(_id(each))
        if place is not None:
            found.add((each.key, place.text))
        elif _side(each) == "up" and not each.answer.abstained and each.answer.evidence is not None:
            found.add((each.key, each.answer.evidence.text))
    return found


def _example(each: Said, place: Place | None, answered_there: set[tuple[str, str]]) -> Example | str:
    """What one piece of feedback teaches, or why it teaches nothing."""
    answer, given = each.answer, each.feedback
    if each.corrects:
        return _correction(each, place)
    if answer.from_memory:
        return "a vote on a taught answer"
    best = _best_text(answer)
    if best is None:
        return "no text was offered"
    common = {"question": each.asked, "context": best, "feedback": _id(each)}
    if answer.abstained:
        if given.vote == "up":
            if (each.key, best) in answered_there:
                return "silence confirmed where somebody found an answer"
            return Example(**common, kind="silence", weight=CONFIRMED_SILENCE)  # type: ignore[arg-type]
        if given.reason == "should_be_silent":
            return "told to be silent where it was"
        return Example(**common, kind="down_abstention")  # type: ignore[arg-type]
    if not 0 <= answer.start < answer.end <= len(best):
        return "the answer's span is not in its text"
    if given.vote == "up":
        return Example(**common, kind="up", start=answer.start, end=answer.end, words=_own_words(answer))  # type: ignore[arg-type]
    if given.reason == "outdated":
        return "the text is outdated, not the reading"
    if given.reason == "should_be_silent":
        if (each.key, best) in answered_there:
            return "told to be silent where somebody found an answer"
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
        return "a correction that stands in no offered text"
    rejected, rejected_words = None, None
    if not answer.abstained and not answer.from_memory and answer.evidence is not None:
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
        feedback=_id(each),
    )


def _closest(each: Said) -> Place | None:
    """The sentence closest to a correction that stands nowhere, in the text it is most likely about."""
    text = each.pointed or _best_text(each.answer)
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
    )


def _with_all_references(trials: Sequence[Trial]) -> Iterable[Trial]:
    """What anybody accepted as the answer to a question is accepted in all trials of it that have an answer."""
    accepted: dict[str, dict[str, None]] = defaultdict(dict)
    for trial in trials:
        accepted[trial.cluster].update(dict.fromkeys(trial.references))
    for trial in trials:
        yield replace(trial, references=tuple(accepted[trial.cluster])) if trial.references else trial


def _best_text(answer: Answer) -> str | None:
    """The text an answer stands in; of an abstention, the one that the reader liked best."""
    if answer.evidence is not None:
        return answer.evidence.text
    if not answer.offered:
        return None
    return answer.offered[answer.candidates[0].passage if answer.candidates else 0].text


def _thought(answer: Answer) -> float | None:
    """ln P of the answer's span when it was given; None for an abstention or a taught answer."""
    for candidate in answer.candidates:
        if (candidate.passage, candidate.start, candidate.end) == (answer.chosen, answer.start, answer.end):
            return candidate.log_probability
    return None


def _id(each: Said) -> tuple[int, str]:
    return each.answer.id or 0, each.feedback.person
