"""Markdown of documents as pieces of Slack's rich text, each character knowing where it stands in the source.

markdown-it-py reads the Markdown. It doesn't tell where a character came from, and answers are offsets into the source; so
each letter goes through the parser in disguise, as the private-use character that spells its own position: to Markdown's
rules both are letters. What the document means (bold, code, lists, links) and where the answer stands are then both exact.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token

from bot.slack.looks.markup import web_link

Kind = Literal["text", "heading", "item", "row", "code"]

FIRST = 0xF0000
LONGEST = 60_000
"""Characters: the private-use plane has room for so many positions. Passages are far shorter; the rest is plain text."""

STYLES = {"strong": "bold", "em": "italic", "s": "strike"}

# Letters that Markdown reads as something else than letters: numbers of lists, entities, addresses in angle brackets.
_SYNTAX = re.compile(
    r"^(?:[ \t>*+-]|\d{1,9}[.)](?=\s))*\d{1,9}(?=[.)](?:\s|$))"
    r"|&(?:#x?[0-9a-fA-F]{1,7}|\w{1,31});"
    r"|<[a-zA-Z][a-zA-Z0-9+.-]{1,31}:[^\s<>]*>",
    re.MULTILINE,
)
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://[^\s<>|\"'`\]]+")
_HOST = re.compile(r"(?:[\w-]+\.)+[a-z]{2,}\b", re.IGNORECASE)
_FILE = re.compile(
    r"\.(?:md|txt|py|sh|pdf|html?|json|ya?ml|csv|docx?|xlsx?|pptx?|png|jpe?g|js|zip)$", re.IGNORECASE
)


class Sign(NamedTuple):
    """One visible character."""

    text: str
    at: int  # offset in the source
    style: frozenset[str] = frozenset()  # of "bold", "italic", "strike", "code"
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """A paragraph, heading, item of a list, row of a table or block of code, in the order of the source."""

    kind: Kind
    cells: tuple[tuple[Sign, ...], ...]  # of a row; everything else has one
    depth: int = 0  # of a list in a list
    ordered: bool = False
    number: int = 1  # of an ordered list's item
    goes_on: bool = False  # another paragraph of the item before

    @property
    def signs(self) -> tuple[Sign, ...]:
        return tuple(sign for cell in self.cells for sign in cell)


@lru_cache(maxsize=64)
def pieces(text: str) -> tuple[Piece, ...]:
    """What a Markdown text shows. Every letter and digit stands at its offset; other characters near theirs."""
    if len(text) > LONGEST:
        return plain_pieces(text)
    hidden = _disguised(text)
    found = _walk(_parser().parse(hidden), _Place(text, hidden))
    return tuple(line for piece in found for line in _by_lines(piece))


def plain_pieces(text: str) -> tuple[Piece, ...]:
    """A text that isn't Markdown: a paragraph a line, word for word."""
    lines = re.finditer(r"[^\r\n]+", text)
    return tuple(
        Piece("text", (tuple(Sign(c, each.start() + i) for i, c in enumerate(each.group())),))
        for each in lines
    )


def within(found: Iterable[Piece], start: int, end: int) -> list[Piece]:
    """What of the pieces stands at `start:end` of the source."""
    kept = []
    for piece in found:
        cells = tuple(tuple(sign for sign in cell if start <= sign.at < end) for cell in piece.cells)
        if any(not sign.text.isspace() for cell in cells for sign in cell):
            kept.append(replace(piece, cells=tuple(cell for cell in cells if cell)))
    return kept


class _Markdown(MarkdownIt):
    """Reads links as they stand: where they lead is looked at afterwards, out of disguise."""

    def normalizeLink(self, url: str) -> str:
        return url

    def normalizeLinkText(self, link: str) -> str:
        return link

    def validateLink(self, url: str) -> bool:
        return True


@cache
def _parser() -> MarkdownIt:
    # Passages are cuts: what is indented in one is the rest of a list rather than code, and what a reference refers to
    # may stand in another.
    parser = _Markdown("commonmark", {"html": False}).enable(["table", "strikethrough"])
    return parser.disable(["code", "reference", "html_block", "html_inline"])


def _disguised(text: str) -> str:
    text = _BREAK.sub(lambda found: " " * len(found.group()), text)
    hidden = [
        chr(FIRST + i) if c.isalnum() or FIRST <= ord(c) < FIRST + LONGEST else c for i, c in enumerate(text)
    ]
    for found in _SYNTAX.finditer(text):
        hidden[found.start() : found.end()] = found.group()
    return "".join(hidden)


def _undisguised(text: str, source: str) -> str:
    return "".join(source[ord(c) - FIRST] if FIRST <= ord(c) < FIRST + len(source) else c for c in text)


def _walk(tokens: Sequence[Token], place: _Place) -> Iterator[Piece]:
    """The pieces in order; a list's items know their list."""
    lists: list[tuple[bool, int]] = []  # of each open one: whether it is numbered, and its item's number
    goes_on = False
    kind: Kind = "text"
    row: list[tuple[Sign, ...]] = []
    for token in tokens:
        if token.type in ("bullet_list_open", "ordered_list_open"):
            lists.append((token.type == "ordered_list_open", int(token.attrGet("start") or 1) - 1))
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            lists.pop()
        elif token.type == "list_item_open":
            lists[-1], goes_on = (lists[-1][0], lists[-1][1] + 1), False
        elif token.type in ("heading_open", "tr_open"):
            kind, row = ("heading" if token.type == "heading_open" else "row"), []
        elif token.type == "tr_close":
            yield Piece("row", tuple(row))
            kind = "text"
        elif token.type == "heading_close":
            kind = "text"
        elif token.type == "fence":
            yield Piece("code", (tuple(place.signs(token.content.rstrip("\n"), frozenset(), None)),))
        elif token.type == "inline":
            signs = tuple(_inline(token.children or [], place))
            if kind == "row":
                row.append(signs)
            elif lists and kind == "text":
                ordered, number = lists[-1]
                yield Piece("item", (signs,), min(len(lists) - 1, 8), ordered, number, goes_on)
                goes_on = True
            else:
                yield Piece(kind, (signs,))


def _inline(tokens: Sequence[Token], place: _Place) -> Iterator[Sign]:
    styles: list[str] = []
    link: str | None = None
    for token in tokens:
        name = STYLES.get(token.tag)
        if name and token.nesting:
            styles.append(name) if token.nesting > 0 else styles.remove(name)
        elif token.type == "link_open":
            link = _undisguised(str(token.attrGet("href") or ""), place.source)
        elif token.type == "link_close":
            link = None
        elif token.type == "image":
            yield from _inline(token.children or [], place)
        elif token.type == "code_inline":
            yield from place.signs(token.content, frozenset({*styles, "code"}), link)
        elif token.type in ("softbreak", "hardbreak"):
            yield from place.signs("\n", frozenset(styles), link)
        elif token.content:
            yield from place.signs(token.content, frozenset(styles), link)


class _Place:
    """Where the source has been read to: what comes without a position of its own stands behind that."""

    def __init__(self, source: str, hidden: str) -> None:
        self.source, self._hidden = source, hidden
        self._next = 0

    def signs(self, text: str, style: frozenset[str], link: str | None) -> Iterator[Sign]:
        for c, known, ahead in self._positions(text):
            at = known
            if at is None:
                found = self._hidden.find(c, self._next, ahead)
                at = found if found >= 0 else min(self._next, len(self.source) - 1)
            self._next = max(self._next, at + 1)
            yield Sign(c, at, style, link)

    def _positions(self, text: str) -> list[tuple[str, int | None, int]]:
        """Of each character: itself, its position where it spells one, and the next position that one spells."""
        found: list[tuple[str, int | None, int]] = []
        ahead = len(self.source)
        for c in reversed(text):
            at = ord(c) - FIRST
            if 0 <= at < len(self.source):
                ahead = at
                found.append((self.source[at], at, ahead))
            else:
                found.append((c, None, ahead))
        return found[::-1]


def _by_lines(piece: Piece) -> Iterator[Piece]:
    """Rows whose table's head stands in another passage, as rows; links as what they say they are."""
    if piece.kind != "text":
        yield replace(piece, cells=tuple(_honest(cell) for cell in piece.cells))
        return
    open_line: list[Sign] = []
    for line in _split(piece.signs, "\n"):
        said = "".join(sign.text for sign in line).strip()
        if not said.startswith("|"):
            open_line += [Sign(" ", line[0].at), *line] if open_line and line else line
            continue
        if open_line:
            yield replace(piece, cells=(_honest(open_line),))
            open_line = []
        if said.strip("|:- "):
            yield Piece("row", tuple(_honest(cell) for cell in _split(line, "|") if cell))
    if open_line:
        yield replace(piece, cells=(_honest(open_line),))


def _split(signs: Sequence[Sign], at: str) -> list[list[Sign]]:
    parts: list[list[Sign]] = [[]]
    for sign in signs:
        if sign.text == at and "code" not in sign.style:
            parts.append([])
        else:
            parts[-1].append(sign)
    return parts


def _honest(signs: Sequence[Sign]) -> tuple[Sign, ...]:
    """Links that a browser opens, and whose words don't name another place; bare addresses become links to themselves."""
    kept = list(signs)
    for start, end in _linked(kept):
        label = "".join(sign.text for sign in kept[start:end])
        link = web_link(kept[start].link)
        if link is None or not _names(label, link):
            kept[start:end] = [sign._replace(link=None) for sign in kept[start:end]]
    said = "".join(sign.text for sign in kept)
    for found in _ADDRESS.finditer(said):
        url = found.group().rstrip(".,;:!?)*_~")
        part = slice(found.start(), found.start() + len(url))
        if web_link(url) and not any(sign.link or "code" in sign.style for sign in kept[part]):
            kept[part] = [sign._replace(link=url) for sign in kept[part]]
    return tuple(kept)


def _linked(signs: Sequence[Sign]) -> list[tuple[int, int]]:
    """The (start, end) of each run of signs that leads to one place, or is meant to."""
    runs: list[tuple[int, int]] = []
    for i, sign in enumerate(signs):
        if sign.link is None:
            continue
        if runs and runs[-1][1] == i and signs[i - 1].link == sign.link:
            runs[-1] = (runs[-1][0], i + 1)
        else:
            runs.append((i, i + 1))
    return runs


def _names(label: str, link: str) -> bool:
    """Whether a link's words are honest: where they look like an address, it is of the place that the link leads to."""
    try:
        host = (urlsplit(link).hostname or "").removeprefix("www.")
    except ValueError:  # no address at all, such as half of one in brackets
        return False
    named = [each.casefold().removeprefix("www.") for each in _HOST.findall(label) if not _FILE.search(each)]
    return all(each == host for each in named)
