"""The sentences of a text, and the one an answer stands in: what people are shown as evidence.

Documents here are Markdown and chat: headings, list items, table rows and lines of code end where they end,
without a full stop; hard-wrapped prose runs on over its line breaks. So a text is first cut into blocks by
its lines, and only the blocks are cut at full stops. All offsets are Python string offsets into the text as
given; nothing is normalised.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

Span = tuple[int, int]
Block = tuple[int, int, bool]  # start, end, whether it is prose, to be cut at full stops

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|$)")
_FENCE = re.compile(r"\s*(```+|~~~+)")
_MARKER = re.compile(r"\s*(?:>\s?)*(?:(?:[-*+•‣◦–]|\d{1,3}[.)]|[a-zA-Z]\))\s+(?:\[[ xX]\]\s+)?)?")
_HEADING = re.compile(r"\s*(?:>\s?)*#{1,6}\s+")
_END = re.compile(r"""(?:(?<![.!?…])[.!?…]++["'”’»)\]*_`]*+(?=\s))|(?:[。！？]+[」』”’）]*)""")
_LONGEST_ABBREVIATION = 12  # how far back a word is looked at
_OPENING = re.compile(r"""\s*["'“‘«(\[*_`]*""")  # what may stand before a sentence's first word
_WORD = re.compile(r"\w*")
_WORD_BEFORE = re.compile(r"[^\s(\[{\"'“‘«*_`]*$")


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


_NEVER_LAST = _words(
    "e.g i.e cf vs viz ca approx incl excl resp no nos fig figs eq eqs sec secs art arts ch chap vol pp p ed eds "
    "dr mr mrs ms prof st rev gen col lt sgt capt hon sen rep gov pres mt ft dept est tel ext var nr abb bzw z.b"
)
"""Abbreviations that a name, a number or an explanation follows."""

_SELDOM_LAST = _words(
    "etc inc ltd corp co bros llc jr sr al a.m p.m u.s u.k u.s.a e.u u.n ph.d m.d b.a m.a b.sc m.sc d.c "
    "jan feb mar apr jun jul aug sep sept oct nov dec mon tue tues wed thu thur thurs fri sat sun "
    "min max avg hr hrs sek std govt assn univ ave blvd rd"
)
"""Abbreviations that can close a sentence: they do where a word follows that usually opens one."""

_OPENERS = _words(
    "the a an it its this that these those there here he she they we you i in on at if when while for from after "
    "before as to by with however but and or so please note see all each every no not what who where how why our "
    "your their his her my use do"
)


def split_sentences(text: str) -> list[Span]:
    """The (start, end) of each sentence of `text`, in order, never overlapping, without surrounding white
    space.

    What carries no words of its own (list markers, heading marks, outer table pipes, fences) lies between
    them.
    """
    spans: list[Span] = []
    for start, end, prose in _blocks(text):
        spans.extend(_sentences(text, start, end) if prose else _trimmed(text, start, end))
    return spans


def sentence_around(text: str, start: int, end: int) -> Span:
    """The (start, end) of the sentence around `text[start:end]`; of all its sentences where it crosses
    several.

    The result always contains the span itself. An empty span belongs to the sentence at or before it.
    """
    if not 0 <= start <= end <= len(text):
        raise ValueError(f"span {start}..{end} lies outside a text of {len(text)} characters")
    touched = [s for s in split_sentences(text) if s[0] < max(end, start + 1) and s[1] > start]
    if not touched:
        return start, end
    return min(start, touched[0][0]), max(end, touched[-1][1])


def list_around(text: str, start: int, end: int) -> Span | None:
    """The (start, end) of the whole list, or table, of whose items or rows one holds `text[start:end]`; None where none
    does, or where it is the only one. Blank lines between items, and lines that continue one, belong to the list."""
    lines = [match.span() for match in _LINE.finditer(text) if match.group()]
    kinds = [_kind(text[first:last]) for first, last in lines]
    inside = [i for i, (first, last) in enumerate(lines) if first < max(end, start + 1) and last > start]
    if not inside:
        return None
    at = inside[0]
    while at and kinds[at] == "more":
        at -= 1
    kind = kinds[at]
    if kind not in ("item", "row") or any(kinds[i] not in (kind, "more") for i in range(at, inside[-1] + 1)):
        return None
    belongs = (kind, "more", "blank") if kind == "item" else (kind,)
    first, last = at, inside[-1]
    while first and kinds[first - 1] in belongs:
        first -= 1
    while last + 1 < len(lines) and kinds[last + 1] in belongs:
        last += 1
    held = [i for i in range(first, last + 1) if kinds[i] == kind]
    if len(held) < 2:
        return None
    begin = held[0]  # what stands before the first item continues another text
    spans = list(_trimmed(text, lines[begin][0], lines[last][1]))
    return spans[0]


def list_items(text: str) -> list[Span]:
    """The (start, end) of each item of a list, or row of a table, with the lines that continue it; rules are no rows."""
    items: list[Span] = []
    open_item = False
    for match in _LINE.finditer(text):
        line = match.group()
        kind = _kind(line)
        stop = match.start() + len(line.rstrip())
        if kind in ("item", "row") and not _is_rule(line):
            items.append((match.start(), stop))
        elif kind == "more" and open_item:
            items[-1] = (items[-1][0], stop)
        open_item = kind == "item" or (kind == "more" and open_item)
    return items


def _kind(line: str) -> str:
    """What a line is for a list: "item", "row" of a table, "more" of an item, "blank", or "" for anything else."""
    if not line.strip():
        return "blank"
    if line.lstrip().startswith("|"):
        return "row"
    marker = _MARKER.match(line)
    if marker and line[: marker.end()].strip(" \t>"):
        return "item"
    return "more" if line[:1] in " \t" else ""


def _blocks(text: str) -> Iterator[Block]:
    """Pieces that no sentence crosses: paragraphs and list items, which hold sentences; and headings, table
    rows and lines of code, which are shown whole."""
    lines: list[Span] = []  # of the paragraph or list item being gathered
    fence = ""

    def gathered() -> Iterator[Block]:
        for start, end in _deliberate_breaks(text, lines):
            yield start, end, True
        lines.clear()

    for match in _LINE.finditer(text):
        start, end = match.span()
        if start == end:
            break
        line = text[start:end]
        stop = start + len(line.rstrip())
        fenced = _FENCE.match(line)
        if fence:
            if fenced and line.strip().startswith(fence):
                fence = ""
            elif stop > start:
                yield start, stop, False
            continue
        if fenced:
            yield from gathered()
            fence = fenced.group(1)
        elif stop == start or _is_rule(line):
            yield from gathered()
        elif heading := _HEADING.match(line):
            yield from gathered()
            yield start + heading.end(), stop, False
        elif line.lstrip().startswith("|"):
            yield from gathered()
            yield *_inside_pipes(text, start, stop), False
        else:
            marker = _MARKER.match(line)
            skipped = marker.end() if marker else 0
            if line[:skipped].strip() not in ("", ">"):  # a list marker: a new item
                yield from gathered()
            lines.append((start + skipped, stop))
    yield from gathered()


def _is_rule(line: str) -> bool:
    """A line that only draws: under a table's or a text's heading, or between sections."""
    return "--" in line and not line.strip(" \t\r\n:|-")


def _inside_pipes(text: str, start: int, end: int) -> Span:
    row = text[start:end]
    return start + len(row) - len(row.lstrip("| \t")), start + len(row.rstrip("| \t"))


def _deliberate_breaks(text: str, lines: list[Span]) -> Iterator[Span]:
    """Cuts a paragraph where its author ended a line before it was full: the next word would have fitted.

    In hard-wrapped prose it never would; in addresses, key-value lines and chat it does.
    """
    if not lines:
        return
    width = max(end - start for start, end in lines)
    block_start = lines[0][0]
    for (start, end), (next_start, next_end) in pairwise(lines):
        following = text[next_start:next_end]
        first_word = following.split(maxsplit=1)[0] if following.strip() else ""
        if end - start + 1 + len(first_word) <= width and not following[:1].islower():
            yield block_start, end
            block_start = next_start
    yield block_start, lines[-1][1]


def _sentences(text: str, start: int, end: int) -> Iterator[Span]:
    at = start
    for match in _END.finditer(text, start, end):
        if match.end() < end and _ends_sentence(text, at, match, end):
            yield from _trimmed(text, at, match.end())
            at = match.end()
    yield from _trimmed(text, at, end)


def _ends_sentence(text: str, start: int, match: re.Match[str], end: int) -> bool:
    mark = match.group().rstrip("\"'”’»)]*_`")
    if mark[:1] in "。！？":
        return True
    opening = _OPENING.match(
        text, match.end(), end
    )  # the rest isn't copied: it may be megabytes, at each mark
    at = opening.end() if opening else end
    opens_low = at < end and text[at].islower()
    if mark != ".":
        return not (opens_low and len(match.group()) > len(mark))  # "Stop!" he said.
    before = _WORD_BEFORE.search(text, max(start, match.start() - _LONGEST_ABBREVIATION), match.start())
    word = before.group().lower() if before else ""
    if word in _NEVER_LAST or (len(word) == 1 and word.isalpha() and text[match.start() - 1].isupper()):
        return False  # the latter: an initial, J. Smith
    if word in _SELDOM_LAST:
        next_word = _WORD.match(text, at, end)
        return next_word is not None and not opens_low and next_word.group().lower() in _OPENERS
    if opens_low:  # chat without capitals: only after what is surely a word
        return len(word) >= 4 and re.sub("['’]", "", word).isalpha()
    return True


def _trimmed(text: str, start: int, end: int) -> Iterator[Span]:
    piece = text[start:end]
    first = start + len(piece) - len(piece.lstrip())
    last = start + len(piece.rstrip())
    if first < last:
        yield first, last
