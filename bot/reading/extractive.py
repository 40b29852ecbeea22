"""The reader that serves: the frozen base with one adapter merged into it, reading spans out of passages.

The LoRA products are added into the weights once, at loading: the same function as with the adapter beside
them, to rounding, and quicker. Batches are sorted by length and bounded by their tokens. On a processor that
computes bfloat16 the products run in it (more than twice as quick).
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bot.reading.batches import batches, padded
from bot.reading.calibrator import Calibrator, load_calibrator
from bot.reading.card import CALIBRATOR
from bot.reading.cpu import computes_bfloat16
from bot.reading.decoding import N_BEST, Floats, Ranking, rank_spans, span_log_probability, window_spans
from bot.reading.loading import load_adapted, opened
from bot.reading.quantization import Quantize
from bot.reading.ranked import Ask, RankedReader
from bot.reading.windows import Window, WindowCutter, load_cutter

TOKENS_IN_A_BATCH = 2048


class ExtractiveReader(RankedReader):
    """A merged model, its tokenizer and its calibrator. See `Reader` for what the methods promise."""

    def __init__(
        self,
        adapter: str,
        model: Any,
        cutter: WindowCutter,
        calibrator: Calibrator,
        *,
        bfloat16: bool = False,
        n_best: int = N_BEST,
    ) -> None:
        super().__init__(adapter, calibrator)
        self._model = model
        self.cutter = cutter
        self._bfloat16 = bfloat16
        self._n_best = n_best
        self._lock = threading.Lock()  # two threads in the model at once only share the same cores

    def log_probabilities(self, spans: Sequence[tuple[str, str, int, int]]) -> list[float]:
        windows = [self.cutter.cut(question, [passage]) for question, passage, _, _ in spans]
        logits = iter(self.logits([window for group in windows for window in group]))
        found = []
        for group, (_, _, start, end) in zip(windows, spans, strict=True):
            each = [span_log_probability(window, *next(logits), (start, end)) for window in group]
            known = [value for value in each if value is not None]
            # silence holds only where every window is silent; a span where any window sees it
            found.append((min if (start, end) == (0, 0) else max)(known, default=float("-inf")))
        return found

    def rankings(
        self, asks: Sequence[Ask], priors: Sequence[Sequence[float] | None] | None = None
    ) -> list[Ranking]:
        windows = [self.cutter.cut(question, passages) for question, passages in asks]
        logits = iter(self.logits([window for group in windows for window in group]))
        ranked = []
        for (_, texts), group, prior in zip(asks, windows, priors or [None] * len(asks), strict=True):
            found = [
                span
                for window in group
                for span in window_spans(window, texts[window.passage], *next(logits), n_best=self._n_best)
            ]
            ranked.append(rank_spans(found, texts, prior, n_best=self._n_best))
        return ranked

    def logits(self, windows: Sequence[Window]) -> list[tuple[Floats, Floats]]:
        """Start and end logits of each window, in the order given: float32, (tokens of the window,) each."""
        import torch

        results: dict[int, tuple[Floats, Floats]] = {}
        with (
            self._lock,
            torch.inference_mode(),
            torch.autocast("cpu", dtype=torch.bfloat16, enabled=self._bfloat16),
        ):
            for batch in batches([len(window.ids) for window in windows], TOKENS_IN_A_BATCH):
                inputs = padded([windows[i].ids for i in batch], self.cutter.pad_id)
                output = self._model(**{name: each.to(self._model.device) for name, each in inputs.items()})
                starts = output.start_logits.float().cpu().numpy()
                ends = output.end_logits.float().cpu().numpy()
                for row, i in enumerate(batch):
                    length = len(windows[i].ids)
                    results[i] = starts[row, :length], ends[row, :length]
        return [results[i] for i in range(len(windows))]


def load_extractive(
    adapter_folder: Path,
    *,
    base: str | None = None,
    quantize: Quantize = "",
    threads: int | None = None,
    bfloat16: bool | None = None,
    merge: bool = True,
) -> ExtractiveReader:
    """The extractive reader of an adapter folder; see `readers.load_reader`."""
    card, found = opened(adapter_folder, base, threads)
    return ExtractiveReader(
        str(card["id"]),
        load_adapted(found.folder, adapter_folder, quantize=quantize, merge=merge),
        load_cutter(found.folder),
        load_calibrator(adapter_folder / CALIBRATOR),
        bfloat16=computes_bfloat16() if bfloat16 is None else bfloat16,
    )
