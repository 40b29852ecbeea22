"""The handbook in the browser: the pages that the bot's answers link to, with the quoted sentence marked.

Pages are rendered with raw HTML switched off, and only Markdown and text files inside the folder are shown,
however the path is written.
"""

import html
import re
from pathlib import Path
from urllib.parse import quote

from markdown_it import MarkdownIt
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from bot.playground.parts import Parts

KINDS = (".md", ".txt")
TITLE = re.compile(r"^#\s+(.+)$", re.MULTILINE)

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="/assets/icon.svg">
<link rel="stylesheet" href="/assets/documents.css">
<script type="module" src="/assets/documents.js"></script>
</head>
<body>
<header><a href="/">{workspace}</a>{trail}</header>
<main>{content}</main>
</body>
</html>
"""


def find_page(folder: Path, path: str) -> Path | None:
    """The file of a page; None when there is none, or when the path leaves the folder."""
    root = folder.resolve()
    try:
        file = (root / path).resolve()
        inside = file.is_relative_to(root) and not any(
            p.startswith(".") for p in file.relative_to(root).parts
        )
        return file if inside and file.suffix in KINDS and file.is_file() else None
    except (OSError, ValueError):
        return None


def list_pages(folder: Path) -> list[str]:
    """The paths of every page, by folder."""
    root = folder.resolve()
    files = (file.relative_to(root) for kind in KINDS for file in root.rglob(f"*{kind}"))
    shown = [file for file in files if find_page(root, file.as_posix()) is not None]
    return sorted((file.as_posix() for file in shown), key=lambda path: (path.count("/"), path))


def render(text: str, suffix: str = ".md") -> str:
    """The HTML of a page's body; any HTML in the text is shown, never used."""
    if suffix != ".md":
        return f"<pre>{html.escape(text)}</pre>"
    return str(MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"]).render(text))


def mark(content: str, passage: str) -> str:
    """`content` with the passage marked, the first mark carrying the id `found`.

    Only letters and digits are compared: a passage may have lost its markup or line breaks on its way here.
    """
    wanted = "".join(c for c in passage.casefold() if c.isalnum())
    if not wanted:
        return content
    pieces = re.split(r"(<[^>]*>)", content)
    letters: list[tuple[int, int]] = []
    units: list[list[str]] = []
    plain: list[str] = []
    for at, piece in enumerate(pieces):
        # An entity such as &amp; is one character, and may not be cut.
        units.append(re.findall(r"&#?\w+;|.", piece, re.DOTALL) if at % 2 == 0 else [])
        for place, unit in enumerate(units[-1]):
            for c in html.unescape(unit).casefold():
                if c.isalnum():
                    plain.append(c)
                    letters.append((at, place))
    start = "".join(plain).find(wanted)
    if start < 0:
        return content
    (first, begin), (last, end) = letters[start], letters[start + len(wanted) - 1]
    opening = '<mark id="found">'
    for at in range(first, last + 1):
        low = begin if at == first else 0
        high = end + 1 if at == last else len(units[at])
        inside = "".join(units[at][low:high])
        if not inside.strip():
            continue
        pieces[at] = "".join([*units[at][:low], opening, inside, "</mark>", *units[at][high:]])
        opening = "<mark>"
    return "".join(pieces)


def title_of(text: str, path: str) -> str:
    found = TITLE.search(text)
    return found.group(1) if found else Path(path).stem.replace("-", " ").capitalize()


def documents(parts: Parts, request: Request) -> Response:
    """`/documents/{path}`: one page, or the list of them."""
    path = request.path_params.get("path", "").strip("/")
    if parts.folder is None:
        return _page(
            parts, "No handbook", [], "<h1>No handbook</h1><p>This playground has no pages.</p>", 404
        )
    if not path:
        return _page(parts, "Handbook", ["<span>Handbook</span>"], _index(parts.folder))
    file = find_page(parts.folder, path)
    if file is None:
        content = "<h1>No such page</h1><p><a href='/documents/'>See all pages of the handbook</a></p>"
        return _page(parts, "No such page", [], content, 404)
    text = file.read_text(encoding="utf-8", errors="replace")
    content = mark(render(text, file.suffix), request.query_params.get("q", ""))
    folders = [f"<span>{html.escape(_named(part))}</span>" for part in path.split("/")[:-1]]
    return _page(parts, title_of(text, path), ['<a href="/documents/">Handbook</a>', *folders], content)


def _index(folder: Path) -> str:
    rows: list[str] = ["<h1>Handbook</h1>"]
    group = ""
    for path in list_pages(folder):
        text = (folder / path).read_text(encoding="utf-8", errors="replace")
        if (parent := str(Path(path).parent)) != group and parent != ".":
            group = parent
            rows.append(f"<h2>{html.escape(_named(group))}</h2>")
        link = quote(f"/documents/{path}")
        rows.append(f'<p class="entry"><a href="{link}">{html.escape(title_of(text, path))}</a></p>')
    return "\n".join(rows)


def _named(folder: str) -> str:
    """A folder's name as a heading; the short ones are abbreviations."""
    return folder.upper() if len(folder) <= 3 else folder.replace("-", " ").capitalize()


def _page(parts: Parts, title: str, trail: list[str], content: str, status: int = 200) -> Response:
    return HTMLResponse(
        PAGE.format(
            title=html.escape(title),
            workspace=html.escape(parts.workspace.name),
            trail="".join(f'<span aria-hidden="true">›</span>{step}' for step in trail),
            content=content,
        ),
        status_code=status,
    )
