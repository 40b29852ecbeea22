"""What differs between the architectures of bases: the names of their linear layers, which LoRA is laid beside."""

from __future__ import annotations

from typing import Any

from bot.errors import BaseError

LORA_LAYERS = {
    "bert": ["query", "key", "value", "dense"],
    "distilbert": ["q_lin", "k_lin", "v_lin", "out_lin", "lin1", "lin2"],
    "roberta": ["query", "key", "value", "dense"],
    "xlm-roberta": ["query", "key", "value", "dense"],
    "deberta": ["in_proj", "pos_proj", "pos_q_proj", "dense"],
    "deberta-v2": ["query_proj", "key_proj", "value_proj", "dense"],
    "electra": ["query", "key", "value", "dense"],
    "mpnet": ["q", "k", "v", "o", "dense"],
    "modernbert": ["Wqkv", "Wi", "Wo"],
}
"""All linear layers of each block, by the configuration's `model_type`: LoRA on all beats attention alone."""


def lora_layers(config: Any) -> list[str]:
    """The names of the layers to adapt, for the configuration of a base. Raises BaseError for an unknown type."""
    layers = LORA_LAYERS.get(config.model_type)
    if layers is None:
        raise BaseError(
            f"Found a base of type '{config.model_type}'; expected one of {', '.join(LORA_LAYERS)}: choose another base."
        )
    return layers


def without_dropout(config: Any) -> Any:
    """The configuration with every dropout at 0: learning from votes is steadier so, and on a CPU much quicker."""
    for name, value in vars(config).items():
        if "dropout" in name and isinstance(value, float):
            setattr(config, name, 0.0)
    return config
