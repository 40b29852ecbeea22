"""Loading a base, whole or quantised, with the head of its kind of reader; and an adapter on it, for serving.

In silence: transformers draws progress bars on stderr and warns of a head that the adapter brings; bitsandbytes, which
peft imports, warns of kernels that nobody here asks for.
"""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bot.errors import BaseError
from bot.reading.architectures import ReaderKind, architecture_of, without_dropout
from bot.reading.bases import Base, locate
from bot.reading.card import read_card, refuse_other_base
from bot.reading.quantization import Quantize, quantization_config


@contextlib.contextmanager
def quiet_loading() -> Iterator[None]:
    """Inside it, importing peft and loading a model prints nothing but errors."""
    from transformers.utils import logging as transformers_logging

    untyped: Any = transformers_logging
    verbosity = untyped.get_verbosity()
    bars = untyped.is_progress_bar_enabled()
    kernels = logging.getLogger("bitsandbytes.backends.cpu.ops")
    level = kernels.level
    untyped.set_verbosity_error()
    untyped.disable_progress_bar()
    kernels.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of peft and transformers, to each other
            yield
    finally:
        kernels.setLevel(level)
        untyped.set_verbosity(verbosity)
        if bars:
            untyped.enable_progress_bar()


def opened(adapter: Path, base: str | None, threads: int | None) -> tuple[dict[str, Any], Base]:
    """The card of an adapter folder and the base to read with, both verified; and the process computes on so many cores.

    `base`: None is the card's. Raises AdapterError, BaseError.
    """
    card = read_card(adapter)
    found = locate(base or card["base"])
    refuse_other_base(card, found)
    if threads is not None:
        import torch

        torch.set_num_threads(threads)
    return card, found


def load_backbone(
    folder: Path,
    kind: ReaderKind = "extractive",
    *,
    quantize: Quantize = "",
    dropout: bool = True,
    eager: bool = False,
) -> Any:
    """The base in `folder` with the head of that kind of reader: a fresh answer head in float32, or the base's own
    language model head.

    `quantize`: "8bit" or "4bit" by bitsandbytes, on the GPU where there is one; "" is float32. `dropout=False` switches
    every dropout off, for training. `eager` takes the plain attention, whose gradient is quicker on a CPU. Raises
    BaseError for a base that has another kind, can't be quantised or lacks weights.
    """
    import torch

    with quiet_loading():
        import transformers
        from transformers import AutoConfig

        config = AutoConfig.from_pretrained(folder, local_files_only=True)
        architecture = architecture_of(config.model_type, kind)
        options: dict[str, Any] = {"attn_implementation": "eager"} if eager else {}
        if quantize:
            options["quantization_config"] = quantization_config(quantize, config, architecture.head)
        head = "AutoModelForQuestionAnswering" if kind == "extractive" else "AutoModelForSeq2SeqLM"
        try:
            model, info = getattr(transformers, head).from_pretrained(
                folder,
                config=config if dropout else without_dropout(config),
                local_files_only=True,
                use_safetensors=True,
                dtype=torch.float32,
                output_loading_info=True,
                **options,
            )
        except (ImportError, OSError, RuntimeError, ValueError) as error:
            reason = " ".join(str(error).split())[:300]
            raise BaseError(
                f"The base in {folder} can't be loaded ({reason}); expected weights that fit its config.json: get it again."
            ) from error
    lacking = [key for key in info["missing_keys"] if key.split(".")[0] not in architecture.head]
    if lacking:
        raise BaseError(
            f"The weights in {folder} lack {len(lacking)} tensors of a {config.model_type} ({sorted(lacking)[0]}, ...); "
            "expected all but the answer head: get the base again."
        )
    return model


def load_adapted(
    folder: Path,
    adapter: Path,
    kind: ReaderKind = "extractive",
    *,
    quantize: Quantize = "",
    merge: bool = True,
) -> Any:
    """The base in `folder` with an adapter on it, ready to serve (`eval`).

    Merged into the weights, the adapter costs no time. On a quantised base it stays beside them whatever `merge` says:
    merging would round the sum again, to steps larger than what the adapter changes.
    """
    with quiet_loading():
        from peft import PeftModel

        model = PeftModel.from_pretrained(
            load_backbone(folder, kind, quantize=quantize), str(adapter), local_files_only=True
        )
    return (model.merge_and_unload() if merge and not quantize else model).eval()
