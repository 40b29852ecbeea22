"""The seed recipe's data: labelled questions split by article, and questions that their passage doesn't
answer.

A reader that has only seen answerable questions always answers. What it is to stay silent on must be near: a
passage on the same matter (the best word matches for the question), the very passage without the sentence
that answers, or the very passage with a question changed in one word that matters. Whole articles (or
contexts) are kept apart for development and for the calibrator, chosen by hash, so that no later change of
the recipe moves one across.
"""

from __future__ import annotations

import hashlib
import random
import re
import sqlite3
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from bot.errors import DataError
from bot.reading.item_files import read_items
from bot.reading.items import Item, Reference
from bot.reading.sentence import sentence_around, split_sentences
from bot.reading.squad import normalise
from bot.records import Example

Part = Literal["train", "calibration", "development"]

LICENCES = {
    "wikipedia": "SQuADShifts new Wikipedia (Miller et al. 2020): CC BY 4.0; text CC BY-SA",
    "reddit": "SQuADShifts Reddit (Miller et al. 2020): CC BY 4.0",
    "wikipedia-unanswerable": "SQuAD 2.0 development set (Rajpurkar et al. 2018): CC BY-SA 4.0",
    "covid-papers": "COVID-QA (Moeller et al. 2020): Apache-2.0",
}
# of SQuAD 2.0's articles, the whole ones that nothing is trained on
KEPT_APART: Mapping[str, Part] = {"Packet_switching": "calibration", "Steam_engine": "development"}

_OPPOSITES = [
    ("first", "last"), ("before", "after"), ("largest", "smallest"), ("most", "least"), ("more", "less"),
    ("highest", "lowest"), ("start", "end"), ("began", "ended"), ("begin", "finish"), ("increase", "decrease"),
    ("win", "lose"), ("won", "lost"), ("older", "younger"), ("oldest", "newest"), ("north", "south"),
    ("east", "west"), ("northern", "southern"), ("eastern", "western"), ("best", "worst"), ("good", "bad"),
    ("early", "late"), ("earlier", "later"), ("male", "female"), ("buy", "sell"), ("bought", "sold"),
    ("open", "close"), ("always", "never"), ("above", "below"), ("high", "low"), ("long", "short"),
    ("major", "minor"), ("support", "oppose"), ("can", "can't"), ("does", "doesn't"), ("did", "didn't"),
    ("is", "isn't"), ("was", "wasn't"), ("are", "aren't"), ("were", "weren't"), ("could", "couldn't"),
]  # fmt: skip
_OPPOSITE = {a: b for pair in _OPPOSITES for a, b in (pair, pair[::-1])}
_NAME = re.compile(r"(?<![.!?]\s)(?<!^)\b[A-Z][a-z]+(?:\s[A-Z][a-z]+)*\b")
_NUMBER = re.compile(r"\b\d[\d,.]*\d\b|\b\d\b")


@dataclass(frozen=True, slots=True)
class Mix:
    """How many questions with no answer stand beside each answerable one, by how they are made; and the
    form."""

    neighbour: float = 0.15  # the question with another passage that matches its words
    removed: float = 0.2  # with its own passage, the answering sentence taken out
    altered: float = 0.1  # changed in a word that matters, with its own passage
    chat: float = 0.25  # share of questions in lower case without punctuation
    cropped: float = (
        0.0  # share of passages cut down to a few sentences around what matters: shorter, so quicker
    )
    crop: tuple[int, int] = (150, 450)  # characters that a cut passage has at least, drawn evenly
    rounds: Mapping[str, int] = field(default_factory=dict)  # times each question of a source is used, else 1
    most: Mapping[str, int] = field(default_factory=dict)  # questions of a source that are used, else all


@dataclass(frozen=True, slots=True)
class Source:
    """One file's questions, split."""

    name: str
    parts: dict[Part, tuple[Item, ...]]
    neighbours: Neighbours


class Neighbours:
    """Which contexts of a source match a question's words best (BM25, SQLite's FTS5, in memory)."""

    def __init__(self, contexts: Iterable[str]) -> None:
        self._contexts = sorted(set(contexts))
        self._db = sqlite3.connect(":memory:", check_same_thread=False)
        self._db.execute("create virtual table contexts using fts5(body, tokenize='porter unicode61')")
        self._db.executemany("insert into contexts(rowid, body) values (?, ?)", enumerate(self._contexts, 1))

    def find(self, item: Item, count: int) -> list[str]:
        """At most `count` contexts near the item's question that are not its own and hold none of its
        answers."""
        words = sorted(set(re.findall(r"\w+", item.question.lower())))
        query = " OR ".join(f'"{word}"' for word in words)
        rows = self._db.execute(
            "select rowid from contexts where contexts match ? order by rank limit ?", (query, count * 2 + 4)
        )
        answers = [normalise(text) for text in item.references]
        near = []
        for (rowid,) in rows:
            context = self._contexts[rowid - 1]
            if context != item.context and not _holds(context, answers):
                near.append(context)
        return near[:count]


def load_sources(data: Path, names: Sequence[str]) -> list[Source]:
    """The named files of `data`/qa, split. Raises DataError where one is missing."""
    sources = []
    for name in names:
        path = data / "qa" / f"{name}.jsonl.gz"
        if not path.is_file():
            raise DataError(f"Found no {path}; expected the seed recipe's data: name its folder with --data.")
        parts: dict[Part, list[Item]] = {"train": [], "calibration": [], "development": []}
        for item in read_items(path):
            parts[part_of(name, item)].append(item)
        # neighbours come from the same part, so that no kept-apart text is ever trained on
        train = Neighbours(item.context for item in parts["train"])
        sources.append(Source(name, {part: tuple(items) for part, items in parts.items()}, train))
    return sources


def part_of(source: str, item: Item) -> Part:
    """Where an item belongs: by its article where the source has them, else by its context.

    The calibrator's items come from articles of their own: on another passage of an article that was trained on, a
    reader is right more often than it will be in service, and a calibrator fitted there is too sure of itself.
    """
    if source == "wikipedia-unanswerable":
        return KEPT_APART.get(item.title.replace(" ", "_"), "train")
    if source == "wikipedia":
        share = _share(item.title)
        return "calibration" if share < 0.04 else "development" if share < 0.07 else "train"
    share = _share(item.context)
    return "development" if share < 0.07 else "calibration" if share >= 0.95 else "train"


def examples_of(source: Source, mix: Mix, seed: int, limit: int | None = None) -> list[Example]:
    """What one source teaches: each of its training questions `mix.rounds` times, with its company of
    silence."""
    draw = random.Random(f"{seed} {source.name}")
    items = list(source.parts["train"])
    draw.shuffle(items)
    most, rounds = mix.most.get(source.name), mix.rounds.get(source.name, 1)
    examples: list[Example] = []
    for item in items[:most][:limit]:
        near = source.neighbours.find(item, 2 * rounds) if item.answerable and mix.neighbour else []
        for _ in range(rounds):
            examples.append(_labelled(item, draw))
            if not item.answerable:
                continue
            if near and draw.random() < mix.neighbour:
                examples.append(_silence(item.question, near.pop(draw.randrange(len(near)))))
            if draw.random() < mix.removed and (shorter := without_answer(item)) is not None:
                examples.append(_silence(item.question, shorter))
            if draw.random() < mix.altered and (question := altered_question(item, draw)) is not None:
                examples.append(_silence(question, item.context))
    examples = [cropped(e, draw, mix.crop) if draw.random() < mix.cropped else e for e in examples]
    return [
        replace(example, question=chat_form(example.question)) if draw.random() < mix.chat else example
        for example in examples
    ]


def mixed(source: Source, part: Part, most: int = 150) -> list[Item]:
    """At most `most` items of a part as service brings them: a third with the context alone, a third with it
    among its neighbours, a third that nothing answers. Always the same ones, so that figures compare.

    Questions that people wrote to have no answer are that last third where a source has them. More of them would say of
    all questions what holds for traps.
    """
    draw = random.Random(f"1 {part} {source.name}")
    items = list(source.parts[part])
    draw.shuffle(items)
    pool = Neighbours(item.context for item in items)
    asked = deque(item for item in items if item.answerable)
    traps = deque(item for item in items if not item.answerable)
    prepared: list[Item] = []
    while asked and len(prepared) < most:
        i = len(prepared)
        item = traps.popleft() if i % 3 == 2 and traps else asked.popleft()
        near = tuple(pool.find(item, draw.choice((2, 4, 8))))
        if i % 3 == 1 or (not item.answerable and i % 2):
            item = replace(item, others=near)
        elif i % 3 == 2 and item.answerable and near:
            shorter = without_answer(item) if draw.random() < 0.4 else None
            item = replace(item, context=shorter or near[0], others=near[1:], answers=())
        prepared.append(item)
    return prepared


def without_answer(item: Item) -> str | None:
    """The item's context without the sentences that answer it; None where the answer still stands elsewhere
    in it."""
    cuts = sorted(
        {sentence_around(item.context, a.start, a.start + len(a.text)) for a in item.answers}, reverse=True
    )
    text = item.context
    for start, end in cuts:
        text = text[:start].rstrip(" ") + " " + text[end:].lstrip(" ")
    text = text.strip()
    if len(text) < 80 or _holds(text, [normalise(reference) for reference in item.references]):
        return None
    return text


def altered_question(item: Item, draw: random.Random) -> str | None:
    """The question with one name, number or word of direction exchanged, so that its passage no longer
    answers it."""
    question = item.question
    ways = []
    answers = normalise(" ".join(item.references))
    for pattern in (_NAME, _NUMBER):
        found = [m for m in pattern.finditer(question) if normalise(m.group()) not in answers]
        known = {normalise(m.group()) for m in pattern.finditer(question)}
        others = [m.group() for m in pattern.finditer(item.context) if normalise(m.group()) not in known]
        if found and others:
            match, other = draw.choice(found), draw.choice(sorted(set(others)))
            ways.append(question[: match.start()] + other + question[match.end() :])
    turned = [m for m in re.finditer(r"[a-z]+", question) if m.group() in _OPPOSITE]
    if turned:
        match = draw.choice(turned)
        ways.append(question[: match.start()] + _OPPOSITE[match.group()] + question[match.end() :])
    return draw.choice(ways) if ways else None


def cropped(example: Example, draw: random.Random, least: tuple[int, int]) -> Example:
    """The example with only some sentences of its passage: the answer's and its neighbours', or for silence those
    around the sentence that shares most words with the question, which is the one that misleads."""
    text = example.context
    sentences = split_sentences(text)
    if len(sentences) < 2:
        return example
    if example.end > example.start:
        held = [i for i, (a, b) in enumerate(sentences) if a < example.end and b > example.start]
    else:
        asked = set(re.findall(r"\w+", example.question.lower()))
        shared = [len(asked.intersection(re.findall(r"\w+", text[a:b].lower()))) for a, b in sentences]
        held = [shared.index(max(shared))]
    if not held:
        return example
    first, last, size = held[0], held[-1], draw.randint(*least)
    while sentences[last][1] - sentences[first][0] < size and (first > 0 or last + 1 < len(sentences)):
        if first > 0 and (last + 1 == len(sentences) or draw.random() < 0.5):
            first -= 1
        else:
            last += 1
    start, end = sentences[first][0], sentences[last][1]
    if example.end > example.start:  # an answer may reach into what stands between sentences
        start, end = min(start, example.start), max(end, example.end)
    span = (example.start - start, example.end - start) if example.end > example.start else (0, 0)
    return replace(example, context=text[start:end], start=span[0], end=span[1])


def chat_form(question: str) -> str:
    """The question as people type it in chat: lower case, without its closing mark."""
    return question.lower().rstrip(" ?.!")


def _labelled(item: Item, draw: random.Random) -> Example:
    if not item.answerable:
        return _silence(item.question, item.context)
    answer = _usual(item.answers, draw)
    end = answer.start + len(answer.text)
    return Example(item.question, item.context, "gold", answer.start, end, references=item.references)


def _usual(answers: Sequence[Reference], draw: random.Random) -> Reference:
    """Several people marked each answer: one of the shorter two thirds, the longest are often whole
    sentences."""
    ordered = sorted(answers, key=lambda answer: len(answer.text))
    return ordered[draw.randrange(max(1, (2 * len(ordered) + 2) // 3))]


def _silence(question: str, context: str) -> Example:
    return Example(question, context, "silence")


def _holds(context: str, answers: Sequence[str]) -> bool:
    padded = f" {normalise(context)} "
    return any(f" {answer} " in padded for answer in answers if answer)


def _share(text: str) -> float:
    """A place in 0..1 that depends on the text alone."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big") / 2**48
