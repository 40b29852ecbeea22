"""The gate on outcomes whose truth is known: it promotes real gains, and seldom anything else."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from bot.reading.scores import Outcome
from training.gate import (
    MIN_CORRECTED,
    MIN_QUESTIONS,
    Margins,
    Measured,
    feedback_difference,
    judge,
    mcnemar,
    mean_difference,
)
from training.trials import Trial

GOLDEN = 200


def outcome(name: str, f1: float, *, answerable: bool = True, answer: str | None = "said") -> Outcome:
    return Outcome(name, answerable, answer, 0.6, float(f1 == 1), f1, "said", float(f1 == 1), f1, 0.01)


def trial(number: int, kind: str, cluster: str | None = None) -> Trial:
    references = () if kind in ("silence", "down") else ("right",)
    return Trial(
        f"{number}:U1", cluster or f"question {number}", "?", ("text",), (0.0,), kind, references, "said"
    )  # type: ignore[arg-type]


def golden(f1: float = 0.7) -> tuple[Outcome, ...]:
    """Two thirds answerable; the share `f1` of all is right."""
    return tuple(
        outcome(f"g{i}", float(i % 10 < 10 * f1), answerable=i % 3 > 0, answer="said" if i % 3 else None)
        for i in range(GOLDEN)
    )


def measured(
    name: str, trials: list[float], gold: tuple[Outcome, ...] | None = None, size: int = 3_000_000
) -> Measured:
    outcomes = tuple(outcome(str(i), value) for i, value in enumerate(trials))
    return Measured(name, outcomes, golden() if gold is None else gold, size)


def feedback(ups: int = 15, corrections: int = 15, downs: int = 0) -> list[Trial]:
    kinds = ["up"] * ups + ["correction"] * corrections + ["down"] * downs
    return [trial(i, kind) for i, kind in enumerate(kinds)]


def test_a_real_gain_is_promoted() -> None:
    trials = feedback(ups=15, corrections=15)
    verdict = judge(
        trials, measured("old", [1.0] * 15 + [0.0] * 15), measured("new", [1.0] * 15 + [1.0] * 10 + [0.0] * 5)
    )
    assert verdict.decision == "promote"
    assert verdict.numbers["held_out"]["difference"]["low"] > 0
    assert "+33.3 points" in verdict.reasons[0]


def test_no_change_is_not_promoted() -> None:
    scores = [1.0] * 15 + [0.0] * 15
    assert judge(feedback(), measured("old", scores), measured("new", scores)).decision == "reject"


def test_a_gain_on_corrections_that_is_lost_on_what_people_liked_is_no_gain() -> None:
    trials = feedback(ups=20, corrections=20)
    old = [1.0] * 20 + [0.0] * 20
    new = [1.0] * 12 + [0.0] * 8 + [1.0] * 8 + [0.0] * 12
    verdict = judge(trials, measured("old", old), measured("new", new))
    assert verdict.decision == "reject"
    assert verdict.numbers["held_out"]["correction"]["candidate_f1"] == 40


def test_too_little_held_out_says_how_much_is_missing() -> None:
    trials = feedback(ups=4, corrections=3)
    verdict = judge(trials, measured("old", [0.0] * 7), measured("new", [1.0] * 7))
    assert verdict.decision == "not_yet"
    assert f"Only 7 questions with feedback are held out, {MIN_QUESTIONS}" in verdict.reasons[0]
    assert f"Only 3 corrected questions are held out, {MIN_CORRECTED}" in verdict.reasons[1]


def test_votes_alone_prove_nothing() -> None:
    trials = feedback(ups=40, corrections=0, downs=40)
    verdict = judge(trials, measured("old", [1.0] * 80), measured("new", [1.0] * 80))
    assert verdict.decision == "not_yet"
    assert any("Votes alone can't prove a gain" in reason for reason in verdict.reasons)


@pytest.mark.parametrize(
    ("gold", "size", "words"),
    [
        (golden(0.6), 3_000_000, "F1 fell from 70.0 to 60.0"),
        (tuple(outcome(f"g{i}", 1.0, answer=None) for i in range(GOLDEN)), 3_000_000, "abstention rate rose"),
        (golden(), 9_000_000, "9.0 MB instead of 3.0"),
    ],
)
def test_a_gain_with_a_loss_elsewhere_is_rejected(gold: tuple[Outcome, ...], size: int, words: str) -> None:
    old, new = measured("old", [0.0] * 30), measured("new", [1.0] * 30, gold, size)
    verdict = judge(feedback(), old, new)
    assert verdict.decision == "reject"
    assert any(words in reason for reason in verdict.reasons)


def test_a_slower_candidate_is_rejected() -> None:
    slow = tuple(replace(each, seconds=0.1) for each in golden())
    verdict = judge(feedback(), measured("old", [0.0] * 30), measured("new", [1.0] * 30, slow))
    assert verdict.decision == "reject"
    assert "100 ms instead of 10" in verdict.reasons[0]


def test_a_small_loss_within_the_margins_does_not_stop_a_gain() -> None:
    verdict = judge(
        feedback(), measured("old", [0.0] * 30), measured("new", [1.0] * 30), Margins(golden_f1=0.1)
    )
    assert verdict.decision == "promote"


def test_answers_to_one_question_are_no_independent_evidence() -> None:
    apart = mean_difference([1.0, 0.0, 0.0, -0.4] * 10, [str(i) for i in range(40)])
    together = mean_difference([1.0, 0.0, 0.0, -0.4] * 10, [str(i % 4) for i in range(40)])
    assert apart.mean == pytest.approx(together.mean) == pytest.approx(15)
    assert together.high - together.low > 2 * (apart.high - apart.low)
    assert together.clusters == 4


def test_the_interval_agrees_with_theory_and_is_the_same_each_time() -> None:
    generator = random.Random(5)
    differences = [generator.gauss(0.05, 0.3) for _ in range(400)]
    names = [str(i) for i in range(400)]
    found = mean_difference(differences, names)
    assert (found.high - found.low) / 2 == pytest.approx(100 * 1.96 * 0.3 / 20, rel=0.15)
    assert found == mean_difference(differences, names)


def test_a_down_on_which_both_say_the_same_is_no_gain_and_another_counts_as_corrections_do() -> None:
    trials = feedback(ups=2, corrections=3, downs=4)
    old = [outcome(str(i), 0.0, answer="old") for i in range(9)]
    same = [
        outcome(str(i), 1.0 if 2 <= i < 5 else 0.0, answer="new" if 2 <= i < 5 else "old") for i in range(9)
    ]
    apart = [replace(each, answer="new") if i >= 5 else each for i, each in enumerate(same)]
    assert feedback_difference(trials, old, same).mean == pytest.approx(100 * 3 / 9)
    assert feedback_difference(trials, old, apart).mean == pytest.approx(100 * (3 + 4 * 3 / (3 + 1)) / 9)


def test_mcnemar_counts_disagreements_only() -> None:
    old = [outcome(str(i), float(i < 10)) for i in range(20)]
    new = [outcome(str(i), float(i < 9 or i > 14)) for i in range(20)]
    found = mcnemar(old, new)
    assert (found.better, found.worse) == (5, 1)
    assert found.p == pytest.approx(2 * (1 + 6) / 64)


def cycle_of(generator: random.Random, n: int, corrected: float, *, mends: float, breaks: float) -> str:
    """One simulated cycle: the champion is right half of the time; the candidate says something else to 30 % of the
    questions, and so mends a wrong answer or breaks a right one with these chances. People vote and correct."""
    trials, old, new = [], [], []
    for i in range(n):
        right, differs = generator.random() < 0.5, generator.random() < 0.3
        kind = "up" if right else "correction" if generator.random() < corrected else "down"
        becomes = generator.random() > breaks if right else generator.random() < mends
        trials.append(trial(i, kind))
        old.append(outcome(str(i), float(right), answer="old"))
        new.append(outcome(str(i), float(becomes), answer="new") if differs else old[-1])
    champion, candidate = Measured("old", tuple(old), golden(), 1), Measured("new", tuple(new), golden(), 1)
    return judge(trials, champion, candidate).decision


@pytest.mark.parametrize(("n", "corrected"), [(30, 1.0), (60, 0.4), (120, 0.3)])
def test_candidates_that_are_no_better_are_seldom_promoted(
    n: int, corrected: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.gate.bootstrap.__defaults__", (1000,))
    generator = random.Random(n)
    found = [cycle_of(generator, n, corrected, mends=0.5, breaks=0.5) for _ in range(200)]
    assert found.count("promote") <= 0.05 * 200


def test_candidates_that_are_much_better_mostly_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.gate.bootstrap.__defaults__", (1000,))
    generator = random.Random(7)
    found = [cycle_of(generator, 150, 0.5, mends=0.8, breaks=0.1) for _ in range(50)]
    assert found.count("promote") >= 40
