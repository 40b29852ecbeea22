"""Where the words of an answer stand: exactly, tolerantly, inflected; and the sentence closest to what stands nowhere."""

from __future__ import annotations

import pytest

from bot.reading.aligning import closest_sentence, exact, find_words, tolerant

TEXTS = (
    "Travel costs are paid monthly. Send the *signed* report to Ines Vogt, room 2.14.",
    "Reports are due on the 5th.\nThe canteen serves lunch from 12:00 to 14:00; thirty-three people fit in.",
)


def found(words: str, question: str = "") -> tuple[int, str] | None:
    place = find_words(words, TEXTS, question)
    return (place.text, TEXTS[place.text][place.start : place.end]) if place else None


@pytest.mark.parametrize(
    ("words", "there"),
    [
        ("Ines Vogt", (0, "Ines Vogt")),
        ("ines vogt.", (0, "Ines Vogt")),
        ("the signed report", (0, "the *signed* report")),
        ("12:00  to 14:00", (1, "12:00 to 14:00")),
        ("a signed report", (0, "signed* report")),
        ("paying monthly", None),
        ("cost are paid", (0, "costs are paid")),
        ("report", (0, "report")),
        ("Report", (0, "report")),
        ("three peo", None),
        ("lunches", (1, "lunch")),
        ("room 2", None),
        ("", None),
        ("?!", None),
    ],
)
def test_words_are_found_whole_whatever_their_form(words: str, there: tuple[int, str] | None) -> None:
    assert found(words) == there


@pytest.mark.parametrize(
    ("words", "text", "there"),
    [
        ("two-week notices", "They give two-week notice.", "two-week notice"),
        ("the lead approves it", "A lead approved it.", "lead approved it"),
        ("stop planning early", "We stopped planned early.", "stopped planned early"),
        ("leave policy", "Our leave policies differ.", "leave policies"),
        ("3 day", "It takes 3 days.", "3 days"),
        ("hopes for closing", "He hoped for close.", "hoped for close"),
        # What isn't the same
        ("eight people", "Eighty people came.", None),
        ("1990", "In the 1990s.", None),
        ("parts of it", "A party of it.", None),
        ("shorter notice", "A short notice.", None),
        ("careful work", "Careless work.", None),
        ("you can leave", "You can not leave.", None),
        ("you can", "You can't leave.", None),
        ("You can", "You can’t leave.", None),
        ("three people", "Thirty-three people came.", None),
        ("smokers", "For non-smokers only.", None),
        ("2 days", "It takes 1-2 days.", None),
        ("2", "It takes 2-3 days.", None),
        ("listed", "They listen.", None),
        ("even", "In the evening.", None),
        ("bus", "It is but one.", None),
        ("Friday", "By non-Friday standards, on Friday.", "Friday"),
    ],
)
def test_another_form_is_the_same_word_and_another_word_is_not(
    words: str, text: str, there: str | None
) -> None:
    place = find_words(words, [text], "")
    assert (place and text[place.start : place.end]) == there


def test_exact_words_in_a_later_text_go_before_tolerant_ones_in_an_earlier() -> None:
    assert found("Reports") == (1, "Reports")


def test_inflected_words_are_only_found_where_that_is_asked_for() -> None:
    assert find_words("lunches", TEXTS, "", (exact, tolerant)) is None


def test_the_sentence_nearest_to_the_question_has_words_that_stand_twice() -> None:
    text = "Monday is for planning. Deliveries come on Monday."
    for question, start in (("When do deliveries come?", text.rindex("Monday")), ("When is planning?", 0)):
        place = find_words("Monday", [text], question)
        assert place is not None
        assert place.start == start


def test_what_stands_nowhere_has_a_sentence_that_comes_closest() -> None:
    place = closest_sentence("Lunch is at noon in the canteen", TEXTS, "When is lunch?")
    assert place is not None
    assert TEXTS[place.text][place.start : place.end].startswith("The canteen serves lunch")


def test_without_a_shared_word_the_question_decides_and_without_text_there_is_none() -> None:
    place = closest_sentence("zebra", TEXTS, "When are reports due?")
    assert place is not None
    assert TEXTS[place.text][place.start : place.end] == "Reports are due on the 5th."
    assert closest_sentence("zebra", ["", "  "], "What?") is None
