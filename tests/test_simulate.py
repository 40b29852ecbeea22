"""Simulated people: they vote as they should, err as often as told, and the real loop learns from them."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from simulated_loop import FALSE, TRUE, item, learns_from_corrections, written

from bot.errors import DataError
from bot.reading.scores import RIGHT, Outcome
from bot.reading.squad import f1
from bot.records import Answer, Feedback
from bot.settings import Settings
from bot.store import Store
from training.build import read_build
from training.crowd import CARELESS, Crowd, Member, asker, drawn, judges, react, whims_of
from training.crowd import Kind as KindOfPerson
from training.finetune import Progress
from training.loop import Loop, Options
from training.simulate import difference, printed, run_simulation, without

FAITHFUL = Crowd(feedback=10, rounds=1, flip=0.0, corrections=1.0, seed=1)
MIXED = replace(FAITHFUL, people=20, careless=0.2, silent=0.25, malicious=0.3, overlap=0.5)


def answer(text: str | None) -> Answer:
    return Answer(1, text, 0.5, "seed", (), (), id=7)


def reactions(
    said: str | None,
    crowd: Crowd,
    *,
    kind: KindOfPerson = "careful",
    answerable: bool = True,
    n: int = 2000,
) -> list[Feedback]:
    whims, member = random.Random(1), Member("U1", kind)
    asked = item(1, answerable=answerable)
    return [react(answer(said), asked, member, crowd, whims) for _ in range(n)]


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
    crowd = Crowd(feedback=10, rounds=1, flip=0.2, corrections=0.3, seed=1)
    votes = Counter(given.vote for given in reactions(TRUE, crowd))
    assert votes["down"] / 2000 == pytest.approx(0.2, abs=0.03)
    downs = [given for given in reactions(FALSE, crowd) if given.vote == "down"]
    assert len(downs) / 2000 == pytest.approx(0.8, abs=0.03)
    assert sum(given.correction is not None for given in downs) / len(downs) == pytest.approx(0.3, abs=0.04)


def test_careless_people_flip_more_than_they_are_told() -> None:
    votes = Counter(given.vote for given in reactions(TRUE, FAITHFUL, kind="careless"))
    assert votes["down"] / 2000 == pytest.approx(CARELESS, abs=0.03)


def test_malicious_people_say_the_same_whatever_was_answered() -> None:
    for said in (TRUE, FALSE, None):
        assert {each.vote for each in reactions(said, FAITHFUL, kind="always_up", n=50)} == {"up"}
        assert {each.vote for each in reactions(said, FAITHFUL, kind="always_down", n=50)} == {"down"}
        assert {each.correction for each in reactions(said, FAITHFUL, kind="always_down", n=50)} == {None}


def test_misleading_people_correct_with_another_span_of_the_passage() -> None:
    asked = item(1)
    wrong = {each.correction or "" for each in reactions(TRUE, FAITHFUL, kind="misleading", n=200)}
    assert len(wrong) > 5
    assert all(each and each in asked.context and f1(each, asked.references) < RIGHT for each in wrong)


def test_the_kinds_of_people_have_their_shares() -> None:
    kinds = Counter(each.kind for each in MIXED.members())
    assert kinds == {
        "careless": 4,
        "silent": 5,
        "misleading": 2,
        "always_down": 2,
        "always_up": 2,
        "careful": 5,
    }
    assert len({each.id for each in MIXED.members()}) == 20


def test_shares_of_more_than_everybody_are_refused() -> None:
    with pytest.raises(DataError, match=r"malicious 0\.6; expected at most 1 together"):
        replace(FAITHFUL, silent=0.5, malicious=0.6).members()


def test_the_silent_ask_and_judge_nothing_and_others_judge_as_often_as_told() -> None:
    members = MIXED.members()
    several = 0
    for number in range(2000):
        found = judges(item(number), members, MIXED)
        assert len({each.id for each in found}) == len(found) <= 3
        assert all(each.votes for each in found)
        asked = asker(item(number), members, MIXED)
        assert (asked in found) == asked.votes
        several += len([each for each in found if each != asked]) > 0
    assert several / 2000 == pytest.approx(0.5, abs=0.04)


def test_fewer_questions_are_the_first_of_more_and_people_do_the_same_about_them() -> None:
    stream, members = [item(i) for i in range(300)], MIXED.members()
    few, many = drawn(stream, replace(MIXED, feedback=50)), drawn(stream, replace(MIXED, feedback=200))
    assert many[:50] == few != stream[:50]
    more = replace(MIXED, feedback=200, flip=0.5, rounds=4)
    for each in few:
        assert judges(each, members, MIXED) == judges(each, members, more)
        assert whims_of(members[0], each, MIXED).random() == whims_of(members[0], each, more).random()
    assert drawn(stream, replace(MIXED, seed=2)) != drawn(stream, MIXED)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("files")
    stream = [item(i, answerable=i % 5 > 0) for i in range(300)]
    test = [item(i) for i in range(500, 520)]
    return written(folder / "stream.jsonl", stream), written(folder / "test.jsonl", test)


@pytest.fixture(scope="module")
def found(files: tuple[Path, Path]) -> dict[str, Any]:
    """Two rounds of faithful feedback, measured on an old domain too."""
    old = written(files[0].parent / "old.jsonl", [item(i, answerable=i % 2 > 0) for i in range(900, 910)])
    crowd = Crowd(feedback=280, rounds=2, flip=0.0, corrections=0.5, seed=3)
    return simulate(files, crowd, also={"old": old})


def simulate(files: tuple[Path, Path], crowd: Crowd, **how: Any) -> dict[str, Any]:
    settings = Settings(_env_file=None)  # type: ignore[call-arg]
    return run_simulation(
        settings, *files, crowd, lambda share, text: None, loop_over=learns_from_corrections, **how
    )


def test_what_people_correct_is_learned_proven_and_served(found: dict[str, Any]) -> None:
    assert found["rounds"][0]["decision"] == "promote"
    f1s = {name: found[name]["f1"] for name in ("before", "candidate", "served", "supervised")}
    assert f1s == {"before": 0.0, "candidate": 100.0, "served": 100.0, "supervised": 100.0}
    first = found["rounds"][0]["feedback"]
    assert first["up"] + first["down"] == 140
    assert json.loads(json.dumps(found)) == found
    assert "round 1: promote" in printed(found)


def test_every_gain_has_its_interval(found: dict[str, Any]) -> None:
    for arm in ("candidate", "served", "supervised"):
        gain = found["differences"][arm]
        assert (gain["mean"], gain["low"], gain["high"]) == (100.0, 100.0, 100.0)
        assert (gain["n"], gain["clusters"]) == (20, 20)


def test_a_further_test_set_is_measured_alike(found: dict[str, Any]) -> None:
    other = found["others"]["old"]
    assert (other["before"]["n"], other["before"]["f1"], other["candidate"]["f1"]) == (10, 0.0, 50.0)
    assert other["differences"]["candidate"]["mean"] == 50.0


def test_votes_alone_train_a_candidate_that_does_not_serve(files: tuple[Path, Path]) -> None:
    found = simulate(files, Crowd(feedback=150, rounds=1, flip=0.0, corrections=0.0, seed=3))
    assert found["rounds"][0]["decision"] == "not_yet"
    assert found["served"]["adapter"] == "seed"
    assert found["candidate"]["adapter"] != "seed"


def test_a_stream_that_is_too_short_is_said_to_be(files: tuple[Path, Path]) -> None:
    with pytest.raises(DataError, match="300 questions in the stream; expected at least 400"):
        simulate(files, Crowd(feedback=400, rounds=1, flip=0.0, corrections=0.5, seed=1))


def test_what_the_kinds_of_people_did_is_counted(files: tuple[Path, Path]) -> None:
    crowd = replace(MIXED, feedback=200, corrections=0.5, seed=3)
    found = simulate(files, crowd, supervised=False)
    people = found["people"]
    assert sum(each["people"] for each in people.values()) == 20
    assert sum(each.get("questions", 0) for each in people.values()) == 200
    assert people["silent"].keys() == {"people", "questions"}
    assert people["always_up"].get("down", 0) == 0 < people["always_up"]["up"]
    total = found["rounds"][0]["feedback"]
    for name in ("up", "down", "corrections"):
        assert total[name] == sum(each.get(name, 0) for each in people.values())
    assert "silent: 5 people" in printed(found)


def test_without_supervision_nothing_is_trained_with_labels(files: tuple[Path, Path]) -> None:
    found = simulate(files, Crowd(feedback=60, rounds=1, flip=0.0, corrections=0.5, seed=3), supervised=False)
    assert found["supervised"] is None
    assert "supervised" not in found["differences"]
    assert "supervised  none was trained" in printed(found)


def test_what_was_measured_before_is_not_measured_again(files: tuple[Path, Path], tmp_path: Path) -> None:
    builds: list[str] = []

    def counted(settings: Settings, store: Store) -> Loop:
        loop = learns_from_corrections(settings, store)

        def train(build: Path, out: Path, tell: Progress) -> Path:
            builds.append(read_build(build).notes["id"])
            return loop.train(build, out, tell)

        return replace(loop, train=train)

    crowd = Crowd(feedback=100, rounds=1, flip=0.0, corrections=0.5, seed=3)
    settings, kept = Settings(_env_file=None), tmp_path / "kept"  # type: ignore[call-arg]

    def simulated(crowd: Crowd, **more: Any) -> dict[str, Any]:
        return run_simulation(
            settings, *files, crowd, lambda share, text: None, loop_over=counted, reuse=kept, **more
        )

    first = simulated(crowd)
    assert builds.count("supervised") == 1
    again = simulated(replace(crowd, malicious=0.3))
    assert builds.count("supervised") == 1, "other people, the same labels"
    assert (again["before"], again["supervised"]) == (first["before"], first["supervised"])
    assert first["people"] != again["people"]
    elsewhere = simulated(crowd, also={"old": files[1]})
    assert builds.count("supervised") == 1, "other tests, the same adapter"
    assert elsewhere["others"]["old"]["supervised"]["f1"] == first["supervised"]["f1"]


def test_questions_that_come_with_many_texts_widen_the_interval() -> None:
    items = [replace(item(i), question=f"Question {i % 10}?") for i in range(200)]

    def outcomes(right: list[bool]) -> list[Outcome]:
        return [
            Outcome(str(i), True, "", 0.5, r, float(r), "", r, float(r), 0.0) for i, r in enumerate(right)
        ]

    before = outcomes([False] * 200)
    alike = difference(items, before, outcomes([i % 10 < 5 for i in range(200)]))
    mixed = difference(items, before, outcomes([i % 4 < 2 for i in range(200)]))
    assert alike.mean == mixed.mean == 50.0
    assert alike.high - alike.low > 3 * (mixed.high - mixed.low)
    assert (alike.n, alike.clusters) == (200, 10)


def test_what_is_left_out_is_left_out_of_the_options() -> None:
    assert without(Options(), []) == Options()
    assert without(Options(), ["replay"]).replay_share == 0
    assert without(Options(), ["trust"]).trust is False
    kinds = without(Options(), ["up", "silence"]).kinds
    assert kinds == {"down", "down_abstention", "correction"}
    with pytest.raises(
        DataError, match="Found nothing called gold to leave out; expected one of trust, replay"
    ):
        without(Options(), ["gold"])
