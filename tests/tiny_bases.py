"""Tiny random bases of every architecture, each with a fast tokenizer of its architecture's usual form."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

TEXT = (
    "The office opens at nine. The printer stands on the second floor. Anna runs payroll.",
    "When does the office open? Where is the printer? Who runs payroll? Who owns the car?",
    "Größe naïve café 8080 👩‍💻 code, a naïve ﬁle; the canteen (ground floor) serves lunch.",
)
WORDPIECE, BYTES, UNIGRAM = "wordpiece", "bytes", "unigram"
"""The three kinds of vocabulary."""

FORMS = {
    "bert": (WORDPIECE, "[CLS]", "[SEP]"),
    "distilbert": (WORDPIECE, "[CLS]", "[SEP]"),
    "electra": (WORDPIECE, "[CLS]", "[SEP]"),
    "mpnet": (WORDPIECE, "<s>", "</s>"),
    "roberta": (BYTES, "<s>", "</s>"),
    "xlm-roberta": (UNIGRAM, "<s>", "</s>"),
    "deberta": (BYTES, "[CLS]", "[SEP]"),
    "deberta-v2": (UNIGRAM, "[CLS]", "[SEP]"),
    "modernbert": (BYTES, "[CLS]", "[SEP]"),
}
"""model_type: its vocabulary, and the special tokens around two texts."""

_SIZE = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 48,
    "max_position_embeddings": 96,
}
_OWN: dict[str, dict[str, Any]] = {
    "distilbert": {"dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 48, "max_position_embeddings": 96},
    "electra": {**_SIZE, "embedding_size": 16},
    "deberta": {
        **_SIZE,
        "relative_attention": True,
        "pos_att_type": ["c2p", "p2c"],
        "position_biased_input": False,
        "type_vocab_size": 0,
    },
    "deberta-v2": {
        **_SIZE,
        "relative_attention": True,
        "pos_att_type": ["p2c", "c2p"],
        "position_biased_input": False,
        "type_vocab_size": 0,
        "position_buckets": 16,
        "share_att_key": True,
        "norm_rel_ebd": "layer_norm",
    },
    "modernbert": {**_SIZE, "local_attention": 32, "global_attn_every_n_layers": 2},
}


def write_base(folder: Path, model_type: str, *, seed: int = 1, **changes: Any) -> Path:
    """Writes a random base of 2 layers x 32 into `folder` as transformers saves one; `changes` go into its configuration."""
    import torch
    from transformers import AutoConfig, AutoModel

    from bot.reading.loading import quiet_loading

    _, before, between = FORMS[model_type]
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = tokenizer_of(model_type)
    tokenizer.save(str(folder / "tokenizer.json"))
    ids = {name: tokenizer.token_to_id(token) for name, token in _special(before, between).items()}
    own = {**_OWN.get(model_type, _SIZE), **changes}
    torch.manual_seed(seed)
    with quiet_loading():
        config = AutoConfig.for_model(model_type, vocab_size=tokenizer.get_vocab_size(), **ids, **own)
        AutoModel.from_config(config).save_pretrained(folder)
    return folder


@contextmanager
def one_thread() -> Iterator[None]:
    """Two threads that wait for each other at every small product take minutes on a busy machine."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def tokenizer_of(model_type: str) -> Tokenizer:
    """A fast tokenizer of the form that bases of this type have, with the words of `TEXT`."""
    return _tokenizer(*FORMS[model_type])


def _special(before: str, between: str) -> dict[str, str]:
    pad = "<pad>" if before == "<s>" else "[PAD]"
    return {
        "bos_token_id": before,
        "cls_token_id": before,
        "pad_token_id": pad,
        "eos_token_id": between,
        "sep_token_id": between,
    }


def _tokenizer(kind: str, before: str, between: str) -> Tokenizer:
    plain = before == "<s>"
    unknown = "<unk>" if plain else "[UNK]"
    special = [before, "<pad>" if plain else "[PAD]", between, unknown]
    trainer: Any
    if kind == WORDPIECE:
        tokenizer = Tokenizer(models.WordPiece(unk_token=unknown))
        tokenizer.normalizer = normalizers.BertNormalizer()
        tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        tokenizer.decoder = decoders.WordPiece()
        trainer = trainers.WordPieceTrainer(vocab_size=200, special_tokens=special, show_progress=False)
    elif kind == BYTES:
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=340,
            special_tokens=special,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        )
    else:
        tokenizer = Tokenizer(models.Unigram())
        tokenizer.normalizer = normalizers.NFKC()
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
        tokenizer.decoder = decoders.Metaspace()
        trainer = trainers.UnigramTrainer(
            vocab_size=160, special_tokens=special, unk_token=unknown, show_progress=False
        )
    tokenizer.train_from_iterator(TEXT * 4, trainer)
    middle = f"{between} {between}" if plain else between
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{before} $A {between}",
        pair=f"{before} $A {middle} $B {between}" if plain else f"{before} $A {between} $B:1 {between}:1",
        special_tokens=[(before, tokenizer.token_to_id(before)), (between, tokenizer.token_to_id(between))],
    )
    return tokenizer
