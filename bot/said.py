"""A piece of feedback with what it is about: the answer as it was given, and the question.

Trust weighs the pieces, and training learns from them; both have to agree on which of them speak of the same answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from bot.reading.aligning import find_words
from bot.reading.squad import normalise
from bot.records import Answer, Feedback, Question, Review, Vote
from bot.store import Store, documents, feedback, questions

Key = tuple[int, str]
"""Which piece: (answer id, person)."""


@dataclass(frozen=True, slots=True)
class Place:
    """Words found: `text[start:end]`."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Said:
    """A piece of feedback with the answer and question it is about, and the passage a person pointed to."""

    feedback: Feedback
    answer: Answer
    question: Question
    pointed: str | None = None  # text of `feedback.passage_id`, where it was not among the offered

    @property
    def id(self) -> Key:
        return self.answer.id or 0, self.feedback.person

    @property
    def asked(self) -> str:
        return self.question.asked

    @property
    def key(self) -> str:
        """The normalised question: what holding out and clustering go by."""
        return normalise(self.asked)

    @property
    def corrects(self) -> bool:
        return bool(self.feedback.correction and self.feedback.correction.strip())

    @property
    def side(self) -> Vote:
        """For the answer, or against it: a correction is against."""
        return "up" if self.feedback.vote == "up" and not self.corrects else "down"

    @property
    def context(self) -> str | None:
        """The text the answer stands in; of an abstention, the one that the reader liked best."""
        return best_text(self.answer)

    @property
    def meant(self) -> str | None:
        """The text that the person pointed to; None where they pointed to none, or it is gone."""
        wanted = self.feedback.passage_id
        offered = (each.text for each in self.answer.offered if each.passage_id == wanted)
        return self.pointed or (next(offered, None) if wanted is not None else None)

    @property
    def same_answer(self) -> tuple[object, ...]:
        """What pieces about one and the same answer have in common, however often it was given."""
        words = normalise(self.answer.chosen_words)
        return self.key, self.context, self.answer.abstained, self.answer.start, self.answer.end, words


def best_text(answer: Answer) -> str | None:
    """The text an answer stands in; of an abstention, the one that the reader liked best; None: none was offered."""
    if answer.evidence is not None:
        return answer.evidence.text
    if not answer.offered:
        return None
    return answer.offered[answer.candidates[0].passage if answer.candidates else 0].text


def all_said(store: Store) -> Iterator[Said]:
    """Every piece of feedback that says something, oldest first."""
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


def as_reviewed(piece: Said, review: Review | None) -> Said:
    """The piece with a reviewer's words in place of the person's, where the reviewer wrote any."""
    if review is None or review.decision != "edit":
        return piece
    return replace(piece, feedback=replace(piece.feedback, vote="down", correction=review.words))


def place_of(piece: Said) -> Place | None:
    """Where a correction stands: first the text the person pointed to, then the answer's own, then the others.

    The words found are the text's own. None: it stands in none of them.
    """
    texts = [piece.meant] if piece.meant is not None else []
    if piece.answer.evidence is not None:
        texts.append(piece.answer.evidence.text)
    texts += [each.text for each in piece.answer.offered]
    return locate(piece.feedback.correction or "", list(dict.fromkeys(texts)), piece.asked)


def locate(words: str, texts: list[str], question: str) -> Place | None:
    """The first text that holds `words` exactly, else tolerantly, else in other forms; None: nowhere."""
    found = find_words(words, texts, question)
    return Place(texts[found.text], found.start, found.end) if found else None
