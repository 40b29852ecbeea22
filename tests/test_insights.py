"""What the Home tab is told by the store: a person's own, how people are served, what nobody has answered yet."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import insights
from bot.records import Adapter, Answer, Document, Feedback, Offered, Passage, Question, Review
from bot.registry import person_digest
from bot.store import Store, adapters, channels, documents, feedback, open_store, questions, reviews, runs
from bot.store.tallies import DAY_S, Counted
from bot.trust import Standing

ALICE, BOB, ADMIN = "U0ALICE", "U0BOB", "U0ADMIN"
OPEN, CLOSED = "C0OPEN", "G0CLOSED"
NOW = datetime(2026, 11, 18, 15, 30)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = open_store(tmp_path / "lorebot.db")
    channels.note(made, OPEN, public=True)
    yield made
    made.close()


def asked(
    store: Store,
    text: str,
    said: str | None = None,
    *,
    person: str = ALICE,
    channel: str | None = OPEN,
    source: Any = "message",
    at: float | None = None,
    context: str | None = None,
) -> int:
    """A question with its answer; the answer's id."""
    at = time.time() if at is None else at
    key = f"{text}:{person}:{channel}:{time.monotonic_ns()}"
    question = questions.record_question(
        store, Question(source, key, text, person, channel, context=context, asked_at=at)
    )
    made = Answer(question.id or 0, said, 0.9, "reader-1", (), (), answered_at=at)
    return questions.record_answer(store, made).id or 0


def said(store: Store, answer: int, person: str = ALICE, **fields: Any) -> Feedback:
    return feedback.record(store, Feedback(answer, person, **{"vote": "up", **fields}))


def wanted(store: Store, *members: str) -> list[tuple[str, int, int]]:
    found = insights.wanted(store, ADMIN, lambda channel: channel in members, time.time() - 30 * DAY_S)
    return [(each.question.text, each.times, each.people) for each in found]


# How people are served


def test_days_count_answers_abstentions_and_votes(store: Store):
    today, long_ago = NOW.timestamp(), (NOW - timedelta(days=8)).timestamp()
    said(store, asked(store, "One?", "yes", at=today), given_at=today)
    said(store, asked(store, "Two?", "yes", at=today), BOB, vote="down", given_at=today)
    asked(store, "Three?", at=today)
    asked(store, "Four?", at=long_ago)
    figures = insights.figures(store, NOW)
    assert figures.days[-1] == Counted(2, 1, 1, 1)
    assert figures.last(7) == Counted(2, 1, 1, 1)
    assert figures.last(30) == Counted(2, 2, 1, 1)
    assert len(figures.days) == 30


def test_a_day_begins_at_local_midnight(store: Store):
    midnight = NOW.replace(hour=0, minute=0).timestamp()
    asked(store, "Late?", "yes", at=midnight - 1)
    asked(store, "Early?", "yes", at=midnight)
    assert [each.answered for each in insights.figures(store, NOW).days[-2:]] == [1, 1]


def test_the_last_answer_to_a_question_counts(store: Store):
    answer = questions.answer(store, asked(store, "Edited?", "yes"))
    assert answer is not None
    questions.record_answer(store, Answer(answer.question_id, None, 0.1, "reader-1", (), ()))
    assert insights.figures(store, datetime.now()).last(7)[:2] == (0, 1)


def test_what_was_asked_on_the_command_line_or_imported_is_not_counted(store: Store):
    for source in ("cli", "import"):
        said(store, asked(store, "How?", "so", source=source))
    assert insights.figures(store, datetime.now()).last(30) == Counted()


# What to document next


def test_questions_of_about_the_same_words_are_one_the_most_asked_first(store: Store):
    for person in ("U1", "U2", "U3"):
        asked(store, "How do I reset my VPN password?", person=person)
    asked(store, "vpn password reset?", person="U1")
    asked(store, "VPN password: how can it be reset quickly?", person="U4")
    asked(store, "Where is the car park?")
    found = wanted(store)
    assert [(times, people) for _, times, people in found] == [(5, 4), (1, 1)]
    assert found[1][0] == "Where is the car park?"


def test_questions_that_share_one_word_only_stay_apart(store: Store):
    asked(store, "Where is the red projector?")
    asked(store, "Who repairs the blue projector?")
    assert len(wanted(store)) == 2


def test_a_question_and_its_opposite_stay_apart(store: Store):
    asked(store, "Which rooms have a projector?")
    asked(store, "Which rooms don't have a projector?")
    assert len(wanted(store)) == 2


def test_what_was_asked_out_of_sight_is_never_wanted(store: Store):
    asked(store, "Who will be let go?", channel=CLOSED)
    asked(store, "Am I paid too little?", channel="D0ALICE")
    asked(store, "Am I paid too much?", source="command")
    asked(store, "What is never noted anywhere?", channel="C0UNKNOWN")
    assert wanted(store) == []
    assert wanted(store, CLOSED) == [("Who will be let go?", 1, 1)]


def test_an_admin_sees_what_they_asked_in_private_themselves(store: Store):
    asked(store, "Where are the keys?", person=ADMIN, channel="D0ADMIN")
    assert len(wanted(store)) == 1


def test_slack_is_asked_about_the_busiest_private_places_only(store: Store):
    for number in range(insights.PRIVATE_PLACES + 5):
        for _ in range(1 + (number < 3)):
            asked(store, f"Strange thing number{number} where?", channel=f"G{number}")
    looked: list[str] = []

    def is_member(channel: str) -> bool:
        looked.append(channel)
        return False

    insights.wanted(store, ADMIN, is_member, 0.0)
    assert len(looked) == len(set(looked)) == insights.PRIVATE_PLACES
    assert {"G0", "G1", "G2"} <= set(looked)


def test_what_somebody_told_meanwhile_is_no_longer_wanted(store: Store):
    said(store, asked(store, "Where is the printer paper?"), vote=None, correction="In room 2")
    asked(store, "Where is the coffee machine?")
    text = "Where is the coffee machine?\nIn the kitchen"
    lesson = Passage(0, OPEN, "coffee", "", text, 0, 0, question=text.split("\n")[0], answer_start=29)
    documents.replace(
        store, Document("taught:1", "coffee", OPEN, "0", kind="taught", person=BOB), [lesson], [b""]
    )
    asked(store, "Who holds the garage key?", at=time.time() - 60)
    asked(store, "Who holds the garage key now?", "Bob", person=BOB)
    asked(store, "Is silence right here, dear bot?", at=time.time() - 60)
    assert [text for text, _, _ in wanted(store)] == ["Is silence right here, dear bot?"]


def test_an_answer_that_was_voted_down_settles_nothing(store: Store):
    asked(store, "Who holds the garage key?", at=time.time() - 60)
    said(store, asked(store, "Who holds the garage key?", "Bob", person=BOB), vote="down")
    assert len(wanted(store)) == 1


def test_an_answer_from_before_settles_nothing(store: Store):
    asked(store, "Who holds the garage key?", "Bob", at=time.time() - 60)
    asked(store, "Who holds the garage key?")
    assert len(wanted(store)) == 1


def test_where_people_say_that_silence_is_right_nothing_is_wanted(store: Store):
    said(store, asked(store, "Who will win the cup?"), vote="up")
    assert wanted(store) == []


def test_questions_about_a_pasted_text_and_without_a_telling_word_ask_for_no_document(store: Store):
    asked(store, "Who wrote this letter?", context="Dear all...")
    asked(store, "and what is it?")
    assert wanted(store) == []


# A person's own


def anywhere(question: Question) -> bool:
    return True


def fate(
    store: Store, given: Feedback, standing: Standing | None = None, champion: str = "seed"
) -> tuple[str, str]:
    standings = {(given.answer_id, given.person): standing} if standing else {}
    found = insights.said_before(store, given.person, standings, champion, anywhere)
    return found[0].fate, found[0].why


def test_questions_come_with_the_answer_and_ones_own_vote_only(store: Store):
    said(store, asked(store, "How much leave?", "28 days"), BOB, vote="down")
    (found,) = insights.asked_before(store, ALICE)
    assert found.answer is not None
    assert (found.answer.text, found.vote) == ("28 days", None)


def test_feedback_that_waits_says_why(store: Store):
    given = said(store, asked(store, "How much leave?", "28 days"))
    assert fate(store, given, Standing(0.0, why="given by a guest")) == ("waits", "given by a guest")
    assert fate(store, given, Standing(1.0)) == ("counts", "")
    assert fate(store, given, Standing(0.0, settled="outvoted")) == ("outvoted", "")
    assert fate(store, given, Standing(0.0, settled="said again later")) == ("replaced", "")


@pytest.mark.parametrize(
    ("decision", "words", "then"),
    [("accept", None, "accepted"), ("edit", "29", "edited"), ("reject", None, "rejected")],
)
def test_a_reviewers_word_is_final(store: Store, decision: Any, words: str | None, then: str):
    given = said(store, asked(store, "How much leave?", "28 days"))
    reviews.record(store, Review(given.answer_id, ALICE, decision, words, ADMIN))
    assert fate(store, given, Standing(0.0, why="stale")) == (then, "")


def trained(store: Store, *people: str) -> str:
    run = runs.start(store, "schedule")
    card = {"data": {"people": [person_digest(person) for person in people]}}
    adapters.add(store, Adapter("reader-2", "base", "0", "0", "/nowhere", "seed", card))
    runs.update(store, run.id or 0, candidate="reader-2")
    runs.finish(store, run.id or 0)
    return "reader-2"


def test_feedback_that_the_adapter_in_service_learned_from_names_it(store: Store):
    given = said(store, asked(store, "How much leave?", "28 days"))
    made = trained(store, ALICE)
    assert fate(store, given, Standing(1.0), made) == ("learned", made)
    later = said(store, asked(store, "How much pay?", "much"))
    assert fate(store, later, Standing(1.0), made) == ("counts", "")


def test_an_adapter_that_learned_from_others_has_not_learned_from_this_person(store: Store):
    given = said(store, asked(store, "How much leave?", "28 days"))
    assert fate(store, given, Standing(1.0), trained(store, BOB)) == ("counts", "")


def test_what_others_asked_out_of_sight_is_left_out_of_ones_feedback(store: Store):
    said(store, asked(store, "Who will be let go?", "Bob", person=BOB, channel=CLOSED))
    (found,) = insights.said_before(store, ALICE, {}, "seed", lambda question: False)
    assert (found.question, found.answer) == (None, None)
    said(store, asked(store, "My own?", "yes", channel=CLOSED))
    newest = insights.said_before(store, ALICE, {}, "seed", lambda question: False)[0]
    assert newest.question is not None


@pytest.mark.parametrize(
    ("channel", "source", "house", "member", "seen"),
    [
        (OPEN, "message", True, False, True),
        (OPEN, "message", False, False, False),
        (OPEN, "message", False, True, True),
        (CLOSED, "message", True, False, False),
        (CLOSED, "message", True, True, True),
        ("D0BOB", "message", True, True, False),
        (OPEN, "command", True, True, False),
    ],
)
def test_who_may_read_what_others_asked(
    store: Store, channel: str, source: Any, house: bool, member: bool, seen: bool
):
    may_see = insights.readable(store, ALICE, lambda _: member, house=house)
    assert may_see(Question(source, "1", "?", BOB, channel)) is seen
    assert insights.readable(store, BOB, lambda _: True, house=house)(
        Question(source, "1", "?", BOB, channel)
    )


def test_lineage_goes_back_to_the_seed_and_never_round(store: Store):
    for name, parent in (("seed", None), ("one", "seed"), ("two", "one"), ("loop", "loop")):
        adapters.add(store, Adapter(name, "base", "0", "0", "/nowhere", parent))
    assert [each.id for each in insights.lineage(store, "two")] == ["two", "one", "seed"]
    assert [each.id for each in insights.lineage(store, "loop")] == ["loop"]
    assert insights.lineage(store, "gone") == ()


# Speed


def test_a_store_of_100000_questions_is_looked_through_in_a_moment(tmp_path: Path):
    """A year of questions: each of the tab's looks keeps a processor busy for less than 0.2 s, the best of five tries."""
    store = large(tmp_path, 100_000)
    looks: dict[str, Callable[[], object]] = {
        "figures": lambda: insights.figures(store, datetime.now()),
        "wanted": lambda: insights.wanted(store, ADMIN, lambda _: True, time.time() - 30 * DAY_S),
        "asked before": lambda: insights.asked_before(store, "U7"),
        "said before": lambda: insights.said_before(store, "U7", {}, "seed", anywhere),
    }
    seconds = {name: min(timed(look) for _ in range(5)) for name, look in looks.items()}
    store.close()
    assert max(seconds.values()) < 0.2, seconds


def timed(look: Callable[[], object]) -> float:
    began = time.thread_time()  # however much else the machine has to do
    look()
    return time.thread_time() - began


def large(folder: Path, n: int) -> Store:
    """A year of questions, a fifth of them unanswered, a tenth voted on; answers as long as they come."""
    store = open_store(folder / "large.db")
    names = [f"{letter}{other}thing" for letter in "bdfgk" for other in "aei"]
    passage = asdict(Offered("x" * 60, 1, "Handbook", "Leave", None, 0.5))
    offered = json.dumps([passage] * 5)
    began, step = time.time() - 365 * DAY_S, 365 * DAY_S / n
    with store.write() as db:
        db.conn.executemany(
            "INSERT INTO questions (id, source, key, text, person, channel, scopes, asked_at)"
            " VALUES (?, 'message', ?, ?, ?, ?, '[]', ?)",
            (
                (
                    i,
                    str(i),
                    f"Where is the {names[i % 15]} {names[i // 15 % 15]} of {names[i // 225 % 15]}?",
                    f"U{i % 499}",
                    f"C{i % 40}",
                    began + i * step,
                )
                for i in range(1, n + 1)
            ),
        )
        db.conn.executemany(
            'INSERT INTO answers (id, question_id, text, confidence, adapter, offered, candidates, start, "end", sentence,'
            " sentence_start, from_memory, seconds, answered_at) VALUES (?, ?, ?, 0.5, 'seed', ?, '[]', 0, 0, '', 0, 0, 0, ?)",
            ((i, i, None if i % 5 == 0 else "there", offered, began + i * step) for i in range(1, n + 1)),
        )
        db.conn.executemany(
            "INSERT INTO feedback (answer_id, person, vote, given_at) VALUES (?, ?, ?, ?)",
            ((i, f"U{i % 499}", "up" if i % 3 else "down", began + i * step) for i in range(7, n + 1, 10)),
        )
    for number in range(30):
        channels.note(store, f"C{number}", public=True)
    return store
