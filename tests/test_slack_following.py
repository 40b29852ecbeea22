"""Edits and deletions follow through: what was learned changes or goes, the question goes with its answer, once and for good."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from adapter_folders import write_adapter
from slack_past import BOB, CAROL, Scene, scene
from slack_stage import ALICE, BOT, BOT_ID, CHANNEL, DIRECT, Json, event, until
from stand_ins import HashingEncoder
from test_forgetting import holding

from bot.knowledge import memory
from bot.records import Answer, Feedback, Offered
from bot.registry import Registry
from bot.slack.learning.changes import Change, change_from_payload, changes
from bot.slack.looks.markup import cut
from bot.store import documents, feedback, questions, runs, slack_sources, traces

SECRET = "zzyzxq"
"""A word that only the message holds which is deleted."""


@pytest.fixture
def on(tmp_path: Path) -> Iterator[Scene]:
    with scene(tmp_path) as here:
        yield here


def deleted(said: Json, channel: str = CHANNEL, **more: Any) -> Json:
    """The event of a message that somebody deleted."""
    kind = "im" if channel.startswith("D") else "channel"
    return {
        "type": "message",
        "subtype": "message_deleted",
        "hidden": True,
        "channel": channel,
        "channel_type": kind,
        "deleted_ts": said["ts"],
        "ts": f"{time.time():.6f}",
        "previous_message": {**said},
        **more,
    }


def delete(on: Scene, said: Json, channel: str = CHANNEL, **more: Any) -> Json:
    on.slack.said[channel] = [each for each in on.slack.said.get(channel, []) if each["ts"] != said["ts"]]
    return on.send(deleted(said, channel, **more))


def edited(said: Json, text: str, moment: str, channel: str = CHANNEL) -> Json:
    now = {**said, "text": text, "edited": {"user": said["user"], "ts": moment}}
    return {
        "type": "message",
        "subtype": "message_changed",
        "channel": channel,
        "channel_type": "channel",
        "message": now,
        "previous_message": {**said},
        "ts": moment,
    }


def edit(on: Scene, said: Json, text: str, moment: str = "2000000000.000100") -> None:
    body = edited(said, text, moment)
    said.update(text=text, edited=body["message"]["edited"])
    on.send(body)


def ask(on: Scene, text: str, **more: Any) -> tuple[Json, Json]:
    """A question in a channel, as a message; and the reply of ours, with its ts."""
    before = on.on.store.one("SELECT coalesce(max(id), 0) AS id FROM answers")
    inner = on.on.say(f"<@{BOT}> {text}", **more)["event"]
    on.slack.said.setdefault(inner["channel"], []).append(inner)
    answer = on.on.last_answer()
    assert before is not None
    assert (answer.id or 0) > before["id"]
    return inner, {"ts": answer.ts, "channel": answer.channel, "user": BOT, "bot_id": BOT_ID}


def answered(on: Scene, answer: str) -> Json:
    """A channel whose history is learned, with one answered question; returns the question."""
    asked = on.slack.answered("How do I reset my badge?", answer)
    on.configure(history=True)
    until(on.known)
    until(lambda: on.on.store.one("SELECT 1 FROM slack_backfills WHERE done"))
    return asked


def pinned(on: Scene, text: str, **more: Any) -> Json:
    said = on.slack.write(text, BOB, **more)
    on.slack.pins.setdefault(CHANNEL, []).append(said["ts"])
    on.configure(learns=True)
    assert f"slack:{CHANNEL}:{said['ts']}" in on.known()
    return said


# What was learned


def test_a_deleted_message_takes_what_was_learned_from_it_along(on: Scene) -> None:
    said = pinned(on, f"The {SECRET} hangs in the kitchen")
    delete(on, said)
    assert on.known() == {}


@pytest.mark.parametrize("which", [0, 1])
def test_an_answered_question_goes_with_either_of_its_messages(on: Scene, which: int) -> None:
    answered(on, f"Hold the {SECRET} to the reader")
    assert len(on.known()) == 1
    delete(on, on.slack.said[CHANNEL][which])
    assert on.known() == {}


def test_where_the_answer_was_deleted_another_one_takes_its_place(on: Scene) -> None:
    asked = answered(on, f"Hold the {SECRET} to the reader")
    other = on.slack.reply(asked, "Press the red button", CAROL)
    other["reactions"] = [{"name": "white_check_mark", "users": [BOB, "U0DAVE"], "count": 2}]
    delete(on, on.slack.said[CHANNEL][1])
    source = f"slack:{CHANNEL}:{asked['ts']}"
    assert "Press the red button" in on.text(source)


def test_a_thread_whose_question_was_deleted_leaves_a_tombstone_and_no_answer(on: Scene) -> None:
    asked = answered(on, "Hold it to the reader")
    assert on.known()
    tomb = {**asked, "subtype": "tombstone", "text": "This message was deleted.", "user": "USLACKBOT"}
    on.slack.said[CHANNEL][0] = tomb
    on.send(
        {
            "type": "message",
            "subtype": "message_changed",
            "channel": CHANNEL,
            "channel_type": "channel",
            "message": tomb,
            "previous_message": asked,
            "ts": "2000000000.1",
        }
    )
    assert on.known() == {}


def test_an_edited_message_is_learned_again_and_its_old_words_are_gone(on: Scene, tmp_path: Path) -> None:
    said = pinned(on, f"The {SECRET} hangs in the kitchen")
    edit(on, said, "The password hangs in the hall")
    assert on.text(f"slack:{CHANNEL}:{said['ts']}") == "The password hangs in the hall"
    assert traces.wipe(on.on.store)
    assert holding(tmp_path, SECRET) == []


def test_an_edit_that_leaves_no_words_forgets_them(on: Scene) -> None:
    said = pinned(on, "The password hangs in the kitchen")
    edit(on, said, " ")
    assert on.known() == {}


def test_a_message_that_is_gone_by_the_time_its_edit_is_heard_of_is_forgotten(on: Scene) -> None:
    said = pinned(on, "The password hangs in the kitchen")
    on.slack.said[CHANNEL].clear()
    on.send(edited(said, "The password hangs in the hall", "2000000000.1"))
    assert on.known() == {}


def test_an_edited_answer_is_learned_again(on: Scene) -> None:
    asked = answered(on, "Hold it to the reader")
    edit(on, on.slack.said[CHANNEL][1], "Hold it to the reader for ten seconds")
    assert "ten seconds" in on.text(f"slack:{CHANNEL}:{asked['ts']}")


def test_edits_that_come_late_and_out_of_order_end_in_what_slack_says_now(on: Scene) -> None:
    said = pinned(on, "First words of it")
    first = edited(said, "Second words of it", "2000000001.0")
    second = edited(said, "Third words of it", "2000000002.0")
    said["text"] = "Third words of it"
    on.send(second)
    on.send(first)
    assert on.text(f"slack:{CHANNEL}:{said['ts']}") == "Third words of it"


def test_unfurled_links_and_new_replies_are_no_edits(on: Scene) -> None:
    said = pinned(on, "See the wiki")
    before = len(on.slack.calls)
    body = edited(said, "See the wiki", "2000000000.1")
    del body["message"]["edited"]
    on.send(body)
    assert not [name for name, _ in on.slack.calls[before:] if name == "conversations.replies"]


def test_a_deleted_file_goes_and_so_does_one_that_a_message_shows_as_gone(on: Scene) -> None:
    on.configure(learns=True)
    for file in ("F1", "F2"):
        on.drop(on.slack.share(file, f"{file}.md", f"# {file}\n\nThe {SECRET} is here.".encode()))
    assert len(on.known()) == 2
    on.send({"type": "file_deleted", "file_id": "F1", "event_ts": "1.1"})
    assert list(on.known()) == ["slack:file:F2"]
    said = on.slack.said[CHANNEL][-1]
    now = {**said, "files": [{"id": "F2", "mode": "tombstone"}]}
    changed = {"type": "message", "subtype": "message_changed", "channel": CHANNEL, "channel_type": "channel"}
    on.send({**changed, "message": now, "previous_message": said, "ts": "2000000000.1"})
    assert on.known() == {}


def test_a_file_that_another_message_brought_too_stays_until_that_goes(on: Scene) -> None:
    on.configure(learns=True)
    file = on.slack.share("F1", "leave.md", b"# Leave\n\nSix days.")
    on.drop(file)
    on.drop(file)
    first, second = on.slack.said[CHANNEL]
    delete(on, first)
    assert list(on.known()) == ["slack:file:F1"]
    delete(on, second)
    assert on.known() == {}


# Questions and answers


def test_a_deleted_question_takes_our_reply_and_all_that_was_kept_of_it_along(
    on: Scene, tmp_path: Path
) -> None:
    said, reply = ask(on, f"Where is my {SECRET}?")
    feedback.record(
        on.on.store, Feedback(on.on.last_answer().id or 0, BOB, "down", "button", "wrong", SECRET)
    )
    delete(on, said)
    assert on.slack.of("chat.delete") == [{"channel": CHANNEL, "ts": reply["ts"]}]
    assert on.on.store.one("SELECT 1 FROM questions") is None
    assert feedback.all_of(on.on.store) == []
    assert traces.wipe(on.on.store)
    assert holding(tmp_path, SECRET) == []


def test_our_reply_stays_where_people_talked_on_behind_it(on: Scene) -> None:
    said, reply = ask(on, "How much leave do I get?")
    thread = {"thread_ts": said["ts"]}
    on.slack.said[CHANNEL].append(
        {"user": BOB, "text": "Really?", "ts": f"{float(reply['ts']) + 1:.6f}", **thread}
    )
    tomb = {**said, "subtype": "tombstone", "thread_ts": said["ts"]}
    on.slack.said[CHANNEL][0] = tomb
    on.send(deleted(said))
    assert on.slack.of("chat.delete") == []
    assert on.on.store.one("SELECT 1 FROM questions") is None


def test_a_question_in_a_direct_message_goes_too(on: Scene) -> None:
    said, reply = ask(on, f"Where is my {SECRET}?", channel=DIRECT)
    delete(on, said, DIRECT)
    assert on.slack.of("chat.delete") == [{"channel": DIRECT, "ts": reply["ts"]}]
    assert on.on.store.one("SELECT 1 FROM questions") is None


def test_a_deletion_that_slack_tells_twice_is_followed_once(on: Scene) -> None:
    said, _ = ask(on, "Where is my badge?")
    body = event(deleted(said))
    for retry in (None, 1, 2):
        assert on.on.send(body, retry=retry).status == 200
        on.settle()
    assert len(on.slack.of("chat.delete")) == 1


def test_a_question_that_is_deleted_while_it_is_being_answered_goes_behind_its_answer(on: Scene) -> None:
    import threading

    on.on.known.gate = threading.Event()
    body = event(
        {"type": "message", "text": f"<@{BOT}> Where is my {SECRET}?", "user": ALICE, "channel": CHANNEL}
        | {"channel_type": "channel", "ts": "1900000000.1"}
    )
    assert on.on.send(body).status == 200
    assert on.on.send(event(deleted(body["event"]))).status == 200
    on.on.known.gate.set()
    on.settle()
    assert len(on.slack.of("chat.delete")) == 1
    assert on.on.store.one("SELECT 1 FROM questions") is None


def test_a_reply_of_ours_that_was_deleted_takes_no_reactions_any_more(on: Scene) -> None:
    _, reply = ask(on, "How much leave do I get?")
    on.send(deleted(reply))
    item = {"type": "message", "channel": CHANNEL, "ts": reply["ts"]}
    on.send({"type": "reaction_added", "user": BOB, "reaction": "+1", "item": item})
    assert feedback.all_of(on.on.store) == []
    assert on.on.last_answer().text == "28 days"  # what was said, and learned of it, stays


def test_answers_that_stand_in_a_deleted_message_are_taken_back_and_others_lose_its_text(
    on: Scene, tmp_path: Path
) -> None:
    said = pinned(on, f"The {SECRET} hangs in the kitchen")
    (document,) = documents.documents(on.on.store)
    passage = documents.passages_of(on.on.store, document.id or 0)[0]
    theirs = Offered(passage.text, passage.id, passage.title, "", None, 0.9)
    other = Offered("You get 28 days of leave.", None, "Leave", "", None, 0.8)

    def standing(answer: Answer) -> Answer:
        return replace(answer, text=passage.text, offered=(theirs, other), chosen=0, sentence=passage.text)

    def beside(answer: Answer) -> Answer:
        return replace(answer, offered=(other, theirs), chosen=0)

    on.on.known.change = standing
    _, gone = ask(on, "Where does it hang?")
    on.on.known.change = beside
    _, kept = ask(on, "How much leave?")
    delete(on, said)
    (update,) = [each for each in on.slack.of("chat.update") if each["ts"] == gone["ts"]]
    assert SECRET not in str(update)
    assert "taken back" in update["text"]
    left = questions.answer_at(on.on.store, CHANNEL, kept["ts"])
    assert left is not None
    assert [each.text for each in left.offered] == [other.text, ""]
    assert questions.answer_at(on.on.store, CHANNEL, gone["ts"]) is None
    assert traces.wipe(on.on.store)
    assert holding(tmp_path, SECRET) == []


def test_what_was_read_of_a_thread_goes_with_a_message_of_it(on: Scene, tmp_path: Path) -> None:
    first = on.slack.write("Our badges", BOB)
    said = on.slack.reply(first, f"I lost my {SECRET}", BOB)
    read = Offered(f"I lost my {SECRET}", None, "This thread", "", None, 0.0)
    on.on.known.change = lambda answer: replace(answer, offered=(*answer.offered, read))
    ask(on, "What now?", thread_ts=first["ts"])
    delete(on, said)
    assert [each.text for each in on.on.last_answer().offered][-1] == ""
    assert traces.wipe(on.on.store)
    assert holding(tmp_path, SECRET) == []


@pytest.mark.parametrize(("length", "kept"), [(1, 100), (500, 2000)])
def test_a_question_about_a_message_goes_with_that_message(on: Scene, length: int, kept: int) -> None:
    said = on.slack.write(f"My {SECRET} costs 5 euro. " * length, BOB)
    question, _ = ask(on, "What does it cost?")
    with on.on.store.write() as db:
        db.execute("UPDATE questions SET context = ?", [cut(said["text"].strip(), kept)])
    delete(on, said)
    assert on.on.store.one("SELECT 1 FROM questions") is None
    assert question["ts"]


def test_what_concerns_nothing_is_not_even_claimed(on: Scene) -> None:
    said = on.slack.write("Lunch?", BOB)
    delete(on, said)
    edit(on, on.slack.write("Lunch at noon", BOB), "Lunch at one")
    assert on.on.store.rows("SELECT key FROM claims WHERE key GLOB 'deleted:*' OR key GLOB 'edited:*'") == []


def test_an_adapter_that_learned_from_a_deleted_question_is_followed_by_one_without(
    on: Scene, tmp_path: Path
) -> None:
    store = on.on.store
    said, _ = ask(on, "How much leave do I get?")
    other, _ = ask(on, "Who owns the car?")
    feedback.record(store, Feedback(on.on.last_answer().id or 0, BOB, "up", "button"))
    delete(on, said)
    assert runs.rebuild_due(store) is None  # nobody had said anything of it
    registry = Registry(
        store, tmp_path / "adapters", seed=write_adapter(tmp_path / "seed", "seed", parent=None)
    )
    registry.register(write_adapter(tmp_path / "made" / "a1", "a1"))
    registry.promote("a1", by="cli", why="better")
    with store.write() as db:
        db.execute("UPDATE adapters SET created_at = ? WHERE id = 'a1'", [time.time() + 1])
    delete(on, other)
    assert runs.rebuild_due(store) == "a question was deleted"
    assert runs.rebuild_due(store, soon=True) is None  # its next hour is soon enough


def test_pages_of_runs_that_quote_the_question_go_and_others_stay(on: Scene, tmp_path: Path) -> None:
    (tmp_path / "reports").mkdir()
    for name, text in (
        ("run-1.html", "Where is &lt;it&gt; now?"),
        ("run-1.png", ""),
        ("run-2.html", "other"),
    ):
        (tmp_path / "reports" / name).write_text(text)
    said, _ = ask(on, "Where is &lt;it&gt; now?")
    delete(on, said)
    assert [path.name for path in (tmp_path / "reports").iterdir()] == ["run-2.html"]


# What was taught from a message


@pytest.mark.parametrize(("taught", "follows"), [("The hall", True), ("In the hall, near the door", False)])
def test_a_taught_answer_follows_the_message_that_it_is_and_not_one_that_was_reworded(
    on: Scene, taught: str, follows: bool
) -> None:
    store, encoder = on.on.store, HashingEncoder()
    said = on.slack.write("The hall", BOB)
    lesson = memory.teach(store, encoder, question="Where is it?", answer=taught, scope=CHANNEL, person=ALICE)
    slack_sources.note(store, lesson.document_id, CHANNEL, said["ts"], person=BOB)

    def teach(answer_record: object, passage_id: object, **given: Any) -> object:
        return memory.teach(store, encoder, **given)

    room = on.on.app.room
    room.services = replace(room.services, teach=teach)
    edit(on, said, "The kitchen")
    (now,) = documents.taught_everywhere(store)
    assert now.text == f"Where is it?\n{'The kitchen' if follows else taught}"
    delete(on, said)
    assert documents.taught_everywhere(store) == []


def test_a_change_survives_being_written_down() -> None:
    change = Change("deleted", "C1", "1.1", "1.0", quoted=(3, 4))
    assert change_from_payload(change.payload()) == change
    assert change.key == "deleted:C1:1.1"


def test_nothing_that_anybody_wrote_is_kept_of_a_change(on: Scene) -> None:
    said, _ = ask(on, f"Where is my {SECRET}?")
    for inner in (deleted(said), edited(said, "Where?", "2000000000.1")):
        for change in changes(on.on.store, inner):
            assert SECRET not in str(change.payload())


@pytest.mark.parametrize(
    "inner",
    [
        {"type": "message", "subtype": "message_deleted", "channel": CHANNEL},
        {"type": "message", "subtype": "message_changed", "channel": CHANNEL},
        {"type": "message", "subtype": "message_changed", "channel": CHANNEL, "message": {"files": ["x"]}},
        {"type": "file_deleted"},
        {},
    ],
)
def test_events_that_say_too_little_change_nothing(on: Scene, inner: Json) -> None:
    assert list(changes(on.on.store, inner)) == []


@pytest.mark.parametrize(
    "inner",
    [
        {"type": "message", "user": BOT, "text": f"<@{BOT}> What now?", "ts": "1900000000.1"},
        {
            "type": "message",
            "bot_id": BOT_ID,
            "subtype": "bot_message",
            "text": f"<@{BOT}> What?",
            "ts": "1.1",
        },
        {"type": "reaction_added", "user": BOT, "reaction": "+1"},
    ],
)
def test_what_we_do_ourselves_is_no_news(on: Scene, inner: Json) -> None:
    _, reply = ask(on, "How much leave do I get?")
    before = len(on.slack.posted)
    item = {"type": "message", "channel": CHANNEL, "ts": reply["ts"]}
    on.send({"channel": CHANNEL, "channel_type": "channel", "item": item, **inner})
    assert len(on.slack.posted) == before
    assert feedback.all_of(on.on.store) == []
