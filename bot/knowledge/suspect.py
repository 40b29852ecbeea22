"""Files that somebody sent are not files that an administrator chose: what often carries malware is refused unread.

The kind is told by the name and has to be what the bytes are. Nothing here runs or unpacks anything.
"""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import PurePath

from bot.errors import DocumentError
from bot.knowledge.convert import OFFICE, SUPPORTED, TEXT, WEB

_NAMED = (
    "app apk bat cmd com cpl dll dmg docm dotm exe gadget hta inf iso img jar js jse lnk msi msix pif ppam potm pptm ps1",
    "psm1 reg scr sct sh sys vb vbe vbs vhd ws wsf wsh xlam xlsm xltm",
)
DANGEROUS = frozenset(f".{kind}" for kind in " ".join(_NAMED).split())
ARCHIVES = frozenset(
    {".zip", ".rar", ".7z", ".gz", ".bz2", ".xz", ".tar", ".tgz", ".cab", ".ace", ".arj", ".zst"}
)

_SIGNATURES = (
    (b"MZ\x90", "a Windows program"),
    (b"\x7fELF", "a Linux program"),
    (b"\xfe\xed\xfa", "a macOS program"),
    (b"\xcf\xfa\xed\xfe", "a macOS program"),
    (b"\xca\xfe\xba\xbe", "a program"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"%PDF-", "a PDF"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old office file"),
)
_MAIN_PART = {".docx": "word/", ".pptx": "ppt/", ".xlsx": "xl/"}
# No shorter names, such as /JS: in megabytes of compressed data those stand somewhere by chance.
_ACTIVE_PDF = re.compile(rb"/(?:JavaScript|Launch|EmbeddedFile|RichMedia)\b")


def refuse_suspect(name: str, data: bytes) -> None:
    """Raises DocumentError in one line: of a dangerous kind, other inside than its name says, or with active content."""
    kind = PurePath(name.lower()).suffix
    if kind in DANGEROUS:
        raise DocumentError(f"files of kind {kind} often carry malware; expected a document: send its text")
    if kind in ARCHIVES:
        raise DocumentError("it is an archive; expected a document: send the files in it one by one")
    if kind not in SUPPORTED:
        return  # converting says what can be learned
    inside = next((what for start, what in _SIGNATURES if data.startswith(start)), "text")
    if kind in TEXT | WEB | {".csv"} and inside != "text":
        raise DocumentError(
            f"it is {inside} inside; expected what its name says ({kind}): send it as what it is"
        )
    if kind == ".pdf" and inside == "a PDF" and (found := _ACTIVE_PDF.search(data)):
        raise DocumentError(
            f"the PDF has active content ({found.group().decode()}); expected a plain one: print it to PDF again"
        )
    if kind in OFFICE and inside == "a ZIP archive":
        _refuse_loaded_office_file(kind, data)


def _refuse_loaded_office_file(kind: str, data: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            names = [name.lower() for name in package.namelist()]
    except Exception:
        return  # converting says that it is damaged
    if not any(name.startswith(_MAIN_PART[kind]) for name in names):
        raise DocumentError(f"it is a ZIP archive inside; expected {kind[1:].upper()}: send it as what it is")
    if any(PurePath(name).name.startswith("vbaproject") for name in names):
        raise DocumentError("it has macros; expected a document without: save a copy without macros")
    loaded = {PurePath(name).suffix for name in names} & (DANGEROUS | ARCHIVES)
    if loaded:
        raise DocumentError(
            f"it carries a {min(loaded)} file; expected a plain document: save a copy without what is embedded"
        )
