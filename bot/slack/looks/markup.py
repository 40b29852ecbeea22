"""Slack's text made plain, and plain text made safe for Slack.

What people type arrives with `<...>` references and `&amp;` escapes; what documents say leaves so that nobody is pinged,
no link is faked and nothing turns the direction of our own words.
"""

from __future__ import annotations

import re

from bot.knowledge.plain import unescape as unescape
from bot.knowledge.plain import unslack as unslack
from bot.reading.graphemes import cluster_at

CUT = "…"
SPOKEN = 3000
# Control characters but new lines and tabs, halves of characters, and overrides and isolates, which can turn the text
# around them; a right-to-left script needs none of them.
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")
_FORMATS = re.compile(r"[*~`]|(?<!\w)_+|_+(?!\w)")
_PERSON = re.compile(r"[UW][A-Z0-9]{2,}")


def escape(text: str) -> str:
    """Slack's three characters. Does not stop *formatting*: post with mrkdwn off, or as rich text."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def literal(text: str) -> str:
    """Foreign words on one line among our own mrkdwn: escaped, and without the signs that would format them."""
    return escape(_FORMATS.sub("", one_line(text)))


def spoken(text: str) -> str:
    """A message's text, for notifications and screen readers, which was escaped: cut, never empty."""
    return cut(safe(text).strip(), SPOKEN) or CUT


def safe(text: str) -> str:
    """Without control characters and without characters that turn the reading direction of what follows."""
    return _UNSAFE.sub("", text)


def one_line(text: str) -> str:
    return " ".join(safe(text).split())


def cut(text: str, most: int) -> str:
    """At most `most` characters, cut between words where there are any, and marked as cut."""
    if len(text) <= most:
        return text
    kept = text[: cluster_at(text, most - 1)[0]]
    space = kept.rfind(" ")
    return (kept[:space] if space > most // 2 else kept).rstrip() + CUT


def cut_front(text: str, most: int) -> str:
    """The last `most` characters, cut between words where there are any, and marked as cut."""
    if len(text) <= most:
        return text
    begin = len(text) - (most - 1)
    kept = text[max(begin, cluster_at(text, begin - 1)[1]) :]
    space = kept.find(" ")
    return CUT + (kept[space:] if 0 <= space < most // 2 else kept).lstrip()


def mention(person: str) -> str | None:
    """A mention in mrkdwn of somebody whom Slack knows; None for "cli", "schedule" and the like."""
    return f"<@{person}>" if _PERSON.fullmatch(person) else None


def web_link(link: str | None) -> str | None:
    """The link, if it is one that a browser opens from Slack."""
    return link if link and re.match(r"https?://[^\s<>|]+$", link) else None
