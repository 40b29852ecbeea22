"""Reviews: whose word counts, how long it stands, and what goes with a person."""

from pathlib import Path

import pytest

from bot.errors import DataError
from bot.records import Answer, Feedback, Question, Review
from bot.store import Store, channels, feedback, open_store, people, questions, reviews


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "lorebot.db")


def answered(store: Store, key: str = "C1:1.0", person: str = "U0ASKER") -> int:
    question = questions.record_question(store, Question("message", key, "How much leave?", person, "C1"))
    answer = Answer(question.id or 0, "25 days", 0.8, "seed", (), ())
    return questions.record_answer(store, answer).id or 0


def test_the_last_word_of_a_reviewer_wins(store: Store) -> None:
    answer = answered(store)
    feedback.record(store, Feedback(answer, "U1", "down", "button"))
    reviews.record(store, Review(answer, "U1", "reject", by="UADMIN"))
    last = reviews.record(store, Review(answer, "U1", "edit", " 28 days ", by="UADMIN"))
    assert (last.decision, last.words) == ("edit", "28 days")
    assert reviews.all_of(store) == {(answer, "U1"): last}
    assert reviews.of(store, answer, "U1") == last


def test_there_is_nothing_to_review_where_nobody_said_anything(store: Store) -> None:
    with pytest.raises(DataError, match="found no feedback of U1 on answer"):
        reviews.record(store, Review(answered(store), "U1", "accept"))


def test_an_edit_has_words(store: Store) -> None:
    answer = answered(store)
    feedback.record(store, Feedback(answer, "U1", "down", "button"))
    with pytest.raises(DataError, match="without words"):
        reviews.record(store, Review(answer, "U1", "edit", "  "))
    assert reviews.all_of(store) == {}


def test_a_review_holds_until_the_person_says_something_else(store: Store) -> None:
    answer = answered(store)
    feedback.record(store, Feedback(answer, "U1", "up", "button"))
    reviews.record(store, Review(answer, "U1", "accept"))
    feedback.record(store, Feedback(answer, "U1", "up", "reaction:+1"))  # the same word again
    assert reviews.of(store, answer, "U1") is not None
    feedback.record(store, Feedback(answer, "U1", "down", "modal", "wrong", "never mind"))
    assert reviews.of(store, answer, "U1") is None


def test_a_review_goes_with_the_answer_and_with_the_person(store: Store) -> None:
    first, second = answered(store), answered(store, "C1:2.0")
    for answer, person in ((first, "U1"), (second, "U1"), (second, "U2")):
        feedback.record(store, Feedback(answer, person, "up", "button"))
        reviews.record(store, Review(answer, person, "accept"))
    people.forget(store, "U1")
    assert list(reviews.all_of(store)) == [(second, "U2")]
    people.forget(store, "U0ASKER")
    assert reviews.all_of(store) == {}


def test_a_forgotten_reviewers_words_go_and_decisions_stay_without_the_name(store: Store) -> None:
    answer = answered(store)
    for person, decision, words in (("U1", "reject", None), ("U2", "edit", "28 days")):
        feedback.record(store, Feedback(answer, person, "down", "button"))
        reviews.record(store, Review(answer, person, decision, words, by="UADMIN"))  # type: ignore[arg-type]
    people.forget(store, "UADMIN")
    [(key, left)] = reviews.all_of(store).items()
    assert (key, left.decision, left.by) == ((answer, "U1"), "reject", reviews.FORGOTTEN)


def test_what_is_known_of_a_channel_is_what_was_said_last(store: Store) -> None:
    channels.note(store, "C1", public=True)
    channels.note(store, "C2", public=True)
    channels.note(store, "C2", public=False)
    assert channels.public(store) == {"C1"}
