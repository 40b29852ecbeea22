"""Milliseconds for one question: the merged reader as it serves, against its peer, the adapter beside the weights in
float32 (peft's own way), in the same run, taking turns so that a busy machine is busy for both.

    python tests/bench/bench_reader.py [--adapter DIR] [--rounds N]
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from pathlib import Path

from bot.reading.extractive import ExtractiveReader, load_extractive

SHIPPED = Path(__file__).parents[2] / "adapters" / "reader-minilm-l6-seed"
QUESTION = "Who restarts the staging server after a failed deployment?"
SENTENCE = (
    "The platform team restarts the staging server by hand once the failed deployment has been looked at. "
)


def passages(count: int, tokens: int) -> list[str]:
    """Distinct passages that with the question make windows of about `tokens` tokens."""
    words = (SENTENCE * 40).split()[: int((tokens - 15) * 0.92)]
    return [" ".join([f"Note {i}.", *words]) for i in range(count)]


def milliseconds(reader: ExtractiveReader, texts: list[str]) -> float:
    before = time.perf_counter()
    reader.read(QUESTION, texts)
    return 1000 * (time.perf_counter() - before)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--adapter", type=Path, default=SHIPPED)
    parser.add_argument("--rounds", type=int, default=20)
    chosen = parser.parse_args()
    readers = {
        "merged": load_extractive(chosen.adapter),
        "merged float32": load_extractive(chosen.adapter, bfloat16=False),
        "peer: unmerged float32": load_extractive(chosen.adapter, bfloat16=False, merge=False),
    }
    for reader in readers.values():
        reader.warm()
    for count, tokens in ((1, 160), (10, 160)):
        texts = passages(count, tokens)
        taken: dict[str, list[float]] = {name: [] for name in readers}
        for _ in range(chosen.rounds):
            for name, reader in readers.items():
                taken[name].append(milliseconds(reader, texts))
        for name, times in taken.items():
            row = {"reader": name, "passages": count, "tokens": tokens}
            print(
                json.dumps(
                    {**row, "p50_ms": round(statistics.median(times), 1), "min_ms": round(min(times), 1)}
                )
            )


if __name__ == "__main__":
    main()
