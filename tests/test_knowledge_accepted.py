"""Which reply answered a question in a thread: by the asker's word, by check marks, and not where there is doubt."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.knowledge.accepted import CHECKS, Said, accepted, asks, doubts, thanks

ASKER, BEN, EVA, LOREBOT = "U1", "U2", "U3", "U9"
QUESTION = "How do I reset my badge?"


def thread(*said: tuple[str, str], **marks: dict[str, list[str]]) -> list[Said]:
    """Messages of (person, text); `m2={"check": [...]}` are the reactions of the message with index 2."""
    return [
        Said(f"{100 + i}.000100", who, text, bot=who == LOREBOT, reactions=marks.get(f"m{i}", {}))
        for i, (who, text) in enumerate(said)
    ]


def test_thanks_of_the_asker_accept_what_was_said_before() -> None:
    found = accepted(
        thread((ASKER, QUESTION), (BEN, "Hold it to the reader"), (ASKER, "Thanks, that worked!"))
    )
    assert found is not None
    assert (found.question, found.answer) == (QUESTION, "Hold it to the reader")
    assert (found.asker, found.answerer) == (ASKER, BEN)
    assert found.messages == ("100.000100", "101.000100")


def test_an_answer_in_one_go_is_taken_whole_and_what_came_before_it_is_not() -> None:
    found = accepted(
        thread(
            (ASKER, QUESTION),
            (BEN, "Which building?"),
            (ASKER, "The old one"),
            (BEN, "Hold it to the reader"),
            (BEN, "for ten seconds"),
            (ASKER, "thx"),
        )
    )
    assert found is not None
    assert found.answer == "Hold it to the reader\nfor ten seconds"
    assert len(found.answered) == 2


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("Hey all, how do I reset my badge?", "How do I reset my badge?"),
        ("@ben :wave: how do I reset my badge?", "How do I reset my badge?"),
        ("Hello there", None),
        ("So the build is red?", "The build is red?"),
        ("Hi! My badge is broken. Any idea?", "My badge is broken. Any idea?"),
        (QUESTION, QUESTION),
    ],
)
def test_a_question_is_kept_without_its_greeting(text: str, question: str | None) -> None:
    found = accepted(thread((ASKER, text), (BEN, "Hold it to the reader"), (ASKER, "Thanks")))
    assert (found.question if found else None) == question


@pytest.mark.parametrize(
    "last", ["Thanks, I'll try that", "thanks but it still fails", "thanks in advance", "ok", ""]
)
def test_without_a_clear_word_of_the_asker_nothing_is_accepted(last: str) -> None:
    assert accepted(thread((ASKER, QUESTION), (BEN, "Hold it to the reader"), (ASKER, last))) is None


def test_doubts_after_the_thanks_take_it_back_and_later_thanks_restore_an_answer() -> None:
    said = [
        (ASKER, QUESTION),
        (BEN, "Hold it to the reader"),
        (ASKER, "Thanks!"),
        (ASKER, "Hm, it still doesn't work"),
    ]
    assert accepted(thread(*said)) is None
    found = accepted(thread(*said, (EVA, "Press the red button first"), (ASKER, "That did it")))
    assert found is not None
    assert (found.answer, found.answerer) == ("Press the red button first", EVA)


def test_whom_the_thanks_name_gave_the_answer() -> None:
    said = thread((ASKER, QUESTION), (BEN, "Hold it to the reader"), (EVA, "No idea"))
    named = Said("200.0", ASKER, "Thanks @Ben", mentions=frozenset({BEN}))
    found = accepted([*said, named])
    assert found is not None
    assert found.answerer == BEN


def test_a_check_mark_of_the_asker_outweighs_thanks_and_other_marks() -> None:
    said = [(ASKER, QUESTION), (BEN, "Ask the front desk"), (EVA, "Press reset"), (ASKER, "thanks all")]
    marks = {"m1": {"white_check_mark": [ASKER]}, "m2": {"white_check_mark": [BEN, "U5", "U6"]}}
    found = accepted(thread(*said, **marks))
    assert found is not None
    assert found.answerer == BEN


def test_marks_of_others_count_from_two_on_and_nobody_marks_themselves() -> None:
    said = [(ASKER, QUESTION), (BEN, "Ask the front desk")]
    assert accepted(thread(*said, m1={"heavy_check_mark": [BEN, EVA]})) is None
    assert accepted(thread(*said, m1={"heavy_check_mark": [EVA, "U5"]})) is not None
    assert accepted(thread(*said, m1={"eyes": [ASKER, EVA, "U5"]})) is None


def test_an_asker_who_found_it_alone_marks_their_own_reply() -> None:
    said = [(ASKER, QUESTION), (ASKER, "Found it: the front desk does it")]
    assert accepted(thread(*said)) is None
    assert accepted(thread(*said, m1={"white_check_mark": [ASKER]})) is not None


def test_what_a_bot_says_is_never_the_answer() -> None:
    said = [(ASKER, QUESTION), (LOREBOT, "Ask the front desk"), (ASKER, "Thanks, that worked")]
    assert accepted(thread(*said, m1={"white_check_mark": [ASKER]})) is None
    assert accepted(thread((LOREBOT, QUESTION), (BEN, "Yes"), (LOREBOT, "Thanks"))) is None


def test_what_asks_back_is_no_answer() -> None:
    assert (
        accepted(thread((ASKER, QUESTION), (BEN, "Did you try the reader?"), (ASKER, "That worked"))) is None
    )


@pytest.mark.parametrize(
    ("text", "is_question"),
    [
        ("how do I reset the VPN?", True),
        ("Hey all, anyone know where the badge printer is", True),
        ("The build is red. Does anybody know why?", True),
        ("what time is the standup", True),
        ("how come the build fails", True),
        ("do you know where that is", True),
        ("do it now please", False),
        ("What I did today was fun", False),
        ("When you have a minute look at it", False),
        ("What a great day it was", False),
        ("see https://example.com/?a=b for more", False),
        ("`a ? b : c` compiles for me", False),
        ("lunch?", False),
        ("", False),
        ("Is this a question? " + "word " * 400, False),
    ],
)
def test_what_is_a_question(text: str, is_question: bool) -> None:
    assert asks(text) is is_question


@pytest.mark.parametrize(
    "text", ["thanks!", "thx that worked", "Thank you so much 🙏", "it works now", "that’s it, cheers"]
)
def test_what_says_thanks(text: str) -> None:
    assert thanks(text)


@pytest.mark.parametrize(
    "text", ["works for you?", "that didn’t help", "no luck", "same error here", "thanks for nothing"]
)
def test_what_says_that_there_is_no_answer_yet(text: str) -> None:
    assert doubts(text)
    assert not thanks(text)


PEOPLE = st.sampled_from([ASKER, BEN, EVA, LOREBOT])
TEXTS = st.sampled_from(
    [
        QUESTION,
        "Thanks!",
        "it works now",
        "still doesn't work",
        "Press the button",
        "Ask Eva",
        "Which one?",
        "",
        "  ",
        "ok",
    ]
)
MARKS = st.dictionaries(st.sampled_from(["white_check_mark", "eyes"]), st.sets(PEOPLE), max_size=2)
REPLIES = st.lists(st.tuples(PEOPLE, TEXTS, MARKS), max_size=12)


@given(replies=REPLIES, order=st.randoms())
def test_every_accepted_answer_is_somebodys_words_and_the_askers_or_two_others_wish(replies, order) -> None:
    said = [
        Said(f"{100 + i}.0", who, text, bot=who == LOREBOT, reactions=marks)
        for i, (who, text, marks) in enumerate([(ASKER, QUESTION, {}), *replies])
    ]
    found = accepted(said)
    shuffled = said.copy()
    order.shuffle(shuffled)
    assert accepted(shuffled) == found  # whatever order they come in
    assert accepted([each for each in said if not each.bot]) == found  # whatever bots say
    if found is None:
        return
    by_ts = {each.ts: each for each in said}
    parts = [by_ts[ts] for ts in found.answered]
    assert found.answer == "\n".join(each.text.strip() for each in parts)
    assert found.answer.strip()
    assert {each.person for each in parts} == {found.answerer}
    assert not any(each.bot for each in parts)
    assert found.asked == said[0].ts < min(found.answered)
    marks = {who for name in CHECKS for each in parts for who in each.reactions.get(name, ())}
    marked = ASKER in marks or len(marks - {ASKER, found.answerer}) >= 2
    thanked = any(each.person == ASKER and thanks(each.text) and each.ts > parts[-1].ts for each in said)
    assert marked or (thanked and found.answerer != ASKER)
    if not marked:  # no doubt stands behind the last thanks
        words = [
            each for each in said[1:] if each.person == ASKER and (thanks(each.text) or doubts(each.text))
        ]
        assert thanks(words[-1].text)
