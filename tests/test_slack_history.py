"""Questions that people answered each other: learned from the past and as they are accepted, where that is wanted."""

from __future__ import annotations

import time

import pytest
from adapter_folders import write_adapter
from slack_past import BOB, CAROL, Past, scene
from slack_stage import ALICE, BOT_ID, CHANNEL, DIRECT, Json, command, event, texts, until
from stand_ins import HashingEncoder

from bot.forgetting import forget_person
from bot.knowledge import memory
from bot.knowledge.index import Index
from bot.records import WORKSPACE, ChannelSettings
from bot.registry import Registry
from bot.slack.learning import history
from bot.store import backfills, channels, claims, documents, slack_sources

SECRET = "C0SECRET"


@pytest.fixture
def on(tmp_path):
    with scene(tmp_path) as made:
        yield made


def source(asked: Json, channel: str = CHANNEL) -> str:
    return f"slack:{channel}:{asked['ts']}"


def finished(on, channel=CHANNEL):
    until(lambda: (known := backfills.of(on.on.store, channel)) is not None and known.done)
    on.settle()


def say(on, message, **more):
    """A message of the past happens now."""
    on.send({"type": "message", "channel": CHANNEL, "channel_type": "channel", **message, **more})


def react(on, name, message, user, *, removed=False):
    marks = message.setdefault("reactions", [])
    if removed:
        marks[:] = [each for each in marks if each["name"] != name]
    else:
        marks.append({"name": name, "users": [user], "count": 1})
    item = {"type": "message", "channel": CHANNEL, "ts": message["ts"]}
    kind = "reaction_removed" if removed else "reaction_added"
    on.send({"type": kind, "user": user, "reaction": name, "item": item})


# From the past


def test_switching_history_on_learns_answered_questions_and_says_in_one_line_what_it_read(on):
    asked = on.slack.answered("How do I reset the VPN?", "Restart the client, then log in again.")
    on.slack.write("Lunch is here", BOB)
    unanswered = on.slack.write("Who took my stapler from the desk?", ALICE)
    on.slack.reply(unanswered, "No idea.", BOB)
    on.configure(history=True)
    finished(on)
    assert on.known() == {source(asked): WORKSPACE}
    (document,) = documents.documents(on.on.store)
    (passage,) = documents.passages_of(on.on.store, document.id)
    assert passage.text == "How do I reset the VPN?\nRestart the client, then log in again."
    assert passage.question == "How do I reset the VPN?"
    assert passage.heading == "#help"
    assert document.person == BOB
    assert document.link == f"https://t.slack.com/archives/{CHANNEL}/p{asked['ts'].replace('.', '')}"
    assert slack_sources.people_of(on.on.store, document.id) == [ALICE, BOB]
    (line,) = on.slack.posted
    assert line["channel"] == CHANNEL
    assert texts(line["blocks"]) == (
        "I've read this channel's last 90 days, 3 messages in all, and learned 1 answered question."
    )


def test_what_people_answered_is_found_like_any_passage_and_is_not_taken_for_a_taught_answer(on):
    on.slack.answered("How do I reset the VPN?", "Restart the client, then log in again.")
    on.configure(history=True)
    finished(on)
    encoder = HashingEncoder()
    (found,) = Index(on.on.store, encoder).find("reset the VPN", [WORKSPACE])
    assert "Restart the client" in found.passage.text
    assert memory.recall(on.on.store, encoder, "How do I reset the VPN?", [WORKSPACE]) is None


def test_a_private_channels_conversations_stay_in_it(on):
    on.slack.channels[SECRET] = {"is_private": True}
    asked = on.slack.answered("How do I reset the VPN?", "Restart the client.", channel=SECRET)
    on.configure(SECRET, history=True)
    finished(on, SECRET)
    assert on.known() == {source(asked, SECRET): SECRET}


def test_nothing_is_read_where_nobody_wanted_it(on):
    on.slack.answered("How do I reset the VPN?", "Restart the client.")
    on.configure(learns=True)
    assert on.known() == {}
    assert on.slack.of("conversations.history") == []


def test_only_the_days_that_are_set_are_read(tmp_path):
    with scene(tmp_path, history_days=7) as on:
        for days, known in ((8, False), (6, True)):
            asked = on.slack.answered(
                f"How do I reset the VPN of {days}?", "Restart it.", ts=f"{time.time() - days * 86400:.6f}"
            )
            on.slack.said["expected"] = [*on.slack.said.get("expected", []), *([asked] if known else [])]
        on.configure(history=True)
        finished(on)
        assert list(on.known()) == [source(each) for each in on.slack.said["expected"]]


def test_threads_that_nobody_could_have_answered_cost_no_call(on):
    on.slack.write("How do I reset the VPN?", ALICE)  # no reply
    told = on.slack.write("The VPN is down.", ALICE)  # no question
    on.slack.reply(told, "Thanks for telling", BOB)
    robot = on.slack.write("How do I reset the VPN?", ALICE, bot_id="B0CI")
    on.slack.reply(robot, "Restart it.", BOB)
    on.configure(history=True)
    finished(on)
    assert on.slack.of("conversations.replies") == []


def many(slack: Past, number: int) -> list[Json]:
    now = time.time() - 5000
    return [
        slack.answered(f"How do I reset machine {i}?", f"Push button {i}.", ts=f"{now + i:.6f}")
        for i in range(number)
    ]


def test_a_long_past_is_read_page_by_page_newest_first_and_each_question_once(on):
    on.slack.page = 4
    asked = many(on.slack, 10)
    on.configure(history=True)
    finished(on)
    assert set(on.known()) == {source(each) for each in asked}
    assert [each["ts"] for each in on.slack.of("conversations.replies")] == [
        each["ts"] for each in reversed(asked)
    ]
    done = backfills.of(on.on.store, CHANNEL)
    assert (done.messages, done.learned) == (10, 10)


def test_a_backfill_that_was_killed_goes_on_where_it_was(tmp_path):
    slack = Past(page=4)
    try:
        asked = many(slack, 12)

        class Killed(BaseException):
            pass

        def kill(method, given):
            """The process dies amid the second page."""
            if method == "conversations.replies" and given["ts"] == asked[5]["ts"]:
                dead.set_dead()

        class Dead:
            dead = False

            def set_dead(self):
                self.dead = True
                first.learning.history._stop.set()
                first.on.app.room.finish = lambda key: None  # a dead process writes nothing
                first.on.app.room.let_go = lambda key: None

        dead = Dead()
        with scene(tmp_path, slack) as first:
            slack.before = kill
            first.configure(history=True)
            until(lambda: dead.dead)
            first.learning.history._queue.stop(seconds=10, drain=False)
            known = backfills.of(first.on.store, CHANNEL)
            assert not known.done
            assert known.messages == 4
            hooks = first.on.app.room
            del hooks.finish, hooks.let_go
        slack.before = None
        read_before = len(slack.of("conversations.replies"))
        with scene(tmp_path, slack) as second:
            finished(second)
            assert set(second.known()) == {source(each) for each in asked}
            done = backfills.of(second.on.store, CHANNEL)
            assert (done.messages, done.learned) == (12, 12)
            again = [each["ts"] for each in slack.of("conversations.replies")[read_before:]]
            assert asked[11]["ts"] not in again  # the first page isn't read twice
            lines = [texts(each["blocks"]) for each in slack.posted]
            assert len(lines) == 1
            assert "12 messages" in lines[0]
    finally:
        slack.close()


def test_a_graceful_stop_ends_it_at_once_and_the_next_start_goes_on(tmp_path):
    slack = Past(page=2)
    try:
        asked = many(slack, 6)
        with scene(tmp_path, slack) as first:
            first.learning.history.pace_s = 60.0
            first.configure(history=True)
            began = time.monotonic()
        assert time.monotonic() - began < 8
        with scene(tmp_path, slack) as second:
            finished(second)
            assert set(second.known()) == {source(each) for each in asked}
    finally:
        slack.close()


def test_two_processes_read_a_channels_past_once(tmp_path):
    slack = Past()
    try:
        many(slack, 3)
        with scene(tmp_path, slack) as one, scene(tmp_path, slack) as other:
            one.configure(history=True)
            other.learning.settings_changed(CHANNEL)
            finished(one)
            finished(other)
            until(lambda: slack.posted)
            assert len(slack.of("conversations.history")) == 1
            assert len(slack.posted) == 1
    finally:
        slack.close()


def test_a_429_is_waited_out_as_long_as_slack_says(on, monkeypatch):
    asked = many(on.slack, 2)
    on.slack.rate_limit["conversations.history"] = 5  # more than the client sits out by itself
    began = time.monotonic()
    on.configure(history=True)
    finished(on)
    assert time.monotonic() - began >= 5
    assert set(on.known()) == {source(each) for each in asked}


def test_it_keeps_its_pace_so_that_answering_has_its_share(on):
    many(on.slack, 3)
    on.learning.history.pace_s = 0.2
    began = time.monotonic()
    on.configure(history=True)
    finished(on)
    assert time.monotonic() - began >= 0.8  # one page, three threads
    assert 60 / history.PACE_S <= 45  # of Slack's 50 a minute


def test_switched_off_amid_it_stops_and_switched_on_again_begins_anew(on):
    on.slack.page = 2
    asked = many(on.slack, 6)

    def switch_off(method, given):
        if method == "conversations.replies" and given["ts"] == asked[4]["ts"]:
            channels.configure(on.on.store, ChannelSettings(CHANNEL, by=ALICE, at=1.0))

    on.slack.before = switch_off
    on.configure(history=True)
    until(
        lambda: backfills.of(on.on.store, CHANNEL) is None or len(on.slack.of("conversations.replies")) >= 2
    )
    until(lambda: not len(on.learning.history._queue))
    assert len(on.known()) == 2
    on.slack.before = None
    on.configure(history=False)
    assert backfills.of(on.on.store, CHANNEL) is None
    on.configure(history=True)
    finished(on)
    assert set(on.known()) == {source(each) for each in asked}


def test_setting_up_something_else_does_not_read_it_all_again(on):
    many(on.slack, 2)
    on.configure(history=True)
    finished(on)
    on.configure(history=True, follows=True)
    assert len(on.slack.of("conversations.history")) == 1
    assert len(on.slack.posted) == 1


@pytest.mark.parametrize("told", [{"is_member": False}, None])
def test_where_it_is_no_member_it_asks_whoever_switched_it_on_for_an_invitation(on, told):
    if told is None:
        on.slack.refuse["conversations.info"] = "channel_not_found"
    else:
        on.slack.channels[CHANNEL] = told
    on.configure(history=True)
    (line,) = on.slack.posted
    assert line["channel"] == "D0ALICE"
    assert "/invite" in texts(line["blocks"])
    assert on.slack.of("conversations.history") == []


def test_when_it_is_invited_it_begins(on):
    asked = on.slack.answered("How do I reset the VPN?", "Restart the client.")
    on.slack.channels[CHANNEL] = {"is_member": False}
    on.configure(history=True)
    on.slack.channels[CHANNEL] = {}
    on.send({"type": "member_joined_channel", "user": "U0BOT", "channel": CHANNEL, "channel_type": "C"})
    finished(on)
    assert on.known() == {source(asked): WORKSPACE}


def test_what_slack_refuses_is_told_calmly_and_once(on):
    on.slack.refuse["conversations.history"] = "missing_scope"
    on.configure(history=True)
    until(lambda: on.slack.posted)
    on.settle()
    (line,) = on.slack.posted
    assert "lacks a permission" in texts(line["blocks"])
    assert claims.take_over(on.on.store, 0) == []


# As it happens


def test_an_answer_is_learned_when_its_asker_thanks_for_it(on):
    on.configure(history=True)
    finished(on)
    asked = on.slack.write("How do I reset the VPN?", ALICE)
    on.slack.reply(asked, "Restart the client.", BOB)
    say(on, on.slack.said[CHANNEL][-1])
    assert on.known() == {}
    thanks = on.slack.reply(asked, "thanks, that worked", ALICE)
    say(on, thanks)
    assert on.known() == {source(asked): WORKSPACE}


def test_an_answer_is_learned_by_a_check_mark_and_unlearned_without_it(on):
    on.configure(history=True)
    finished(on)
    asked = on.slack.write("How do I reset the VPN?", ALICE)
    answer = on.slack.reply(asked, "Restart the client.", BOB)
    react(on, "white_check_mark", answer, ALICE)
    assert on.known() == {source(asked): WORKSPACE}
    react(on, "white_check_mark", answer, ALICE, removed=True)
    assert on.known() == {}


def test_an_asker_who_comes_back_with_doubts_takes_the_answer_back(on):
    on.configure(history=True)
    asked = on.slack.answered("How do I reset the VPN?", "Restart the client.")
    say(on, on.slack.said[CHANNEL][-1])
    assert on.known() == {source(asked): WORKSPACE}
    say(on, on.slack.reply(asked, "Hm, but now it fails again", ALICE))
    assert on.known() == {}


def test_thanks_in_channels_that_are_not_read_are_not_looked_into(on):
    asked = on.slack.answered("How do I reset the VPN?", "Restart the client.")
    say(on, on.slack.said[CHANNEL][-1])
    assert on.known() == {}
    assert on.slack.of("conversations.replies") == []
    assert asked["reply_count"] == 2


def test_our_own_answers_are_not_learned_back(on):
    on.configure(history=True)
    asked = on.slack.write("How do I reset the VPN?", ALICE)
    on.slack.reply(asked, "Restart the client.", "U0BOT", bot_id=BOT_ID)
    say(on, on.slack.reply(asked, "Thanks!", ALICE))
    assert on.known() == {}


def test_people_are_called_by_name_in_what_is_learned(on):
    on.slack.people[CAROL] = {"profile": {"display_name": "Carol"}}
    asked = on.slack.answered("Who can reset the VPN for me?", f"<@{CAROL}> does that.")
    on.configure(history=True)
    finished(on)
    assert on.text(source(asked)) == "Who can reset the VPN for me?\n@Carol does that."


def test_a_long_thread_is_read_to_its_end(on):
    on.configure(history=True)
    asked = on.slack.write("How do I reset the VPN?", ALICE)
    for number in range(6):
        on.slack.reply(asked, f"Did you try option {number}?", CAROL)
    on.slack.reply(asked, "Restart the client.", BOB)
    on.slack.page = 3
    say(on, on.slack.reply(asked, "thank you, that did it", ALICE))
    assert on.text(source(asked)) == "How do I reset the VPN?\nRestart the client."


# Pins


def test_a_pinned_message_is_learned_and_forgotten_with_its_pin(on):
    on.configure(learns=True)
    said = on.slack.write("The door code of the office is 4711.", BOB)
    item = {"type": "message", "channel": CHANNEL, "message": {"ts": said["ts"]}}
    on.send({"type": "pin_added", "user": ALICE, "channel_id": CHANNEL, "item": item})
    assert on.known() == {source(said): WORKSPACE}
    (document,) = documents.documents(on.on.store)
    assert document.person == BOB
    on.send({"type": "pin_removed", "user": ALICE, "channel_id": CHANNEL, "item": item})
    assert on.known() == {}


def test_what_is_pinned_already_is_learned_when_learning_is_switched_on_with_its_files(on):
    said = on.slack.write("The door code is 4711.", BOB)
    with_file = on.slack.write("", BOB, files=[on.slack.share("F1", "leave.md", b"# Leave\n\n28 days.\n")])
    robot = on.slack.write("Build 7 is green.", "U0CI", bot_id="B0CI")
    on.slack.pins[CHANNEL] = [said["ts"], with_file["ts"], robot["ts"]]
    on.configure(learns=True)
    assert on.known() == {source(said): WORKSPACE, "slack:file:F1": WORKSPACE}


def test_a_question_with_its_answer_is_not_replaced_by_its_pin_nor_lost_with_it(on):
    asked = on.slack.answered("How do I reset the VPN?", "Restart the client.")
    on.slack.pins[CHANNEL] = [asked["ts"]]
    on.configure(learns=True, history=True)
    finished(on)
    item = {"type": "message", "channel": CHANNEL, "message": {"ts": asked["ts"]}}
    on.send({"type": "pin_added", "user": ALICE, "channel_id": CHANNEL, "item": item})
    assert "Restart" in on.text(source(asked))
    on.send({"type": "pin_removed", "user": ALICE, "channel_id": CHANNEL, "item": item})
    assert "Restart" in on.text(source(asked))


def test_a_pinned_reply_is_learned_by_itself(on):
    on.configure(learns=True)
    asked = on.slack.write("Any news?", ALICE)
    reply = on.slack.reply(asked, "The door code is 4711.", BOB)
    item = {"type": "message", "channel": CHANNEL, "message": {"ts": reply["ts"]}}
    on.send({"type": "pin_added", "user": ALICE, "channel_id": CHANNEL, "item": item})
    assert on.text(source(reply)) == "The door code is 4711."


# Forgetting


def test_forgetting_a_person_removes_what_was_learned_from_their_words(on, tmp_path):
    asked = on.slack.answered("How do I reset the VPN?", "Restart the zzyzxq client.")
    pinned = on.slack.write("The door code is 4711.", CAROL)
    on.slack.pins[CHANNEL] = [pinned["ts"]]
    on.configure(learns=True, history=True)
    finished(on)
    registry = Registry(
        on.on.store, tmp_path / "adapters", seed=write_adapter(tmp_path / "seed", "seed", parent=None)
    )
    assert forget_person(on.on.store, registry, tmp_path, BOB)["learned"] == 1
    assert source(asked) not in on.known()
    assert source(pinned) in on.known()
    assert on.on.store.one("SELECT 1 FROM slack_sources WHERE person = ?", [BOB]) is None
    holding = [path for path in tmp_path.rglob("lorebot.db*") if b"zzyzxq" in path.read_bytes().lower()]
    assert holding == []


def test_all_that_was_learned_in_a_channel_can_be_forgotten_and_what_another_one_knows_stays(on):
    on.slack.answered("How do I reset the VPN?", "Restart the client.")
    file = on.slack.share("F1", "leave.md", b"# Leave\n\n28 days.\n")
    on.configure(learns=True, history=True)
    on.configure("C0OTHER", learns=True)
    finished(on)
    on.drop(file)
    on.drop(file, channel="C0OTHER")
    assert slack_sources.leave(on.on.store, CHANNEL) == 1
    assert on.known() == {"slack:file:F1": WORKSPACE}
    assert slack_sources.leave(on.on.store, "C0OTHER") == 1
    assert on.known() == {}


def test_a_channels_people_have_it_forget_all_that_it_learned_there_and_learn_no_more(on):
    asked = on.slack.answered("How do I reset the VPN?", "Restart the client.")
    on.configure(learns=True, history=True)
    finished(on)
    on.drop(on.slack.share("F1", "leave.md", b"# Leave\n\n28 days.\n"))
    on.drop(on.slack.share("F2", "desk.md", b"# Desks\n\nBook one.\n"), channel=DIRECT)
    taught = memory.teach(
        on.on.store, HashingEncoder(), question="Why?", answer="Because.", scope=CHANNEL, person=ALICE
    )
    on.on.send(command("config forget", on.slack))
    on.settle()
    (reply,) = on.slack.wait("respond")
    assert "forgotten what I had learned: 2 documents" in reply["text"]
    assert "2 documents" in texts(on.slack.posted[-1]["blocks"])
    assert on.known() == {"slack:file:F2": DIRECT}
    assert documents.passage(on.on.store, taught.id) is not None
    chosen = channels.settings(on.on.store, CHANNEL)
    assert (chosen.learns, chosen.history, chosen.by) == (False, False, ALICE)
    say(on, on.slack.reply(asked, "thank you, that did it", ALICE))
    assert on.known() == {"slack:file:F2": DIRECT}
    on.on.send(command("config forget", on.slack, channel=DIRECT))
    on.settle()
    assert on.known() == {}


def test_who_may_not_set_a_channel_up_makes_it_forget_nothing(on):
    on.slack.people[BOB] = {"is_restricted": True}
    on.configure(learns=True)
    on.drop(on.slack.share("F1", "leave.md", b"# Leave\n\n28 days.\n"))
    on.on.send(command("config forget", on.slack, user=BOB))
    on.settle()
    assert "its own people" in on.slack.wait("respond")[-1]["text"]
    assert on.known() == {"slack:file:F1": WORKSPACE}


def test_an_event_without_what_it_is_about_hurts_nobody(on):
    for inner in (
        {"type": "pin_added", "channel_id": CHANNEL, "item": {"type": "file"}},
        {"type": "reaction_added", "reaction": "white_check_mark", "item": {}},
        {"type": "file_change"},
        {"type": "member_joined_channel", "user": "U0BOB"},
    ):
        assert on.on.send(event(inner)).status == 200
    on.settle()
    assert on.known() == {}
