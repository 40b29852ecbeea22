"""Texts to vectors with the frozen base, for search: the same weights as the reader's, without an adapter.

The vector of a text is the mean of its token vectors, L2-normalised, of at most 256 tokens: what
sentence-transformers does with these weights, without the package. Where the processor computes bfloat16 the
products run in it: three times as quick, and no cosine moves by more than about 0.0001.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bot.reading.bases import DEFAULT_BASE, Base, locate
from bot.reading.batches import batches, padded
from bot.reading.cpu import computes_bfloat16
from bot.reading.loading import quiet_loading

if TYPE_CHECKING:
    from tokenizers import Tokenizer

MAX_TOKENS = 256
TOKENS_IN_A_BATCH = 8192


class Encoder(Protocol):
    """Turns texts into vectors whose dot product is their cosine."""

    dimension: int

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(n, dimension) float32, each row of length 1, in the order of `texts`. Safe to call from several
        threads."""
        ...


class BaseEncoder:
    """The frozen base as encoder. Loads at the first text, so that building one costs nothing."""

    dimension = 384

    def __init__(self, base: Base) -> None:
        self._base = base
        self._loaded: tuple[Tokenizer, Any] | None = None
        self._lock = threading.Lock()

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        with self._lock:
            if self._loaded is None:
                self._loaded = self._load()
            return self._encode(*self._loaded, list(texts))

    def _load(self) -> tuple[Tokenizer, Any]:
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(self._base.folder / "tokenizer.json"))
        tokenizer.enable_truncation(MAX_TOKENS)
        tokenizer.no_padding()
        with quiet_loading():
            from transformers import AutoModel

            model = AutoModel.from_pretrained(self._base.folder, local_files_only=True, use_safetensors=True)
        return tokenizer, model.eval()

    def _encode(self, tokenizer: Tokenizer, model: Any, texts: list[str]) -> NDArray[np.float32]:
        import torch

        tokens = [encoding.ids for encoding in tokenizer.encode_batch(texts)]
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        with (
            torch.inference_mode(),
            torch.autocast("cpu", dtype=torch.bfloat16, enabled=computes_bfloat16()),
        ):
            for batch in batches([len(ids) for ids in tokens], TOKENS_IN_A_BATCH):
                inputs = padded([tokens[i] for i in batch], 0)  # masked: any id will do
                hidden = model(**inputs).last_hidden_state
                shares = inputs["attention_mask"].unsqueeze(-1).to(hidden.dtype)
                mean = (hidden * shares).sum(1) / shares.sum(1)
                vectors[batch] = torch.nn.functional.normalize(mean.float()).numpy()
        return vectors


class InSlices:
    """The same encoder for work that nobody waits for: questions get their turn between a few texts and the next."""

    SLICE = 8
    PAUSE_S = 0.002  # longer than a thread needs that waits for the encoder's lock

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self.dimension = encoder.dimension

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        rows = [np.zeros((0, self.dimension), np.float32)]
        for begin in range(0, len(texts), self.SLICE):
            rows.append(self._encoder.encode(texts[begin : begin + self.SLICE]))
            time.sleep(self.PAUSE_S)
        return np.concatenate(rows)


def load_encoder() -> Encoder:
    """The encoder, over the small base whatever the reader's: passages keep their vectors when the reader changes.

    Its weights are verified now and loaded at the first text.
    """
    return BaseEncoder(locate(DEFAULT_BASE))
