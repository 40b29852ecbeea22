"""How often the gate is right: its power, and what thirty nights of candidates that are no better get past it.

    python tests/bench/bench_gate.py --repeats 200 --months 100

Made-up questions of which the truth is known: the champion is right on 60 %, the candidate says something else to 35 %,
mends a wrong answer or breaks a right one with given chances (an answer is worth 1, or a half in 3 of 10 cases), people
vote on every one, and correct a share of what is wrong. Each night brings some more questions and another candidate.
The functions are the gate's own, with 1,000 resamples.
"""

from __future__ import annotations

import argparse
import random
import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from bot.reading.scores import Outcome
from training import gate
from training.trials import Trial, TrialKind
from training.tries import Tries

RIGHT, DIFFERS, BREAKS = 0.6, 0.35, 0.1
WORTH = 0.85  # of a mended or broken answer, in the mean


@dataclass(frozen=True)
class World:
    """What candidates are like, and how people speak up."""

    gain: float  # true change of F1, in points
    corrected: float = 0.5  # share of the wrong answers that come with the right words
    louder: float = 1.0  # how many times as readily people speak up about a wrong answer as about a right one

    @property
    def breaks(self) -> float:
        return BREAKS if self.gain else 3 * BREAKS

    @property
    def mends(self) -> float:
        return (self.gain / 100 / WORTH / DIFFERS + RIGHT * self.breaks) / (1 - RIGHT)


def questions(generator: random.Random, n: int, world: World) -> list[TrialKind]:
    """What people say of the champion's answers to `n` questions."""
    found: list[TrialKind] = []
    while len(found) < n:
        right = generator.random() < RIGHT
        if not right:
            found.append("correction" if generator.random() < world.corrected else "down")
        elif generator.random() < 1 / world.louder:
            found.append("up")
    return found


def difference(
    generator: random.Random, kinds: list[TrialKind], world: World, tail: float = gate.USUAL
) -> gate.Difference:
    """What the gate makes of a new candidate on these questions."""
    trials, old, new = [], [], []
    for i, kind in enumerate(kinds):
        right, differs = float(kind == "up"), generator.random() < DIFFERS
        worth = 1.0 if generator.random() < 0.7 else 0.5
        turns = generator.random() < (world.breaks if right else world.mends)
        change = (-worth if right else worth) * (turns and differs)
        trials.append(Trial(str(i), str(i), "?", ("text",), (0.0,), kind))
        old.append(_outcome(right, "old"))
        new.append(_outcome(right + change, "new" if differs else "old"))
    return gate.feedback_difference(trials, old, new, tail)


def month(generator: random.Random, each_night: int, world: World, *, shared: bool, fresh: bool) -> bool:
    """Whether any candidate of thirty nights gets through. `shared`: one chance of error for all; `fresh`: tests wait
    for new questions."""
    kinds = questions(generator, 30 * each_night, world)
    tries = Tries()
    for night in range(1, 31):
        n = night * each_night
        if n < gate.MIN_QUESTIONS or (fresh and n < tries.waits_for):
            continue
        if difference(generator, kinds[:n], world, tries.error if shared else gate.USUAL).low > 0:
            return True
        tries = Tries(tries.number, n)
    return False


def _outcome(f1: float, answer: str) -> Outcome:
    return Outcome("", True, answer, 0.6, float(f1 == 1), f1, answer, float(f1 == 1), f1, 0.01)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=200)
    parser.add_argument("--months", type=int, default=100)
    options = parser.parse_args()
    gate.RESAMPLES, gate.IN_TAIL = 1000, 3
    generator = random.Random(1)
    print(
        "Promoted at the first test, % (true gain, downs corrected, readiness to speak up: held-out answers)"
    )
    for world in (
        World(0), World(0, louder=2), *(World(gain, share) for share in (0.2, 0.5, 1.0) for gain in (4, 6, 10)),
    ):  # fmt: skip
        cells = []
        for n in (30, 64, 128, 256):
            found = [
                difference(generator, questions(generator, n, world), world).low > 0
                for _ in range(options.repeats)
            ]
            cells.append(f"{n}: {100 * sum(found) / len(found):5.1f}")
        print(f"{world.gain:4.0f} {world.corrected:4.0%} 1:{world.louder:g}  " + "  ".join(cells), flush=True)
    print("Promoted within 30 nights, % (true gain, new held-out answers a night)")
    for gain in (0, 6, 10):
        for each_night in (4, 10):
            row = []
            for name, shared, fresh in (
                ("every night at 95 %", False, False),
                ("shared and fresh", True, True),
            ):
                found = [
                    month(generator, each_night, World(gain), shared=shared, fresh=fresh)
                    for _ in range(options.months)
                ]
                row.append(f"{name} {100 * sum(found) / len(found):5.1f}")
            print(f"{gain:4.0f} {each_night:4d}  " + "  ".join(row), flush=True)


if __name__ == "__main__":
    main()
