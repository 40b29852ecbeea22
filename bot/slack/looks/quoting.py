"""Pieces of a document as rich text: bold, code, links, lists and code blocks as the document meant them.

Rich text is literal, so nothing in it pings, links by itself or formats (Slack's reference, "Rich text block").
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from bot.slack.looks.display import CELLS
from bot.slack.looks.markdown import Piece, Sign
from bot.slack.looks.markup import cut, safe
from bot.slack.looks.rich import TEXT_ELEMENT, Json, paragraph, quote

Mark = tuple[int, int]


def shown(pieces: Sequence[Piece], mark: Mark, *, quoted: bool) -> list[Json]:
    """The parts of a rich text block. What stands at `mark` of the source is bold.

    `quoted`: beside an answer that was given in its own words, so the document's own bold stays as well; in an answer
    that is a whole sentence only the reader's words are bold.
    """
    parts: list[Json] = []
    alone = len(pieces) == 1
    for key, group in groupby(pieces, lambda piece: _layout(piece, alone)):
        members = [(piece, _leaves(piece, mark, own_bold=quoted)) for piece in group]
        members = [(piece, leaves) for piece, leaves in members if leaves]
        if not members:
            continue
        kind, depth, ordered = key
        if kind == "code":
            parts += [
                _framed({"type": "rich_text_preformatted", "elements": each}, quoted) for _, each in members
            ]
        elif kind == "list":
            made: Json = {"type": "rich_text_list", "style": "ordered" if ordered else "bullet"}
            made |= {"indent": depth} if depth else {}
            made |= {"offset": members[0][0].number - 1} if ordered and members[0][0].number > 1 else {}
            parts.append(_framed({**made, "elements": _items(members)}, quoted))
        else:
            leaves = _joined([each for _, each in members])
            parts.append(quote(leaves) if quoted else paragraph(leaves))
    return parts


def _layout(piece: Piece, alone: bool) -> tuple[str, int, bool]:
    """What goes into one part; a single item or row is shown as a sentence."""
    if piece.kind == "code":
        return "code", 0, False
    if piece.kind in ("item", "row") and not alone:
        return "list", piece.depth, piece.ordered
    return "text", 0, False


def _framed(part: Json, quoted: bool) -> Json:
    return {**part, "border": 1} if quoted else part


def _items(members: Sequence[tuple[Piece, list[Json]]]) -> list[Json]:
    """A list's items; another paragraph of one stands below it."""
    items: list[list[Json]] = []
    for piece, leaves in members:
        if piece.goes_on and items:
            items[-1] = _joined([items[-1], leaves])
        else:
            items.append(leaves)
    return [paragraph(leaves) for leaves in items]


def _joined(lines: Sequence[list[Json]]) -> list[Json]:
    found = list(lines[0])
    for leaves in lines[1:]:
        found += [{"type": "text", "text": "\n"}, *leaves]
    return found


def _leaves(piece: Piece, mark: Mark, *, own_bold: bool) -> list[Json]:
    """A piece's characters, those alike together."""
    signs = [sign for sign in _signs(piece) if safe(sign.text)]
    if piece.kind == "code":
        return (
            [{"type": "text", "text": cut("".join(sign.text for sign in signs), TEXT_ELEMENT)}]
            if signs
            else []
        )

    def look(sign: Sign) -> tuple[frozenset[str], str | None]:
        style = sign.style if own_bold else sign.style - {"bold"}
        return style | {"bold"} if mark[0] <= sign.at < mark[1] else style, sign.link

    return [_leaf("".join(sign.text for sign in group), *key) for key, group in groupby(signs, look)]


def _leaf(text: str, style: frozenset[str], link: str | None) -> Json:
    made: Json = {"type": "text", "text": cut(text, TEXT_ELEMENT)}
    if link is not None:
        made = {"type": "link", "url": link, "text": cut(text, TEXT_ELEMENT)}
    return {**made, "style": dict.fromkeys(sorted(style), True)} if style else made


def _signs(piece: Piece) -> Iterator[Sign]:
    """A piece's signs without white space at its ends and twice in a row, a row's cells apart by a dot."""
    if piece.kind == "code":
        yield from piece.signs
        return
    first = True
    for cell in piece.cells:
        before: Sign | None = None
        begun = False
        for sign in cell:
            if sign.text.isspace():
                before = sign
                continue
            if not begun and not first:
                yield Sign(CELLS, cell[0].at)
            elif begun and before is not None:
                yield before._replace(text=" ")
            yield sign
            before, begun, first = None, True, False
