"""The reader that writes: a seq2seq base (T5, BART) with one adapter, reading passages and writing answers.

Each input, a passage or several together, is answered by beam search, and what was written is scored by ln P of the
whole output. "No answer" is an output too (`sequences.NO_ANSWER`): an answer's score is its ln P less that of "no answer" to
the same input, the unit that an extractive reader's scores have, so that ranking, calibration and gate treat both alike.

An answer that stands in a passage read, whatever its case, punctuation and inflection, becomes that cut of it. Another
keeps its own words, with the sentence closest to them, and people are warned.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.reading.aligning import closest_sentence, find_words
from bot.reading.batches import batches, padded
from bot.reading.calibrator import Calibrator, load_calibrator
from bot.reading.card import CALIBRATOR
from bot.reading.cpu import computes_bfloat16
from bot.reading.decoding import N_BEST, Ranking, Span, rank_spans
from bot.reading.loading import load_adapted, opened
from bot.reading.quantization import Quantize
from bot.reading.ranked import Ask, RankedReader
from bot.reading.sequences import (
    MAX_ANSWER,
    MAX_INPUT,
    NO_ANSWER,
    SequenceCutter,
    as_labels,
    load_sequences,
    token_log_probabilities,
)
from bot.reading.windows import Window

if TYPE_CHECKING:
    from torch import Tensor

TOKENS_IN_A_BATCH = 2048
BETWEEN = "\n"  # what parts passages that are read together


@dataclass(frozen=True, slots=True)
class Writing:
    """How inputs are made and answers written; the calibrator is fitted to it."""

    together: bool = False  # all passages in one input, as far as they fit, instead of one by one
    beams: int = 1  # 1: greedy
    answer_tokens: int = MAX_ANSWER
    input_tokens: int = MAX_INPUT


Written = tuple[list[tuple[str, float]], float]
"""What one input was answered with: texts with their ln P, and ln P of "no answer"."""


class GenerativeReader(RankedReader):
    """A seq2seq model with its adapter, its tokenizer and its calibrator. See `Reader` for what the methods promise."""

    def __init__(
        self,
        adapter: str,
        model: Any,
        cutter: SequenceCutter,
        calibrator: Calibrator,
        writing: Writing = Writing(),
        *,
        bfloat16: bool = False,
        n_best: int = N_BEST,
    ) -> None:
        super().__init__(adapter, calibrator)
        self._model = model
        set_generation(model, cutter, writing.answer_tokens, writing.beams)
        self._cutter = cutter
        self._together = writing.together
        self._bfloat16 = bfloat16
        self._n_best = n_best
        self._lock = threading.Lock()  # two threads in the model at once only share the same cores

    def rankings(
        self, asks: Sequence[Ask], priors: Sequence[Sequence[float] | None] | None = None
    ) -> list[Ranking]:
        inputs = [self._inputs(question, passages) for question, passages in asks]
        written = iter(self._write([window for group in inputs for window, _ in group]))
        ranked = []
        for ask, group, prior in zip(asks, inputs, priors or [None] * len(asks), strict=True):
            found = [span for _, seen in group for span in _spans(ask, seen, next(written))]
            ranked.append(rank_spans(found, ask[1], prior, n_best=self._n_best))
        return ranked

    def log_probabilities(self, spans: Sequence[tuple[str, str, int, int]]) -> list[float]:
        windows, targets, of = [], [], []
        for i, (question, passage, start, end) in enumerate(spans):
            target = (
                self._cutter.target(passage[start:end]) if (start, end) != (0, 0) else self._cutter.no_answer
            )
            for window in self._cutter.cut(question, [passage]):
                if (start, end) == (0, 0) or window.position_span(start, end):
                    windows.append(window)
                    targets.append([target])
                    of.append(i)
        known: list[list[float]] = [[] for _ in spans]
        for i, (value,) in zip(of, self._score(windows, targets), strict=True):
            known[i].append(value)
        # silence holds only where every window is silent; a span where any window sees it
        return [
            (min if (start, end) == (0, 0) else max)(values, default=float("-inf"))
            for values, (_, _, start, end) in zip(known, spans, strict=True)
        ]

    def _inputs(self, question: str, passages: Sequence[str]) -> list[tuple[Window, list[int]]]:
        """The inputs for one question, each with the indices of the passages that it holds."""
        if not self._together:
            return [(window, [window.passage]) for window in self._cutter.cut(question, passages)]
        ends = list(accumulate(len(passage) + len(BETWEEN) for passage in passages))
        starts = [0, *ends[:-1]]
        return [
            (
                window,
                [
                    i
                    for i in range(len(passages))
                    if starts[i] < window.reach[1] and ends[i] > window.reach[0]
                ],
            )
            for window in self._cutter.cut(question, [BETWEEN.join(passages)])
        ]

    def _write(self, windows: Sequence[Window]) -> list[Written]:
        """What each input is answered with, in the order given."""
        found: dict[int, Written] = {}
        for batch in batches([len(window.ids) for window in windows], TOKENS_IN_A_BATCH):
            with self._computing():
                states, mask = self._read_inputs([windows[i] for i in batch])
                texts = self._generate(states, mask)
                targets = [[self._cutter.no_answer, *map(self._cutter.target, each)] for each in texts]
                scores = self._score_outputs(states, mask, targets)
            for i, said, (silence, *values) in zip(batch, texts, scores, strict=True):
                found[i] = list(zip(said, values, strict=True)), silence
        return [found[i] for i in range(len(windows))]

    def _score(
        self, windows: Sequence[Window], targets: Sequence[Sequence[Sequence[int]]]
    ) -> list[list[float]]:
        """ln P of each target of each input."""
        found: dict[int, list[float]] = {}
        for batch in batches([len(window.ids) for window in windows], TOKENS_IN_A_BATCH):
            with self._computing():
                states, mask = self._read_inputs([windows[i] for i in batch])
                scores = self._score_outputs(states, mask, [targets[i] for i in batch])
            found.update(zip(batch, scores, strict=True))
        return [found[i] for i in range(len(windows))]

    def _read_inputs(self, windows: Sequence[Window]) -> tuple[Tensor, Tensor]:
        """The encoder's states (B, L, D) and the mask (B, L): read once for all that is asked of them."""
        inputs = padded([window.ids for window in windows], self._cutter.pad_id)
        on_device = {name: each.to(self._model.device) for name, each in inputs.items()}
        return self._model.get_encoder()(**on_device).last_hidden_state, on_device["attention_mask"]

    def _generate(self, states: Tensor, mask: Tensor) -> list[list[str]]:
        """The texts that are written to each input, likeliest first."""
        from transformers.modeling_outputs import BaseModelOutput

        encoded = BaseModelOutput(last_hidden_state=states)  # generate() repeats what is in it for each beam
        rows = self._model.generate(encoder_outputs=encoded, attention_mask=mask).tolist()
        beams = len(rows) // len(states)
        texts = [self._cutter.text(row) for row in rows]
        return [
            list(dict.fromkeys(filter(_says_something, texts[i : i + beams])))
            for i in range(0, len(texts), beams)
        ]

    def _score_outputs(
        self, states: Tensor, mask: Tensor, targets: Sequence[Sequence[Sequence[int]]]
    ) -> list[list[float]]:
        rows = [row for row, each in enumerate(targets) for _ in each]
        labels = as_labels([target for each in targets for target in each]).to(states.device)
        logits = self._model(encoder_outputs=(states[rows],), attention_mask=mask[rows], labels=labels).logits
        values = iter(token_log_probabilities(logits, labels).sum(1).tolist())
        return [[min(next(values), 0.0) for _ in each] for each in targets]

    @contextlib.contextmanager
    def _computing(self) -> Iterator[None]:
        import torch

        with (
            self._lock,
            torch.inference_mode(),
            torch.autocast("cpu", dtype=torch.bfloat16, enabled=self._bfloat16),
        ):
            yield


def load_generative(
    adapter_folder: Path,
    *,
    writing: Writing = Writing(),
    base: str | None = None,
    quantize: Quantize = "",
    threads: int | None = None,
    bfloat16: bool | None = None,
    merge: bool = True,
) -> GenerativeReader:
    """The generative reader of an adapter folder; see `readers.load_reader`."""
    card, found = opened(adapter_folder, base, threads)
    return GenerativeReader(
        str(card["id"]),
        load_adapted(found.folder, adapter_folder, "generative", quantize=quantize, merge=merge),
        load_sequences(found.folder, writing.input_tokens),
        load_calibrator(adapter_folder / CALIBRATOR),
        writing,
        bfloat16=computes_bfloat16() if bfloat16 is None else bfloat16,
    )


def _spans(ask: Ask, seen: Sequence[int], written: Written) -> Iterator[Span]:
    """What was written to one input, as spans of the passages that it held."""
    question, passages = ask
    texts = [passages[i] for i in seen]
    answers, silence = written
    for text, log_probability in answers:
        place = find_words(text, texts, question)
        near = place or closest_sentence(text, texts, question)
        if near is not None:
            yield Span(
                seen[near.text],
                near.start,
                near.end,
                log_probability - silence,
                log_probability,
                silence=silence,
                text=None if place else text,
            )


def _says_something(text: str) -> bool:
    return text != NO_ANSWER and any(map(str.isalnum, text))


def set_generation(
    model: Any, cutter: SequenceCutter, answer_tokens: int, beams: int = 1, *, may_be_silent: bool = False
) -> None:
    """Has `model` search for answers so, and not as the base's own settings say (BART's are for summaries).

    Unless `may_be_silent`, no answer begins as `NO_ANSWER` does: how likely that is, is scored apart.
    """
    import transformers

    configuration: Any = transformers.GenerationConfig  # untyped
    inner = model.get_base_model() if hasattr(model, "get_base_model") else model  # without peft's wrapping
    lead = 0 if cutter.first_id is None else 1
    inner.generation_config = configuration(
        decoder_start_token_id=inner.config.decoder_start_token_id,
        pad_token_id=cutter.pad_id,
        eos_token_id=cutter.eos_id,
        forced_bos_token_id=cutter.first_id,
        begin_suppress_tokens=None if may_be_silent else [cutter.no_answer[lead], cutter.eos_id],
        max_new_tokens=answer_tokens + lead,
        num_beams=beams,
        num_return_sequences=beams,
        do_sample=False,
    )
