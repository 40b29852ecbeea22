"""Loading a base in silence: transformers draws progress bars on stderr and warns of a head that the adapter
brings; bitsandbytes, which peft imports, warns of kernels that nobody here asks for."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bot.reading.architectures import without_dropout


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


def load_backbone(folder: Path, *, dropout: bool = True, eager: bool = False) -> Any:
    """The base in `folder` as a question-answering model in float32, its answer head fresh.

    `dropout=False` switches every dropout off, for training. `eager` takes the plain attention, whose gradient is
    quicker on a CPU.
    """
    import torch

    with quiet_loading():
        from transformers import AutoConfig, AutoModelForQuestionAnswering

        config = AutoConfig.from_pretrained(folder, local_files_only=True)
        return AutoModelForQuestionAnswering.from_pretrained(
            folder,
            config=config if dropout else without_dropout(config),
            local_files_only=True,
            use_safetensors=True,
            dtype=torch.float32,
            **({"attn_implementation": "eager"} if eager else {}),
        )
