"""Slack's text made plain: what people typed arrives with `<...>` references and `&amp;` escapes, live and in archives."""

from __future__ import annotations

import re
from collections.abc import Mapping

_REFERENCE = re.compile(r"<([^<>\n]+)>")


def unslack(text: str, names: Mapping[str, str] | None = None) -> str:
    """Text of a message as its writer saw it: references become their labels, escapes their characters.

    `names`: of people by id, for mentions that don't bring one.
    """
    return unescape(_REFERENCE.sub(lambda found: _label(found.group(1), names or {}), text))


def unescape(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def mentioned(text: str) -> frozenset[str]:
    """The ids of the people whom a message names, as Slack's text has them."""
    return frozenset(re.findall(r"<@([UW][A-Z0-9]+)(?:\|[^<>\n]*)?>", text))


def _label(inside: str, names: Mapping[str, str]) -> str:
    target, _, label = inside.partition("|")
    if target.startswith("@"):
        return "@" + (label or names.get(target[1:]) or target[1:]).removeprefix("@")
    if target.startswith("#"):
        return "#" + (label or target[1:])
    if target.startswith("!"):
        return label or "@" + target[1:].partition("^")[0]
    return label or target.removeprefix("mailto:")
