"""A file becomes Markdown text and a title, or a DocumentError that says in one line why not.

Markdown and plain text are taken as they are, so that offsets into them hold. Everything else goes through
markitdown's converters, each called by itself: its own guessing would try one converter after the other and
read a damaged DOCX as a heap of XML. Whatever a converter raises on a strange file is that file's trouble,
not the run's.
"""

from __future__ import annotations

import codecs
import io
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.errors import DocumentError
from bot.knowledge.outline import first_heading, front_matter

TEXT = frozenset({".md", ".markdown", ".txt", ".text", ".rst"})
WEB = frozenset({".html", ".htm"})
OFFICE = frozenset({".docx", ".pptx", ".xlsx"})
SUPPORTED = TEXT | WEB | OFFICE | {".pdf", ".csv"}
KINDS = "Markdown, text, HTML, PDF, DOCX, PPTX, XLSX or CSV"

UNPACKED = 30
"""An office file (a ZIP) may unpack to this many times the size limit; beyond that it is taken for a bomb."""

_OLD = {".doc": ".docx", ".dot": ".docx", ".ppt": ".pptx", ".xls": ".xlsx", ".odt": ".docx", ".ods": ".xlsx"}
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_OLE = bytes.fromhex("d0cf11e0a1b11ae1")  # the container of old office files, and of encrypted new ones
_META_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?([\w-]{2,40})""", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_EMPTY_CELL = re.compile(r"(?<=\|) (?:NaN|Unnamed: \d+) (?=\|)")


@dataclass(frozen=True, slots=True)
class Converted:
    """A document's text, as Markdown, and what it is called."""

    title: str
    text: str
    note: str = ""  # what the person who learned it should know; "" mostly


def read_file(path: Path, max_file_mb: float) -> bytes:
    """A file's bytes. Raises DocumentError: gone, unreadable, no regular file, of an unsupported kind, too
    large."""
    try:
        if not path.is_file():
            found = "it is no regular file" if path.exists() else "no such file"
            raise DocumentError(f"{found}; expected a document: check the path")
        _refuse_unsupported(path)
        size = path.stat().st_size
        if size > max_file_mb * 1_000_000:
            raise DocumentError(
                f"it has {size / 1e6:.1f} MB; expected at most {max_file_mb:g}: split it or raise LOREBOT_MAX_FILE_MB"
            )
        return path.read_bytes()
    except OSError as error:
        raise DocumentError(
            f"can't be read ({error.strerror or error}); give this user the right to read it"
        ) from None


def convert(path: Path, *, max_file_mb: float) -> Converted:
    """The text of a file. Raises DocumentError as `read_file` and `to_text` do."""
    return to_text(path, read_file(path, max_file_mb), max_file_mb=max_file_mb)


def to_text(path: Path, data: bytes, *, max_file_mb: float) -> Converted:
    """The text of a file whose bytes are `data`; `path` tells its kind, and its title where it has none
    itself.

    Raises DocumentError: empty, encrypted, damaged, binary, without text.
    """
    _refuse_unsupported(path)
    if not data.strip():
        raise DocumentError("it is empty; expected text: fill it or leave it out")
    kind, note, title = path.suffix.lower(), "", ""
    if kind in TEXT:
        text, note = decode(data)
    else:
        if kind in WEB or kind == ".csv":
            source, note = decode(data, _declared(data) if kind in WEB else None)
            data = source.encode()
        elif kind == ".pdf":
            _refuse_locked_pdf(data)
        else:
            _refuse_bad_office_file(kind, data, max_file_mb)
        text, title = _converted(kind, data)
    if not text.strip():
        remedy = "run text recognition (OCR) on it first" if kind == ".pdf" else "fill it or leave it out"
        raise DocumentError(f"there is no text in it; expected some: {remedy}")
    if kind != ".xlsx":  # a workbook's headings are its sheets' names
        title = _title(text) or title
    return Converted(title or readable_name(path), text, note)


def decode(data: bytes, declared: str | None = None) -> tuple[str, str]:
    """(text, note) of a text file: by its byte order mark, else UTF-8, else as declared, else Windows-1252
    with a note. Raises DocumentError where that yields no text."""
    marked = next((encoding for bom, encoding in _BOMS if data.startswith(bom)), None)
    for encoding in [marked] if marked else ["utf-8", declared]:
        try:
            text = data.decode(encoding) if encoding else None
        except (UnicodeDecodeError, LookupError, ValueError):
            continue
        if text is not None:
            return _printable(text), ""
    if marked:
        raise DocumentError(
            f"it begins as {marked.upper()} but isn't; expected UTF-8: save it again as UTF-8"
        )
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError:
        raise DocumentError(
            "it is neither UTF-8 nor Windows-1252; expected UTF-8: save it again as UTF-8"
        ) from None
    return _printable(
        text
    ), "read as Windows-1252, for it is not UTF-8; save it as UTF-8 if letters look wrong"


def readable_name(path: Path) -> str:
    """A file's name as a title: "notice-periods_2024.md" is "Notice periods 2024"."""
    words = " ".join(re.sub(r"[-_.]+", " ", path.stem).split()) or path.name
    return words[:1].upper() + words[1:]


def _refuse_unsupported(path: Path) -> None:
    kind = path.suffix.lower()
    if kind in SUPPORTED:
        return
    remedy = f"save it as {_OLD[kind]}" if kind in _OLD else "convert it to one of these"
    raise DocumentError(f"its kind is '{kind or 'none'}'; expected {KINDS}: {remedy}")


def _printable(text: str) -> str:
    if len(_CONTROL.findall(text[:100_000])) > min(len(text), 100_000) * 0.001:
        raise DocumentError(
            "it is binary data; expected text: give it the suffix of its kind, or leave it out"
        )
    return text


def _declared(data: bytes) -> str | None:
    match = _META_CHARSET.search(data[:4096])
    return match.group(1).decode("ascii", "ignore") if match else None


def _refuse_locked_pdf(data: bytes) -> None:
    if b"%PDF" not in data[:1024]:
        raise DocumentError("it is no PDF inside; expected %PDF at its beginning: export it again")
    from pdfminer.pdfdocument import PDFDocument, PDFEncryptionError, PDFPasswordIncorrect
    from pdfminer.pdfparser import PDFParser

    try:
        PDFDocument(PDFParser(io.BytesIO(data)))
    except PDFPasswordIncorrect:
        raise DocumentError(
            "it is encrypted; expected a PDF without a password: save a copy without one"
        ) from None
    except PDFEncryptionError:
        raise DocumentError(
            "its encryption is unknown; expected a PDF without: save a copy without one"
        ) from None
    except Exception as error:
        raise DocumentError(_damaged("PDF", error)) from None


def _refuse_bad_office_file(kind: str, data: bytes, max_file_mb: float) -> None:
    name = kind[1:].upper()
    if data.startswith(_OLE):
        if "EncryptedPackage".encode("utf-16-le") in data:
            raise DocumentError(
                f"it is encrypted; expected a {name} without a password: save a copy without one"
            )
        raise DocumentError(f"it is an old office file inside; expected {name}: save it as {name}")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            members = package.infolist()
    except Exception as error:
        raise DocumentError(_damaged(name, error)) from None
    if any(member.flag_bits & 1 for member in members):
        raise DocumentError(f"it is encrypted; expected a {name} without a password: save a copy without one")
    unpacked = sum(member.file_size for member in members) / 1e6
    if unpacked > UNPACKED * max_file_mb:
        raise DocumentError(
            f"it unpacks to {unpacked:.0f} MB; expected at most {UNPACKED * max_file_mb:g}: split it or save it anew"
        )


def _converted(kind: str, data: bytes) -> tuple[str, str]:
    """(Markdown, title) by markitdown's converter for this kind."""
    from markitdown import StreamInfo

    try:
        result = _converter(kind).convert(io.BytesIO(data), StreamInfo(extension=kind, charset="utf-8"))
        markdown, title = str(result.markdown or ""), str(result.title or "")
    except Exception as error:
        raise DocumentError(_damaged(kind[1:].upper(), error)) from None
    if kind in (".xlsx", ".csv"):
        markdown = _EMPTY_CELL.sub("  ", markdown)
    return _clean(markdown), " ".join(_clean(title).split())


def _converter(kind: str) -> Any:
    # Imported here: they bring pandas and more along, and cost seconds.
    from markitdown import converters

    if kind in WEB:
        return converters.HtmlConverter()
    return {
        ".pdf": converters.PdfConverter,
        ".docx": converters.DocxConverter,
        ".pptx": converters.PptxConverter,
        ".xlsx": converters.XlsxConverter,
        ".csv": converters.CsvConverter,
    }[kind]()  # type: ignore[no-untyped-call]


def _clean(markdown: str) -> str:
    """Without what the database or a reader can't take: lone surrogates, control characters, heaps of blank
    lines."""
    markdown = markdown.encode("utf-8", "replace").decode().replace("\f", "\n")
    lines = (line.rstrip() for line in re.split(r"\r\n|\r|\n", _CONTROL.sub("", markdown)))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _title(text: str) -> str:
    named = re.search(r"^title[ \t]*:[ \t]*(.+)$", text[: front_matter(text)], re.MULTILINE)
    return first_heading(text) or (named.group(1).strip().strip("\"'") if named else "")


def _damaged(name: str, error: Exception) -> str:
    said = " ".join(str(error).split())[:150]
    reason = f"{type(error).__name__}: {said}" if said else type(error).__name__
    return f"it can't be read as {name} ({reason}); expected an undamaged {name}: open it and save it again"
