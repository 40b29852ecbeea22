"""The bundled base whole, in 8 bits and in 4: memory, seconds a question, seconds a training step, right answers.

Each way runs in a process of its own, so that its peak memory is its own; they take turns, and the quickest round of
each counts, so that a busy machine is busy for all.

    python tests/bench/bench_quantize.py [--adapter DIR] [--items FILE] [--questions N] [--steps N] [--rounds N] [--json]
"""

from __future__ import annotations

import argparse
import gc
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, get_args

from bot.reading.bases import locate
from bot.reading.card import read_card
from bot.reading.cpu import computes_bfloat16
from bot.reading.extractive import load_extractive
from bot.reading.item_files import read_items
from bot.reading.loading import load_backbone, quiet_loading
from bot.reading.quantization import Quantize
from bot.reading.scores import evaluate

ROOT = Path(__file__).parents[2]
BATCH, TOKENS = 16, 128
COLUMNS = (
    "base",
    "weights_mb",
    "serving_peak_mb",
    "training_peak_mb",
    "ms_question",
    "s_step",
    "span_f1",
    "span_exact",
    "questions",
)


def peak_mb() -> float:
    """The most memory that this process ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def weights_mb(model: Any) -> float:
    """Bytes of all parameters and buffers, a quantised layer's scales among them."""
    held = list(model.parameters()) + list(model.buffers())
    states = [each.quant_state for each in held if getattr(each, "quant_state", None) is not None]
    scales = [tensor for state in states for tensor in _tensors(state)]
    return sum(each.numel() * each.element_size() for each in (*held, *scales)) / 1e6


def _tensors(state: Any) -> list[Any]:
    nested = _tensors(state.state2) if getattr(state, "state2", None) is not None else []
    return [each for each in (state.absmax, state.code) if each is not None] + nested


def step_seconds(adapter: Path, quantize: Quantize, steps: int) -> float:
    """Seconds of a training step of the adapter on a batch of 16 x 128 tokens, the median of `steps`."""
    import torch
    from peft import PeftModel

    base = locate(read_card(adapter)["base"])
    with quiet_loading():
        backbone = load_backbone(base.folder, quantize=quantize, dropout=False, eager=True)
        model = PeftModel.from_pretrained(backbone, str(adapter), is_trainable=True)
    model.train()
    optimizer = torch.optim.AdamW([each for each in model.parameters() if each.requires_grad], lr=1e-5)
    device = model.device
    ids = torch.randint(1000, 20000, (BATCH, TOKENS), generator=torch.Generator().manual_seed(1)).to(device)
    at = torch.full((BATCH,), 20, device=device)
    taken = []
    for _ in range(steps + 1):
        began = time.perf_counter()
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=computes_bfloat16()):
            loss = model(
                input_ids=ids, attention_mask=torch.ones_like(ids), start_positions=at, end_positions=at
            ).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        taken.append(time.perf_counter() - began)
    return sorted(taken[1:])[steps // 2]


def measured(
    adapter: Path, quantize: Quantize, items_file: Path, questions: int, steps: int
) -> dict[str, Any]:
    """One row of the table."""
    items = read_items(items_file)
    items = items[:: max(1, len(items) // questions)][:questions]
    reader = load_extractive(adapter, quantize=quantize)
    weights = weights_mb(reader._model)
    scores, _ = evaluate(reader, items, min_confidence=0.0)
    serving = peak_mb()
    del reader
    gc.collect()
    seconds = step_seconds(adapter, quantize, steps)
    row = (
        quantize or "whole",
        weights,
        serving,
        peak_mb(),
        scores.latency_p50_ms,
        seconds,
        scores.span_f1,
        scores.span_exact_match,
        len(items),
    )
    return dict(zip(COLUMNS, row, strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--adapter", type=Path, default=ROOT / "adapters" / "reader-minilm-l6-seed")
    parser.add_argument("--items", type=Path, default=ROOT / "training" / "golden.jsonl")
    parser.add_argument("--questions", type=int, default=150)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--json", action="store_true", help="one JSON object a row")
    parser.add_argument("--one", choices=get_args(Quantize), help=argparse.SUPPRESS)  # a process of its own
    chosen = parser.parse_args()
    if chosen.one is not None:
        row = measured(chosen.adapter, chosen.one, chosen.items, chosen.questions, chosen.steps)
        print(json.dumps(row))
        return
    rows: dict[str, dict[str, Any]] = {}
    for _ in range(chosen.rounds):
        for quantize in get_args(Quantize):
            command = [sys.executable, __file__, *sys.argv[1:], "--one", quantize]
            printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
            row = json.loads(printed.splitlines()[-1])
            before = rows.setdefault(row["base"], row)
            for name in ("ms_question", "s_step"):
                before[name] = min(before[name], row[name])
    if not chosen.json:
        print(" ".join(f"{name:>16}" for name in COLUMNS))
    for row in rows.values():
        shown = [f"{each:.2f}" if isinstance(each, float) else str(each) for each in row.values()]
        print(json.dumps(row) if chosen.json else " ".join(f"{each:>16}" for each in shown))


if __name__ == "__main__":
    main()
