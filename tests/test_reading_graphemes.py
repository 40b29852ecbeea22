"""Whole characters: what is cut between code points must not show half of one."""

from __future__ import annotations

import pytest

from bot.knowledge.cutting import LIMIT, MAX_SENTENCE, cut
from bot.reading.graphemes import cluster_at, clusters
from bot.slack.looks import markup

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"
WHOLE = [
    FAMILY,
    "\U0001f1e9\U0001f1ea",
    "\U0001f44d\U0001f3fd",
    "e\u0301",
    "\u0939\u093f",
    "\u1100\u1161\u11a8",
    "\r\n",
]


@pytest.mark.parametrize("character", WHOLE)
def test_what_people_see_as_one_character_is_one(character: str) -> None:
    assert list(clusters(f"a{character}b")) == [
        (0, 1),
        (1, 1 + len(character)),
        (1 + len(character), 2 + len(character)),
    ]
    for inside in range(len(character)):
        assert cluster_at(f"a{character}b", 1 + inside) == (1, 1 + len(character))


def test_the_end_of_a_text_holds_nothing() -> None:
    assert cluster_at("ab", 2) == (2, 2)


@pytest.mark.parametrize("character", WHOLE[:-1])
def test_what_is_too_long_to_show_is_never_cut_inside_a_character(character: str) -> None:
    text = character * 40
    for most in range(8, 30):
        for shown in (markup.cut(text, most), markup.cut_front(text, most)):
            assert len(shown) <= most
            assert shown.strip("…").replace(character, "") == ""


def test_a_text_without_spaces_is_cut_between_characters() -> None:
    text = "x" + FAMILY * (MAX_SENTENCE // len(FAMILY) + 100)
    passages = cut(text, title="T", scope="workspace")
    assert len(passages) > 1
    assert "".join(each.text for each in passages) == text
    assert all(each.text.lstrip("x").replace(FAMILY, "") == "" for each in passages)


def test_one_letter_under_thousands_of_accents_is_cut_all_the_same() -> None:
    text = "e" + "\u0301" * (MAX_SENTENCE + LIMIT)
    assert "".join(each.text for each in cut(text, title="T", scope="workspace")) == text
