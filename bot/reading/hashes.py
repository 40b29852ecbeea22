"""SHA-256 of files: what bases and adapters are known by."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

_verified: dict[tuple[str, int, int], str] = {}
"""(path, size, mtime in ns) -> SHA-256, so that a process hashes once."""


def weights_sha256(path: Path) -> str:
    """SHA-256 of a file, in hex; a file unchanged in size and time is hashed once a process."""
    stat = os.stat(path)
    key = (str(path.resolve()), stat.st_size, stat.st_mtime_ns)
    if key not in _verified:
        _verified[key] = file_sha256(path)
    return _verified[key]


def file_sha256(path: Path) -> str:
    """SHA-256 of a file as it is now, in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
