"""The learning benchmark: fixed files, resumable, and its tables say what was found. With readers that are no models."""

from __future__ import annotations

import gzip
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from simulated_loop import item, learns_from_corrections

from bot.errors import DataError
from bot.reading.item_files import read_items
from bot.reading.items import Item, item_to_json
from bot.settings import Settings
from training.loop import TUNABLE
from training.simulate import run_simulation

sys.path.insert(0, str(Path(__file__).parent / "bench"))

import bench_learning as bench
from bench_learning import Arm, Files


def packed(path: Path, items: list[Item]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wt", encoding="utf-8") as stream:
        stream.writelines(json.dumps(item_to_json(each)) + "\n" for each in items)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    folder = tmp_path_factory.mktemp("data")
    new = [replace(item(i, answerable=i % 5 > 0), title=f"site{i % 10}.example") for i in range(300)]
    packed(folder / "qa" / "privacy-policies.jsonl.gz", new)
    for offset, name in ((1000, "wikipedia"), (3000, "reddit")):
        old = [replace(item(i), title=f"Article {i}") for i in range(offset, offset + 200)]
        packed(folder / "qa" / f"{name}.jsonl.gz", old)
    silent = [replace(item(i, answerable=False), title="Steam_engine") for i in range(5000, 5020)]
    packed(folder / "qa" / "wikipedia-unanswerable.jsonl.gz", silent)
    return bench.prepared(folder, folder / "work", quick=True)


def in_process(arm: Arm, seed: int, files: Files) -> dict[str, Any]:
    """As `simulated`, with readers that are no models."""
    return run_simulation(
        Settings(_env_file=None),  # type: ignore[call-arg]
        files.stream,
        files.test,
        replace(arm.crowd, seed=seed),
        lambda share, text: None,
        loop_over=learns_from_corrections,
        also={"old": files.old},
        supervised=arm.supervised,
        reuse=files.reuse,
    )


def test_web_sites_are_asked_about_or_measured_on_never_both(files: Files) -> None:
    asked, measured = ({each.title for each in read_items(path)} for path in (files.stream, files.test))
    assert asked and measured
    assert not asked & measured
    assert len(read_items(files.stream)) >= 120, "the largest quick arm has enough"
    old = read_items(files.old)
    assert 0 < len(old) <= bench.QUICK
    assert {each.answerable for each in old} == {True, False}, "or nobody would see silence forgotten"


def test_the_files_are_the_same_for_the_same_data(files: Files, tmp_path: Path) -> None:
    again = bench.prepared(files.stream.parent.parent, tmp_path, quick=True)
    for name in ("stream", "test", "old"):
        assert getattr(again, name).read_bytes() == getattr(files, name).read_bytes()


def test_data_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"Found no .*privacy-policies.jsonl.gz; expected the benchmark's data"
    ):
        bench.prepared(tmp_path, tmp_path / "work")


def test_the_first_seed_of_every_arm_comes_before_any_second_one() -> None:
    order = list(bench.jobs(bench.arms()))
    assert [seed for _, seed in order] == sorted(seed for _, seed in order)
    assert order[0][0].name == "corrected-large"
    assert len({arm.name for arm, _ in order}) == len(bench.arms())
    assert max(arm.crowd.feedback for arm in bench.arms()) == 1000


def test_every_arm_says_what_the_command_understands() -> None:
    from typer.testing import CliRunner

    from training.__main__ import commands

    told = [part for arm in bench.arms() for part in arm.arguments(2) if part.startswith("--")]
    helped = CliRunner().invoke(commands, ["simulate", "--help"], env={"COLUMNS": "200"}).output
    assert {part for part in told if part not in helped} == set()
    arms = {arm.name: arm for arm in bench.arms()}
    trust = arms["without trust"].arguments(2)
    assert trust[trust.index("--seed") + 1] == "2"
    assert trust[trust.index("--without") + 1] == "trust"
    assert trust[-1] == "--no-supervised"
    assert {arm.beside for arm in arms.values()} <= {"", *arms}
    assert all(set(arm.training) <= set(TUNABLE) for arm in arms.values())


def test_the_quick_version_runs_and_goes_on_where_it_stopped(files: Files, tmp_path: Path) -> None:
    results, said, calls = tmp_path / "results.jsonl", list[str](), list[str]()

    def simulate(arm: Arm, seed: int, files: Files) -> dict[str, Any]:
        calls.append(arm.name)
        if arm.name == "votes-large" and calls.count(arm.name) == 1:
            raise MemoryError("no memory left")
        return in_process(arm, seed, files)

    wanted = ("corrected-large", "votes-large", "votes-small")
    todo = [(arm, seed) for arm, seed in bench.jobs(bench.arms(quick=True)) if arm.name in wanted]
    bench.run(todo, files, results, simulate, said.append)
    assert calls == list(wanted)
    assert [row["arm"] for row in bench.read(results)] == ["corrected-large", "votes-small"]
    assert "votes-large, seed 1: MemoryError: no memory left" in "\n".join(said)

    bench.run(todo, files, results, simulate, said.append)
    assert calls == [*wanted, "votes-large"], "what failed is tried again, what is done isn't"
    table = said[-1]
    assert "corrected-large recover 100 % of what gold brings" in table
    assert "votes-large recover 0 % of what gold brings" in table
    assert "votes-small " in table

    bench.run(todo, files, results, simulate, said.append)
    assert len(calls) == 4


def row(arm: str, seed: int = 1, **gains: float) -> dict[str, Any]:
    """A result as a simulation leaves it; `gains` in points, each with an interval of 1 on both sides."""
    old = gains.pop("old", 0.0)

    def differences(of: dict[str, float]) -> dict[str, dict[str, float]]:
        return {name: {"mean": gain, "low": gain - 1, "high": gain + 1} for name, gain in of.items()}

    found = {
        "before": {"f1": 40.0},
        "differences": differences(gains),
        "others": {"old": {"differences": differences({"candidate": old})}},
        "rounds": [{"seconds": 120.0}],
        "users": {"feedback": 500},
        "adapter_bytes": 3_000_000,
        "peak_mb": 900.0,
    }
    return {"arm": arm, "seed": seed, "arguments": [], "seconds": 300.0, "found": found}


def test_the_tables_say_what_was_to_be_shown() -> None:
    said = bench.tables(
        [
            row("corrected-large", 1, candidate=8, served=8, supervised=10, old=-0.5),
            row("corrected-large", 2, candidate=10, served=10, supervised=10, old=-0.5),
            row("corrected-middle", candidate=5, served=0, supervised=8),
            row("flipped", candidate=6, served=0, supervised=10),
            row("malicious", candidate=-3, served=0, supervised=10),
            row("without replay", candidate=7, served=7, old=-4),
            row("four-rounds", candidate=9, served=9, supervised=10),
        ]
    )
    assert "corrected-large recover 90 % of what gold brings" in said
    assert "+9.0 (-3.7 to +21.7)" in said, "Student's t over two seeds"
    assert "15 % of votes flipped: 67 % of the gain kept" in said
    assert "malicious: nothing served is worse, in 1 seeds" in said
    assert "without replay: -1.0 against corrected-large; on the old domains -3.5" in said
    assert "four-rounds: +1.0 against corrected-large" in said
    assert "a cycle on 500 pieces of feedback: 2.0 min, peak 900 MB, an adapter of 3.0 MB" in said


def test_an_adapter_that_is_served_and_worse_is_shouted_about() -> None:
    rows = [row("malicious", 1, served=0.5), row("malicious", 2, served=-3), row("malicious", 3, served=-0.5)]
    assert "malicious: SERVED WORSE in seeds [2]" in bench.tables(rows)


def test_an_arm_that_trained_nothing_has_no_gain() -> None:
    found = row("votes-small", served=0, supervised=4)
    found["found"]["others"]["old"]["differences"] = {}
    assert bench.recovered([found]) is None
    assert bench.gain([found], "candidate") is None
    assert "votes-small" in bench.tables([found])


def test_a_process_that_fails_says_why(files: Files) -> None:
    arm = replace(bench.arms()[0], crowd=replace(bench.arms()[0].crowd, feedback=0))
    with pytest.raises(RuntimeError, match=r"exit 2: .*'--feedback'.* 1"):
        bench.simulated(arm, 1, files)
