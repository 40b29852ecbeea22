"""Adapter folders without a model inside: adapters to everybody who doesn't load them."""

from __future__ import annotations

import json
from pathlib import Path

from bot.reading.hashes import file_sha256

BASE = "all-MiniLM-L6-v2"


def write_adapter(folder: Path, adapter_id: str, *, base_sha256: str = "b" * 64, **card: object) -> Path:
    """Writes one into a new folder and returns it; `card` adds to its card, or replaces what is there."""
    folder.mkdir(parents=True)
    (folder / "adapter_model.safetensors").write_bytes(f"weights of {adapter_id}".ljust(20_000).encode())
    (folder / "adapter_config.json").write_text("{}")
    (folder / "calibrator.json").write_text("{}")
    content = {
        "id": adapter_id,
        "base": BASE,
        "base_sha256": base_sha256,
        "parent": "seed",
        "sha256": file_sha256(folder / "adapter_model.safetensors"),
        "calibrator_sha256": file_sha256(folder / "calibrator.json"),
        **card,
    }
    (folder / "card.json").write_text(json.dumps(content))
    return folder
