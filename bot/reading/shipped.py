"""The adapters that come with Lorebot: data of the package, one for each base that it is trained for."""

from __future__ import annotations

import json
from pathlib import Path

import bot
from bot.errors import AdapterError
from bot.reading.bases import CATALOGUE, sha256_of
from bot.reading.card import CARD


def shipped_folder() -> Path:
    """Where the shipped adapters lie: data of the package in a wheel, beside the package in a checkout."""
    package = Path(bot.__file__).parent
    inside = package / "shipped_adapters"
    return inside if inside.is_dir() else package.parent / "adapters"


def shipped_seed(base: str) -> Path:
    """The shipped seed for `base` (name, hub id or folder): the folder whose card names that base's hash and no parent
    (the last by name)."""
    found = _seeds().get(sha256_of(base))
    if found is None:
        raise AdapterError(
            f"Found no adapter for base {base} among the shipped ones; expected one to start from: set LOREBOT_ADAPTER to the "
            f"folder of one, or make one with `python -m training seed --base {base} --data DIR --out FOLDER`."
        )
    return found


def shipped_bases() -> list[str]:
    """Names of the catalogued bases that an adapter is shipped for."""
    seeds = _seeds()
    return [entry.name for entry in CATALOGUE.values() if entry.sha256 in seeds]


def _seeds() -> dict[str, Path]:
    """The shipped seeds, by the hash of their base."""
    found = {}
    for card in sorted(shipped_folder().glob(f"*/{CARD}")):
        try:
            content = json.loads(card.read_text(encoding="utf-8"))
        except ValueError:
            continue  # reading it properly will say what is wrong, if it is the one that is wanted
        if content.get("base_sha256") and not content.get("parent"):
            found[str(content["base_sha256"])] = card.parent
    return found
