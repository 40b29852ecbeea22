"""Tiny random seq2seq bases: T5 and mT5 with a SentencePiece-like vocabulary, BART with a byte-level one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tiny_bases import TEXT
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from bot.reading.sequences import NO_ANSWER

_SIZES: dict[str, dict[str, Any]] = {
    "t5": {"d_model": 32, "d_kv": 8, "d_ff": 48, "num_layers": 2, "num_heads": 4},
    "mt5": {"d_model": 32, "d_kv": 8, "d_ff": 48, "num_layers": 2, "num_heads": 4},
    "bart": {
        "d_model": 32,
        "encoder_layers": 2,
        "decoder_layers": 2,
        "encoder_attention_heads": 2,
        "decoder_attention_heads": 2,
        "encoder_ffn_dim": 48,
        "decoder_ffn_dim": 48,
        "max_position_embeddings": 600,
    },
}


def write_seq2seq(folder: Path, model_type: str = "t5", *, seed: int = 1) -> Path:
    """Writes a random base of 2 + 2 layers x 32 into `folder` as transformers saves one."""
    import torch
    from transformers import AutoConfig, AutoModelForSeq2SeqLM

    from bot.reading.loading import quiet_loading

    folder.mkdir(parents=True)
    tokenizer = _byte_level() if model_type == "bart" else _pieces()
    tokenizer.save(str(folder / "tokenizer.json"))
    ids = {
        "pad_token_id": tokenizer.token_to_id("<pad>"),
        "eos_token_id": tokenizer.token_to_id("</s>"),
        "decoder_start_token_id": tokenizer.token_to_id("</s>" if model_type == "bart" else "<pad>"),
    }
    if model_type == "bart":
        ids["bos_token_id"] = tokenizer.token_to_id("<s>")
    torch.manual_seed(seed)
    with quiet_loading():
        config = AutoConfig.for_model(
            model_type, vocab_size=tokenizer.get_vocab_size(), **ids, **_SIZES[model_type]
        )
        AutoModelForSeq2SeqLM.from_config(config).save_pretrained(folder)
    return folder


def _pieces() -> Tokenizer:
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer: Any = trainers.UnigramTrainer(
        vocab_size=180, special_tokens=["<pad>", "</s>", "<unk>"], unk_token="<unk>", show_progress=False
    )
    tokenizer.train_from_iterator([*TEXT * 4, f"question: context: {NO_ANSWER}"], trainer)
    end = [("</s>", tokenizer.token_to_id("</s>"))]
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A </s>", pair="$A </s> $B </s>", special_tokens=end
    )
    return tokenizer


def _byte_level() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer: Any = trainers.BpeTrainer(
        vocab_size=340,
        special_tokens=["<s>", "<pad>", "</s>", "<unk>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(TEXT * 4, trainer)
    tokenizer.post_processor = processors.RobertaProcessing(
        ("</s>", tokenizer.token_to_id("</s>")), ("<s>", tokenizer.token_to_id("<s>")), add_prefix_space=False
    )
    return tokenizer
