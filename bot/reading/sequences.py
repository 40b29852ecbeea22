"""What a seq2seq base reads and writes, as token ids: question and passage in, an answer or "no answer" out.

The answer is any text; that a passage holds none is an output of its own, `NO_ANSWER`. T5 and its kin are asked in the
words they were trained with (Raffel et al. 2020, appendix D.15), others by their tokenizer's own form of two texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bot.reading.windows import OVERLAP, WindowCutter

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from torch import Tensor

NO_ANSWER = "unanswerable"
"""Flan-T5 learned to say this very word where a passage has no answer."""

MAX_INPUT = 512
MAX_ANSWER = 40  # tokens
IGNORED = -100  # a label that is no token: what a shorter output is padded with


class SequenceCutter(WindowCutter):
    """Cuts inputs as `WindowCutter` does, and turns outputs into ids and back. Safe to call from several threads."""

    def __init__(
        self,
        tokenizer: Tokenizer,
        max_length: int = MAX_INPUT,
        overlap: int = OVERLAP,
        *,
        pad_id: int,
        eos_id: int,
    ) -> None:
        specials = tokenizer.encode("a").sequence_ids
        leading = next((i for i, text in enumerate(specials) if text is not None), 0)
        form = None
        if not leading:  # nothing stands in front, as with T5: the parts are told apart by words

            def ids(text: str) -> tuple[int, ...]:
                return tuple(tokenizer.encode(text, add_special_tokens=False).ids)

            form = ids("question:"), ids("context:"), (eos_id,)
        super().__init__(tokenizer, max_length, overlap, pad_id=pad_id, form=form)
        self.eos_id = eos_id
        self.first_id = tokenizer.encode("a").ids[0] if leading else None  # what every output begins with
        self.no_answer = self.target(NO_ANSWER)

    def target(self, text: str) -> tuple[int, ...]:
        """The ids of `text` as the model has to write it, its end included."""
        ids = tuple(self._tokenizer.encode(text).ids)
        return ids if ids and ids[-1] == self.eos_id else (*ids, self.eos_id)

    def text(self, ids: Sequence[int]) -> str:
        """What an output says, on one line."""
        return " ".join(self._tokenizer.decode(list(ids), skip_special_tokens=True).split())


def load_sequences(folder: Path, max_length: int = MAX_INPUT, overlap: int = OVERLAP) -> SequenceCutter:
    """The cutter of the seq2seq base in `folder` (its tokenizer.json and config.json)."""
    from tokenizers import Tokenizer
    from transformers import AutoConfig

    config = AutoConfig.from_pretrained(folder, local_files_only=True)  # knows what config.json leaves unsaid
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    return SequenceCutter(
        tokenizer, max_length, overlap, pad_id=config.pad_token_id, eos_id=config.eos_token_id
    )


def as_labels(targets: Sequence[Sequence[int]]) -> Tensor:
    """The targets as (B, T) int64, the shorter ones padded with `IGNORED`."""
    import torch

    labels = torch.full((len(targets), max(map(len, targets))), IGNORED)
    for row, target in zip(labels, targets, strict=True):
        row[: len(target)] = torch.tensor(target)
    return labels


def token_log_probabilities(logits: Tensor, labels: Tensor) -> Tensor:
    """ln P of each label's token given those before it, 0 where there is none: (B, T) from (B, T, V) and (B, T)."""
    import torch

    real = labels != IGNORED
    picked = logits.float().gather(2, labels.clamp(min=0).unsqueeze(2)).squeeze(2)
    found: Tensor = (picked - torch.logsumexp(logits.float(), dim=2)) * real
    return found
