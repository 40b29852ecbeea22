"""An adapter's folder: what has to lie in it, how it is verified before use, and how a new one is put in
place.

    adapter_model.safetensors  the LoRA weights and the answer head
    adapter_config.json        PEFT's configuration
    calibrator.json            from scores to probabilities
    card.json, README.md       where it comes from and what it can do, for programs and for people

The card names the SHA-256 of weights, calibrator and base; nothing is read that doesn't match. Only
safetensors and JSON are read: a `.bin` could run code when loaded, so a folder with one is refused.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from bot.errors import AdapterError
from bot.reading.bases import Base
from bot.reading.hashes import weights_sha256

WEIGHTS, CONFIG, CALIBRATOR, CARD = (
    "adapter_model.safetensors",
    "adapter_config.json",
    "calibrator.json",
    "card.json",
)
_HASHED = {"sha256": WEIGHTS, "calibrator_sha256": CALIBRATOR}
_PICKLED = (".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt")


def read_card(folder: Path, base: Base | None = None) -> dict[str, Any]:
    """The card of the adapter in `folder`, its files verified; with `base`, also that it was made for that
    base.

    Raises AdapterError naming what was found, what was expected and the remedy.
    """
    path = folder / CARD
    if not path.is_file():
        raise AdapterError(
            f"Found no {CARD} in {folder}; expected an adapter folder: name one, or train it again."
        )
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
        named = {key: str(card[key]) for key in ("id", "base", "base_sha256", *_HASHED)}
    except (ValueError, KeyError, TypeError) as error:
        raise AdapterError(
            f"{path} is not an adapter's card ({error!r}): import or train it again."
        ) from error
    _refuse_pickles(folder)
    for key, name in _HASHED.items():
        file = folder / name
        if not file.is_file():
            raise AdapterError(
                f"Found no {name} in {folder}; expected it in an adapter: import or train it again."
            )
        found = weights_sha256(file)
        if found != named[key]:
            raise AdapterError(
                f"{name} of adapter {named['id']} has SHA-256 {found}; expected {named[key]} by its card: "
                "the file was changed, import the adapter again."
            )
    if base is not None:
        refuse_other_base(card, base)
    return dict(card)


def refuse_other_base(card: Mapping[str, Any], base: Base) -> None:
    """Raises AdapterError, naming both hashes, for an adapter that was made for another base."""
    if card["base_sha256"] != base.sha256:
        raise AdapterError(
            f"Adapter {card['id']} was made for {card['base']} with SHA-256 {card['base_sha256']}; found "
            f"{base.name} with {base.sha256}: install the base it was made for."
        )


class Threshold(NamedTuple):
    """The probability of being right from which an answer is given, and who says so."""

    value: float
    origin: str


def threshold(card: Mapping[str, Any], setting: float | None) -> Threshold:
    """The setting where there is one, else what the adapter's card advises, else an even chance."""
    if setting is not None:
        return Threshold(setting, "LOREBOT_MIN_CONFIDENCE")
    if "min_confidence" in card:
        return Threshold(float(card["min_confidence"]), "the adapter's card")
    return Threshold(0.5, "the default")


def write_card(folder: Path, card: dict[str, Any]) -> None:
    """Writes card.json, and README.md from it."""
    (folder / CARD).write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    (folder / "README.md").write_text(_readme(card), encoding="utf-8")


def publish(draft: Path, out: Path) -> None:
    """Puts a finished folder in its place: every file synced, then one rename. `out` must not exist."""
    _refuse_pickles(draft)
    for path in draft.iterdir():
        path.chmod(0o644)  # safetensors writes for its owner alone
        _sync(path)
    _sync(draft)
    if out.exists():
        raise AdapterError(f"Found {out} already there; expected a new name: adapters never change.")
    draft.rename(out)
    _sync(out.parent)


def _refuse_pickles(folder: Path) -> None:
    for path in folder.iterdir():
        if path.suffix in _PICKLED:
            raise AdapterError(
                f"Found {path.name} in {folder}; expected only safetensors and JSON, such files can run code: "
                "remove it, or get the adapter as safetensors."
            )


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _readme(card: dict[str, Any]) -> str:
    parts = [
        f"# {card['id']}",
        f"A LoRA adapter for {card.get('reader', 'extractive')} question answering (Lorebot). "
        "It needs the base named below, and no other.",
        f"- base: {card['base']} (model.safetensors SHA-256 {card['base_sha256']})",
        f"- made from: {card.get('parent') or 'the base alone'}",
        f"- made at: {card.get('created', 'unknown')}",
        f"- suggested threshold: {card.get('min_confidence', 'none')}",
    ]
    for name in ("data", "recipe", "scores"):
        if card.get(name):
            parts += ["", f"## {name.capitalize()}", *_listed(card[name])]
    return "\n".join(parts) + "\n"


def _listed(value: Any, depth: int = 0) -> list[str]:
    if not isinstance(value, dict):
        return [f"{'  ' * depth}- {value}"]
    lines = []
    for key, inner in value.items():
        if isinstance(inner, dict):
            lines += [f"{'  ' * depth}- {key}:", *_listed(inner, depth + 1)]
        else:
            lines.append(f"{'  ' * depth}- {key}: {inner}")
    return lines
