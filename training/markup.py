"""HTML by small pieces, escaped by construction: what isn't `Html` yet becomes it by being escaped."""

from __future__ import annotations

import html
from collections.abc import Iterable

VOID = ("br", "hr", "img", "meta")
SILENT = ("script", "style", "iframe", "object", "embed", "link", "base", "form")
"""Tags that would make a page do or fetch something: they are for the page's own frame, not for its content."""


class Html(str):
    """Markup that is ready to be shown."""

    __slots__ = ()


def text(value: object) -> Html:
    """Any value's words, escaped; markup stays what it is."""
    return value if isinstance(value, Html) else Html(html.escape(str(value)))


def join(parts: Iterable[object], between: str = "") -> Html:
    return Html(text(between).join(text(part) for part in parts))


def tag(name: str, *inner: object, **attributes: object) -> Html:
    """An element. A trailing underscore of an attribute's name is dropped, others become hyphens; None leaves it out.

    Raises ValueError for an element that could act.
    """
    if name in SILENT:
        raise ValueError(f"Found <{name}> as content of a page; expected only what is read.")
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Html(f"<{name}{given}>" if name in VOID else f"<{name}{given}>{join(inner)}</{name}>")


def table(caption: str, head: Iterable[object], rows: Iterable[Iterable[object]]) -> Html:
    """A table whose first column names its rows; on a narrow screen it scrolls by itself."""
    top = tag("tr", *(tag("th", cell, scope="col") for cell in head))
    body = [
        tag("tr", *(tag("td", cell) if i else tag("th", cell, scope="row") for i, cell in enumerate(row)))
        for row in rows
    ]
    whole = tag("table", tag("caption", caption), tag("thead", top), tag("tbody", *body))
    return tag("div", whole, class_="scrolls", role="region", tabindex=0, aria_label=caption)


def bullets(lines: Iterable[object]) -> Html:
    return tag("ul", *(tag("li", line) for line in lines))
