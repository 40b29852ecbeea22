"""Cuts a Markdown text into passages: small enough for the reader's window, whole enough to be understood
alone.

A passage never begins or ends inside a sentence, a table row or a line of code, and keeps to its section
where that is long enough to stand for itself. Among all the ways to cut, the cheapest is taken: each passage
costs what its length lies off the target, and each cut what it tears apart. So no greedy filling leaves a
last line over.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from bot.knowledge.outline import Block, blocks, first_line, line_cuts, paths, sentence_cuts
from bot.reading.graphemes import cluster_at
from bot.reading.sentence import Span, split_sentences
from bot.records import Passage

TARGET = 800
LIMIT = 1_000
"""Characters: 120 to 180 words, about 250 tokens; with the question they fit the reader's 384."""

MAX_SENTENCE = 4_000
"""A "sentence" longer than this is data, or text without full stops: it is cut at spaces."""

MAX_COLUMNS = 200
"""Characters of a table's first row that its later pieces carry along in their heading."""

JOIN = 0.4
"""Cost of putting two sections into one passage: below it, a lonely tiny section would cost more."""

SHORT = 1.0
LONG = 0.2
TEAR_SENTENCES = 0.35
TEAR_LINES = 0.3
TEAR_LEAD_IN = 0.6
TEAR_BLOCKS = 0.05
TEAR_HEADING = 5.0
TEAR_JOINED = 1.0
"""Of joining a section with only a part of another."""


@dataclass(frozen=True, slots=True)
class Atom:
    """What is never cut again: some sentences' worth of text, a table or a piece of code that fits, a
    heading."""

    start: int  # without white space around it
    end: int
    path: tuple[str, ...]
    section: int
    tear: float  # cost of cutting before it
    heading: bool = False
    columns: str = ""  # the first row of the table that it continues


def cut(markdown: str, *, title: str, scope: str) -> list[Passage]:
    """The passages of a text, in order: each `text` is `markdown[start:start + len(text)]`. None for a blank
    text.

    They carry no ids: the store gives them.
    """
    atoms = list(_atoms(markdown))
    passages: list[Passage] = []
    for ordinal, (first, last) in enumerate(_cheapest(atoms)):
        group = atoms[first:last]
        passages.append(
            Passage(
                document_id=0,
                scope=scope,
                title=title,
                heading=_heading(group),
                text=markdown[group[0].start : group[-1].end],
                start=group[0].start,
                ordinal=ordinal,
            )
        )
    return passages


def _atoms(text: str) -> Iterator[Atom]:
    sentences = split_sentences(text)
    of_text = blocks(text, sentences)
    section = 0
    before: Block | None = None
    for block, path in zip(of_text, paths(of_text), strict=True):
        section += block.level > 0
        tear = _tear(text, before, block)
        pieces = _pieces(text, block, sentences)
        columns = first_line(text, block)[:MAX_COLUMNS].strip("| ") if block.kind == "table" else ""
        for start, end in pieces:
            begun = (start, end) != pieces[0]
            yield Atom(
                start,
                end,
                path,
                section,
                tear=(TEAR_SENTENCES if block.kind == "text" else TEAR_LINES) if begun else tear,
                heading=block.kind == "heading",
                columns=columns if begun else "",
            )
        before = block


def _tear(text: str, before: Block | None, block: Block) -> float:
    """The cost of cutting between two blocks."""
    if before is None or block.level:
        return 0.0
    if before.kind == "heading":
        return TEAR_HEADING
    return TEAR_LEAD_IN if text[before.start : before.end].rstrip().endswith(":") else TEAR_BLOCKS


def _pieces(text: str, block: Block, sentences: Sequence[Span]) -> list[Span]:
    """The (start, end) of what a block is made of, without white space around."""
    whole = _trimmed(text, block.start, block.end)
    if whole[1] <= whole[0] or block.kind == "heading":
        return [whole] if whole[1] > whole[0] else []
    if block.kind == "text":
        cuts = sentence_cuts(text, block, sentences)
    else:
        cuts = [] if whole[1] - whole[0] <= LIMIT else line_cuts(text, block, sentences)
    borders = [block.start, *cuts, block.end]
    pieces = [_trimmed(text, start, end) for start, end in pairwise(borders)]
    return [part for start, end in pieces if end > start for part in _bounded(text, start, end)]


def _bounded(text: str, start: int, end: int) -> Iterator[Span]:
    """A piece as it is; an absurdly long one cut at spaces, or anywhere where there are none."""
    too_long = end - start > MAX_SENTENCE
    while too_long and end - start > LIMIT:
        space = max(text.rfind(mark, start + LIMIT // 2, start + LIMIT) for mark in " \t\n")
        stop = space if space > start else cluster_at(text, start + LIMIT, start)[0]
        stop = stop if stop > start else start + LIMIT  # a single letter under a thousand accents
        yield _trimmed(text, start, stop)
        start = _trimmed(text, stop, end)[0]
    if end > start:
        yield start, end


def _cheapest(atoms: Sequence[Atom]) -> list[tuple[int, int]]:
    """The (first, last) atoms of each passage, last excluded, of the cheapest way to cut."""
    cost = [0.0] + [float("inf")] * len(atoms)
    begin = [0] * (len(atoms) + 1)
    for first in range(len(atoms)):
        for last, price in _prices(atoms, first):
            total = cost[first] + price
            if total < cost[last]:
                cost[last], begin[last] = total, first
    groups: list[tuple[int, int]] = []
    at = len(atoms)
    while at:
        groups.append((begin[at], at))
        at = begin[at]
    return groups[::-1]


def _prices(atoms: Sequence[Atom], first: int) -> Iterator[tuple[int, float]]:
    """What each passage that begins with the atom `first` costs: (last atom, excluded; cost)."""
    opening = atoms[first]
    begun = first > 0 and atoms[first - 1].section == opening.section
    joins, bodies = 0, 0
    for last in range(first, len(atoms)):
        atom = atoms[last]
        length = atom.end - opening.start
        if len(atom.path) < len(opening.path):
            return  # out of the section, and of its parent
        if length > LIMIT and last > first and (bodies or atom.heading):
            return
        joins += atom.heading and bodies > 0
        bodies += not atom.heading
        ended = last + 1 == len(atoms) or atoms[last + 1].section != atom.section
        torn = TEAR_JOINED * (begun + (not ended)) if joins else 0.0
        yield last + 1, opening.tear + JOIN * joins + torn + _off_target(length)


def _off_target(length: int) -> float:
    if length < TARGET:
        return SHORT * ((TARGET - length) / TARGET) ** 2
    return LONG * ((length - TARGET) / (LIMIT - TARGET)) ** 2


def _heading(group: Sequence[Atom]) -> str:
    """The headings that all of a passage stands under, and the columns of a table that it continues."""
    under = [atom.path for atom in group if not atom.heading] or [atom.path for atom in group]
    common = 0
    while all(len(path) > common and path[common] == under[0][common] for path in under):
        common += 1
    parts = [words for words in under[0][:common] if words]
    return " > ".join([*parts, group[0].columns] if group[0].columns else parts)


def _trimmed(text: str, start: int, end: int) -> Span:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end
