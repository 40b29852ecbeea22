"""What people's feedback teaches: the shipped adapter on a domain it has never seen, arm by arm, against gold labels.

    python tests/bench/bench_learning.py --data DIR [--work work/learning] [--quick] [--only ARM ...] [--seeds N ...]

The new domain is privacy policies: the web sites whose pages people ask about and those that are measured on are apart.
Each arm is one simulation (`python -m training simulate`) in a process of its own: what people say, how often they err or
mean ill, what is left out. Beside the new domain, all of whose questions have an answer, it is measured on what the shipped
adapter's recipe kept apart of its old ones, some of which have none. Each result is a line in WORK/results.jsonl; stopped,
the next call goes on with what is missing, and tries again what failed; calls for different seeds may run side by side.
LOREBOT_BASE and other settings hold as everywhere: give each base its own --work. Empty WORK when training or reading changes.

Without --data nothing is simulated: it prints what WORK holds.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from bot.errors import DataError
from bot.reading.item_files import read_items
from bot.reading.items import Item, item_to_json
from training.crowd import Crowd
from training.seed_data import part_of

ROOT = Path(__file__).parents[2]
NEW, OLD = "privacy-policies", ("wikipedia", "reddit", "wikipedia-unanswerable")
MEASURED = 1 / 3  # share of the new domain's rows to measure on
OLD_ITEMS = 250  # of each old domain
LARGE = "corrected-large"
QUICK = 40  # items to measure on
T95 = {2: 12.71, 3: 4.30, 4: 3.18, 5: 2.78}
"""Student's t, two-sided 95 %, by the number of seeds."""


@dataclass(frozen=True)
class Arm:
    """One simulation, but for its seed."""

    name: str
    crowd: Crowd
    without: tuple[str, ...] = ()
    supervised: bool = True
    seeds: int = 3
    replay_share: float = 0.5
    training: Mapping[str, float] = field(default_factory=dict)  # LOREBOT_TRAINING
    beside: str = ""  # the arm from which it differs in one thing

    def arguments(self, seed: int) -> list[str]:
        """What `python -m training simulate` is told beside the files."""
        crowd = asdict(replace(self.crowd, seed=seed))
        told = [part for name, value in crowd.items() for part in (f"--{name}", str(value))]
        told += [part for name in self.without for part in ("--without", name)]
        told += ["--replay-share", str(self.replay_share)]
        return told if self.supervised else [*told, "--no-supervised"]


@dataclass(frozen=True)
class Files:
    """What people ask about, what is measured on, and what is kept between simulations."""

    stream: Path
    test: Path
    old: Path
    reuse: Path


Simulate = Callable[[Arm, int, Files], dict[str, Any]]
"""The simulation's figures, with `peak_mb` of its process. May raise anything."""


def arms(quick: bool = False) -> list[Arm]:
    """What is simulated, the most telling first."""
    small, middle, large = (20, 40, 120) if quick else (200, 500, 1000)

    def crowd(feedback: int = large, corrections: float = 0.2, **more: Any) -> Crowd:
        return Crowd(feedback, more.pop("rounds", 1), more.pop("flip", 0.0), corrections, 1, **more)

    watched = crowd(malicious=0.3, overlap=0.2)  # so much that it shows who can be trusted
    found = [
        Arm(LARGE, crowd()),
        Arm("votes-large", crowd(corrections=0.0)),
        Arm("malicious", watched),
        Arm("flipped", crowd(flip=0.15)),
        Arm("corrected-middle", crowd(middle)),
        Arm("votes-middle", crowd(middle, 0.0)),
        Arm("corrected-small", crowd(small)),
        Arm("votes-small", crowd(small, 0.0)),
        Arm("four-rounds", crowd(rounds=4), seeds=1, beside=LARGE),
        Arm("without trust", watched, without=("trust",), supervised=False, seeds=1, beside="malicious"),
    ]
    more: list[tuple[str, dict[str, Any]]] = [
        (f"without {part}", {"without": (part,)})
        for part in ("replay", "correction", "up", "down", "down_abstention", "silence")
    ]
    more += [(f"replay {share:.0%}", {"replay_share": share}) for share in (0.25, 0.75)]
    more += [(f"{name} 0.5", {"training": {name: 0.5}}) for name in ("down_weight", "abstention_weight")]
    found += [Arm(name, crowd(), supervised=False, seeds=1, beside=LARGE, **parts) for name, parts in more]
    found.append(Arm("malicious, nobody overlaps", crowd(malicious=0.3)))
    return [replace(arm, seeds=1) for arm in found] if quick else found


def jobs(of: Sequence[Arm]) -> Iterator[tuple[Arm, int]]:
    """Every arm with its seeds: all arms with the first one, then all with the second."""
    for seed in range(1, max((arm.seeds for arm in of), default=0) + 1):
        yield from ((arm, seed) for arm in of if seed <= arm.seeds)


def prepared(data: Path, work: Path, quick: bool = False) -> Files:
    """The files that all arms share; the same for the same data. Raises DataError where a data set is missing."""
    stream, test = by_site(read_items(_existing(data, NEW)))
    old = [
        item
        for name in OLD
        for item in _some(
            [each for each in read_items(_existing(data, name)) if part_of(name, each) == "development"]
        )
    ]
    work.mkdir(parents=True, exist_ok=True)
    files = Files(work / "stream.jsonl", work / "test.jsonl", work / "old.jsonl", work / "reuse")
    most = QUICK if quick else None
    for path, items in ((files.stream, stream), (files.test, test[:most]), (files.old, old[:most])):
        lines = (json.dumps({**item_to_json(item)}, ensure_ascii=False) + "\n" for item in items)
        path.write_text("".join(lines), encoding="utf-8")
    return files


def by_site(items: Sequence[Item]) -> tuple[list[Item], list[Item]]:
    """(asked about, measured on): whole web sites, drawn by a hash of their name, until a third of the rows is measured."""
    sites = sorted({item.title for item in items}, key=_place)
    measured: set[str] = set()
    for site in sites:
        if sum(item.title in measured for item in items) < MEASURED * len(items):
            measured.add(site)
    kept = [item for item in items if item.title not in measured]
    return kept, sorted((item for item in items if item.title in measured), key=lambda item: _place(item.id))


def run(
    todo: Sequence[tuple[Arm, int]],
    files: Files,
    results: Path,
    simulate: Simulate,
    say: Callable[[str], None] = print,
) -> None:
    """Simulates what `results` doesn't hold yet, and prints the tables after each. What fails is noted there."""
    for at, (arm, seed) in enumerate(todo, 1):
        row: dict[str, Any] = {
            "arm": arm.name,
            "seed": seed,
            "arguments": arm.arguments(seed),
            "training": dict(arm.training),
        }
        if any(row.items() <= known.items() for known in read(results)):
            continue
        began = time.monotonic()
        try:
            row["found"] = simulate(arm, seed, files)
        except Exception as error:
            row["error"] = " ".join(f"{type(error).__name__}: {error}".split())[:500]
        row["seconds"] = round(time.monotonic() - began, 1)
        with results.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")
        told = row.get("error") or f"{row['seconds']:.0f} s"
        say(f"\n[{at} of {len(todo)}] {arm.name}, seed {seed}: {told}\n")
        say(tables(read(results)))


def read(results: Path) -> list[dict[str, Any]]:
    """What was found, the last word for each arm and seed; failures are left out."""
    if not results.is_file():
        return []
    rows = [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines() if line.strip()]
    last = {(row["arm"], row["seed"]): row for row in rows if "found" in row}
    return list(last.values())


def simulated(arm: Arm, seed: int, files: Files) -> dict[str, Any]:
    """One simulation in a process of its own. Its progress goes to a log beside the results."""
    log = files.stream.parent / "logs" / f"{arm.name.replace(' ', '-')}-{seed}.log"
    log.parent.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "training", "simulate", str(files.stream), str(files.test)]
    command += [*arm.arguments(seed), "--also", str(files.old), "--reuse", str(files.reuse), "--json"]
    with log.open("w", encoding="utf-8") as progress:
        done = subprocess.run(
            command,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=progress,
            text=True,
            check=False,
            env=os.environ | ({"LOREBOT_TRAINING": json.dumps(arm.training)} if arm.training else {}),
        )
    if done.returncode:
        said = [line for line in log.read_text(encoding="utf-8").splitlines() if re.search(r"\w", line)]
        raise RuntimeError(f"exit {done.returncode}: {said[-1] if said else 'it said nothing'} (see {log})")
    return dict(json.loads(done.stdout))


@dataclass(frozen=True)
class Figure:
    """A mean over seeds with its 95 % interval: Student's t over several, the bootstrap's own for one."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:+.1f} ({self.low:+.1f} to {self.high:+.1f})"


def gain(rows: Sequence[Mapping[str, Any]], arm: str, on: str | None = None) -> Figure | None:
    """An adapter's gain in F1 over the shipped one, in points; `on`: another test set. None where it wasn't trained."""
    places = [row["found"] if on is None else row["found"]["others"][on] for row in rows]
    each = [place["differences"][arm] for place in places if arm in place["differences"]]
    if not each:
        return None
    if len(each) == 1:
        return Figure(each[0]["mean"], each[0]["low"], each[0]["high"])
    return over_seeds([one["mean"] for one in each])


def over_seeds(values: Sequence[float]) -> Figure:
    mean = statistics.fmean(values)
    half = T95.get(len(values), 2.57) * statistics.stdev(values) / len(values) ** 0.5
    return Figure(mean, mean - half, mean + half)


def recovered(rows: Sequence[Mapping[str, Any]]) -> float | None:
    """The share, in %, of what gold labels bring that the feedback brings, over the same seeds."""
    both = [
        row["found"]["differences"] for row in rows if {"candidate", "supervised"} <= row["found"]["differences"].keys()
    ]  # fmt: skip
    ceiling = sum(each["supervised"]["mean"] for each in both)
    return 100 * sum(each["candidate"]["mean"] for each in both) / ceiling if ceiling > 0 else None


def tables(rows: Sequence[Mapping[str, Any]]) -> str:
    """Everything found so far, as lines for people."""
    by: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        by.setdefault(row["arm"], []).append(row)
    if not by:
        return "nothing was simulated yet"
    lines = [
        f"{'arm':28}seeds  {'F1 before':>9}  {'gain':24}{'supervised gain':24}{'recovered':>9}  {'old domains':24}"
        f"{'served gain':24}minutes  peak MB"
    ]
    lines += [_line(name, found) for name, found in by.items()]
    return "\n".join([*lines, "", *_answers(by)])


def _line(name: str, rows: Sequence[Mapping[str, Any]]) -> str:
    before = statistics.fmean(row["found"]["before"]["f1"] for row in rows)
    share = recovered(rows)
    return (
        f"{name:28}{len(rows):5}  {before:9.1f}  {_shown(gain(rows, 'candidate')):24}"
        f"{_shown(gain(rows, 'supervised')):24}{'' if share is None else f'{share:.0f} %':>9}  "
        f"{_shown(gain(rows, 'candidate', 'old')):24}{_shown(gain(rows, 'served')):24}"
        f"{statistics.fmean(row['seconds'] for row in rows) / 60:7.1f}  "
        f"{max(row['found']['peak_mb'] for row in rows):7.0f}"
    )


def _answers(by: Mapping[str, Sequence[Mapping[str, Any]]]) -> Iterator[str]:
    """What was to be shown, and whether it is."""
    for size in ("small", "middle", "large"):
        for kind, aim in (("votes", 50), ("corrected", 80)):
            share = recovered(by.get(f"{kind}-{size}", ()))
            if share is not None:
                yield f"{kind}-{size} recover {share:.0f} % of what gold brings (aim for large: {aim} %)"
    for name in ("votes-large", "corrected-large"):
        lost = gain(by[name], "candidate", "old") if name in by else None
        if lost:
            yield f"{name}: {lost} F1 on the old domains (at most 1 lost)"
    kept, full = (gain(by.get(name, ()), "candidate") for name in ("flipped", "corrected-large"))
    if kept and full and full.mean > 0:
        yield f"15 % of votes flipped: {100 * kept.mean / full.mean:.0f} % of the gain kept (aim: 70 %)"
    for name in ("malicious", "malicious, nobody overlaps"):
        worse = [row["seed"] for row in by.get(name, ()) if row["found"]["differences"]["served"]["high"] < 0]
        if name in by:
            told = (
                f"SERVED WORSE in seeds {worse}"
                if worse
                else f"nothing served is worse, in {len(by[name])} seeds"
            )
            yield f"{name}: {told}"
    yield from _worth(by)
    for row in by.get("corrected-middle", ())[:1]:
        found = row["found"]
        cycle = sum(each["seconds"] for each in found["rounds"])
        size = (found["adapter_bytes"] or 0) / 1e6
        yield (
            f"a cycle on {found['users']['feedback']} pieces of feedback: {cycle / 60:.1f} min, peak "
            f"{found['peak_mb']:.0f} MB, an adapter of {size:.1f} MB"
        )


def _worth(by: Mapping[str, Sequence[Mapping[str, Any]]]) -> Iterator[str]:
    """What each arm gained beyond the one it is compared with, with the same seed."""
    for name, whole in ((arm.name, arm.beside) for arm in arms() if arm.beside):
        with_all = {row["seed"]: row for row in by.get(whole, ())}
        for row in by.get(name, ()):
            if row["seed"] not in with_all:
                continue
            a, b = (gain([each], "candidate") for each in (with_all[row["seed"]], row))
            old_a, old_b = (gain([each], "candidate", "old") for each in (with_all[row["seed"]], row))
            if a and b and old_a and old_b:
                yield (
                    f"{name}: {b.mean - a.mean:+.1f} against {whole}; on the old domains {old_b.mean - old_a.mean:+.1f}"
                )  # fmt: skip


def _shown(figure: Figure | None) -> str:
    return "" if figure is None else str(figure)


def _existing(data: Path, name: str) -> Path:
    path = data / "qa" / f"{name}.jsonl.gz"
    if not path.is_file():
        raise DataError(f"Found no {path}; expected the benchmark's data: name its folder with --data.")
    return path


def _some(items: Sequence[Item]) -> list[Item]:
    return sorted(items, key=lambda item: _place(item.id))[:OLD_ITEMS]


def _place(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, help="folder whose qa/ holds the labelled questions")
    parser.add_argument("--work", type=Path, default=ROOT / "work" / "learning", help="results and logs")
    parser.add_argument("--quick", action="store_true", help="a tiny version, to see that it runs")
    parser.add_argument("--only", nargs="+", metavar="ARM", help="these arms only, in this order")
    parser.add_argument("--seeds", nargs="+", type=int, metavar="N", help="these seeds only")
    arguments = parser.parse_args()
    work = arguments.work / "quick" if arguments.quick else arguments.work
    if arguments.data is None:
        print(f"{tables(read(work / 'results.jsonl'))}\n(pass --data DIR to simulate)")
        return
    known = {arm.name: arm for arm in arms(arguments.quick)}
    if unknown := set(arguments.only or ()) - set(known):
        parser.error(f"no arm {unknown.pop()}; there are: {', '.join(known)}")
    chosen = jobs([known[name] for name in arguments.only or known])
    todo = [(arm, seed) for arm, seed in chosen if not arguments.seeds or seed in arguments.seeds]
    try:
        files = prepared(arguments.data, work, arguments.quick)
    except DataError as error:
        parser.exit(1, f"{error}\n")
    run(todo, files, work / "results.jsonl", simulated, lambda line: print(line, flush=True))


if __name__ == "__main__":
    main()
