"""What each person's feedback counts, by every rule; and that nobody can hold more of a build than their share."""

from __future__ import annotations

import random
from collections.abc import Iterable
from pathlib import Path

import pytest

from bot import trust
from bot.records import Answer, Candidate, Feedback, Offered, Person, Question, Review
from bot.said import Said
from bot.store import feedback, open_store, people, questions, reviews
from bot.trust import Rates, Rules, agreement, weigh

TEXT = "Staff get 25 days of leave a year. Interns get twelve days. Ask Odile Ferrant."
DAY = 86400.0
NOW = 1_700_000_000.0


def piece(
    person: str,
    vote: str | None = "up",
    number: int = 1,
    *,
    question: str | None = None,
    correction: str | None = None,
) -> Said:
    """What somebody says of "25 days", the answer to question `number`."""
    start = TEXT.index("25 days")
    answer = Answer(
        question_id=number,
        text="25 days",
        confidence=0.6,
        adapter="seed",
        offered=(Offered(TEXT, 10, "Handbook", "", None, 0.9),),
        candidates=(Candidate(0, start, start + 7, "25 days", 1.0, -0.7, 0.6),),
        chosen=0,
        start=start,
        end=start + 7,
        id=number,
    )
    asked = Question("message", f"C1:{number}", question or f"Question {number}?", "U0", id=number)
    return Said(Feedback(number, person, vote, "button", correction=correction), answer, asked)  # type: ignore[arg-type]


def review(person: str, number: int, decision: str, words: str | None = None) -> dict[trust.Key, Review]:
    return {(number, person): Review(number, person, decision, words, "U0ADMIN", NOW)}  # type: ignore[arg-type]


def person(id: str, kind: str = "member", days: float = 100.0) -> dict[str, Person]:
    """Somebody first seen so many days ago, in an installation a hundred days old."""
    return {
        "U0FOUNDER": Person("U0FOUNDER", "member", NOW - 100 * DAY),
        id: Person(id, kind, NOW - days * DAY),  # type: ignore[arg-type]
    }


UNKNOWN = Rates().weight  # of somebody nothing is known of


def test_whom_nothing_is_known_of_counts_with_the_weight_of_the_prior() -> None:
    found = weigh([piece("U1")], {}, {})
    assert found == {(1, "U1"): trust.Standing(pytest.approx(0.8))}


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("bot", "given by a bot"),
        ("guest", "given by a guest"),
        ("external", "given by somebody of another workspace"),
    ],
)
def test_who_is_no_member_waits_for_a_reviewer(kind: str, why: str) -> None:
    found = weigh([piece("U1")], person("U1", kind), {}, now=NOW)[1, "U1"]
    assert (found.weight, found.why) == (0.0, why)
    accepted = weigh([piece("U1")], person("U1", kind), review("U1", 1, "accept"), now=NOW)[1, "U1"]
    assert accepted == trust.Standing(1.0)


def test_a_new_account_waits_and_counts_when_it_is_not_new_any_more() -> None:
    for days, why in ((1.0, trust.NEW_ACCOUNT), (2.9, trust.NEW_ACCOUNT), (3.1, None)):
        assert weigh([piece("U1")], person("U1", days=days), {}, now=NOW)[1, "U1"].why == why
    patient = weigh([piece("U1")], person("U1", days=5), {}, Rules(new_days=7), now=NOW)
    assert patient[1, "U1"].why == trust.NEW_ACCOUNT
    hasty = weigh([piece("U1")], person("U1", days=0), {}, Rules(new_days=0), now=NOW)
    assert hasty[1, "U1"].why is None


def test_in_the_first_days_of_an_installation_everybody_is_new_so_nobody_is() -> None:
    known = {f"U{i}": Person(f"U{i}", "member", NOW - (2.5 - i) * DAY) for i in range(3)}
    found = weigh([piece(id) for id in known], known, {}, now=NOW)
    assert [each.why for each in found.values()] == [None, None, None]


def test_a_rejected_piece_teaches_nothing_and_an_accepted_one_weighs_one() -> None:
    found = weigh(
        [piece("U1"), piece("U2", number=2)], {}, review("U1", 1, "reject") | review("U2", 2, "accept")
    )
    assert found[1, "U1"] == trust.Standing(0.0, settled=trust.REJECTED)
    assert found[2, "U2"] == trust.Standing(1.0)


def test_a_person_has_one_word_on_a_question_and_text() -> None:
    said = [piece("U1", number=1, question="Leave?"), piece("U1", "down", number=2, question="leave")]
    found = weigh(said, {}, {})
    assert found[1, "U1"].settled == trust.SAID_AGAIN
    assert found[2, "U1"].weight == pytest.approx(UNKNOWN)
    stood_by = weigh(said, {}, review("U1", 1, "accept"))
    assert (stood_by[1, "U1"].weight, stood_by[2, "U1"].settled) == (1.0, trust.SAID_AGAIN)


def test_two_who_contradict_each_other_both_wait() -> None:
    found = weigh([piece("U1"), piece("U2", "down")], {}, {})
    assert {each.why for each in found.values()} == {trust.CONTRADICTORY}


def test_a_clear_majority_is_believed_and_the_others_are_outvoted() -> None:
    found = weigh([piece("U1"), piece("U2"), piece("U3", "down")], {}, {})
    assert found[1, "U3"] == trust.Standing(0.0, settled=trust.OUTVOTED)
    assert found[1, "U1"].why is None
    assert found[1, "U1"].weight > 0.5


def test_a_majority_of_trust_not_of_heads() -> None:
    """Three who always vote up meet two who tell good from bad, and were agreed with by a reviewer."""
    said, reviewed = [], {}
    for number in range(2, 42):
        said += [piece(id, "up", number) for id in ("U1", "U2", "U3")]
        said += [piece(id, "down" if number % 2 else "up", number) for id in ("U4", "U5")]
        reviewed |= review("U4", number, "accept")
    found = weigh(
        [*said, *(piece(id, "up") for id in ("U1", "U2", "U3")), piece("U4", "down"), piece("U5", "down")],
        {},
        reviewed,
    )
    assert {found[1, id].why for id in ("U1", "U2", "U3")} == {trust.LOW_TRUST}
    assert min(found[1, "U4"].weight, found[1, "U5"].weight) > 0.9


def test_a_reviewers_word_ends_a_disagreement() -> None:
    found = weigh([piece("U1"), piece("U2"), piece("U3", "down")], {}, review("U3", 1, "accept"))
    assert found[1, "U3"] == trust.Standing(1.0)
    assert {found[1, "U1"].settled, found[1, "U2"].settled} == {trust.OUTVOTED}


def test_a_guest_has_no_voice_in_a_disagreement() -> None:
    found = weigh([piece("U1"), piece("U2", "down")], person("U2", "guest"), {}, now=NOW)
    assert found[1, "U1"].weight > 0.5
    assert found[1, "U2"].why == "given by a guest"


def test_corrections_that_differ_wait_and_those_that_agree_do_not() -> None:
    alike = weigh(
        [piece("U1", "down", correction="twelve days"), piece("U2", "down", correction="Twelve days.")],
        {},
        {},
    )
    assert [each.why for each in alike.values()] == [None, None]
    said = [piece("U1", "down", correction="twelve days"), piece("U2", "down", correction="Odile Ferrant")]
    assert {each.why for each in weigh(said, {}, {}).values()} == {trust.CONTRADICTORY}
    third = [*said, piece("U3", "down", correction="twelve days"), piece("U4", "down")]
    found = weigh(third, {}, {})
    assert found[1, "U2"].settled == trust.OUTVOTED
    assert found[1, "U4"].weight > 0.5, "who only votes down contradicts no correction"


def test_a_correction_that_stands_nowhere_waits_unless_the_reader_writes_its_own_words() -> None:
    said = [piece("U1", "down", correction="forty weeks")]
    assert weigh(said, {}, {})[1, "U1"].why == trust.NOWHERE
    assert weigh(said, {}, {}, Rules(free=True))[1, "U1"].why is None
    edited = weigh(said, {}, review("U1", 1, "edit", "twelve days"))
    assert edited[1, "U1"] == trust.Standing(1.0)


def test_believing_everybody_leaves_one_word_a_person() -> None:
    said = [piece("U1"), piece("U2", "down"), piece("U2", "down", 2, question="Question 1?")]
    found = weigh(said, person("U2", "guest"), {}, Rules(everybody=True), now=NOW)
    assert [each.weight for each in found.values()] == [1.0, 0.0, 1.0]


# Agreement, on crowds


def crowd(
    habits: Iterable[str], answers: int = 120, judges: int = 4, good: float = 0.7, seed: int = 1
) -> list[Said]:
    """People who each vote on some of the same answers, a share of them good."""
    whims = random.Random(seed)
    habits = list(habits)
    said = []
    for number in range(1, answers + 1):
        right = whims.random() < good
        for who in whims.sample(range(len(habits)), judges):
            habit = habits[who]
            vote = {"up": True, "down": False, "flip": not right, "careful": right}.get(
                habit, right == (whims.random() > 0.15)
            )
            said.append(piece(f"{habit}{who}", "up" if vote else "down", number))
    return said


@pytest.mark.parametrize("habit", ["up", "down", "flip"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_who_votes_one_way_or_the_opposite_is_found_out_by_overlap(habit: str, seed: int) -> None:
    said = crowd(["careful"] * 8 + ["careless"] * 6 + [habit] * 6, answers=420, seed=seed)
    rates = agreement(said, {})
    spoilers = [rate for name, rate in rates.items() if name.startswith(habit) and "care" not in name]
    others = [rate for name, rate in rates.items() if "care" in name]
    assert max(each.weight for each in spoilers) < min(each.weight for each in others)
    assert max(each.weight for each in spoilers) < 0.35
    assert sum(each.low for each in spoilers) >= 5, "shown of all that met enough bad answers"
    assert not any(each.low for each in others)


@pytest.mark.parametrize("good", [0.3, 0.5, 0.9])
def test_careful_people_keep_their_weight_however_many_answers_are_good(good: float) -> None:
    rates = agreement(crowd(["careful"] * 6 + ["careless"] * 6, good=good), {})
    assert not any(each.low for each in rates.values())
    assert min(each.weight for name, each in rates.items() if name.startswith("careful")) > 0.5


def test_whom_nobody_overlapped_with_keeps_the_weight_of_the_prior() -> None:
    said = [*crowd(["careful"] * 5), *(piece("U9", "down", 1000 + i) for i in range(50))]
    assert "U9" not in agreement(said, {})
    assert weigh(said, {}, {})[1000, "U9"].weight == pytest.approx(UNKNOWN)


def test_reviewers_decisions_count_as_several_votes() -> None:
    said = [piece("U1", "up", number) for number in range(1, 7)]
    rejected = {key: each for number in range(1, 7) for key, each in review("U1", number, "reject").items()}
    one = agreement(said, dict([next(iter(rejected.items()))]))["U1"]
    assert one.bad_wrong == trust.REVIEWED
    assert not one.low
    assert agreement(said, rejected)["U1"].low
    accepted = {key: Review(*key, "accept", None, "U0ADMIN", NOW) for key in rejected}
    assert agreement(said, accepted)["U1"].weight > UNKNOWN


def test_words_that_a_reviewer_rejected_say_nothing_against_who_found_the_answer_wrong_too() -> None:
    said = [piece("U1", "down", correction="Odile Ferrant"), piece("U2", "down")]
    rates = agreement(said, review("U1", 1, "reject"))
    assert rates["U1"].weight < UNKNOWN
    assert "U2" not in rates


# In the store


def test_standings_come_out_of_a_real_store(tmp_path: Path) -> None:
    store = open_store(tmp_path / "lorebot.db")
    for number in (1, 2, 3):
        given = piece(f"U{number}", number=number)
        question = questions.record_question(store, Question("message", f"C1:{number}", f"Q{number}?", "U0"))
        answer = questions.record_answer(
            store, Answer(**{**_fields(given.answer), "question_id": question.id, "id": None})
        )
        feedback.record(store, Feedback(answer.id or 0, f"U{number}", "up", "button"))
    people.seen(store, "U2", "guest")
    reviews.record(store, Review(3, "U3", "reject"))
    found = trust.standings(store)
    assert found[1, "U1"].weight == pytest.approx(UNKNOWN)
    assert found[2, "U2"].why == "given by a guest"
    assert found[3, "U3"].settled == trust.REJECTED


def _fields(answer: Answer) -> dict[str, object]:
    return {name: getattr(answer, name) for name in Answer.__dataclass_fields__}


def test_when_somebody_was_first_seen_never_moves_and_what_they_are_follows(tmp_path: Path) -> None:
    store = open_store(tmp_path / "lorebot.db")
    people.seen(store, "U1", "member", at=10.0)
    people.seen(store, "U1", "guest", at=20.0)
    assert people.known(store) == {"U1": Person("U1", "guest", 10.0)}
    people.forget(store, "U1")
    assert people.known(store) == {}
