"""What a question asks for: few words, a yes or no, or a list. Wrong is worse than unsure: a span is always good enough."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.reading.asked_for import asked_for

HANDBOOK = Path(__file__).parent / "data" / "handbook-questions.jsonl"


@pytest.mark.parametrize(
    "question",
    [
        "May I bring my dog?",
        "is the downloads folder backed up",
        "Hi, can I park here on Sundays?",
        "and do contractors get the allowance?",
        "My kid is sick, may I stay home?",
        "Isn’t a VPN needed?",
        "I read the page. Does it hold for interns too?",
        "what is the limit? and is it per person?",
        "Is it Monday or Tuesday?",
    ],
)
def test_a_question_that_opens_with_its_verb_asks_for_yes_or_no(question: str) -> None:
    assert asked_for(question) == "yes_no"


@pytest.mark.parametrize(
    "question",
    [
        "Who are the trusted persons?",
        "who are our three biggest competitors",
        "What are the steps to request leave?",
        "what are our core values",
        "Which benefits do interns get?",
        "what plans are there?",
        "which printers can print A3?",
        "List the public holidays in Ghent",
        "Please name all printers",
    ],
)
def test_a_question_after_several_things_asks_for_a_list(question: str) -> None:
    assert asked_for(question) == "list"


@pytest.mark.parametrize(
    "question",
    [
        "How many days of leave do I get?",
        "what are the core hours",
        "what are the opening hours of the canteen?",
        "what are the meal vouchers worth in Ghent?",
        "which antivirus do we use?",
        "which printer can print A3?",
        "who is the data protection officer?",
        "Can you tell me where the projector is?",
        "Do you know who owns the wiki?",
        "can I buy my old laptop? how much",
        "May 3, what is on?",
        "my partner is pregnant, how early do I have to tell?",
        "wren ip rating",
        "and for interns?",
        "What's the address status of the bus?",
        "",
        "?",
    ],
)
def test_anything_else_asks_for_a_few_words(question: str) -> None:
    assert asked_for(question) == "span"


def test_of_the_handbooks_questions_only_those_that_ask_so_are_taken_so() -> None:
    """Read and sorted by hand: 25 of 268 ask for yes or no by their verb, 2 for a list."""
    questions = [json.loads(line)["question"] for line in HANDBOOK.read_text(encoding="utf-8").splitlines()]
    assert len([q for q in questions if asked_for(q) == "yes_no"]) == 25
    assert [q for q in questions if asked_for(q) == "list"] == [
        "who are the trusted persons",
        "who are our three biggest competitors",
    ]
