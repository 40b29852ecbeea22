"""The Home tab: what it shows to whom, that it is published only where it changed, and what its buttons do."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from slack_stage import (
    ADMIN,
    ALICE,
    BOLT_THREADS,
    BOT,
    CHANNEL,
    Stage,
    click,
    elements,
    event,
    message,
    stage,
    submission,
    texts,
)

from bot.errors import BusyError, LorebotError
from bot.playground.blocks import view_faults
from bot.records import Answer, ChannelSettings, Document, Feedback, Passage, Question
from bot.slack import words
from bot.slack.home import desk_blocks, home_blocks
from bot.store import channels, claims, documents, feedback, people, questions, runs

Json = dict[str, Any]
SECRET_PLACE = "G0SECRET"
SECRET = "Who will be let go in spring?"


@pytest.fixture
def on(tmp_path: Path):
    with stage(tmp_path) as made:
        channels.note(made.store, CHANNEL, public=True)
        yield made


def asked(
    on: Stage,
    text: str,
    said: str | None = None,
    *,
    person: str = ALICE,
    channel: str = CHANNEL,
    source: Any = "message",
) -> int:
    """A question with its answer; the answer's id."""
    question = Question(source, f"{channel}:{text}:{person}:{time.monotonic_ns()}", text, person, channel)
    found = questions.record_question(on.store, question)
    answer = Answer(found.id or 0, said, 0.9 if said else 0.1, "reader-1", (), ())
    return questions.record_answer(on.store, answer).id or 0


def voted(
    on: Stage, answer: int, person: str = ALICE, vote: Any = "up", correction: str | None = None
) -> None:
    feedback.record(on.store, Feedback(answer, person, vote, "button", correction=correction))


def opened(user: str = ALICE, view: Json | None = None) -> Json:
    inner = {"type": "app_home_opened", "user": user, "channel": "D0", "tab": "home"}
    return event({**inner, "view": view} if view else inner)


def home(on: Stage, user: str = ALICE) -> Json:
    """The tab that is published when somebody opens it: within Slack's limits."""
    before = len(on.slack.of("views.publish"))
    on.send(opened(user))
    return published(on, before, user)


def published(on: Stage, before: int, user: str = ALICE) -> Json:
    calls = on.slack.wait("views.publish", before + 1)
    on.settle()
    calls = on.slack.of("views.publish")
    assert calls[-1]["user_id"] == user
    view: Json = calls[-1]["view"]
    assert view["type"] == "home"
    assert view_faults(view) == []
    return view


def button(view: Json, action_id: str, at: int = 0) -> Json:
    return [each for each in elements(view, "button") if each["action_id"] == action_id][at]


def press(on: Stage, view: Json, action_id: str, user: str = ALICE, at: int = 0) -> Json:
    """A click on a button of the tab, as Slack sends it: without a channel and without a response URL."""
    body = click(button(view, action_id, at), on.slack, user=user)
    for name in ("channel", "response_url"):
        del body[name]
    return {**body, "container": {"type": "view", "view_id": "V1"}, "view": {**view, "id": "V1"}}


def after(on: Stage, view: Json, action_id: str, user: str = ALICE, at: int = 0) -> Json:
    """The tab that a click leads to."""
    before = len(on.slack.of("views.publish"))
    on.send(press(on, view, action_id, user, at))
    return published(on, before, user)


# For everybody


def test_a_newcomer_is_told_how_to_ask_and_nothing_of_the_desk(on: Stage):
    shown = texts(home(on)["blocks"])
    for part in (words.HELP_MD, words.HOME_NO_QUESTIONS, words.HOME_EXPORT, words.HOME_FORGET):
        assert part in shown
    for part in (words.HOME_SERVED, words.HOME_WANTED, words.HOME_MODEL, words.HOME_REVIEWS):
        assert part not in shown


def test_a_person_finds_their_own_questions_with_answer_and_vote_the_newest_first(on: Stage):
    voted(on, asked(on, "How much leave?", "28 days"))
    asked(on, "Who is the mayor?")
    asked(on, "What did Bob ask?", "no matter", person="U0BOB")
    view = home(on)
    shown = texts(view["blocks"])
    assert shown.index("Who is the mayor?") < shown.index("How much leave?") < shown.index("28 days")
    assert [each["name"] for each in elements(view["blocks"], "emoji")] == [
        "+1",
        "+1",
    ]  # there, and as feedback
    assert words.HOME_UNKNOWN in shown
    assert "What did Bob ask?" not in shown


def test_only_the_latest_ten_questions_are_shown(on: Stage):
    for number in range(14):
        asked(on, f"Question number {number}?", "yes")
    shown = texts(home(on)["blocks"])
    assert "number 13?" in shown
    assert "number 4?" in shown
    assert "number 3?" not in shown


def test_long_words_of_everybody_keep_the_tab_within_the_limits(on: Stage):
    for number in range(12):
        answer = asked(on, f"{number} " + "word " * 700, "answer " * 900)
        voted(on, answer, vote="down", correction="right " * 500)
        asked(on, f"unknown{number} " + "letters" * 600, person=ADMIN)
        channels.configure(on.store, ChannelSettings(f"C0{number}", "all", True, True, True, by=ADMIN))
        channels.note(on.store, f"C0{number}", public=True)
    home(on)
    assert len(home(on, ADMIN)["blocks"]) <= 100


def test_words_of_people_and_documents_stand_in_literal_text_only(on: Stage):
    hostile = "<!channel> *bold* <@U0EVIL> <https://evil|bank>"
    answer = asked(on, hostile, hostile)
    voted(on, answer, vote="down", correction=hostile)
    asked(on, hostile + " or what", person="U0BOB")
    for user in (ALICE, ADMIN):
        for each in elements(home(on, user)["blocks"], "mrkdwn"):
            assert "<!channel>" not in each["text"]
            assert "U0EVIL" not in each["text"]
            assert "evil" not in each["text"]


def test_feedback_of_a_guest_waits_and_says_so(on: Stage):
    people.seen(on.store, ALICE, "guest", 1.0)
    on.slack.people[ALICE] = {"is_restricted": True}
    voted(on, asked(on, "How much leave?", "25 days"), vote="down", correction="28 days")
    shown = texts(home(on)["blocks"])
    assert words.FATES["waits"].format(why="given by a guest") in shown
    assert shown.count("28 days") == 1  # not told again among what waits


def test_feedback_too_old_for_the_list_is_still_counted_while_it_waits(on: Stage):
    people.seen(on.store, ALICE, "guest", 1.0)
    on.slack.people[ALICE] = {"is_restricted": True}
    for number in range(12):
        voted(on, asked(on, f"Question {number}?", "25 days"), vote="down", correction=f"{number} days")
    assert words.HOME_WAITING.format(n=2) in texts(home(on)["blocks"])


def test_what_was_taught_in_a_channel_is_shown_as_waiting_to_who_taught_it_only(on: Stage):
    lesson = Passage(
        0,
        CHANNEL,
        "key",
        "",
        "Where is the key?\nHook 3",
        0,
        0,
        question="Where is the key?",
        answer_start=18,
    )
    made = Document("taught:1", "key", CHANNEL, "0", kind="taught", person=ALICE)
    documents.replace(on.store, made, [lesson], [b""])
    assert "Hook 3" in texts(home(on)["blocks"])
    assert "Hook 3" not in texts(home(on, "U0BOB")["blocks"])


def test_what_others_asked_is_not_shown_to_who_left_the_place(on: Stage):
    voted(on, asked(on, SECRET, "nobody", person="U0BOB", channel=SECRET_PLACE))
    on.slack.members[SECRET_PLACE] = [ALICE, "U0BOB"]
    assert SECRET in texts(home(on)["blocks"])
    on.slack.members[SECRET_PLACE] = ["U0BOB"]
    on.app.room.places._members.clear()
    shown = texts(home(on)["blocks"])
    assert SECRET not in shown
    assert words.HOME_OUT_OF_SIGHT in shown


def test_a_guest_sees_of_public_channels_only_those_they_are_in(on: Stage):
    on.slack.people[ALICE] = {"is_ultra_restricted": True}
    voted(on, asked(on, "What does the board plan?", "much", person="U0BOB"))
    assert "board" not in texts(home(on)["blocks"])


# Published only where something changed


def test_the_same_tab_is_not_published_twice(on: Stage):
    view = home(on)
    on.send(opened(view=view))
    on.settle()
    assert len(on.slack.of("views.publish")) == 1
    asked(on, "How much leave?", "28 days")
    on.send(opened(view=view))
    on.settle()
    assert len(on.slack.of("views.publish")) == 2


def test_other_tabs_publish_nothing(on: Stage):
    body = opened()
    body["event"]["tab"] = "messages"
    on.send(body)
    on.settle()
    assert on.slack.of("views.publish") == []


def test_a_refusal_of_slack_is_quiet(on: Stage, caplog: pytest.LogCaptureFixture):
    on.slack.refuse["views.publish"] = "not_enabled"
    on.send(opened())
    on.slack.wait("views.publish")
    on.settle()
    assert not [each for each in caplog.records if each.levelname in ("ERROR", "WARNING")]


# Export and forget


def test_export_sends_a_person_their_own_data_directly(on: Stage):
    answer = asked(on, "How much leave?", "28 days")
    voted(on, answer, correction="29 days")
    asked(on, SECRET, "nobody", person="U0BOB")
    shown = texts(after(on, home(on), home_blocks.EXPORT)["blocks"])
    assert words.HOME_EXPORTED in shown
    assert on.slack.of("files.completeUploadExternal")[-1]["channel_id"] == "D0ALICE"
    sent = on.slack.uploaded[-1].decode()
    for part in ("How much leave?", "28 days", "29 days"):
        assert part in sent
    assert SECRET not in sent
    assert json.loads(sent[sent.index("{") : sent.rindex("}") + 1])["person"] == ALICE


def test_an_export_that_slack_refuses_is_told_calmly(on: Stage):
    on.slack.refuse["files.getUploadURLExternal"] = "missing_scope"
    assert words.HOME_EXPORT_FAILED in texts(after(on, home(on), home_blocks.EXPORT)["blocks"])


def test_forget_asks_first_then_removes_only_who_asked(on: Stage):
    voted(on, asked(on, "How much leave?", "28 days"))
    asked(on, "Where is Bob?", "here", person="U0BOB")
    view = home(on)
    assert "confirm" in button(view, home_blocks.FORGET)
    gone = after(on, view, home_blocks.FORGET)
    shown = texts(gone["blocks"])
    assert words.HOME_FORGOTTEN.format(questions=1, feedback=1, taught=0, learned=0, adapters=0) in shown
    assert "How much leave?" not in shown
    assert questions.of_person(on.store, ALICE, 10) == []
    assert len(questions.of_person(on.store, "U0BOB", 10)) == 1


def test_forgetting_that_has_to_wait_says_that_nothing_was_removed(on: Stage):
    asked(on, "How much leave?", "28 days")
    view = home(on)
    on.known.fail = BusyError("found run 1 still training")
    assert words.HOME_FORGET_LATER in texts(after(on, view, home_blocks.FORGET)["blocks"])
    assert len(questions.of_person(on.store, ALICE, 10)) == 1


def test_a_wish_to_be_forgotten_outlives_a_crash_amid_it(tmp_path: Path):
    with stage(tmp_path, started=False) as on:
        asked(on, "How much leave?", "28 days")
        wish = {"kind": "home", "do": home_blocks.FORGET, "person": ALICE, "value": "me"}
        claims.claim(on.store, "home:t1", wish, lease_s=-1)
        people.forget(on.store, ALICE)  # what a first try had done
        on.app.room.start()
        on.slack.wait("views.publish", 1)
        on.settle()
        assert on.claim_state("home:t1") == "done"
        assert words.HOME_FORGOTTEN.split("{")[0] in texts(on.slack.of("views.publish")[-1]["view"]["blocks"])


def test_a_wish_that_comes_to_nothing_is_told(on: Stage):
    wish = {"kind": "home", "do": home_blocks.FORGET, "person": ALICE, "value": "me"}
    claims.claim(on.store, "home:t1", wish, lease_s=-1)
    with on.store.write() as db:
        db.execute("UPDATE claims SET attempts = ?", [claims.MAX_ATTEMPTS])
    on.app.room.recover()
    on.settle()
    assert words.HOME_FORGET_FAILED in texts(on.slack.of("views.publish")[-1]["view"]["blocks"])
    assert on.claim_state("home:t1") == "done"


def test_a_click_whose_work_fails_is_told_in_calm_words(on: Stage):
    view = home(on, ADMIN)
    on.known.fail = RuntimeError("secret trace")
    shown = texts(after(on, view, desk_blocks.ROLLBACK, ADMIN)["blocks"])
    assert words.SORRY_COMMAND in shown
    assert "secret trace" not in shown


def test_a_click_that_comes_twice_counts_once(on: Stage):
    body = press(on, home(on, ADMIN), desk_blocks.ROLLBACK, ADMIN)
    on.send(body)
    on.send(body)
    on.settle()
    assert len(on.known.rolled_back) == 1


# The desk


def test_an_admin_sees_how_people_are_served_in_words_and_picture(on: Stage):
    for number in range(4):
        voted(on, asked(on, f"Known {number}?", "yes"), vote="up" if number else "down")
    asked(on, "Unknown?")
    view = home(on, ADMIN)
    line = "*Last 7 days:* 5 questions, 4 answered (80 %), 1 not known; 75 % satisfied (3 of 4 votes up)"
    assert line in texts(view["blocks"])
    image = elements(view["blocks"], "image")[0]
    assert image["slack_file"] == {"id": "F1"}
    assert "5 questions, 4 answered (80 %)" in image["alt_text"]
    assert on.slack.uploaded[-1].startswith(b"\x89PNG") or b"PNG" in on.slack.uploaded[-1][:300]
    assert "channel_id" not in on.slack.of("files.completeUploadExternal")[-1]  # it is in nobody's channel


def test_the_same_figures_are_drawn_and_sent_once(on: Stage):
    asked(on, "Known?", "yes")
    home(on, ADMIN)
    asked(on, "Known?", "yes", source="cli")  # changes no figure
    on.send(opened(ADMIN))
    on.settle()
    assert len(on.slack.uploaded) == 1


def test_without_leave_to_upload_the_figures_stand_in_text(on: Stage, caplog: pytest.LogCaptureFixture):
    on.slack.refuse["files.getUploadURLExternal"] = "missing_scope"
    asked(on, "Known?", "yes")
    view = home(on, ADMIN)
    assert elements(view["blocks"], "image") == []
    assert "1 questions, 1 answered" in texts(view["blocks"])
    home(on, ADMIN)
    assert len(on.slack.of("files.getUploadURLExternal")) == 1  # it isn't asked at every opening
    assert "manifest" in caplog.text


def test_a_picture_that_slack_is_not_done_with_comes_a_little_later(on: Stage):
    asked(on, "Known?", "yes")
    ready = False

    def not_yet(given: Json) -> str | None:
        return "invalid_blocks" if elements(given["view"], "image") and not ready else None

    on.slack.refuse["views.publish"] = not_yet
    on.send(opened(ADMIN))
    on.slack.wait("views.publish", 2)
    on.settle()
    assert elements(on.slack.of("views.publish")[-1]["view"], "image") == []
    ready = True
    on.app.home.look()
    on.settle()
    assert elements(on.slack.of("views.publish")[-1]["view"], "image")


def test_a_picture_that_slack_never_shows_is_given_up(on: Stage):
    asked(on, "Known?", "yes")
    on.slack.refuse["views.publish"] = lambda given: (
        "invalid_blocks" if elements(given["view"], "image") else None
    )
    on.send(opened(ADMIN))
    on.settle()
    for _ in range(10):
        on.app.home.look()
        on.settle()
    refused = [each for each in on.slack.of("views.publish") if elements(each["view"], "image")]
    assert len(refused) == 5
    assert len(on.slack.uploaded) == 1


def test_what_to_document_next_is_what_is_asked_most_in_sight(on: Stage):
    for person in ("U1", "U2", "U3"):
        asked(on, "How do I reset the VPN password?", person=person)
    asked(on, "vpn password reset?", person="U4")
    asked(on, "Where is the car park?", person="U1")
    for _ in range(9):
        asked(on, SECRET, person="U0BOSS", channel=SECRET_PLACE)
        asked(on, "Am I paid too little?", person="U1", channel="D0U1")
        asked(on, "Am I paid too much?", person="U1", source="command")
    shown = texts(home(on, ADMIN)["blocks"])
    assert shown.index("asked 4 times by 4 people") < shown.index("Where is the car park?")
    assert SECRET not in shown
    assert "paid too" not in shown


def test_an_admin_sees_what_was_asked_in_the_private_places_they_are_in(on: Stage):
    asked(on, SECRET, person="U0BOSS", channel=SECRET_PLACE)
    on.slack.members[SECRET_PLACE] = [ADMIN, "U0BOSS"]
    assert SECRET in texts(home(on, ADMIN)["blocks"])


def test_teach_opens_the_form_for_what_nobody_has_told(on: Stage):
    answer = asked(on, "Where is the car park?", person="U1")
    view = home(on, ADMIN)
    on.send(press(on, view, desk_blocks.TEACH, ADMIN))
    form = on.slack.wait("views.open")[-1]["view"]
    assert view_faults(form) == []
    assert "Where is the car park?" in json.dumps(form)
    assert json.loads(form["private_metadata"])["answer_id"] == answer


def test_retraining_is_started_directly_with_the_admin_and_told_in_the_tab(on: Stage):
    view = home(on, ADMIN)
    assert "confirm" in button(view, desk_blocks.RETRAIN)
    shown = texts(after(on, view, desk_blocks.RETRAIN, ADMIN)["blocks"])
    assert words.RETRAIN_DIRECT in shown
    assert on.known.retrained[0]["by"] == ADMIN
    assert on.known.retrained[0]["channel"] == "D0ADMIN"


def test_a_retraining_is_followed_while_the_tab_is_open(on: Stage):
    home(on, ADMIN)
    home(on)
    run = runs.start(on.store, "schedule")
    on.known.status = replaced(on, running=runs.running(on.store))
    on.app.home.look()
    on.settle()
    view = on.slack.of("views.publish")[-1]
    assert view["user_id"] == ADMIN
    assert words.RUN_CANCEL in texts(view["view"]["blocks"])
    count = len(on.slack.of("views.publish"))
    on.app.home.look()
    on.settle()
    assert len(on.slack.of("views.publish")) == count  # nothing has moved
    on.send(press(on, view["view"], desk_blocks.CANCEL, ADMIN))
    on.settle()
    assert runs.cancelled_by(on.store, run.id or 0) == ADMIN


def replaced(on: Stage, **fields: Any) -> Any:
    return replace(on.known.status, **fields)


def test_roll_back_says_what_came_of_it(on: Stage):
    view = home(on, ADMIN)
    shown = texts(after(on, view, desk_blocks.ROLLBACK, ADMIN)["blocks"])
    assert words.ROLLED_BACK.format(adapter="reader-0") in shown
    on.known.fail = LorebotError("found nothing that served before")
    shown = texts(after(on, view, desk_blocks.ROLLBACK, ADMIN)["blocks"])
    assert "found nothing that served before" in shown


@pytest.mark.parametrize("action", ["RETRAIN", "ROLLBACK", "REVIEW"])
def test_who_is_no_admin_any_more_is_refused(on: Stage, action: str):
    waiting(on)
    view = home(on, ADMIN)
    on.slack.people[ADMIN] = {"is_admin": False}
    on.app.room.people._known.clear()
    shown = texts(after(on, view, getattr(desk_blocks, action), ADMIN)["blocks"])
    assert words.ADMINS_ONLY in shown
    assert on.known.retrained == on.known.rolled_back == []


def waiting(on: Stage) -> None:
    people.seen(on.store, "UGUEST", "guest", 1.0)
    voted(on, asked(on, "How much leave?", "25 days", person="U0BOB"), "UGUEST", "down", "28 days")


def test_the_review_queue_opens_in_the_tab_decides_there_and_leads_back(on: Stage):
    waiting(on)
    view = home(on, ADMIN)
    assert words.REVIEW_WAITING.format(n=1) in texts(view["blocks"])
    queue = after(on, view, desk_blocks.REVIEW, ADMIN)
    assert "28 days" in texts(queue["blocks"])
    decided = after(on, queue, "review_accept", ADMIN)
    assert words.REVIEW_NOTHING in texts(decided["blocks"])
    again = after(on, decided, home_blocks.BACK, ADMIN)
    assert words.REVIEW_NOTHING in texts(again["blocks"])
    assert words.HOME_SERVED in texts(again["blocks"])


def test_better_words_are_given_in_a_form_and_the_queue_comes_back_to_the_tab(on: Stage):
    waiting(on)
    queue = after(on, home(on, ADMIN), desk_blocks.REVIEW, ADMIN)
    on.send(press(on, queue, "review_edit", ADMIN))
    form = on.slack.wait("views.open")[-1]["view"]
    before = len(on.slack.of("views.publish"))
    on.send(submission(form, {"words": "27 days"}, user=ADMIN))
    assert words.REVIEW_DONE["edit"].format(n=1) in texts(published(on, before, ADMIN)["blocks"])


def test_a_look_leaves_the_review_queue_where_it_is(on: Stage):
    waiting(on)
    after(on, home(on, ADMIN), desk_blocks.REVIEW, ADMIN)
    count = len(on.slack.of("views.publish"))
    runs.start(on.store, "schedule")
    on.app.home.look()
    on.settle()
    assert len(on.slack.of("views.publish")) == count


def test_what_waits_in_places_out_of_sight_is_counted_only(on: Stage):
    people.seen(on.store, "UGUEST", "guest", 1.0)
    answer = asked(on, SECRET, "nobody", person="U0BOSS", channel=SECRET_PLACE)
    voted(on, answer, "UGUEST", "down", "Bob")
    shown = texts(home(on, ADMIN)["blocks"])
    assert words.REVIEW_HIDDEN.format(n=1) in shown
    assert SECRET not in shown


def test_channels_that_were_set_up_are_listed_as_far_as_the_admin_sees_them(on: Stage):
    channels.configure(on.store, ChannelSettings(CHANNEL, "questions", follows=True, by=ADMIN))
    channels.configure(on.store, ChannelSettings(SECRET_PLACE, "all", by="U0BOSS"))
    view = home(on, ADMIN)
    shown = texts(view["blocks"])
    assert f"<#{CHANNEL}> · {words.HOME_MODES['questions']} · follows its threads" in shown
    assert SECRET_PLACE not in json.dumps(view)
    on.send(press(on, view, desk_blocks.CONFIGURE, ADMIN))
    on.slack.wait("views.open")


def test_any_channel_can_be_chosen_to_be_set_up(on: Stage):
    view = home(on, ADMIN)
    chosen = elements(view, "conversations_select")[0]
    body = press(on, view, home_blocks.EXPORT, ADMIN)
    body["actions"] = [{**chosen, "selected_conversation": CHANNEL, "block_id": "b", "action_ts": "1.0"}]
    on.send(body)
    on.slack.wait("views.open")


def test_the_schedule_tells_the_next_retraining_quiet_hours_and_verdicts(tmp_path: Path):
    with stage(tmp_path, quiet_hours="08:00-19:00") as on:
        run = runs.start(on.store, "schedule")
        runs.finish(on.store, run.id or 0, error="out of memory")
        on.known.status = replaced(on, next_retraining=1_800_000_000.0)
        shown = texts(home(on, ADMIN)["blocks"])
        for part in ("08:00-19:00", "1800000000", words.RUN_FAILED.format(why="out of memory")):
            assert part in shown


def test_nobody_waits_for_a_tab_that_takes_its_time(on: Stage):
    """Neither Bolt's threads, which acknowledge, nor the answers to others."""
    done = threading.Event()
    on.slack.refuse["views.publish"] = lambda given: None if done.wait(60) else "timed_out"
    for number in range(BOLT_THREADS + 1):
        on.send(opened(f"U0{number}"))
    on.slack.wait("views.publish")
    assert on.send(message(f"<@{BOT}> How much leave?")).status == 200
    on.slack.wait("chat.postMessage")
    done.set()
    on.settle()
    assert len(on.slack.of("views.publish")) == BOLT_THREADS + 1


def test_whom_slack_does_not_vouch_for_sees_nothing_of_others(on: Stage):
    voted(on, asked(on, "What does the team plan?", "much", person="U0BOB"))
    on.slack.refuse["users.info"] = "user_not_visible"
    shown = texts(home(on)["blocks"])
    assert "team plan" not in shown
    assert words.HOME_SERVED not in shown


def test_a_channel_set_up_anew_shows_in_a_tab_that_stands_open(on: Stage):
    home(on, ADMIN)
    on.app.home.look()
    on.settle()
    channels.configure(on.store, ChannelSettings(CHANNEL, "all", by=ADMIN))
    on.app.home.look()
    on.settle()
    assert words.HOME_MODES["all"] in texts(on.slack.of("views.publish")[-1]["view"]["blocks"])


def test_an_old_chart_that_slack_no_longer_has_is_sent_again(on: Stage):
    asked(on, "Known?", "yes")
    home(on, ADMIN)
    on.app.home._charts._refusals.clear()  # as after a restart
    on.slack.refuse["views.publish"] = lambda given: (
        "invalid_arguments" if elements(given["view"], "image") and len(on.slack.uploaded) < 2 else None
    )
    on.send(opened(ADMIN))
    on.settle()
    on.app.home.look()
    on.settle()
    assert len(on.slack.uploaded) == 2
    assert elements(on.slack.of("views.publish")[-1]["view"], "image")
