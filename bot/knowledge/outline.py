"""The outline of a Markdown text: its sections, blocks and sentences, so that cuts fall only between them.

Offsets are Python string offsets into the text as given. Sentences are those of `bot.reading.sentence`: what
people are shown as evidence is never torn apart here.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from bot.reading.sentence import Span, split_sentences

BlockKind = Literal["heading", "text", "code", "table", "blank"]

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|$)")
_HEADING = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))??(?:[ \t]+#+)?[ \t]*")
_UNDERLINE = re.compile(r" {0,3}(?:=+|-{2,})[ \t]*")
_FENCE = re.compile(r"\s*(```+|~~~+)")
_MARKUP = re.compile(r"!?\[([^\]]*)\]\([^)]*\)|<[^>]+>|[*`]+|(?<!\w)_+|_+(?!\w)")
_FRONT = re.compile(r"---[ \t]*(?:\r\n|\r|\n)(?:[^\r\n]*(?:\r\n|\r|\n)){1,100}?---[ \t]*(?:\r\n|\r|\n|$)")
_KEY = re.compile(r"^[\w-]+[ \t]*:", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """Lines that belong together: a heading, a paragraph or list, a table, a piece of code; blank lines after
    it."""

    kind: BlockKind
    start: int
    end: int
    level: int = 0  # of the heading that it begins with; 0: none
    words: str = ""  # of that heading, without markup


def blocks(text: str, sentences: Sequence[Span]) -> list[Block]:
    """The blocks of a text, without gaps, from behind its front matter to its end; no border lies in a
    sentence."""
    found: list[Block] = []
    for block in _joined_lines(_lines_by_kind(text, front_matter(text))):
        if found and _inside(sentences, block.start):
            found[-1] = replace(found[-1], kind="text", end=block.end)
        elif found and (block.kind == "blank" or found[-1].kind == "blank"):
            last = found[-1]
            found[-1] = replace(last if block.kind == "blank" else block, start=last.start, end=block.end)
        else:
            found.append(block)
    return found


def paths(of: Sequence[Block]) -> list[tuple[str, ...]]:
    """For each block the headings above it, outermost first; its own, where it is a heading, last."""
    open_headings: list[tuple[int, str]] = []
    found: list[tuple[str, ...]] = []
    for block in of:
        if block.level:
            while open_headings and open_headings[-1][0] >= block.level:
                open_headings.pop()
            open_headings.append((block.level, block.words))
        found.append(tuple(words for _, words in open_headings))
    return found


def sentence_cuts(text: str, block: Block, sentences: Sequence[Span]) -> list[int]:
    """Where a block can be cut: before each of its sentences but the first, list marker and all."""
    first = bisect_right(sentences, (block.start, -1))
    last = bisect_right(sentences, (block.end, -1))
    cuts: list[int] = []
    for (_, before), (start, _) in zip(sentences[first:last], sentences[first + 1 : last], strict=False):
        line = max(text.rfind("\n", before, start), text.rfind("\r", before, start)) + 1
        cuts.append(line or start)
    return cuts


def line_cuts(text: str, block: Block, sentences: Sequence[Span]) -> list[int]:
    """Where a table or a piece of code can be cut: before each of its lines but the first."""
    starts = (match.start() for match in _LINE.finditer(text, block.start, block.end))
    return [at for at in starts if block.start < at < block.end and not _inside(sentences, at)]


def first_line(text: str, block: Block) -> str:
    match = _LINE.match(text, block.start + _leading_space(text[block.start : block.end]))
    return match.group().strip() if match else ""


def front_matter(text: str) -> int:
    """Where the text begins behind its YAML head (keys between two `---` lines); 0 without one."""
    match = _FRONT.match(text)
    return match.end() if match and _KEY.search(match.group()) else 0


def first_heading(text: str) -> str:
    """The words of the first heading that has any; "" without one."""
    return next((block.words for block in blocks(text, split_sentences(text)) if block.words), "")


def _lines_by_kind(text: str, start: int) -> Iterator[Block]:
    """Each line as a block; an underlined heading is one of two lines, and a fence's first line differs from
    what went before by its `words`, so that two pieces of code in a row stay two."""
    matches = [match for match in _LINE.finditer(text, start) if match.end() > match.start()]
    lines = [match.group().rstrip("\r\n") for match in matches]
    fence, piece, after_blank, skip = "", 0, True, False
    for i, (match, line) in enumerate(zip(matches, lines, strict=True)):
        at, end = match.span()
        fenced = _FENCE.match(line)
        if skip:
            skip = False
        elif fence:
            yield Block("code", at, end, words=str(piece))
            fence = "" if fenced and line.strip().startswith(fence) else fence
        elif fenced:
            fence, piece = fenced.group(1), piece + 1
            yield Block("code", at, end, words=str(piece))
        elif not line.strip():
            yield Block("blank", at, end)
        elif heading := _HEADING.fullmatch(line):
            yield Block("heading", at, end, len(heading.group(1)), _plain(heading.group(2) or ""))
        elif line.lstrip().startswith("|"):
            yield Block("table", at, end)
        elif after_blank and i + 1 < len(lines) and _UNDERLINE.fullmatch(lines[i + 1]) and line[0].isalnum():
            level = 1 if "=" in lines[i + 1] else 2
            yield Block("heading", at, matches[i + 1].end(), level, _plain(line))
            skip = True
        else:
            yield Block("text", at, end)
        after_blank = not line.strip()


def _joined_lines(lines: Iterator[Block]) -> Iterator[Block]:
    current: Block | None = None
    for line in lines:
        if current and line.kind == current.kind != "heading" and line.words == current.words:
            current = replace(current, end=line.end)
            continue
        if current:
            yield _nameless(current)
        current = line
    if current:
        yield _nameless(current)


def _nameless(block: Block) -> Block:
    return block if block.level else replace(block, words="")


def _inside(sentences: Sequence[Span], at: int) -> bool:
    before = bisect_right(sentences, (at, -1)) - 1
    return before >= 0 and sentences[before][0] < at < sentences[before][1]


def _plain(heading: str) -> str:
    return " ".join(_MARKUP.sub(lambda match: match.group(1) or "", heading).split())


def _leading_space(piece: str) -> int:
    return len(piece) - len(piece.lstrip())
