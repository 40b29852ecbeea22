"""A file to Markdown text and a title: everything that can be learned goes through here, and fails here with its reason."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from pathlib import Path

from bot.errors import DocumentError

PLAIN = frozenset({".md", ".markdown", ".txt", ".text", ".rst"})
CONVERTED = frozenset({".html", ".htm", ".pdf", ".docx", ".pptx", ".xlsx"})
SUPPORTED = PLAIN | CONVERTED
_OFFICE = frozenset({".docx", ".pptx", ".xlsx"})
_OLE = bytes.fromhex(
    "d0cf11e0a1b11ae1"
)  # what an encrypted Office file, and one from before 2007, begins with
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*\s*$", re.MULTILINE)
_HTML_TITLE = re.compile(rb"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Converted:
    """A document's text, as Markdown, and what it is called."""

    title: str
    text: str


def convert(path: Path, *, max_file_mb: float) -> Converted:
    """The Markdown of a file.

    Raises DocumentError with the reason in one line: a kind that can't be read, too large, unreadable, encrypted,
    not text, or nothing in it.
    """
    kind = path.suffix.lower()
    if kind not in SUPPORTED:
        raise DocumentError(
            f"found a {kind or 'file without ending'}, expected one of {', '.join(sorted(SUPPORTED))}"
        )
    try:
        size = path.stat().st_size
        if size > max_file_mb * 1e6:
            raise DocumentError(
                f"it has {size / 1e6:.1f} MB, at most {max_file_mb:g} are learned: split it, or raise LOREBOT_MAX_FILE_MB"
            )
        data = path.read_bytes()
    except OSError as error:
        raise DocumentError(f"it can't be read ({error.strerror}): check its permissions") from None
    if not data.strip():
        raise DocumentError("it is empty")
    text = _plain(data) if kind in PLAIN else _converted(path, kind, data)
    if not text.strip():
        hint = ": a scanned PDF needs its text recognised first" if kind == ".pdf" else ""
        raise DocumentError(f"it holds no text{hint}")
    return Converted(_title(path, kind, data, text), text)


def _plain(data: bytes) -> str:
    encoding = next((name for bom, name in _BOMS if data.startswith(bom)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise DocumentError(f"byte {error.start} is not {encoding.upper()} text: save it as UTF-8") from None
    if "\x00" in text:
        raise DocumentError("it is not text but binary data")
    return text


def _converted(path: Path, kind: str, data: bytes) -> str:
    if kind in _OFFICE and data.startswith(_OLE):
        raise DocumentError(
            "it is encrypted, or of a format from before 2007: save it without a password as a current file"
        )
    if kind == ".pdf" and not data.lstrip().startswith(b"%PDF"):
        raise DocumentError("it is not a PDF file, whatever its name says")
    from markitdown import MarkItDown

    try:
        return str(MarkItDown(enable_plugins=False).convert_local(path).text_content)
    except Exception as error:  # a converter may raise anything on a damaged file
        if kind == ".pdf" and (b"/Encrypt" in data or "password" in _chain(error).lower()):
            raise DocumentError("it is encrypted: save it without a password") from None
        last = _chain(error).strip().splitlines()
        raise DocumentError(
            f"it is damaged or no {kind[1:].upper()} file ({last[-1][:120] if last else 'no reason given'})"
        ) from None


def _chain(error: BaseException) -> str:
    """The names and texts of an error and of what caused it."""
    texts: list[str] = []
    cause: BaseException | None = error
    while cause is not None and len(texts) < 5:
        texts.append(f"{type(cause).__name__}: {cause}")
        cause = cause.__cause__ or cause.__context__
    return "\n".join(texts)


def _title(path: Path, kind: str, data: bytes, text: str) -> str:
    heading = _HEADING.search(text)
    if heading and kind != ".xlsx":  # a workbook's headings are its sheets' names
        return heading.group(1).strip("*_` ")
    named = _HTML_TITLE.search(data) if kind in (".html", ".htm") else None
    if named:
        import html

        return " ".join(html.unescape(named.group(1).decode("utf-8", "replace")).split())
    words = re.sub(r"[-_\s]+", " ", path.stem).strip()
    return words[:1].upper() + words[1:] if words else path.name
