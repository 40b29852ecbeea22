"""How the recipe's adapter fares on a kind of text it never saw: each source left out in turn, beside one trained on all.

    python tests/bench/bench_left_out.py --data DIR [--base NAME] [--questions N] [--work work/left-out]

Each adapter is made by the recipe's first stage in its short form (passages cut down to what matters, each question once),
with at most N questions of each source, so that all are made of about the same. They are scored on what the left-out source
keeps apart: as it is, and as service brings it (a third with the passage alone, a third among neighbours, a third without
it). Adapters and figures stay in the work folder: stopped, the next call goes on. Without --data it prints what is there.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from bot.errors import DataError
from bot.reading.bases import DEFAULT_BASE, locate
from bot.reading.card import read_card, threshold
from bot.reading.readers import load_reader
from bot.reading.scores import evaluate
from training.progress import shown_progress
from training.seed import SHORT, Recipe, Stage, figures, recipe_for, seed
from training.seed_data import LICENCES, load_sources, mixed

ROOT = Path(__file__).parents[2]
QUESTIONS = 1200  # of each source, at most
ALL = "nothing"
COLUMNS = {
    "span_f1": "span F1",
    "has_answer_f1": "has-answer F1",
    "no_answer_accuracy": "no-answer",
    "f1": "F1",
    "ece": "calibration error",
}


def recipe(base_name: str) -> Recipe:
    """The base's own recipe, cut down to one short stage."""
    own = recipe_for(locate(base_name))
    return Recipe(own.adapter, (Stage(replace(own.stages[0].settings, epochs=1.0), SHORT),))


def made(data: Path, work: Path, base: str, without: str, questions: int) -> Path:
    """The adapter that was trained without a source, or with all; trained now where it isn't there."""
    own = recipe(base)
    out = work / f"without-{without}" / own.adapter
    if not out.exists():
        with shown_progress(f"without {without}") as tell:
            left = () if without == ALL else (without,)
            seed(
                data,
                out,
                base_name=base,
                without=left,
                limit=questions,
                recipe=own,
                work=work / "builds",
                progress=tell,
            )
    return out


def run(data: Path, work: Path, base: str, questions: int) -> None:
    """Trains and scores what isn't there yet; prints the table after each."""
    results = work / "results.json"
    work.mkdir(parents=True, exist_ok=True)
    known = _read(results)
    for without in (ALL, *LICENCES):
        adapter = made(data, work, base, without, questions)
        reader, lowest = load_reader(adapter), threshold(read_card(adapter), None).value
        for name in LICENCES if without == ALL else (without,):
            source = load_sources(data, [name])[0]
            for form, items in (
                ("as it is", list(source.parts["development"])),
                ("as served", mixed(source, "development")),
            ):
                key = f"{name}|{form}|{without}"
                if key not in known:
                    known[key] = figures(evaluate(reader, items, min_confidence=lowest)[1])
                    results.write_text(json.dumps(known, indent=2), encoding="utf-8")
        print(table(known), flush=True)


def table(known: dict[str, dict[str, Any]]) -> str:
    if not known:
        return "nothing was trained yet"
    lines = [
        f"{'kept apart of':24}{'questions':12}{'left out':24}{'n':>5}"
        + "".join(f"{c:>18}" for c in COLUMNS.values())
    ]
    for key in sorted(known):
        name, form, without = key.split("|")
        found = known[key]
        cells = "".join(f"{found.get(column, ''):>18}" for column in COLUMNS)
        lines.append(f"{name:24}{form:12}{without:24}{found['n']:5}{cells}")
    return "\n".join(lines)


def _read(results: Path) -> dict[str, dict[str, Any]]:
    return dict(json.loads(results.read_text(encoding="utf-8"))) if results.is_file() else {}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, help="folder whose qa/ holds the labelled questions")
    parser.add_argument("--base", default=DEFAULT_BASE, help="the base to train on")
    parser.add_argument("--questions", type=int, default=QUESTIONS, help="of each source, at most")
    parser.add_argument("--work", type=Path, default=ROOT / "work" / "left-out", help="adapters and figures")
    arguments = parser.parse_args()
    if arguments.data is None:
        print(f"{table(_read(arguments.work / 'results.json'))}\n(pass --data DIR to train)")
        return
    try:
        run(arguments.data, arguments.work, arguments.base, arguments.questions)
    except DataError as error:
        parser.exit(1, f"{error}\n")


if __name__ == "__main__":
    main()
