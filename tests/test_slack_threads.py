"""When Lorebot is in a thread's conversation and when it has left, by transcripts. What it answered stands before them."""

from __future__ import annotations

import pytest

from bot.records import Question
from bot.slack.talk.asks import Ask
from bot.slack.talk.threads import Remark, said, said_since, takes_part

STAYS = {
    "the asker asks on": ["alice: and for contractors?"],
    "the asker says thanks, then asks on": ["alice: thanks!", "alice: and in Spain?"],
    "another one asks": ["bob: is it the same for interns?"],
    "one of them thinks aloud, then asks": [
        "alice: ah",
        "alice: hm, that is less than I thought",
        "alice: is it paid?",
    ],
    "a question comes between two remarks": [
        "alice: ah",
        "bob: is it paid?",
        "alice: good point",
        "alice: and in Spain?",
    ],
    "it is named again": ["bob: I think it's 30", "alice: right", "alice: <@BOT> and in Spain?"],
    "it is thanked by name": ["alice: <@BOT> thank you", "alice: and in Spain?"],
}
LEAVES = {
    "two people talk": ["bob: I think it's 30 days", "alice: ah right", "alice: and in Spain?"],
    "a person is named": ["alice: <@U9> is that so?", "alice: and in Spain?"],
    "a group is named": ["alice: <!subteam^S1|@hr> please check"],
    "a person is greeted by name": ["bob: Alice, ask HR", "alice: and in Spain?"],
    "a person is thanked": ["bob: it's 30 since May", "alice: thanks Bob", "alice: and in Spain?"],
    "they go on after it was named": [
        "alice: <@BOT> and in Spain?",
        "bob: 30 there",
        "alice: oh",
        "bob: and in Italy?",
    ],
}


def transcript(lines: list[str]) -> list[Remark]:
    messages = []
    for number, line in enumerate(lines):
        person, _, text = line.partition(": ")
        messages.append({"user": person, "text": text, "ts": f"{number}.0"})
    return said(messages, "BOT")


@pytest.mark.parametrize("lines", STAYS.values(), ids=STAYS.keys())
def test_it_stays_while_it_is_being_asked(lines):
    assert takes_part(transcript(lines))


@pytest.mark.parametrize("lines", LEAVES.values(), ids=LEAVES.keys())
def test_it_leaves_when_people_talk_to_each_other(lines):
    assert not takes_part(transcript(lines))


def test_bots_and_its_own_words_are_nobodys_talk():
    messages = [
        {"user": "U0BOT", "bot_id": "B0BOT", "text": "28 days", "ts": "1.0"},
        {"user": "U0BOT", "text": "28 days", "ts": "2.0"},
        {"user": "U7", "bot_id": "B7", "text": "deployed", "ts": "3.0"},
        {"user": "alice", "ts": "4.0"},
        {"user": "alice", "text": "<@U0BOT|lorebot> hm", "ts": "5.0"},
    ]
    assert said(messages, "U0BOT") == [Remark("alice", "<@U0BOT|lorebot> hm", "5.0", names_us=True)]


def test_an_answer_that_was_shared_begins_its_thread():
    thread = [
        {"user": "alice", "text": text, "ts": ts} for text, ts in (("hm", "5.0"), ("and in Spain?", "6.0"))
    ]
    ask = Ask("message", "C1:6.0", "C1", "alice", "and in Spain?", ts="6.0", thread="4.0", in_thread=True)
    shared = Question("command", "trigger.999.1", "How much?", "bob", "C1", thread="4.0")
    assert [each.ts for each in said_since(thread, shared, ask)] == ["5.0", "6.0"]
    earlier = Question("message", "C1:5.0", "How much?", "bob", "C1", thread="4.0")
    assert [each.ts for each in said_since(thread, earlier, ask)] == ["6.0"]
