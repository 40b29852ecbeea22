"""From a question to a recorded answer: find, read, decide, record. And the live reader, which is swapped while serving."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from bot import records
from bot.errors import LorebotError
from bot.knowledge import memory
from bot.knowledge.index import Index
from bot.reading.asked_for import Form, asked_for
from bot.reading.card import Threshold, threshold
from bot.reading.encoder import Encoder
from bot.reading.protocol import Reader
from bot.reading.sentence import list_around, sentence_around
from bot.records import (
    Adapter,
    Answer,
    Candidate,
    Challenge,
    Found,
    Offered,
    Promotion,
    Question,
    Reading,
)
from bot.registry import Registry
from bot.store import Store, challenges, documents, questions
from bot.store import adapters as adapter_log
from bot.store.deletions import THREAD_TITLE
from bot.store.watch import StoreWatch

MEMORY = "memory"
"""Stands in place of an adapter's id where no model answered, but somebody's teaching."""

PRIOR_WEIGHT = 4.0
"""Logits that a passage loses for each 1.0 of cosine it lies behind the most similar one; tests/bench/bench_answers.py."""

LONGEST_SAID = 600
"""Characters of a sentence, or list, that is said whole where the question asks for one; longer, the span itself is."""

UNASKED_CONFIDENCE = 0.8
"""From there on 41 of 46 answers about the demo's handbook were right, between 0.7 and 0.8 only 15 of 23; of 500 messages of a
chat about other things none was answered (tests/bench/bench_unasked.py, the small reader)."""

WATCH_S = 0.5
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class InService:
    """An adapter with its loaded reader."""

    adapter: Adapter
    reader: Reader


@dataclass(frozen=True, slots=True)
class OnTrial:
    """A challenger with its loaded reader, and the share of the threads that it answers."""

    trial: Challenge
    share: float
    service: InService

    def meets(self, question: Question) -> bool:
        """Whether this question falls to it: always the same way in one thread, and anew in another trial."""
        place = f"{self.trial.id} {question.channel} {question.thread or question.key}"
        number = int.from_bytes(hashlib.sha256(place.encode()).digest()[:8], "big")
        return number < self.share * 2**64


class LiveReader:
    """The reader in service, and its predecessor: a swap replaces one reference, so no question ever waits or fails.

    Beside it there may be a challenger on trial, a second complete reader, which comes and goes in the same way.
    """

    def __init__(self, registry: Registry, load: Callable[[Adapter], Reader]) -> None:
        self._registry = registry
        self._load = load
        champion = registry.champion()
        self._current = InService(champion, load(champion))
        self._previous: InService | None = None
        self._on_trial: OnTrial | None = None
        self._swapping = threading.Lock()

    @property
    def current(self) -> InService:
        return self._current

    def follow(self, champion: Adapter) -> bool:
        """Puts `champion` into service, warmed before anybody meets it; the one before stays loaded. True if it changed.

        Whatever building the new reader raises, the current one goes on serving.
        """
        with self._swapping:
            if champion.id == self._current.adapter.id:
                return False
            self._current, self._previous = self._ready(champion), self._current
            return True

    @property
    def on_trial(self) -> OnTrial | None:
        return self._on_trial

    def try_out(self, trial: Challenge, challenger: Adapter, share: float) -> None:
        """Lets a challenger answer `share` of the threads from here on, warmed before anybody meets it.

        Whatever building its reader raises, the champion goes on serving all of them.
        """
        with self._swapping:
            self._on_trial = OnTrial(trial, share, self._ready(challenger))

    def end_trial(self) -> None:
        """The champion answers everything from here on. Without a trial nothing happens."""
        self._on_trial = None

    def dismiss(self, on_trial: OnTrial, error: Exception) -> None:
        """Ends the trial of a challenger that failed at a question, in the state as well."""
        if self._on_trial is on_trial:
            self.end_trial()
        why = f"it failed at a question: {type(error).__name__}"  # the message might quote it
        self._registry.end_challenge("failed", why, only=on_trial.trial.id)

    def _ready(self, adapter: Adapter) -> InService:
        """An adapter's reader, warm: one that is loaded already, or a new one."""
        on_trial = self._on_trial.service if self._on_trial else None
        for loaded in (self._previous, on_trial):
            if loaded is not None and loaded.adapter.id == adapter.id:
                return loaded
        new = InService(adapter, self._load(adapter))
        new.reader.warm()
        return new


class ChampionWatch(StoreWatch):
    """Follows the promotion log, whoever wrote it.

    A champion that can't be loaded is rolled back in the log, with the reason, so that the log never names what doesn't
    serve. A challenger is followed in the same way; `canary` is the share of the threads it answers where its trial names
    none.
    """

    def __init__(
        self,
        store: Store,
        registry: Registry,
        live: LiveReader,
        swapped: Callable[[Promotion, float], None],
        *,
        canary: float = 0.0,
    ) -> None:
        failed = "looking for a new champion failed; the current one goes on serving"
        super().__init__(store, "champion-watch", failed=failed, every_s=WATCH_S)
        self._registry, self._live, self._swapped = registry, live, swapped
        self._canary = canary

    def look(self) -> None:
        """One look at the log and the trial; swaps, or takes back what can't be loaded."""
        self._follow_champion()
        self._follow_challenger()

    def _follow_champion(self) -> None:
        promotion = adapter_log.last_promotion(self._store)
        if promotion is None or promotion.adapter == self._live.current.adapter.id:
            return
        began = time.perf_counter()
        try:
            changed = self._live.follow(self._registry.champion())
        except Exception as error:
            log.exception("adapter %s can't be loaded; rolling back", promotion.adapter)
            back = self._registry.rollback(by="bot", why=f"can't be loaded: {_reason(error)}")
            self._swapped(back, time.perf_counter() - began)
            return
        if changed:
            log.info("adapter %s serves now", promotion.adapter)
            self._swapped(promotion, time.perf_counter() - began)

    def _follow_challenger(self) -> None:
        trial, on_trial = challenges.current(self._store), self._live.on_trial
        if on_trial is not None and (trial is None or trial.id != on_trial.trial.id):
            self._live.end_trial()
        elif on_trial is not None:
            return
        if trial is None:
            return
        share = self._canary if trial.share is None else trial.share
        if share == 0:
            self._registry.end_challenge("ended", "LOREBOT_CANARY is 0, so nobody would meet it", trial.id)
            return
        if problem := self._registry.trial_problem(trial):
            log.warning("the trial of adapter %s ends: %s", trial.adapter, problem)
            self._registry.end_challenge("failed", problem, trial.id)
            return
        try:
            self._live.try_out(trial, self._registry.show(trial.adapter), share)
        except Exception as error:
            log.exception("adapter %s can't be loaded; its trial ends", trial.adapter)
            self._registry.end_challenge("failed", f"can't be loaded: {_reason(error)}", trial.id)
            return
        log.info("adapter %s is on trial: it answers %.0f %% of the threads", trial.adapter, 100 * share)


class Answerer:
    """Answers questions and records them. Safe to call from several threads; the reader takes one at a time."""

    def __init__(
        self,
        store: Store,
        index: Index,
        encoder: Encoder,
        live: LiveReader,
        *,
        passages: int = 10,
        min_confidence: float | None = None,
    ) -> None:
        self._store, self._index, self._encoder, self._live = store, index, encoder, live
        self._passages = passages
        self._min_confidence = min_confidence

    def threshold(self, adapter: Adapter | None = None) -> Threshold:
        """The probability of being right from which an answer is given now, by the champion unless another is named."""
        return threshold((adapter or self._live.current.adapter).card, self._min_confidence)

    def answer(self, question: Question, thread: Sequence[str] = ()) -> Answer:
        """Finds, reads, decides, records. `thread`: what people wrote earlier in the question's thread, oldest first."""
        began = time.perf_counter()
        question = questions.record_question(self._store, question)
        found = self._remembered(question) or self._read(question, thread)
        return questions.record_answer(self._store, replace(found, seconds=time.perf_counter() - began))

    def answer_if_sure(self, question: Question, thread: Sequence[str] = ()) -> Answer | None:
        """As `answer`, for a question that nobody put to us: None unless it is sure enough to speak unasked.

        Of what isn't answered nothing is kept: it was said to others.
        """
        began = time.perf_counter()
        found = self._remembered(question) or self._read(question, thread)
        if not _sure_enough(found):
            return None
        question = questions.record_question(self._store, question)
        answer = replace(found, question_id=question.id or 0, seconds=time.perf_counter() - began)
        return questions.record_answer(self._store, answer)

    def read_again(self, question: Question, answer: Answer) -> Reading:
        """What the reader makes of the texts that were offered for an answer, with all that its confidence is made of."""
        texts, weights = [each.text for each in answer.offered], priors(answer.offered)
        return self._live.current.reader.read(asked(question), texts, weights, nearest(answer.offered))

    def _remembered(self, question: Question) -> Answer | None:
        """What somebody taught for this very question, if anybody did."""
        if not question.scopes or question.context:
            return None
        recalled = memory.recall(self._store, self._encoder, asked(question), question.scopes)
        if recalled is None:
            return None
        lesson = recalled.passage
        text = lesson.text[lesson.answer_start :]
        source, start, end = lesson, lesson.answer_start, len(lesson.text)
        evidence = documents.passage(self._store, lesson.evidence_id) if lesson.evidence_id else None
        # The text it stands in may have been kept to another place since, or always have been of one.
        if evidence is not None and evidence.scope in question.scopes:
            at = memory.find_answer(evidence.text, text)
            if at is not None:
                source, (start, end) = evidence, at
        first, last = sentence_around(source.text, start, end) if source is not lesson else (start, end)
        taught_by = documents.document(self._store, lesson.source, lesson.scope)
        return Answer(
            question_id=question.id or 0,
            text=text,
            confidence=recalled.similarity,
            adapter=MEMORY,
            offered=(_offered(source, recalled.similarity),),
            candidates=(),
            chosen=0,
            start=start,
            end=end,
            sentence=source.text[first:last],
            sentence_start=first,
            from_memory=True,
            taught_by=taught_by.person if taught_by else None,
        )

    def _read(self, question: Question, thread: Sequence[str]) -> Answer:
        query = asked(question)
        found = self._index.find(query, question.scopes, self._passages) if question.scopes else []
        offered = _given(question, thread) + [_offered(each.passage, each.similarity) for each in found]
        adapter, reading = self._read_by_whom_it_falls_to(question, offered)
        lessons = {len(offered) - len(found) + i: each.passage.answer_start for i, each in enumerate(found)}
        candidates = tuple(each for each in reading.candidates if each.start >= lessons.get(each.passage, 0))
        answer = Answer(
            question_id=question.id or 0,
            text=None,
            confidence=candidates[0].confidence if candidates else 0.0,
            adapter=adapter.id,
            offered=tuple(offered),
            candidates=candidates,
        )
        if not candidates or answer.confidence < self.threshold(adapter).value:
            return answer
        return _shown(answer, question, candidates[0], found, self._store)

    def _read_by_whom_it_falls_to(
        self, question: Question, offered: Sequence[Offered]
    ) -> tuple[Adapter, Reading]:
        """What the challenger makes of it where the question is its, else the champion; also where the challenger fails."""

        def read(service: InService) -> tuple[Adapter, Reading]:
            texts = [each.text for each in offered]
            given = asked(question), texts, priors(offered), nearest(offered)
            return service.adapter, service.reader.read(*given)

        on_trial = self._live.on_trial
        if on_trial is not None and on_trial.meets(question):
            try:
                return read(on_trial.service)
            except Exception as error:
                log.exception("adapter %s failed at a question; its trial ends", on_trial.service.adapter.id)
                self._live.dismiss(on_trial, error)
        return read(self._live.current)


def _sure_enough(answer: Answer) -> bool:
    """Whether to say it unasked: taught for this very question, or surely read, and in words that stand in a document."""
    if answer.from_memory:
        return True
    source = answer.evidence
    found = source is not None and source.passage_id is not None
    return found and answer.grounded and answer.confidence >= UNASKED_CONFIDENCE


def _reason(error: Exception) -> str:
    """An error in a few words for the log of promotions and trials, which people read: ours say what to do."""
    return str(error) if isinstance(error, LorebotError) else type(error).__name__


def asked(question: Question) -> str:
    """The question as search and reader see it: a follow-up needs the question it follows.

    The newer one stands first: of 36 follow-ups about the demo's handbook the reader then found the right span for 20, the
    other way round for 16, answering the older question instead (measured with the shipped adapter).
    """
    return question.asked


def form_of(question: Question) -> Form:
    """What kind of answer is asked for; a follow-up that asks nothing by itself ("and for interns?") asks on."""
    return asked_for("\n".join(filter(None, (question.follows, question.text))))


def priors(offered: Sequence[Offered]) -> list[float]:
    """How much likelier search holds one passage than another, in the reader's unit (logits), 0 for the likeliest.

    Text that came with the question has no similarity of its own and counts as the likeliest.
    """
    best = nearest(offered) or 0.0
    return [0.0 if each.passage_id is None else PRIOR_WEIGHT * (each.similarity - best) for each in offered]


def nearest(offered: Sequence[Offered]) -> float | None:
    """The similarity of the passage that search found nearest to the question; None where it found none."""
    return max((each.similarity for each in offered if each.passage_id is not None), default=None)


def _shown(
    answer: Answer, question: Question, best: Candidate, found: Sequence[Found], store: Store
) -> Answer:
    source = answer.offered[best.passage]
    lesson = next(
        (each.passage for each in found if each.passage.id == source.passage_id and each.passage.question),
        None,
    )
    teacher = documents.document(store, lesson.source, lesson.scope) if lesson else None
    form = form_of(question)
    around = _short_list(source.text, best) if form == "list" else None
    first, last = around or sentence_around(source.text, best.start, best.end)
    first = max(first, lesson.answer_start if lesson else 0)  # never the question that was taught with it
    whole = form != "span" and best.grounded and last - first <= LONGEST_SAID
    return replace(
        answer,
        text=source.text[first:last] if whole else best.text,
        chosen=best.passage,
        start=best.start,
        end=best.end,
        sentence=source.text[first:last],
        sentence_start=first,
        taught_by=teacher.person if teacher else None,
    )


def _short_list(text: str, best: Candidate) -> tuple[int, int] | None:
    """The list in which the reader's span stands, where there is one and it isn't too long to be said."""
    around = list_around(text, best.start, best.end)
    return around if around is not None and around[1] - around[0] <= LONGEST_SAID else None


def _given(question: Question, thread: Sequence[str]) -> list[Offered]:
    """What the question brought along: text pasted with it, and what people said before it in its thread."""
    given: list[Offered] = []
    if question.context:
        given.append(Offered(question.context, None, "Text given with the question", "", None, 0.0))
    said = "\n".join(line for line in thread if line.strip() and line.strip() != question.text.strip())
    if said:
        given.append(Offered(said, None, THREAD_TITLE, "", None, 0.0))
    return given


def _offered(passage: records.Passage, similarity: float) -> Offered:
    return Offered(passage.text, passage.id, passage.title, passage.heading, passage.link, similarity)
