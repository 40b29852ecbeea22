"""What differs between the architectures of bases: which reader they serve, the names of the linear layers that LoRA
is laid beside, and the head that an adapter carries whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from bot.errors import BaseError

ReaderKind = Literal["extractive", "generative"]
"""How answers are read: cut out of a passage (BERT and its kin), or written (seq2seq bases such as T5)."""


@dataclass(frozen=True, slots=True)
class Architecture:
    """One architecture, as far as adapting it goes."""

    kind: ReaderKind
    lora_layers: tuple[str, ...]
    """All linear layers of each block, by the ends of their names: LoRA on all beats attention alone."""
    head: tuple[str, ...]
    """What the base's weights lack and the adapter therefore carries whole; of a seq2seq base, its output layer, which
    stays frozen."""


_BERT = Architecture("extractive", ("query", "key", "value", "dense"), ("qa_outputs",))
_T5 = Architecture("generative", ("q", "k", "v", "o", "wi", "wi_0", "wi_1", "wo"), ("lm_head",))
_BART = Architecture("generative", ("q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2"), ("lm_head",))

ARCHITECTURES = {
    "bert": _BERT,
    "distilbert": Architecture(
        "extractive", ("q_lin", "k_lin", "v_lin", "out_lin", "lin1", "lin2"), ("qa_outputs",)
    ),
    "roberta": _BERT,
    "xlm-roberta": _BERT,
    "deberta": Architecture("extractive", ("in_proj", "pos_proj", "pos_q_proj", "dense"), ("qa_outputs",)),
    "deberta-v2": Architecture(
        "extractive",
        ("query_proj", "key_proj", "value_proj", "pos_key_proj", "pos_query_proj", "dense"),
        ("qa_outputs",),
    ),
    "electra": _BERT,
    "mpnet": Architecture("extractive", ("q", "k", "v", "o", "dense"), ("qa_outputs",)),
    "modernbert": Architecture("extractive", ("Wqkv", "Wi", "Wo"), ("head", "classifier")),
    "t5": _T5,
    "mt5": _T5,
    "umt5": _T5,
    "bart": _BART,
    "mbart": _BART,
}
"""By the configuration's `model_type`."""

_FROM_PADDING = ("roberta", "xlm-roberta", "mpnet")


def architecture_of(model_type: str, kind: ReaderKind | None = None) -> Architecture:
    """The architecture of a base. Raises BaseError for one that nobody here can adapt, or that serves another `kind`
    of reader than the one asked for."""
    fitting = [name for name, each in ARCHITECTURES.items() if kind in (None, each.kind)]
    if model_type in fitting:
        return ARCHITECTURES[model_type]
    if model_type in ARCHITECTURES:
        other = ARCHITECTURES[model_type].kind
        raise BaseError(
            f"Found a base of type '{model_type}', which serves the {other} reader; expected one of {', '.join(fitting)} "
            f"for the {kind} one: set LOREBOT_READER={other}, or choose another base."
        )
    raise BaseError(
        f"Found a base of type '{model_type}'; expected one of {', '.join(fitting)}: choose another base."
    )


def lora_layers(config: Any) -> list[str]:
    """The names of the layers to adapt, for the configuration of a base. Raises BaseError for an unknown type."""
    return list(architecture_of(config.model_type).lora_layers)


def positions(config: Mapping[str, Any]) -> int | None:
    """How many tokens a base can read at once, by its config.json; None where its positions are relative without end.

    RoBERTa and its kin count positions from behind the padding's number, so that many fewer are left.
    """
    held = config.get("max_position_embeddings")
    if held is None:
        return None
    padding = config.get("pad_token_id")
    before = 1 + (1 if padding is None else padding) if config.get("model_type") in _FROM_PADDING else 0
    return int(held) - int(before)


def size_of(config: Mapping[str, Any]) -> tuple[int, int]:
    """Width (numbers a token) and layers of a base, by its config.json, however its architecture calls them."""
    width = next((config[name] for name in ("hidden_size", "dim", "d_model") if config.get(name)), 768)
    names = ("num_hidden_layers", "n_layers", "num_layers", "encoder_layers")
    return int(width), int(next((config[name] for name in names if config.get(name)), 12))


def without_dropout(config: Any) -> Any:
    """The configuration with every dropout at 0: learning from votes is steadier so, and on a CPU much quicker."""
    for name, value in vars(config).items():
        if "dropout" in name and isinstance(value, float):
            setattr(config, name, 0.0)
    return config
