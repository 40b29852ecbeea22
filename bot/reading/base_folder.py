"""A base's folder as it came from a hub, a package or a person: whole, of a known architecture, safe to load; and the
hash that its adapters are bound to.

    config.json                        names the architecture
    tokenizer.json                     the fast tokenizer, whose offsets lead back to characters
    model.safetensors                  the weights; or model.safetensors.index.json and the shards it names

What is wrong is told before anything is loaded: only headers are read, and nothing is ever unpickled.
"""

from __future__ import annotations

import functools
import hashlib
import json
from pathlib import Path
from typing import Any

from bot.errors import BaseError
from bot.reading.architectures import architecture_of
from bot.reading.hashes import weights_sha256

CONFIG, TOKENIZER, WEIGHTS, INDEX = (
    "config.json",
    "tokenizer.json",
    "model.safetensors",
    "model.safetensors.index.json",
)
_PICKLED = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.h5", "*.msgpack")


def check_folder(folder: Path) -> None:
    """Raises BaseError, naming what was found, what was expected and the remedy, where `folder` holds no usable base."""
    config = _config(folder)
    for path in weight_files(folder):
        _check_header(path)
    if not (folder / TOKENIZER).is_file():
        raise BaseError(
            f"Found no {TOKENIZER} in {folder}; expected the fast tokenizer: write it there with transformers' "
            "AutoTokenizer.from_pretrained(...).save_pretrained(...)."
        )
    stamp = (folder / TOKENIZER).stat().st_mtime_ns
    _check_tokenizer(
        folder, stamp, config["model_type"], config.get("vocab_size"), config.get("pad_token_id")
    )


def base_sha256(folder: Path) -> str:
    """What an adapter is bound to, in hex: the SHA-256 of model.safetensors.

    Of sharded weights it is that of the lines which `sha256sum` prints for the shards in order of their names, so that
    `sha256sum model-*.safetensors | sha256sum` gives the same.
    """
    files = weight_files(folder)
    if len(files) == 1 and files[0].name == WEIGHTS:
        return weights_sha256(files[0])
    lines = "".join(f"{weights_sha256(path)}  {path.name}\n" for path in files)
    return hashlib.sha256(lines.encode()).hexdigest()


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files of a base in order of their names. Raises BaseError where there are none, or not all."""
    if (folder / WEIGHTS).is_file():
        return [folder / WEIGHTS]
    if (folder / INDEX).is_file():
        return _shards(folder)
    pickled = sorted(path.name for pattern in _PICKLED for path in folder.glob(pattern))
    if pickled:
        raise BaseError(
            f"Found only {pickled[0]} in {folder}; expected {WEIGHTS}, pickled weights can run code: save the model again "
            "with transformers' save_pretrained."
        )
    raise BaseError(
        f"Found no {WEIGHTS} in {folder}; expected a base's weights: get it again, or choose a base published as safetensors."
    )


def _config(folder: Path) -> dict[str, Any]:
    if not folder.is_dir():
        raise BaseError(f"Found no folder {folder}; expected a base: correct LOREBOT_BASE.")
    if not (folder / CONFIG).is_file():
        what = "an adapter" if (folder / "adapter_config.json").is_file() else "no base"
        raise BaseError(
            f"Found no {CONFIG} in {folder}, which is {what}; expected {CONFIG}, {TOKENIZER} and {WEIGHTS}: name a base's folder."
        )
    config = _json(folder / CONFIG)
    if not isinstance(config.get("model_type"), str):
        raise BaseError(
            f"{folder / CONFIG} names no model_type; expected one that says what the base is: get the base again."
        )
    architecture_of(config["model_type"])
    return config


def _shards(folder: Path) -> list[Path]:
    named = _json(folder / INDEX).get("weight_map")
    if not isinstance(named, dict) or not named:
        raise BaseError(
            f"{folder / INDEX} has no weight_map; expected the shards' names: get the base again."
        )
    files = [folder / str(name) for name in sorted(set(map(str, named.values())))]
    for path in files:
        if path.parent != folder or path.suffix != ".safetensors" or not path.is_file():
            raise BaseError(
                f"Found no {path.name} in {folder}; expected all shards that {INDEX} names: get the base again."
            )
    return files


def _check_header(path: Path) -> None:
    """A safetensors file begins with the length of its header, and the header says where its last tensor ends."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        begin = stream.read(8)
        length = int.from_bytes(begin, "little")
        raw = stream.read(length) if 0 < length <= size - 8 else b""
    try:
        tensors = {name: each for name, each in json.loads(raw).items() if name != "__metadata__"}
        end = 8 + length + max(each["data_offsets"][1] for each in tensors.values())
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        what = "a Git LFS pointer, not the file itself" if begin == b"version " else "no safetensors file"
        raise BaseError(f"{path} is {what}; expected the base's weights: get them again.") from error
    if end != size:
        raise BaseError(
            f"{path} has {size} bytes; expected {end} by its own header, it is cut short or damaged: get it again."
        )


@functools.lru_cache(maxsize=8)
def _check_tokenizer(
    folder: Path, stamp: int, model_type: str, vocab_size: int | None, pad_id: int | None
) -> None:
    """`stamp` changes with the file, so that a process reads it once (a large vocabulary takes a second)."""
    from tokenizers import Tokenizer

    from bot.reading.windows import WindowCutter

    path = folder / TOKENIZER
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # tokenizers raises nothing narrower
        raise BaseError(f"{path} is no tokenizer ({error}); expected one: get the base again.") from error
    highest = max(tokenizer.get_vocab().values(), default=-1)
    if vocab_size is not None and highest >= vocab_size:
        raise BaseError(
            f"{path} has tokens up to number {highest}; expected fewer than {vocab_size}, the rows of the base's embedding "
            "table: use the tokenizer that belongs to these weights."
        )
    if architecture_of(model_type).kind == "extractive":
        try:
            WindowCutter(tokenizer, pad_id=pad_id)
        except ValueError as error:
            raise BaseError(
                f"{path} can't be used ({error}); expected a tokenizer that pairs question and passage: choose another base."
            ) from error


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BaseError(
            f"{path} is not JSON ({error}); expected a base's file: get the base again."
        ) from error
    if not isinstance(content, dict):
        raise BaseError(f"{path} holds no JSON object; expected a base's file: get the base again.")
    return content
