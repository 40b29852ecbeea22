"""A base in 8 or 4 bits by bitsandbytes: a quarter or an eighth of the memory of its linear layers.

8bit: int8 a row, outliers kept in 16 bits (LLM.int8). 4bit: NF4 with its scales quantised again (QLoRA), products in
bfloat16. Embeddings, norms and the head stay whole, as does the adapter, which is trained beside the frozen bits.
"""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Sequence
from typing import Any, Literal

from bot.errors import BaseError

Quantize = Literal["", "8bit", "4bit"]
"""How the base is held in memory; "" is whole, in float32."""


def quantization_config(quantize: Quantize, config: Any, kept_whole: Sequence[str]) -> Any:
    """transformers' BitsAndBytesConfig for one base. Raises BaseError where the base can't be quantised here."""
    already = getattr(config, "quantization_config", None)
    if already is not None:
        method = already.get("quant_method", "unknown") if isinstance(already, dict) else already
        raise BaseError(
            f"LOREBOT_QUANTIZE={quantize} meets a base that is quantised already ({method}); expected a whole one: "
            "name the original base, or empty LOREBOT_QUANTIZE."
        )
    if importlib.util.find_spec("bitsandbytes") is None:
        raise BaseError(
            f"LOREBOT_QUANTIZE={quantize} needs bitsandbytes, which is not installed: run `pip install bitsandbytes`, or "
            "empty LOREBOT_QUANTIZE."
        )
    import torch
    from transformers import BitsAndBytesConfig

    # of every product in int8 it tells that its inputs are rounded, which is what was asked for
    logging.getLogger("bitsandbytes.autograd._functions").setLevel(logging.ERROR)
    options: dict[str, Any] = {"load_in_8bit": True}
    if quantize == "4bit":
        options = {
            "load_in_4bit": True,
            "bnb_4bit_quant_type": "nf4",
            "bnb_4bit_use_double_quant": True,
            "bnb_4bit_compute_dtype": torch.bfloat16,
        }
    untyped: Any = BitsAndBytesConfig
    return untyped(**options, llm_int8_skip_modules=list(kept_whole))
