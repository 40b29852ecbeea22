"""How well the whole of search, reader and threshold answers questions about the demo's handbook.

    python tests/bench/bench_answers.py [--adapter FOLDER] [--weights 0,2,4,8] [--thresholds] [--every N]

For each weight of search in the reader's ranking (bot.answering.PRIOR_WEIGHT) it prints, at the adapter's own threshold: how
many of the answers given are right (F1 with a reference at least 0.5), how many answerable questions got a right answer,
how many unanswerable ones were met with silence; and, whatever the threshold, how often the best span is right. Follow-ups
are asked in front of the question they follow. Times are of this machine as it is now.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

from bot import answering
from bot.answering import nearest, priors
from bot.knowledge.index import Index
from bot.knowledge.learning import learn
from bot.reading.encoder import load_encoder
from bot.reading.readers import load_reader
from bot.reading.shipped import shipped_seed
from bot.reading.squad import f1
from bot.records import WORKSPACE, Offered
from bot.store import open_store

ROOT = Path(__file__).parent.parent.parent
QUESTIONS = ROOT / "tests" / "data" / "handbook-questions.jsonl"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--adapter", type=Path, default=shipped_seed("all-MiniLM-L6-v2"))
    arguments.add_argument("--weights", default="0,2,4,8,12")
    arguments.add_argument("--passages", type=int, default=10)
    arguments.add_argument("--thresholds", action="store_true")
    arguments.add_argument("--every", type=int, default=1, help="ask every n-th question only: a slow reader")
    given = arguments.parse_args()
    rows = [json.loads(line) for line in QUESTIONS.read_text().splitlines()]
    texts = {row["id"]: row for row in rows}
    rows = rows[:: given.every]
    card = json.loads((given.adapter / "card.json").read_text())
    reader = load_reader(given.adapter)
    with tempfile.TemporaryDirectory() as home:
        store, encoder = open_store(Path(home) / "lorebot.db"), load_encoder()
        began = time.perf_counter()
        learn(store, encoder, [ROOT / "bot" / "playground" / "handbook"], scope=WORKSPACE)
        print(f"handbook learned in {time.perf_counter() - began:.1f} s")
        index = Index(store, encoder)
        asked = [_asked(row, texts) for row in rows]
        reader.warm()
        began = time.perf_counter()
        found = [index.find(question, [WORKSPACE], given.passages) for question in asked]
        print(f"search: {1000 * (time.perf_counter() - began) / len(rows):.1f} ms a question")
        held = [
            any(_holds(each.passage.text, row) for each in hits)
            for row, hits in zip(rows, found, strict=True)
        ]
        answerable = [not row["is_impossible"] for row in rows]
        print(
            f"an accepted answer is among the {given.passages} passages found: {sum(held)} of {sum(answerable)}"
        )
        print(
            f"{'weight':>7}{'span right':>12}{'answered':>10}{'right':>8}{'precision':>11}{'silent on unanswerable':>24}{'ms':>7}"
        )
        for weight in map(float, given.weights.split(",")):
            answering.PRIOR_WEIGHT = weight
            began = time.perf_counter()
            spans = right = told = silent = 0
            judged: list[tuple[float, bool]] = []
            for row, question, hits in zip(rows, asked, found, strict=True):
                offered = [Offered(h.passage.text, h.passage.id, "", "", None, h.similarity) for h in hits]
                texts = [each.text for each in offered]
                reading = reader.read(question, texts, priors(offered), nearest(offered))
                good = bool(
                    reading.best
                    and max((f1(reading.best.text, [a]) for a in row["answers"]), default=0) >= 0.5
                )
                says = reading.confidence >= card["min_confidence"]
                judged.append((reading.confidence, good))
                spans += good
                told += says
                right += good and says
                silent += row["is_impossible"] and not says
            took = 1000 * (time.perf_counter() - began) / len(rows)
            n, none = sum(answerable), len(rows) - sum(answerable)
            shares = f"{right / n:8.1%}{right / max(told, 1):11.1%}{silent / none:24.1%}"
            print(f"{weight:7.1f}{spans / n:12.1%}{told:10d}{shares}{took:7.0f}")
            if given.thresholds:
                _print_thresholds(judged, n)


def _print_thresholds(judged: list[tuple[float, bool]], answerable: int) -> None:
    """What other thresholds would give: share of answerable questions answered rightly, and of answers that are right."""
    for threshold in (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7):
        told = [good for confidence, good in judged if confidence >= threshold]
        print(
            f"    from {threshold:.1f}: {len(told):4d} answered, {sum(told) / answerable:6.1%} of the answerable rightly,"
            f" {sum(told) / max(len(told), 1):6.1%} of answers right"
        )


def _asked(row: dict[str, str], texts: dict[str, dict[str, str]]) -> str:
    before = row.get("follows")
    return f"{row['question']} {_asked(texts[before], texts)}" if before else row["question"]


def _holds(text: str, row: dict[str, list[str]]) -> bool:
    return any(answer.lower() in text.lower() for answer in row["answers"])


if __name__ == "__main__":
    main()
