"""Simulated users: they vote as they should, err as often as told, and the real loop learns from them."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path

import pytest
from adapter_folders import write_adapter
from stand_ins import ScriptedReader

from bot.errors import DataError
from bot.reading.items import Item, Reference, item_to_json
from bot.records import Answer, Feedback
from bot.registry import Registry
from bot.settings import Settings
from bot.store import Store
from training.build import read_build
from training.cycle import Loop
from training.finetune import Progress
from training.golden import Golden
from training.simulate import Users, printed, react, run_simulation

FAITHFUL = Users(feedback=10, rounds=1, flip=0.0, corrections=1.0, seed=1)
TRUE, FALSE = "true words", "other things"


def item(number: int, *, answerable: bool = True) -> Item:
    text = f"Text {number} has {FALSE} and {TRUE}."
    answers = (Reference(TRUE, text.index(TRUE)),) if answerable else ()
    return Item(f"i{number}", f"Question {number}?", text, answers)


def answer(text: str | None) -> Answer:
    return Answer(1, text, 0.5, "seed", (), (), id=7)


def reactions(said: str | None, users: Users, *, answerable: bool = True, n: int = 2000) -> list[Feedback]:
    whims = random.Random(1)
    return [react(answer(said), item(1, answerable=answerable), users, whims) for _ in range(n)]


def test_a_right_answer_gets_an_up_and_a_wrong_one_a_correction() -> None:
    (up,) = reactions(TRUE, FAITHFUL, n=1)
    (down,) = reactions(FALSE, FAITHFUL, n=1)
    (silent,) = reactions(None, FAITHFUL, n=1)
    assert (up.vote, up.correction) == ("up", None)
    assert (down.vote, down.correction) == ("down", TRUE)
    assert (silent.vote, silent.correction) == ("down", TRUE)


def test_half_right_counts_as_right() -> None:
    (given,) = reactions("words", FAITHFUL, n=1)
    assert given.vote == "up"


def test_silence_is_right_where_nothing_answers() -> None:
    (silent,) = reactions(None, FAITHFUL, answerable=False, n=1)
    (said,) = reactions(TRUE, FAITHFUL, answerable=False, n=1)
    assert silent.vote == "up"
    assert (said.vote, said.reason, said.correction) == ("down", "should_be_silent", None)


def test_votes_flip_and_corrections_come_as_often_as_told() -> None:
    users = Users(feedback=10, rounds=1, flip=0.2, corrections=0.3, seed=1)
    votes = Counter(given.vote for given in reactions(TRUE, users))
    assert votes["down"] / 2000 == pytest.approx(0.2, abs=0.03)
    downs = [given for given in reactions(FALSE, users) if given.vote == "down"]
    assert len(downs) / 2000 == pytest.approx(0.8, abs=0.03)
    assert sum(given.correction is not None for given in downs) / len(downs) == pytest.approx(0.3, abs=0.04)


def written(path: Path, items: list[Item]) -> Path:
    path.write_text("".join(json.dumps(item_to_json(each)) + "\n" for each in items))
    return path


def learns_from_corrections(settings: Settings, store: Store) -> Loop:
    """A loop whose trained readers know the true words if their build had any target with them."""
    home = settings.home
    learned: dict[str, bool] = {"seed": False}
    golden = Golden(
        *(tuple(Item(f"{half}{i}", "?", f"{half} {i} gold", (Reference("gold", len(f"{half} {i} ")),)) for i in range(20))
          for half in ("gate", "replay"))
    )  # fmt: skip

    def load(folder: Path) -> ScriptedReader:
        adapter = json.loads((folder / "card.json").read_text())["id"]
        return ScriptedReader(adapter, {TRUE if learned[adapter] else FALSE: 0.9, "gold": 0.8})

    def train(build: Path, out: Path, tell: Progress) -> Path:
        content = read_build(build)
        taught = [
            e.context[e.start : e.end] for e in content.examples if e.kind in ("correction", "gold", "up")
        ]
        learned[content.notes["id"]] = TRUE in taught
        return write_adapter(out, adapter_id=content.notes["id"], data=content.notes.get("data", {}))  # type: ignore[arg-type]

    seed = write_adapter(home / "seed", "seed", parent=None)
    return Loop(home, store, Registry(store, home / "adapters", seed=seed), golden, None, load, train)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    stream = [item(i, answerable=i % 5 > 0) for i in range(300)]
    return written(tmp_path / "stream.jsonl", stream), written(
        tmp_path / "test.jsonl", [item(i) for i in range(500, 520)]
    )


def simulate(files: tuple[Path, Path], users: Users) -> dict[str, object]:
    settings = Settings(_env_file=None)  # type: ignore[call-arg]
    return run_simulation(
        settings, *files, users, lambda share, text: None, loop_over=learns_from_corrections
    )


def test_what_users_correct_is_learned_proven_and_served(files: tuple[Path, Path]) -> None:
    found = simulate(files, Users(feedback=200, rounds=2, flip=0.0, corrections=0.5, seed=3))
    assert [each["decision"] for each in found["rounds"]] == ["promote", "reject"]  # type: ignore[attr-defined]
    f1s = {name: found[name]["f1"] for name in ("before", "candidate", "served", "supervised")}  # type: ignore[index]
    assert f1s == {"before": 0.0, "candidate": 100.0, "served": 100.0, "supervised": 100.0}
    first = found["rounds"][0]["feedback"]  # type: ignore[index]
    assert first["up"] + first["down"] == 100
    assert json.loads(json.dumps(found)) == found
    assert "round 1: promote" in printed(found)


def test_votes_alone_train_a_candidate_that_does_not_serve(files: tuple[Path, Path]) -> None:
    found = simulate(files, Users(feedback=150, rounds=1, flip=0.0, corrections=0.0, seed=3))
    assert found["rounds"][0]["decision"] == "not_yet"  # type: ignore[index]
    assert found["served"]["adapter"] == "seed"  # type: ignore[index]
    assert found["candidate"]["adapter"] != "seed"  # type: ignore[index]


def test_the_same_seed_gives_the_same_users(files: tuple[Path, Path]) -> None:
    users = Users(feedback=60, rounds=1, flip=0.1, corrections=0.5, seed=9)
    first, second = (simulate(files, users)["rounds"][0]["feedback"] for _ in range(2))  # type: ignore[index]
    assert first == second


def test_a_stream_that_is_too_short_is_said_to_be(files: tuple[Path, Path]) -> None:
    with pytest.raises(DataError, match="300 questions in the stream; expected at least 400"):
        simulate(files, Users(feedback=400, rounds=1, flip=0.0, corrections=0.5, seed=1))
