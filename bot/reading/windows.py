"""A question and a passage as the model reads them: token windows, and the way back to characters.

A BERT-type reader sees at most `MAX_LENGTH` tokens: `[CLS] question [SEP] piece of the passage [SEP]`, say. A
longer passage is read in pieces that overlap by `OVERLAP` tokens, so that an answer at a cut stands whole in
one of them. Token offsets are character offsets in the passage as given: the tokenizer keeps them through its
normalisation, and each is widened to whole characters as people see them (a flag, a family of emoji, a letter with
its accents): no answer begins or ends inside one.
"""

from __future__ import annotations

import functools
import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bot.reading.architectures import positions
from bot.reading.graphemes import clusters

if TYPE_CHECKING:
    from tokenizers import Tokenizer

MAX_LENGTH = 384
OVERLAP = 128
MAX_QUESTION = 64

PairForm = tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]
"""The ids before, between and after two texts."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Window:
    """One piece of one passage with its question, as token ids.

    Position 0 is [CLS]: "no answer in this window". Positions `first` to `first + len(offsets) - 1` are the
    piece.
    """

    ids: tuple[int, ...]
    first: int  # position of the piece's first token
    offsets: tuple[tuple[int, int], ...]  # (start, end) characters in the passage, one a token of the piece
    passage: int  # index of the passage among those read
    reach: tuple[int, int]  # characters the piece covers: up to the tokens beside it, or the passage's ends

    def position_span(self, start: int, end: int) -> tuple[int, int] | None:
        """First and last token position of characters `start:end`; None where this window lacks a part of
        them."""
        touched = [i for i, (a, b) in enumerate(self.offsets) if a < end and b > start]
        if not touched or start < self.reach[0] or end > self.reach[1]:
            return None
        return self.first + touched[0], self.first + touched[-1]


class WindowCutter:
    """Cuts windows with one base's tokenizer, in the form its architecture pairs two texts. Safe to call from several
    threads."""

    def __init__(
        self,
        tokenizer: Tokenizer,
        max_length: int = MAX_LENGTH,
        overlap: int = OVERLAP,
        *,
        pad_id: int | None = None,
        form: PairForm | None = None,
    ) -> None:
        """`pad_id`: None takes the tokenizer's [PAD]. `form`: None takes the tokenizer's own; raises ValueError for one
        that pairs no texts."""
        self.max_length, self.overlap = max_length, overlap
        self.pad_id = _special(tokenizer, "[PAD]", "<pad>") if pad_id is None else pad_id
        tokenizer.no_truncation()
        tokenizer.no_padding()
        self.before, self.between, self.after = form or _pair_form(tokenizer)
        self._tokenizer = tokenizer
        self._tokens = functools.lru_cache(maxsize=256)(self._tokenize)  # many questions ask of one passage

    def cut(self, question: str, passages: Sequence[str]) -> list[Window]:
        """The windows over all passages, in their order; an empty passage has none."""
        asked, most = self._tokens(question)[0], min(MAX_QUESTION, self.max_length // 4)
        if len(asked) > most:
            _log.warning("A question of %d tokens is cut to its first %d.", len(asked), most)
        head = (*self.before, *asked[:most], *self.between)
        windows = []
        for index, passage in enumerate(passages):
            ids, offsets = self._tokens(passage)
            for a, b in _pieces(len(ids), self.max_length - len(head) - len(self.after), self.overlap):
                reach = (
                    offsets[a - 1][1] if a else 0,
                    offsets[b][0] if b < len(offsets) else len(passage),
                )
                windows.append(Window((*head, *ids[a:b], *self.after), len(head), offsets[a:b], index, reach))
        return windows

    @property
    def vocabulary(self) -> dict[str, int]:
        """Token to id."""
        return dict(self._tokenizer.get_vocab())

    def tokens_of(self, text: str) -> tuple[int, ...]:
        """The ids of a text's tokens, without special ones."""
        return self._tokens(text)[0]

    def _tokenize(self, text: str) -> tuple[tuple[int, ...], tuple[tuple[int, int], ...]]:
        encoding = self._tokenizer.encode(text, add_special_tokens=False)
        offsets = encoding.offsets if text.isascii() else _widened(text, encoding.offsets)
        return tuple(encoding.ids), tuple(offsets)


def load_cutter(folder: Path, max_length: int = MAX_LENGTH, overlap: int = OVERLAP) -> WindowCutter:
    """The cutter of the base in `folder` (its tokenizer.json, and what its config.json says of padding and positions).

    A base that has fewer positions than `max_length` gets windows as long as it can read.
    """
    from tokenizers import Tokenizer

    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    length = min(max_length, positions(config) or max_length)
    return WindowCutter(tokenizer, length, min(overlap, length // 3), pad_id=config.get("pad_token_id"))


def _widened(text: str, offsets: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The offsets, each widened to grapheme clusters: the tokenizer drops accents and joiners and may put one visible
    character into several tokens, and an answer must neither lose nor part them."""
    first, last = [0] * len(text), [0] * len(text)  # of each character's cluster, last excluded
    for cluster in clusters(text):
        for i in range(*cluster):
            first[i], last[i] = cluster
    return [(first[start], last[end - 1]) if start < end else (start, end) for start, end in offsets]


def _pieces(length: int, room: int, overlap: int) -> Iterator[tuple[int, int]]:
    """(start, end) of overlapping pieces of at most `room` tokens that together cover `length`."""
    if room <= overlap:
        raise ValueError(f"windows of {room} passage tokens can't overlap by {overlap}")
    start = 0
    while start < length:
        yield start, min(start + room, length)
        if start + room >= length:
            return
        start += room - overlap


def _pair_form(tokenizer: Tokenizer) -> PairForm:
    """The special tokens before, between and after two texts: `[CLS] a [SEP] b [SEP]` for BERT,
    `<s> a </s></s> b </s>` for RoBERTa and MPNet. Read off an example, as vocabularies hold unused look-alikes."""
    pair = tokenizer.encode("a", "b")
    texts = pair.sequence_ids
    if 0 not in texts or 1 not in texts or texts[0] is not None:
        raise ValueError("the tokenizer doesn't pair two texts behind a special token")
    first, second = texts.index(0), texts.index(1)
    between = next(i for i in range(first, second) if texts[i] is None)
    after = next((i for i in range(second, len(texts)) if texts[i] is None), len(texts))
    return tuple(pair.ids[:first]), tuple(pair.ids[between:second]), tuple(pair.ids[after:])


def _special(tokenizer: Tokenizer, *names: str) -> int:
    for name in names:
        found = tokenizer.token_to_id(name)
        if found is not None:
            return int(found)
    raise ValueError(f"the tokenizer has none of {', '.join(names)}")
