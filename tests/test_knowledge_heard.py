"""What was said in Slack as documents: each message once, in one scope, found by what it stands on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from stand_ins import HashingEncoder

from bot.knowledge import heard, memory
from bot.knowledge.accepted import Accepted, Said
from bot.knowledge.index import Index
from bot.records import WORKSPACE
from bot.store import Store, documents, open_store, slack_sources

PAIR = Accepted("How do I reset my badge?", "Hold it to the reader", "U1", "U2", "100.1", ("101.1", "102.1"))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "lorebot.db")


def kept(store: Store, *what: heard.Heard | None) -> dict[str, int]:
    return dict(heard.keep(store, HashingEncoder(), [each for each in what if each]))


def test_a_pair_stands_on_all_its_messages_and_is_found_by_its_question(store: Store) -> None:
    assert kept(store, heard.of_pair(PAIR, channel="C1", scope=WORKSPACE, link="https://x/p1")) == {
        "learned": 1
    }
    (document,) = documents.documents(store)
    assert (document.source, document.kind, document.person) == ("slack:C1:100.1", "slack", "U2")
    for ts in ("100.1", "101.1", "102.1"):
        assert slack_sources.documents_of(store, "C1", ts) == [document]
    found = Index(store, HashingEncoder()).find("how do I reset a badge", [WORKSPACE], 3)
    assert found[0].passage.text == "How do I reset my badge?\nHold it to the reader"
    assert found[0].passage.text[found[0].passage.answer_start :] == "Hold it to the reader"
    assert found[0].passage.link == "https://x/p1"


def test_a_pair_never_speaks_with_the_authority_of_a_taught_answer(store: Store) -> None:
    kept(store, heard.of_pair(PAIR, channel="C1", scope=WORKSPACE))
    assert memory.recall(store, HashingEncoder(), PAIR.question, [WORKSPACE]) is None


def test_heard_twice_it_is_kept_once_and_another_answer_replaces_it(store: Store) -> None:
    first = heard.of_pair(PAIR, channel="C1", scope=WORKSPACE)
    assert kept(store, first) == {"learned": 1}
    assert kept(store, first) == {"unchanged": 1}
    other = replace(PAIR, answer="Ask the front desk", answered=("103.1",), answerer="U3")
    assert kept(store, heard.of_pair(other, channel="C1", scope=WORKSPACE)) == {"replaced": 1}
    assert [each.person for each in slack_sources.documents_of(store, "C1", "103.1")] == ["U3"]
    assert slack_sources.documents_of(store, "C1", "101.1") == []


def test_a_message_has_one_scope(store: Store) -> None:
    kept(store, heard.of_pair(PAIR, channel="C1", scope=WORKSPACE))
    kept(store, heard.of_pair(PAIR, channel="C1", scope="C1"))
    assert [each.scope for each in documents.documents(store)] == ["C1"]
    assert documents.counts(store)["passages"] == 1


def test_a_long_answer_is_cut_and_each_piece_carries_the_question(store: Store) -> None:
    long = replace(PAIR, answer=" ".join(f"Step {i} is to press the button number {i}." for i in range(80)))
    kept(store, heard.of_pair(long, channel="C1", scope=WORKSPACE))
    pieces = documents.passages_of(store, documents.documents(store)[0].id or 0)
    assert len(pieces) > 2
    for piece in pieces:
        assert piece.text.startswith(PAIR.question + "\n")
        answer = piece.text[piece.answer_start :]
        assert long.answer[piece.start : piece.start + len(answer)] == answer


def test_a_single_message_is_kept_with_its_writer_and_one_without_words_is_not(store: Store) -> None:
    said = Said("100.1", "U1", "The wifi password hangs in the kitchen.\nAsk Eva otherwise.")
    assert kept(store, heard.of_message(said, channel="G1", scope="G1")) == {"learned": 1}
    (document,) = documents.documents(store)
    assert (document.title, document.scope) == ("The wifi password hangs in the kitchen.", "G1")
    assert (document.person, document.source) == ("U1", "slack:G1:100.1")
    assert heard.of_message(replace(said, text=" \n "), channel="G1", scope="G1") is None


def test_a_message_as_slack_has_it() -> None:
    message = {
        "type": "message",
        "user": "U1",
        "ts": "100.1",
        "text": "Thanks <@U2>, see <https://x.example|the page> &amp; #1",
        "reactions": [
            {"name": "white_check_mark::skin-tone-2", "users": ["U2"], "count": 1},
            {"name": "white_check_mark", "users": ["U3"], "count": 1},
        ],
    }
    found = heard.said(message, {"U2": "Ben"})
    assert found == Said(
        "100.1",
        "U1",
        "Thanks @Ben, see the page & #1",
        reactions={"white_check_mark": frozenset({"U2", "U3"})},
        mentions=frozenset({"U2"}),
    )
    assert heard.said({**message, "bot_id": "B1"}).bot  # type: ignore[union-attr]
    assert heard.said(message, bots={"U1"}).bot  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "message",
    [
        {"ts": "1.1", "user": "U1", "subtype": "channel_join", "text": "joined"},
        {"ts": "1.1", "user": "U1", "subtype": "tombstone", "text": "This message was deleted."},
        {"ts": "1.1", "subtype": "message_deleted", "original": {"text": "secret"}},
        {"ts": 1.1, "user": "U1", "text": "a number for a time"},
        {"ts": "1.1", "text": "nobody's"},
        {},
    ],
)
def test_what_nobody_said_is_nothing(message: dict[str, object]) -> None:
    assert heard.said(message) is None


def test_nothing_heard_is_nothing_kept(store: Store) -> None:
    assert kept(store) == {}
