"""Small talk is answered as such, and no real question is taken for it."""

from __future__ import annotations

import pytest

from bot.slack.talk.followups import chained, looks_like_follow_up
from bot.slack.talk.smalltalk import smalltalk


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("hi", "hello"),
        ("Hello!", "hello"),
        ("hey there 👋", "hello"),
        ("Good morning, Lorebot", "hello"),
        ("hi, how are you?", "hello"),
        (":wave:", "hello"),
        ("👍🏽", "hello"),
        ("thanks", "thanks"),
        ("Thanks a lot, that helped!", "thanks"),
        ("ok, thank you so much :pray:", "thanks"),
        ("perfect", "thanks"),
        ("bye!", "bye"),
        ("help", "help"),
        ("Can you help me?", "help"),
        ("what can you do?", "help"),
        ("", "empty"),
        ("???", "empty"),
    ],
)
def test_small_talk_is_recognised(text, kind):
    assert smalltalk(text) == kind


@pytest.mark.parametrize(
    "text",
    [
        "help with VPN?",
        "help me find the holiday calendar",
        "How do I get help with my laptop?",
        "hi, how much leave do I get?",
        "hello world program owner?",
        "thanks, and who approves it?",
        "Thanksgiving",
        "When is Thanksgiving a day off?",
        "who are you sending the invoices to?",
        "What can I expense?",
        "VPN",
        "test environment",
        "When is the morning meeting?",
        "good morning meeting room?",
        "Who gives the thank you speech?",
        "Wer genehmigt Urlaub?",
        "休暇は何日ですか",
        "401k?",
    ],
)
def test_a_question_is_not_small_talk(text):
    assert smalltalk(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "and for contractors?",
        "What about Spain?",
        "how about interns",
        "or in June?",
        "Who approves it?",
        "why?",
        "In Spain?",
    ],
)
def test_a_follow_up_is_recognised(text):
    assert looks_like_follow_up(text, in_thread=True)
    assert looks_like_follow_up(text, in_thread=False)


@pytest.mark.parametrize(
    "text",
    [
        "How many days of annual leave do I get?",
        "Is there a gym in the new office building?",
        "Is it possible to work from abroad for a month?",
        "Who do I call when the VPN certificate has expired?",
        "What is the boiling point of water?",
        "Which laptops can be ordered this year?",
    ],
)
def test_a_question_of_its_own_follows_nothing(text):
    assert not looks_like_follow_up(text, in_thread=True)


def test_a_thread_makes_a_short_question_a_follow_up_sooner_than_a_direct_message():
    assert looks_like_follow_up("Who approves expenses?", in_thread=True)
    assert not looks_like_follow_up("Who approves expenses?", in_thread=False)


def test_a_long_chain_of_follow_ups_keeps_the_last_question():
    assert chained("and in Spain?", "How much leave?") == "How much leave? and in Spain?"
    assert chained("and in Spain?", "long " * 100) == "and in Spain?"
