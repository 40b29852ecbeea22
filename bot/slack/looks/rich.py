"""Slack's blocks, one small builder each, within Slack's limits.

What documents and people said goes into rich text elements: those are literal, so nothing in them pings, links or
formats. Only our own sentences are mrkdwn.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from bot.slack.looks.markup import CUT, cut, escape, safe, spoken, web_link

Json = dict[str, Any]
SECTION = 3000
BUTTON = 75
HEADER = 150
CONFIRM_TITLE, CONFIRM_TEXT, CONFIRM_BUTTON = 100, 300, 30
OPTION = 75
TITLE = 24
TEXT_ELEMENT = 2500
BAR = "█░"
"""Signs that show how far something has come, and say nothing."""


class Posting(NamedTuple):
    """A message: its blocks, and the text for notifications and screen readers (which has to make sense alone)."""

    text: str
    blocks: list[Json]


def posting(blocks: list[Json]) -> Posting:
    """A message whose text says what its blocks show."""
    said = (line for block in blocks for line in _said(block))
    return Posting(spoken("\n".join(line for line in said if line.strip(BAR))), blocks)


def _said(part: Json) -> list[str]:
    """What a block, or a part of one, says, line by line, as mrkdwn; buttons aside."""
    kind = part.get("type")
    if kind in ("actions", "context_actions"):
        return []
    if kind == "mrkdwn":
        return [part["text"]]
    if kind == "plain_text":
        return [escape(part["text"])]
    if kind == "image":
        return [escape(part["alt_text"])]
    if kind == "rich_text_list":
        first = part.get("offset", 0) + 1 if part["style"] == "ordered" else None
        lines = ["".join(_said(each)) for each in part["elements"]]
        return [f"{first + i}. {line}" if first is not None else line for i, line in enumerate(lines)]
    if kind in ("rich_text", "context"):
        return [line for each in part["elements"] for line in _said(each)]
    if "elements" in part:  # a paragraph, a quotation, a block of code
        return [escape("".join(leaf.get("text", "") for leaf in part["elements"]))]
    return _said(part["text"]) if "text" in part else []


def mrkdwn_section(text: str) -> Json:
    return {"type": "section", "text": {"type": "mrkdwn", "text": cut(text, SECTION)}}


def plain_section(text: str) -> Json:
    return {
        "type": "section",
        "text": {"type": "plain_text", "text": cut(safe(text).strip(), SECTION) or CUT, "emoji": False},
    }


def header(text: str) -> Json:
    return {"type": "header", "text": plain(text, HEADER)}


def confirm(title: str, text: str, yes: str, no: str, style: str | None = None) -> Json:
    """The dialog that asks before a click counts. `style`: of its yes; "danger" for what can't be undone."""
    made: Json = {
        "title": plain(title, CONFIRM_TITLE),
        "text": plain(text, CONFIRM_TEXT),
        "confirm": plain(yes, CONFIRM_BUTTON),
        "deny": plain(no, CONFIRM_BUTTON),
    }
    return {**made, "style": style} if style else made


def context(text: str) -> Json:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": cut(text, SECTION)}]}


def plain_context(text: str) -> Json:
    """For words of others: nothing in them formats."""
    return {
        "type": "context",
        "elements": [{"type": "plain_text", "text": cut(safe(text), SECTION), "emoji": False}],
    }


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def button(
    text: str, action_id: str, value: str, style: str | None = None, *, spoken: str | None = None
) -> Json:
    """`spoken`: what a screen reader says, where the label has a sign in it."""
    made: Json = {"type": "button", "text": plain(text, BUTTON), "action_id": action_id, "value": value}
    if spoken is not None:
        made["accessibility_label"] = cut(spoken, BUTTON)
    return {**made, "style": style} if style else made


def plain(text: str, most: int) -> Json:
    return {"type": "plain_text", "text": cut(text, most), "emoji": True}


def option(text: str, value: str, description: str = "") -> Json:
    made: Json = {"text": {"type": "plain_text", "text": cut(text, OPTION), "emoji": False}, "value": value}
    if description:
        made["description"] = {"type": "plain_text", "text": cut(description, OPTION), "emoji": False}
    return made


# Rich text


def rich_text(*parts: Json) -> Json:
    return {"type": "rich_text", "elements": list(parts)}


def paragraph(leaves: Sequence[Json]) -> Json:
    return {"type": "rich_text_section", "elements": list(leaves) or words(CUT)}


def quote(leaves: Sequence[Json]) -> Json:
    return {"type": "rich_text_quote", "elements": list(leaves) or words(CUT)}


def bullets(items: Sequence[Sequence[Json]]) -> Json:
    return {"type": "rich_text_list", "style": "bullet", "elements": [paragraph(leaves) for leaves in items]}


def words(text: str, *, bold: bool = False, italic: bool = False) -> list[Json]:
    """No leaf for no text: Slack refuses an empty one."""
    text = safe(text)
    if not text:
        return []
    style = {name: True for name, on in (("bold", bold), ("italic", italic)) if on}
    leaf: Json = {"type": "text", "text": cut(text, TEXT_ELEMENT)}
    return [{**leaf, "style": style} if style else leaf]


def linked(text: str, link: str | None) -> list[Json]:
    """The text, leading to the link where that is one a browser opens."""
    url = web_link(link)
    text = safe(text)
    if url is None or not text or len(url) > 3000:
        return words(text, bold=True)
    return [{"type": "link", "url": url, "text": cut(text, TEXT_ELEMENT)}]
