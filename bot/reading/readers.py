"""The reader of an adapter, whichever kind its card names: one that cuts answers out of passages, or one that writes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.errors import AdapterError
from bot.reading.architectures import ReaderKind, architecture_of
from bot.reading.bases import Base
from bot.reading.card import read_card
from bot.reading.ranked import RankedReader

if TYPE_CHECKING:
    from bot.reading.quantization import Quantize


def load_reader(
    adapter_folder: Path,
    *,
    kind: ReaderKind | None = None,
    writing: Mapping[str, Any] | None = None,
    base: str | None = None,
    quantize: Quantize = "",
    threads: int | None = None,
    bfloat16: bool | None = None,
    merge: bool = True,
) -> RankedReader:
    """The reader of an adapter folder, its files and its base verified before anything is loaded.

    `kind`: the kind that is wanted; None: any. `writing`: what of a generative one's `Writing`
    is not as its card says.
    `base`: name, hub id or folder of the base to read with; None: where the adapter's card says. `quantize`: how the
    base is held (see `quantization`). `threads`: cores to compute on, for the whole process. `bfloat16`: None uses it
    where the processor computes it. `merge=False` keeps the adapter beside the weights (the benchmark's peer). Raises
    AdapterError, BaseError.
    """
    card = read_card(adapter_folder)
    found = kind_of(card)
    if kind is not None:
        check_kind(card, kind)
    options: dict[str, Any] = {
        "base": base, "quantize": quantize, "threads": threads, "bfloat16": bfloat16, "merge": merge,
    }  # fmt: skip
    if found == "extractive":
        from bot.reading.extractive import load_extractive

        return load_extractive(adapter_folder, **options)
    from bot.reading.generative import Writing, load_generative

    return load_generative(
        adapter_folder, writing=Writing(**{**card.get("writing", {}), **(writing or {})}), **options
    )


def check_kind(card: Mapping[str, Any], wanted: ReaderKind) -> None:
    """Raises AdapterError where the adapter of that card is for the other kind of reader."""
    found = kind_of(card)
    if found != wanted:
        raise AdapterError(
            f"Adapter {card['id']} on {card['base']} is for the {found} reader; expected one for the {wanted}: set "
            f"LOREBOT_READER={found}, or LOREBOT_BASE and LOREBOT_ADAPTER to a base and an adapter of that kind."
        )


def kind_of(card: Mapping[str, Any]) -> ReaderKind:
    """The kind of reader that an adapter is for. Cards of old don't say: they are all extractive."""
    return "generative" if card.get("reader") == "generative" else "extractive"


def kind_of_base(base: Base) -> ReaderKind:
    """The kind of reader that a base serves, by the architecture that its config.json names."""
    config = json.loads((base.folder / "config.json").read_text(encoding="utf-8"))
    return architecture_of(config["model_type"]).kind
