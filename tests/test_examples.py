"""What each kind of feedback teaches, what it can't, and what is held out."""

from __future__ import annotations

import math
import random
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.records import Answer, Candidate, Example, Feedback, Offered, Question, Review
from bot.said import Said, locate
from bot.store import channels, feedback, open_store, people, questions, reviews
from bot.trust import Rates, Rules, Standing
from training.examples import cap, capped, examples_of, gather, is_held_out, unremarked, weighted

LEAVE = "Staff get 25 days of leave a year. Interns get twelve days. Ask Odile Ferrant."
TRAVEL = "Trains are booked by the office. Flights need the approval of a lead."


UNKNOWN = Rates().weight  # of what somebody says of whom nothing is known


def span(text: str, words: str) -> tuple[int, int]:
    return text.index(words), text.index(words) + len(words)


def said(
    vote: str | None = None,
    *,
    words: str | None = "25 days",
    question: str = "How much leave do I get?",
    person: str = "U1",
    answer_id: int = 1,
    offered: tuple[str, ...] = (LEAVE, TRAVEL),
    pointed: str | None = None,
    answer: dict[str, Any] | None = None,
    **given: Any,
) -> Said:
    """A vote on an answer that says `words` of the first text; None: on an abstention."""
    start, end = span(offered[0], words) if words else (0, 0)
    candidate = Candidate(
        0, *span(offered[0], words or "25 days"), words or "25 days", 1.0, math.log(0.5), 0.6
    )
    record = Answer(
        question_id=answer_id,
        text=words,
        confidence=0.6,
        adapter="seed",
        offered=tuple(
            Offered(text, 10 + i, "Handbook", "", None, 0.9 - i / 10) for i, text in enumerate(offered)
        ),
        candidates=(candidate,),
        chosen=0 if words else None,
        start=start,
        end=end,
        id=answer_id,
    )
    asked = Question("message", f"C1:{answer_id}", question, "U1", channel="C1", id=answer_id)
    return Said(
        Feedback(answer_id, person, vote, "button", **given),  # type: ignore[arg-type]
        replace(record, **(answer or {})),
        asked,
        pointed,
    )


def learned(*pieces: Said) -> Any:
    """The examples when nothing is held out."""
    return examples_of(pieces, 0.0)


def only(*pieces: Said) -> Any:
    (example,) = learned(*pieces).examples
    return example


def test_an_up_teaches_the_same_span_again() -> None:
    example = only(said("up"))
    assert (example.kind, example.context, example.weight) == ("up", LEAVE, UNKNOWN)
    assert LEAVE[example.start : example.end] == "25 days"
    assert example.feedback == (1, "U1")


def test_a_down_pushes_away_from_its_span_and_teaches_no_other() -> None:
    example = only(said("down"))
    assert (example.kind, LEAVE[example.start : example.end], example.rejected) == ("down", "25 days", None)
    assert example.references == ()


def test_a_down_on_an_abstention_pushes_away_from_silence_in_the_text_the_reader_liked() -> None:
    example = only(said("down", words=None))
    assert (example.kind, example.context, example.start, example.end) == ("down_abstention", LEAVE, 0, 0)


def test_an_up_on_an_abstention_confirms_silence_at_half_weight() -> None:
    example = only(said("up", words=None))
    assert (example.kind, example.weight) == ("silence", 0.5 * UNKNOWN)


def test_a_correction_teaches_its_span_and_pushes_away_from_the_rejected_one() -> None:
    example = only(said("down", correction="twelve days"))
    assert (example.kind, LEAVE[example.start : example.end]) == ("correction", "twelve days")
    assert example.rejected == span(LEAVE, "25 days")
    assert example.references == ("twelve days",)
    assert example.weight == UNKNOWN


def test_a_correction_without_a_vote_counts_too() -> None:
    assert only(said(correction="twelve days")).kind == "correction"


def test_a_correction_in_another_text_rejects_nothing_there() -> None:
    example = only(said("down", correction="the approval of a lead"))
    assert (example.context, example.rejected) == (TRAVEL, None)


@pytest.mark.parametrize("correction", ["TWELVE DAYS", " twelve\n days. ", "“twelve days”", "Twelve, days"])
def test_a_correction_is_found_whatever_its_case_spacing_and_marks(correction: str) -> None:
    example = only(said("down", correction=correction))
    assert LEAVE[example.start : example.end] == "twelve days"


def test_a_correction_in_the_passage_that_the_person_chose_is_taken_from_there() -> None:
    twice = "Guests get 25 days of free parking."
    piece = said("down", words="Odile Ferrant", offered=(LEAVE, twice), correction="25 days", passage_id=11)
    assert only(piece).context == twice


def test_a_correction_missing_from_the_chosen_passage_is_searched_in_the_others() -> None:
    piece = said("down", words="25 days", correction="twelve days", passage_id=11)
    assert only(piece).context == LEAVE


def test_a_passage_that_search_did_not_offer_teaches_and_is_read_when_judging() -> None:
    other = "Part-time staff get fifteen days."
    piece = said("down", correction="fifteen days", passage_id=99, pointed=other)
    assert only(piece).context == other
    (trial,) = examples_of([piece], 1.0).trials
    assert trial.texts == (LEAVE, TRAVEL, other)
    assert len(trial.priors) == 3


def test_a_correction_that_stands_nowhere_is_rejected_with_its_reason() -> None:
    found = learned(said("down", correction="forty weeks"))
    assert found.examples == ()
    assert found.rejected == {"waits for a reviewer: a correction that stands in no offered text": 1}
    assert found.people == frozenset()


def test_a_correction_as_long_as_a_letter_is_no_span() -> None:
    text = "word " * 41
    found = learned(said("down", words=None, offered=(f"Staff get 25 days. {text}", TRAVEL), correction=text))
    assert found.rejected == {"a correction too long for a span": 1}


def test_told_to_be_silent_teaches_silence() -> None:
    example = only(said("down", reason="should_be_silent"))
    assert (example.kind, example.context, example.start, example.end) == ("silence", LEAVE, 0, 0)


def test_told_to_be_silent_where_somebody_found_the_answer_teaches_nothing() -> None:
    found = learned(
        said("down", reason="should_be_silent", answer_id=1),
        said("down", person="U2", answer_id=2, correction="twelve days"),
    )
    assert [example.kind for example in found.examples] == ["correction"]
    assert found.rejected == {"told to be silent where an accepted answer stands": 1}


def test_an_outdated_text_is_no_fault_of_the_reading() -> None:
    assert learned(said("down", reason="outdated")).rejected == {"the text is outdated, not the reading": 1}


def test_a_vote_on_a_taught_answer_says_nothing_of_the_reader_but_its_correction_does() -> None:
    taught = {"from_memory": True}
    assert learned(said("up", answer=taught)).rejected == {"a vote on a taught answer": 1}
    example = only(said("down", answer=taught, correction="twelve days"))
    assert (example.kind, example.rejected) == ("correction", None)


def test_a_person_has_one_vote_on_a_question_and_text_and_it_is_the_last() -> None:
    found = learned(said("up", answer_id=1), said("down", answer_id=2, question="how much LEAVE do I get"))
    assert [example.kind for example in found.examples] == ["down"]
    assert found.rejected == {"said again later": 1}


def test_as_many_ups_as_downs_on_one_answer_teach_nothing() -> None:
    found = learned(said("up", person="U1"), said("down", person="U2"))
    assert found.examples == ()
    assert found.rejected == {"waits for a reviewer: people disagree about this answer": 2}


def test_the_majority_is_believed() -> None:
    found = learned(said("up", person="U1"), said("up", person="U2"), said("down", person="U3"))
    assert [example.kind for example in found.examples] == ["up", "up"]
    assert found.rejected == {"outvoted": 1}


def test_a_correction_against_a_vote_for_the_answer_waits_and_a_second_one_decides() -> None:
    first = (said("up", person="U1"), said("down", person="U2", correction="twelve days"))
    assert learned(*first).rejected == {"waits for a reviewer: people disagree about this answer": 2}
    found = learned(*first, said("down", person="U3", correction="twelve days"))
    assert [example.kind for example in found.examples] == ["correction", "correction"]
    assert found.rejected == {"outvoted": 1}


def test_people_are_named_only_where_they_taught_something() -> None:
    found = learned(
        said("up", person="U1"), said("down", person="U2", answer_id=2, question="?!", reason="outdated")
    )
    assert found.people == {"U1"}


def test_a_quarter_of_the_questions_is_held_out_and_never_moves() -> None:
    names = [f"Question number {i}?" for i in range(2000)]
    held = [name for name in names if is_held_out(name)]
    assert 0.22 < len(held) / len(names) < 0.28
    assert held == [name for name in names if is_held_out(name.lower().replace("?", "  ?!"))]
    assert set(held) < {name for name in names if is_held_out(name, 0.4)}


def test_what_is_held_out_is_not_learned() -> None:
    pieces = [said("up", question=f"Question number {i}?", answer_id=i) for i in range(1, 200)]
    found = examples_of(pieces)
    learned_of = {example.question for example in found.examples}
    judged_on = {trial.question for trial in found.trials}
    assert not learned_of & judged_on
    assert len(learned_of | judged_on) == 199


def test_a_trial_is_the_question_as_it_was_asked() -> None:
    (trial,) = examples_of([said("up")], 1.0).trials
    assert (trial.kind, trial.texts, trial.references, trial.said) == (
        "up",
        (LEAVE, TRAVEL),
        ("25 days",),
        "25 days",
    )
    assert trial.priors[0] == 0.0 > trial.priors[1]


WHOLE = {"text": "Staff get 25 days of leave a year.", "sentence": "Staff get 25 days of leave a year."}


def test_feedback_on_an_answer_said_as_a_sentence_is_about_the_readers_own_span() -> None:
    start, end = span(LEAVE, "25 days")
    for vote in ("up", "down"):
        (example,) = learned(said(vote, question="Do I get leave?", answer=WHOLE)).examples
        assert (example.kind, example.start, example.end) == (vote, start, end)
    found = learned(said("up", question="Do I get leave?", answer=WHOLE))
    assert found.thought == {1: math.log(0.5)}, "the span's own probability, not the sentence's"
    (trial,) = examples_of([said("up", question="Do I get leave?", answer=WHOLE)], 1.0).trials
    assert (trial.references, trial.said) == (("25 days",), "25 days")


def test_a_correction_of_an_answer_said_as_a_sentence_moves_away_from_the_readers_span() -> None:
    given = said("down", question="Do interns get leave?", answer=WHOLE, correction="twelve days")
    (example,) = learned(given).examples
    assert (example.start, example.end) == span(LEAVE, "twelve days")
    assert example.rejected == span(LEAVE, "25 days")


def test_what_anybody_accepted_is_accepted_in_every_trial_of_the_question() -> None:
    found = examples_of(
        [
            said("down", person="U1", correction="twelve days"),
            said("down", person="U2", correction="Interns get twelve days", answer_id=2),
            said("up", words=None, person="U3", answer_id=3, question="Who pays?"),
        ],
        1.0,
    )
    first, second, silent = found.trials
    assert set(first.references) == set(second.references) == {"twelve days", "Interns get twelve days"}
    assert (silent.kind, silent.references) == ("silence", ())


def test_an_up_counts_as_much_as_the_seed_still_believes_it() -> None:
    found = learned(said("up", answer_id=1), said("down", answer_id=2, question="Who pays?"))
    assert found.thought == {1: math.log(0.5), 2: math.log(0.5)}
    ups = {now: weighted(found.examples, found.thought, {1: math.log(now), 2: -9.0}) for now in (0.25, 0.9)}
    assert [example.weight for example in ups[0.25]] == pytest.approx([0.5 * UNKNOWN, UNKNOWN])
    assert [example.weight for example in ups[0.9]] == [UNKNOWN, UNKNOWN]


def test_words_match_whole_and_nearest_to_the_question() -> None:
    assert locate("three", ["thirty-threefold and threesome"], "?") is None
    text = "Managers wait three weeks. Trainees wait three days. Cooks wait three weeks."
    place = locate("three weeks", [text], "How long do cooks wait?")
    assert place is not None
    assert place.start == text.rindex("three weeks")
    assert locate("  ... ", [text], "?") is None


def test_an_exact_match_in_a_later_text_is_preferred_to_a_tolerant_one() -> None:
    place = locate("Odile Ferrant", ["ask odile ferrant", "Ask Odile Ferrant"], "?")
    assert place is not None
    assert place.text == "Ask Odile Ferrant"


def test_everything_comes_out_of_a_real_store(tmp_path: Path) -> None:
    store = open_store(tmp_path / "lorebot.db")
    for i in range(40):
        piece = said("up" if i % 2 else "down", question=f"Question number {i}?", answer_id=i + 1)
        question = questions.record_question(store, replace(piece.question, id=None))
        answer = questions.record_answer(store, replace(piece.answer, id=None, question_id=question.id or 0))
        if i < 30:
            feedback.record(store, replace(piece.feedback, answer_id=answer.id or 0))
    found = gather(store)
    assert len(found.examples) + len(found.trials) == 30
    assert Counter(example.kind for example in found.examples).keys() == {"up", "down"}
    quiet = unremarked(store, 100)
    assert {example.kind for example in quiet} == {"replay"}
    assert all(int(example.question.split()[-1][:-1]) >= 30 for example in quiet)
    assert not any(is_held_out(example.question) for example in quiet)
    assert len(unremarked(store, 3)) == 3


OWN = "nearly a month"
OPEN = frozenset(("C1",))


def written(vote: str | None = None, **given: Any) -> Said:
    """A vote on words of a generative reader's own; their place is the sentence closest to them."""
    sentence = "Staff get 25 days of leave a year."
    own = Candidate(0, 0, len(sentence), OWN, 2.0, math.log(0.4), 0.7, grounded=False)
    return said(vote, words=sentence, answer={"text": OWN, "candidates": (own,)}, **given)


def test_words_that_stand_in_no_text_teach_only_a_reader_that_writes() -> None:
    pieces = (written("up"), written("down", person="U2", question="Leave?", answer_id=2))
    kept = examples_of(pieces, 0.0)
    assert (kept.examples, kept.rejected) == ((), {"words that stand in no text": 2})
    up, down = examples_of(pieces, 0.0, rules=Rules(free=True), public=OPEN).examples
    assert (up.kind, up.words, down.kind, down.words) == ("up", OWN, "down", OWN)
    assert up.context[up.start : up.end] == "Staff get 25 days of leave a year."


def test_a_reader_that_writes_learns_a_correction_that_stands_nowhere() -> None:
    free = examples_of(
        (written("down", correction="five weeks of leave"),), 0.0, rules=Rules(free=True), public=OPEN
    )
    (example,) = free.examples
    assert (example.kind, example.words, example.rejected_words) == ("correction", "five weeks of leave", OWN)
    assert example.context[example.start : example.end] == "Staff get 25 days of leave a year."
    assert (example.rejected, example.references) == (None, ("five weeks of leave",))


def test_a_correction_that_stands_in_the_text_rejects_the_own_words() -> None:
    (example,) = examples_of(
        (written("down", correction="25 days"),), 0.0, rules=Rules(free=True), public=OPEN
    ).examples
    assert (example.words, example.rejected_words, example.rejected) == (None, OWN, None)
    assert example.context[example.start : example.end] == "25 days"


def test_own_words_are_judged_by_what_people_said_of_them() -> None:
    (trial,) = examples_of(
        (written("down", correction="five weeks of leave"),), 1.0, rules=Rules(free=True), public=OPEN
    ).trials
    assert (trial.kind, trial.references, trial.said) == ("correction", ("five weeks of leave",), OWN)


# What else each kind of feedback teaches, and doesn't


def test_the_wrong_passage_teaches_search_and_pushes_no_span_away() -> None:
    found = learned(said("down", reason="wrong_passage"))
    assert found.rejected == {"the wrong passage, which search learns from": 1}
    corrected = only(said("down", reason="wrong_passage", correction="twelve days"))
    assert (corrected.kind, corrected.rejected, corrected.rejected_words) == ("correction", None, None)


def test_a_correction_in_another_form_teaches_the_texts_own_words() -> None:
    example = only(said("down", correction="twelve day"))
    assert LEAVE[example.start : example.end] == "twelve days"
    assert example.references == ("twelve days",)


def test_silence_is_not_learned_where_an_accepted_answer_stands() -> None:
    """The up was on another text; its words stand in this one too."""
    elsewhere = "All get twelve days of leave."
    up = said("up", words="twelve days", offered=(elsewhere, TRAVEL), answer_id=1)
    for piece in (
        said("down", reason="should_be_silent", person="U2", answer_id=2),
        said("up", words=None, person="U2", answer_id=2),
    ):
        found = learned(up, piece)
        assert [example.kind for example in found.examples] == ["up"]
        assert len(found.rejected) == 1
    other = said("down", reason="should_be_silent", person="U2", answer_id=2, question="Who pays?")
    assert [example.kind for example in learned(up, other).examples] == ["up", "silence"]


def test_a_down_on_an_abstention_pushes_in_the_passage_the_person_pointed_to() -> None:
    assert only(said("down", words=None, passage_id=11)).context == TRAVEL


def test_what_a_reviewer_edited_is_learned_in_their_words_and_is_theirs_too() -> None:
    edit = {(1, "U1"): Review(1, "U1", "edit", "twelve days", "U0ADMIN")}
    for piece in (said("down", correction="forty weeks"), said("up")):
        found = examples_of([piece], 0.0, reviewed=edit)
        (example,) = found.examples
        assert (example.kind, LEAVE[example.start : example.end]) == ("correction", "twelve days")
        assert (example.weight, found.people) == (1.0, {"U1", "U0ADMIN"})
        assert found.accepted == {(1, "U1")}


def test_what_a_reviewer_rejected_teaches_nothing() -> None:
    reject = {(1, "U1"): Review(1, "U1", "reject")}
    found = examples_of([said("up")], 0.0, reviewed=reject)
    assert (found.examples, found.rejected) == ((), {"rejected by a reviewer": 1})


def test_what_a_piece_weighs_is_for_trust_to_say() -> None:
    standings = {(1, "U1"): Standing(0.25), (2, "U2"): Standing(0.0, why="given by a guest")}
    pieces = [said("up"), said("up", person="U2", answer_id=2, question="Who pays?")]
    found = examples_of(pieces, 0.0, standings=standings)
    assert [example.weight for example in found.examples] == [0.25]
    assert found.rejected == {"waits for a reviewer: given by a guest": 1}
    judged = examples_of(pieces, 1.0, standings=standings)
    assert judged.trials == ()
    assert judged.rejected["too little trusted to judge by"] == 1


def test_kinds_can_be_left_out_of_training_and_are_judged_on_all_the_same() -> None:
    pieces = [said("up"), said("down", person="U2", answer_id=2, question="Who pays?")]
    found = examples_of(pieces, 0.0, kinds=frozenset(("up",)))
    assert [example.kind for example in found.examples] == ["up"]
    assert found.rejected == {"of a kind that is left out": 1}
    assert len(examples_of(pieces, 1.0, kinds=frozenset(("up",))).trials) == 2


@pytest.mark.parametrize(
    ("asked", "taught"),
    [
        ({}, True),
        ({"scopes": ("workspace", "C1")}, True),
        ({"channel": None, "source": "cli"}, True),
        ({"channel": "C2"}, False),
        ({"channel": "D1"}, False),
        ({"scopes": ("workspace", "C2")}, False),
        ({"source": "command"}, False),
    ],
)
def test_a_reader_that_writes_never_learns_what_was_asked_in_private(
    asked: dict[str, Any], taught: bool
) -> None:
    piece = said("up")
    piece = replace(piece, question=replace(piece.question, **asked))
    found = examples_of([piece], 0.0, rules=Rules(free=True), public=OPEN)
    assert len(found.examples) == taught
    assert found.rejected == (
        {} if taught else {"asked in private, which a reader that writes could recite": 1}
    )
    assert len(examples_of([piece], 0.0, public=OPEN).examples) == 1, "one that cuts out spans can't recite"
    (trial,) = examples_of([piece], 1.0, rules=Rules(free=True), public=OPEN).trials
    assert trial.public is taught


def test_what_was_asked_in_private_is_not_replayed_to_a_reader_that_writes(tmp_path: Path) -> None:
    store = open_store(tmp_path / "lorebot.db")
    channels.note(store, "C1", public=True)
    for number, channel in ((1, "C1"), (2, "C2"), (3, "D1")):
        piece = said("up", question=f"Question number {number}?", answer_id=number)
        asked = replace(piece.question, id=None, channel=channel)
        question = questions.record_question(store, asked)
        questions.record_answer(store, replace(piece.answer, id=None, question_id=question.id or 0))
    assert len(unremarked(store, 9, 0.0)) == 3
    assert [each.question for each in unremarked(store, 9, 0.0, free=True)] == ["Question number 1?"]


def test_reviews_people_and_standings_of_a_real_store_count(tmp_path: Path) -> None:
    store = open_store(tmp_path / "lorebot.db")
    for number in range(1, 5):
        piece = said("up", question=f"Question number {number}?", answer_id=number)
        question = questions.record_question(store, replace(piece.question, id=None))
        questions.record_answer(store, replace(piece.answer, id=None, question_id=question.id or 0))
        feedback.record(store, Feedback(number, f"U{number}", "up", "button"))
    people.seen(store, "U1", "guest")
    people.seen(store, "U2", "guest")
    reviews.record(store, Review(2, "U2", "accept"))
    reviews.record(store, Review(3, "U3", "reject"))
    found = gather(store, 0.0)
    assert {example.feedback: example.weight for example in found.examples} == {
        (2, "U2"): 1.0,
        (4, "U4"): UNKNOWN,
    }
    assert found.rejected == {"waits for a reviewer: given by a guest": 1, "rejected by a reviewer": 1}
    believing = gather(store, 0.0, rules=Rules(everybody=True))
    assert [example.weight for example in believing.examples] == [1.0] * 4


# One person's share


def examples_by(weights: dict[str, int], weight: float = 1.0) -> list[Example]:
    """So many examples of each person."""
    return [
        Example(f"{person} {i}?", LEAVE, "up", 0, 5, weight, feedback=(i, person))
        for person, n in weights.items()
        for i in range(n)
    ]


def held(examples: list[Example], person: str) -> float:
    return sum(each.weight for each in examples if each.feedback and each.feedback[1] == person)


def test_one_malicious_person_among_twenty_holds_no_more_than_the_cap() -> None:
    whims = random.Random(1)
    for _ in range(40):
        honest = {f"U{i}": whims.randint(1, 40) for i in range(19)}
        flood = whims.choice((1, 30, 300, 1500))
        build = capped(examples_by({**honest, "EVIL": flood}))
        whole = sum(each.weight for each in build)
        assert held(build, "EVIL") <= max(0.1 * whole, 10) + 1e-6, (
            "twice an equal share, or that of a small build"
        )
        assert held(build, "EVIL") <= flood + 1e-6
        for person, n in honest.items():
            assert held(build, person) >= min(n, 10) - 1e-6
        assert len(build) == sum(honest.values()) + flood, "made lighter, not dropped"


def test_one_of_a_hundred_people_cannot_flood_a_build() -> None:
    build = capped(examples_by({**{f"U{i}": 2 for i in range(99)}, "EVIL": 10_000}))
    assert held(build, "EVIL") <= 0.05 * sum(each.weight for each in build) + 1e-6
    assert all(each.weight == 1.0 for each in build if each.feedback and each.feedback[1] != "EVIL")


def test_a_larger_flood_holds_no_more_than_a_smaller_one() -> None:
    honest = {f"U{i}": 10 for i in range(39)}
    small, large = (capped(examples_by({**honest, "EVIL": n})) for n in (100, 5000))
    assert held(small, "EVIL") == pytest.approx(held(large, "EVIL"))


def test_a_small_team_loses_little() -> None:
    zeal = {"U1": 60, "U2": 30, "U3": 20, "U4": 10}
    assert held(capped(examples_by(zeal)), "U1") == pytest.approx(60)
    assert capped(examples_by({"U1": 500, "U2": 3})) == examples_by({"U1": 500, "U2": 3})
    assert held(capped(examples_by({"U1": 270, "U2": 10, "U3": 10, "U4": 10})), "U1") == pytest.approx(50)


def test_what_a_reviewer_accepted_is_not_cut() -> None:
    examples = examples_by({**{f"U{i}": 2 for i in range(99)}, "U100": 200})
    accepted = frozenset((i, "U100") for i in range(100))
    build = capped(examples, accepted=accepted)
    assert all(each.weight == 1.0 for each in build if each.feedback in accepted)
    rest = sum(each.weight for each in build if each.feedback not in accepted and each.feedback[1] == "U100")  # type: ignore[index]
    assert rest == pytest.approx(0.05 * sum(each.weight for each in build))


def test_a_setting_raises_the_share() -> None:
    weights = [2.0] * 99 + [1000.0]
    assert cap(weights, 0.05) == pytest.approx(0.05 * 198 / 0.95)
    assert cap(weights, 0.2) == pytest.approx(0.2 * 198 / 0.8)
    assert cap(weights, 1.0) >= 1000


def test_nobody_alone_decides_what_is_judged_on() -> None:
    pieces = [said("up", person=f"U{i}", question=f"Question {i}?", answer_id=i) for i in range(1, 100)]
    flood = [said("up", person="EVIL", question=f"Flood {i}?", answer_id=i) for i in range(1000, 1300)]
    found = examples_of([*pieces, *flood], 1.0)
    flooding = [trial for trial in found.trials if trial.id.endswith(":EVIL")]
    assert len(flooding) == 5
    assert found.rejected == {"beyond one person's share of what is judged on": 295}
    assert set(flooding) < set(examples_of([*pieces, *flood], 1.0, share=0.2).trials), (
        "the same ones, and more"
    )
