"""What a recorded answer looks like to a person: Markdown signs of the source taken away, long texts cut sensibly."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from bot.reading.sentence import list_items
from bot.records import Answer, Offered
from bot.slack.markup import cut, cut_front, one_line

ANSWER_CHARACTERS = 2000
CLOSEST = 3
AROUND_CHARACTERS = 600
Parts = tuple[str, str, str]
"""Text before the reader's words, those, and text behind them."""

_LEADING = re.compile(r"^\s*(?:#{1,6}\s+|[-*+]\s+|\d{1,3}[.)]\s+|>\s?)+")
_RULE = re.compile(r"^[\s|:=-]+$")
_LINK = re.compile(r"!?\[([^\]\n]*)\]\([^)\s]*\)")


def without_markdown(text: str) -> str:
    """One line as a reader sees it: no list signs, no bold signs, table cells apart by a dot."""
    lines = [_bare(line) for line in text.splitlines() if not _RULE.match(line)]
    return one_line(" ".join(line for line in lines if line))


def answer_text(answer: Answer) -> str:
    """The answer on one line."""
    said = answer.text or ""
    listed = [without_markdown(said[start:end]) for start, end in list_items(said)]
    shown = "; ".join(listed) if len(listed) > 1 else without_markdown(said)
    return cut(shown or one_line(said), ANSWER_CHARACTERS)


def said_parts(answer: Answer) -> list[Parts]:
    """An answer that is a whole sentence, or list, with the reader's own words in it: one for each item of a list.

    Empty where the answer is less than the sentence it stands in, which is then to be shown beside it, or was taught.
    """
    if answer.from_memory or not answer.grounded or says_more(answer):
        return []
    items = list_items(answer.sentence)
    if len(items) < 2:
        parts = evidence_parts(answer)
        return [parts] if parts and any(parts) else []
    return [parts for item in items if any(parts := _item_parts(answer, *item))]


def evidence_parts(answer: Answer) -> Parts | None:
    """The sentence around the answer as (before, answer, after); None where there is no sentence to show.

    The answer is found by its offsets, not by its words, which may stand in the sentence twice.
    """
    if not answer.sentence.strip():
        return None
    start = min(max(answer.start - answer.sentence_start, 0), len(answer.sentence))
    end = min(max(answer.end - answer.sentence_start, start), len(answer.sentence))
    before, inside, after = answer.sentence[:start], answer.sentence[start:end], answer.sentence[end:]
    parts = _bare_around(before), without_markdown(inside), _bare_around(after, leading=False)
    return (
        cut_front(parts[0], AROUND_CHARACTERS),
        cut(parts[1], ANSWER_CHARACTERS),
        cut(parts[2], AROUND_CHARACTERS),
    )


def _item_parts(answer: Answer, start: int, end: int) -> Parts:
    """As `evidence_parts`, of the item `start:end` of the answer's sentence."""
    first = answer.sentence_start + start
    if answer.end <= first or answer.start >= first + end - start:
        return without_markdown(answer.sentence[start:end]), "", ""
    item = replace(answer, sentence=answer.sentence[start:end], sentence_start=first)
    before, inside, after = evidence_parts(item) or ("", "", "")
    return before.lstrip(), inside, after.rstrip()


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


def _bare(line: str) -> str:
    line = _LINK.sub(r"\1", _LEADING.sub("", line)).strip()
    if line.startswith("|") or line.endswith("|"):
        line = " · ".join(cell.strip() for cell in line.strip("|").split("|") if cell.strip())
    return line.replace("**", "").replace("`", "")


def _bare_around(text: str, *, leading: bool = True) -> str:
    """As `without_markdown`, for a piece next to the answer: the space between them stays, once."""
    if not text.strip(" |*`_\n"):
        return " " if re.search(r"\s", text) else ""
    bare = without_markdown(text)
    if leading and bare and text.rstrip().endswith("|"):
        return bare + " · "
    if not leading:
        # `_LEADING` must not eat a sign in mid-sentence ("28 - at most"): only the front of a sentence has list signs.
        bare = one_line(_table(_LINK.sub(r"\1", text)).replace("**", "").replace("`", ""))
        return (" " if re.match(r"[*`_]*\s", text) else "") + bare
    return bare + (" " if re.search(r"\s[*`_]*$", text) else "")


def _table(text: str) -> str:
    return re.sub(r"\s*\|\s*", " · ", text.rstrip(" |\n")) if "|" in text else text
