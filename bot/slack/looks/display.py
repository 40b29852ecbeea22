"""What a recorded answer looks like to a person: its Markdown read rather than shown, long texts cut sensibly."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from bot.reading.graphemes import cluster_at
from bot.reading.sentence import list_items
from bot.records import Answer, Offered
from bot.slack.looks.markdown import Piece, Sign, pieces, plain_pieces, within
from bot.slack.looks.markup import CUT, cut, one_line

ANSWER_CHARACTERS = 2000
CLOSEST = 3
AROUND_CHARACTERS = 600
GIST_CHARACTERS = 160
CELLS = " · "
_HEADING = re.compile(r"^ {0,3}#{1,6}(?:[ \t].*)?$", re.MULTILINE)


def without_markdown(text: str) -> str:
    """One line as a reader sees it: no list signs, no bold signs, table cells apart by a dot."""
    return " ".join(lines(pieces(text)))


def lines(shown: Sequence[Piece]) -> list[str]:
    """Each piece on a line of its own, as it is spoken; numbers of ordered lists are said."""
    found = []
    for piece in shown:
        said = CELLS.join(
            filter(None, (one_line("".join(sign.text for sign in cell)) for cell in piece.cells))
        )
        if said and piece.ordered and not piece.goes_on:
            said = f"{piece.number}. {said}"
        found.append(said)
    return [each for each in found if each]


def answer_text(answer: Answer) -> str:
    """The answer on one line."""
    said, (start, end) = answer.text or "", answer.place
    evidence = answer.evidence
    if evidence is not None and evidence.text[start:end] == said:
        shown = within(_pieces_of(evidence), start, end)  # a span may hold one half of a pair of signs
    else:
        shown = list(pieces(said))
    listed = len(list_items(said)) > 1
    return cut(("; " if listed else " ").join(lines(shown)) or one_line(said), ANSWER_CHARACTERS)


def is_said_whole(answer: Answer) -> bool:
    """Whether an answer is the whole sentence, or list, that it stands in, and not more of what somebody taught."""
    return not (answer.from_memory or not answer.grounded or says_more(answer)) and bool(evidence(answer))


def evidence(answer: Answer) -> list[Piece]:
    """The sentence or list around the answer as the document shows it, the ends cut off where it is too long.

    Empty where there is no sentence to show.
    """
    if not answer.sentence.strip():
        return []
    start, end = answer.sentence_start, answer.sentence_start + len(answer.sentence)
    source = answer.evidence
    if source is None or source.text[start:end] != answer.sentence:
        return _around(list(pieces(answer.sentence)), 0, 0)
    return _around(within(_pieces_of(source), start, end), answer.start, answer.end)


def marked(answer: Answer) -> tuple[int, int]:
    """Where the reader's own words stand, as the pieces of `evidence` count: (start, end); empty: nowhere."""
    return (answer.start, answer.end) if answer.grounded and answer.evidence is not None else (0, 0)


def says_more(answer: Answer) -> bool:
    """Whether the sentence tells more than the answer itself does."""
    return without_markdown(answer.sentence).strip(" .") != without_markdown(answer.text or "").strip(" .")


def source_name(offered: Offered) -> str:
    """Title > Heading, without saying the same thing twice (a first heading often repeats the title)."""
    title = one_line(offered.title)
    headings = [one_line(part) for part in offered.heading.split(" > ") if part.strip()]
    if headings and headings[0].casefold() == title.casefold():
        headings = headings[1:]
    return " > ".join(part for part in (title, *headings) if part)


def closest(offered: Sequence[Offered]) -> list[Offered]:
    """The first few passages of documents, each place once: what is shown where nothing is asserted."""
    shown: dict[str, Offered] = {}
    for each in offered:
        if each.passage_id is not None and (name := source_name(each)):
            shown.setdefault(name, each)
    return list(shown.values())[:CLOSEST]


def gist(offered: Offered) -> str:
    """How a passage of a document begins, on one line: without its headings, which its source's name says already."""
    prose = _HEADING.sub("", offered.text)
    return cut(without_markdown(prose) or without_markdown(offered.text), GIST_CHARACTERS)


def _pieces_of(offered: Offered) -> tuple[Piece, ...]:
    """Documents are Markdown; what came with the question, or was said in its thread, is words as they stand."""
    return plain_pieces(offered.text) if offered.passage_id is None else pieces(offered.text)


def _around(shown: list[Piece], start: int, end: int) -> list[Piece]:
    """The pieces, no more than AROUND_CHARACTERS before and behind what stands at `start:end` of the source."""
    signs = [sign for piece in shown for sign in piece.signs]
    inside = [i for i, sign in enumerate(signs) if start <= sign.at < end] or [0]
    first = inside[0] - AROUND_CHARACTERS
    last = min(inside[-1], inside[0] + ANSWER_CHARACTERS) + AROUND_CHARACTERS
    said = "".join(sign.text for sign in signs)
    if first > 0:
        space = said.find(" ", first, first + AROUND_CHARACTERS // 2)
        first = space + 1 if space >= 0 else cluster_at(said, first - 1)[1]
    if last < len(said):
        space = said.rfind(" ", last - AROUND_CHARACTERS // 2, last)
        last = space if space >= 0 else cluster_at(said, last)[0]
    return _window(shown, max(first, 0), last, len(said))


def _window(shown: list[Piece], first: int, last: int, total: int) -> list[Piece]:
    """The pieces' signs number `first` to `last`, with a mark where something is cut off."""
    kept, at = [], 0
    for piece in shown:
        cells = []
        for cell in piece.cells:
            part = list(cell[max(first - at, 0) : max(last - at, 0)])
            if part and at < first:
                part.insert(0, Sign(CUT, part[0].at, part[0].style))
            if part and last < total and at + len(cell) >= last:
                part.append(Sign(CUT, part[-1].at, part[-1].style))
            at += len(cell)
            cells.append(tuple(part))
        if any(cells):
            kept.append(replace(piece, cells=tuple(cell for cell in cells if cell)))
    return kept
