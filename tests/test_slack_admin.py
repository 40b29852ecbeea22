"""What admins ask for: retraining with one message that follows it, status, rollback."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from slack_stage import ADMIN, ALICE, CHANNEL, Stage, click, command, elements, stage, texts, until

from bot.errors import AdapterError, TrainingError
from bot.playground.blocks import message_faults
from bot.records import Adapter, Promotion, Run, Verdict
from bot.slack import words
from bot.slack.admin import reports
from bot.slack.app import announce_swap
from bot.slack.services import Status
from bot.store import adapters, runs


@pytest.fixture
def on(tmp_path, monkeypatch):
    monkeypatch.setattr(reports, "LOOK_EVERY_S", 0.01)
    with stage(tmp_path) as made:
        yield made


def told(on: Stage, text: str, user: str = ADMIN) -> str:
    """What the person is answered in private."""
    before = len(on.slack.of("respond"))
    on.send(command(text, on.slack, user=user))
    return texts(on.slack.wait("respond", before + 1)[-1]["blocks"])


@pytest.mark.parametrize("text", ["retrain", "status", "rollback"])
def test_who_is_no_admin_is_refused_politely(on: Stage, text):
    assert told(on, text, user=ALICE) == words.ADMINS_ONLY
    assert not on.known.retrained
    assert not on.known.rolled_back
    assert not on.slack.posted


def test_whom_slack_does_not_vouch_for_is_refused(on: Stage):
    on.slack.refuse["users.info"] = "missing_scope"
    assert told(on, "rollback") == words.ADMINS_ONLY


def test_the_settings_can_name_admins(tmp_path):
    with stage(tmp_path, admins=[ALICE]) as on:
        assert words.ROLLED_BACK.format(adapter="reader-0") in told(on, "rollback", user=ALICE)


def test_everybody_gets_help(on: Stage):
    assert told(on, "help", user=ALICE) == words.HELP_MD
    assert told(on, "", user=ALICE) == words.HELP_MD


def test_the_status_is_shown_in_private(on: Stage):
    on.known.status = Status(champion="reader-7", documents=3)
    assert "reader-7" in told(on, "status")


def test_a_rollback_says_what_serves_again_or_why_not(on: Stage):
    assert told(on, "rollback") == words.ROLLED_BACK.format(adapter="reader-0")
    assert on.known.rolled_back[0]["by"] == ADMIN
    on.known.fail = AdapterError("there is no earlier adapter to go back to")
    assert "no earlier adapter" in told(on, "rollback")


def test_a_command_that_is_delivered_twice_is_run_once(on: Stage):
    body = command("retrain", on.slack, user=ADMIN)
    on.send(body)
    on.send(body)
    on.slack.wait("respond")
    on.settle()
    assert len(on.known.retrained) == 1


def test_a_retraining_is_followed_in_one_message_up_to_its_verdict(on: Stage, monkeypatch):
    monkeypatch.setattr(reports, "UPDATE_EVERY_S", 0.0)
    assert told(on, "retrain") == words.RETRAIN_HERE
    asked = on.known.retrained[0]
    assert (asked["by"], asked["channel"]) == (ADMIN, CHANNEL)
    run = runs.start(on.store, by=ADMIN, channel=asked["channel"], ts=asked["ts"])
    runs.update(on.store, run.id or 0, stage="training", progress=0.5)
    until(lambda: any("training, 50%" in texts(each["blocks"]) for each in on.slack.of("chat.update")))
    verdict = Verdict(
        "reject", ("F1 fell",), {"golden": {"champion": {"f1": 60.0}, "candidate": {"f1": 50.0}}}
    )
    runs.update(on.store, run.id or 0, verdict=verdict)
    runs.finish(on.store, run.id or 0)
    finished = on.slack.wait("chat.postMessage", 2)[-1]  # the progress message, and the line that notifies
    on.settle()
    assert {each["ts"] for each in on.slack.of("chat.update")} == {asked["ts"]}
    last = texts(on.slack.of("chat.update")[-1]["blocks"])
    assert words.RUN_REJECTED in last
    assert "F1: 60.0 → *50.0*" in last
    assert (finished["thread_ts"], finished["text"]) == (asked["ts"], f"<@{ADMIN}> {words.RUN_REJECTED}")
    until(lambda: not runs.unreported(on.store))
    time.sleep(0.05)
    assert len(on.slack.posted) == 2


def test_progress_is_not_updated_more_often_than_slack_likes(on: Stage, monkeypatch):
    monkeypatch.setattr(reports, "UPDATE_EVERY_S", 600.0)
    run = runs.start(on.store, by=ADMIN, channel=CHANNEL, ts="1.0")
    on.slack.wait("chat.update")
    for step in range(1, 4):
        runs.update(on.store, run.id or 0, stage="training", progress=step / 10)
        on.app.reports.look()
    assert len(on.slack.of("chat.update")) == 1


def test_a_failed_run_says_so_calmly_with_its_one_line(on: Stage):
    run = runs.start(on.store, by=ADMIN, channel=CHANNEL, ts="1.0")
    runs.finish(on.store, run.id or 0, error="only 3 examples, expected 20; collect more feedback")
    on.slack.wait("chat.postMessage")
    shown = texts(on.slack.of("chat.update")[-1]["blocks"])
    assert "only 3 examples" in shown
    assert words.RUN_FAILED_CALM in shown


def test_the_progress_message_has_a_button_for_admins_that_cancels_just_this_run(on: Stage, monkeypatch):
    monkeypatch.setattr(reports, "UPDATE_EVERY_S", 0.0)
    run = runs.start(on.store, by="U0ALICE", channel=CHANNEL, ts="1.0")
    (button,) = elements(on.slack.wait("chat.update")[0]["blocks"], "button")
    assert button["value"] == str(run.id)
    assert not message_faults(on.slack.of("chat.update")[0]["blocks"])

    def press(user: str, **changes: str) -> str:
        before = len(on.slack.of("respond"))
        on.send(click({**button, **changes}, on.slack, user=user))
        return texts(on.slack.wait("respond", before + 1)[-1]["blocks"])

    assert press(ALICE) == words.ADMINS_ONLY
    assert press(ADMIN, value="7") == words.RUN_CANCEL_NOTHING
    assert runs.cancelled_by(on.store, run.id or 0) is None
    assert press(ADMIN) == words.RUN_CANCELLING
    assert runs.cancelled_by(on.store, run.id or 0) == ADMIN
    until(lambda: words.RUN_STOPPING in texts(on.slack.of("chat.update")[-1]["blocks"]))
    assert not elements(on.slack.of("chat.update")[-1]["blocks"], "button")
    runs.finish(on.store, run.id or 0, error=f"cancelled by {ADMIN}")
    until(lambda: words.RUN_CANCELLED in texts(on.slack.of("chat.update")[-1]["blocks"]))
    shown = texts(on.slack.of("chat.update")[-1]["blocks"])
    assert words.RUN_CANCELLED_BY_MD.format(by=f"<@{ADMIN}>", calm=words.RUN_CANCELLED_CALM) in shown
    assert on.slack.wait("chat.postMessage")[-1]["text"].endswith(words.RUN_CANCELLED)


def test_a_retraining_is_cancelled_by_command_too(on: Stage):
    assert told(on, "retrain cancel", user=ALICE) == words.ADMINS_ONLY
    assert told(on, "retrain cancel") == words.RUN_CANCEL_NOTHING
    runs.start(on.store, by="schedule")
    assert told(on, "retrain Cancel") == words.RUN_CANCELLING
    assert runs.running(on.store).cancel == ADMIN
    assert not on.known.retrained


@pytest.mark.parametrize("by", ["cli", runs.QUIET, runs.FORGET])
def test_who_is_no_person_is_named_by_what_it_is(on: Stage, by):
    run = runs.start(on.store, by=ADMIN, channel=CHANNEL, ts="1.0")
    runs.cancel(on.store, by)
    runs.finish(on.store, run.id or 0, error=f"cancelled by {by}")
    on.slack.wait("chat.postMessage")
    assert words.RUN_CANCELLED_WHY[by] in texts(on.slack.of("chat.update")[-1]["blocks"])


def test_a_run_that_died_is_reported_too(on: Stage):
    run = runs.start(on.store, by=ADMIN, channel=CHANNEL, ts="1.0")
    with on.store.write() as db:
        db.execute("UPDATE runs SET heartbeat_at = 1 WHERE id = ?", [run.id])
    on.slack.wait("chat.postMessage")
    assert words.RUN_DIED in texts(on.slack.of("chat.update")[-1]["blocks"])


def test_a_second_retraining_is_refused_while_one_runs(on: Stage):
    runs.start(on.store, by="schedule")
    assert told(on, "retrain") == words.RETRAIN_BUSY
    assert not on.slack.posted


def test_a_retraining_that_another_process_started_meanwhile_is_said_in_place(on: Stage):
    on.known.busy = True
    on.send(command("retrain", on.slack, user=ADMIN))
    assert words.RETRAIN_BUSY in texts(on.slack.wait("chat.update")[0]["blocks"])


def test_a_retraining_that_cannot_start_says_why(on: Stage, monkeypatch):
    def fail(**_):
        raise TrainingError("no seed adapter for this base")

    monkeypatch.setattr(on.known, "retrain", fail)
    object.__setattr__(on.app.room.services, "retrain", fail)
    on.send(command("retrain", on.slack, user=ADMIN))
    assert "no seed adapter" in texts(on.slack.wait("chat.update")[0]["blocks"])


def test_where_the_bot_may_not_post_the_admin_is_told_directly(on: Stage):
    on.slack.refuse["chat.postMessage"] = lambda asked: (
        "not_in_channel" if asked["channel"] == CHANNEL else None
    )
    assert told(on, "retrain") == words.RETRAIN_IN_DIRECT
    assert on.known.retrained[0]["channel"] == "D0" + ADMIN[2:]


def test_a_verdict_that_cannot_be_posted_goes_to_the_admin_directly(on: Stage):
    on.slack.refuse["chat.update"] = "is_archived"
    run = runs.start(on.store, by=ADMIN, channel=CHANNEL, ts="1.0")
    runs.finish(on.store, run.id or 0)
    assert on.slack.wait("chat.postMessage")[0]["channel"] == "D0" + ADMIN[2:]
    until(lambda: not runs.unreported(on.store))
    time.sleep(0.05)
    assert len(on.slack.posted) == 1


def scheduled(on: Stage, decision: str | None = None, error: str | None = None, **found: Any) -> Run:
    """A run that nobody asked for has ended."""
    run = runs.start(on.store, by="schedule")
    if decision is not None:
        runs.update(on.store, run.id or 0, verdict=Verdict(decision, ("because",), {}), **found)  # type: ignore[arg-type]
    runs.finish(on.store, run.id or 0, error=error)
    until(lambda: not runs.unreported(on.store))
    on.settle()
    return run


@pytest.mark.parametrize(
    ("ended", "line"),
    [
        ({"decision": "promote", "promoted": True}, words.RUN_PROMOTED),
        ({"decision": "trial"}, words.RUN_TRIAL),
        ({"error": "out of memory"}, words.RUN_FAILED.format(why="out of memory")),
    ],
)
def test_admins_hear_of_a_scheduled_run_that_changed_something_or_failed(
    tmp_path: Path, ended: dict[str, Any], line: str
):
    with stage(tmp_path, admins=[ALICE]) as on:
        scheduled(on, **ended)
        (posted,) = on.slack.of("chat.postMessage")
    assert posted["channel"] == "D0" + ALICE[2:]
    assert line in texts(posted["blocks"])


def test_where_no_admin_is_named_whoever_last_asked_for_a_retraining_hears_of_it(on: Stage):
    asked = runs.start(on.store, by=ADMIN, channel=CHANNEL, ts="1.0")
    runs.finish(on.store, asked.id or 0)
    until(lambda: not runs.unreported(on.store))
    scheduled(on, error="out of memory")
    assert on.slack.of("chat.postMessage")[-1]["channel"] == "D0" + ADMIN[2:]


@pytest.mark.parametrize("decision", ["reject", "not_yet"])
def test_a_night_that_changed_nothing_wakes_nobody(on: Stage, decision: str):
    scheduled(on, decision)
    assert on.slack.posted == []


def test_a_scheduled_run_that_was_stopped_wakes_nobody(on: Stage):
    run = runs.start(on.store, by="schedule")
    runs.cancel(on.store, "quiet hours", run.id)
    runs.finish(on.store, run.id or 0, error="cancelled")
    until(lambda: not runs.unreported(on.store))
    on.settle()
    assert on.slack.posted == []


def test_what_the_schedule_did_last_week_is_no_news(on: Stage):
    run = runs.start(on.store, by="schedule")
    with on.store.write() as db:
        db.execute("UPDATE runs SET started_at = started_at - 7 * 86400 WHERE id = ?", [run.id])
    runs.finish(on.store, run.id or 0, error="out of memory")
    assert runs.unreported(on.store) == []


def test_a_swap_is_announced_where_its_retraining_was_followed(on: Stage):
    run = runs.start(on.store, by=ADMIN, channel=CHANNEL, ts="1.0")
    adapters.add(on.store, Adapter("reader-2", "b", "0", "0", "/tmp"))
    announce_swap(on.app, Promotion("reader-2", "schedule", "better", run_id=run.id))
    posted = on.slack.wait("chat.postMessage")[0]
    assert (posted["channel"], posted["thread_ts"]) == (CHANNEL, "1.0")
    assert texts(posted["blocks"]) == words.SWAPPED.format(adapter="reader-2")
    announce_swap(on.app, Promotion("reader-1", "cli", "by hand"))
    on.settle()
    assert len(on.slack.posted) == 1


PNG = b"\x89PNG and some pixels \xff\x00"


def finished_run(on: Stage, folder: Path) -> Run:
    """A run with its verdict and its picture, to be reported."""
    (folder / "reports").mkdir()
    run = runs.start(on.store, by=ADMIN, channel=CHANNEL, ts="1.0")
    (folder / "reports" / f"run-{run.id}.png").write_bytes(PNG)
    runs.update(on.store, run.id or 0, verdict=Verdict("reject", ("F1 fell",), {}))
    runs.finish(on.store, run.id or 0)
    return run


def test_the_picture_of_a_runs_head_is_shown_in_the_verdicts_thread(on: Stage, tmp_path: Path):
    run = finished_run(on, tmp_path)
    shown = on.slack.wait("files.completeUploadExternal")[0]
    assert (shown["channel_id"], shown["thread_ts"]) == (CHANNEL, "1.0")
    assert on.slack.uploaded == [PNG]
    asked = on.slack.of("files.getUploadURLExternal")[0]
    assert asked["filename"] == f"run-{run.id}.png"
    assert words.RUN_REJECTED in asked["alt_txt"]
    assert words.RUN_REJECTED in texts(on.slack.of("chat.update")[-1]["blocks"])


def test_a_verdict_is_reported_where_pictures_are_not_taken(on: Stage, tmp_path: Path, caplog):
    on.slack.refuse["files.getUploadURLExternal"] = "missing_scope"
    finished_run(on, tmp_path)
    on.slack.wait("chat.postMessage")
    until(lambda: "files:write" in caplog.text)
    assert words.RUN_REJECTED in texts(on.slack.of("chat.update")[-1]["blocks"])
    assert not runs.unreported(on.store)
    time.sleep(0.05)
    assert len(on.slack.of("files.getUploadURLExternal")) == 1


def test_a_failed_run_shows_no_picture(on: Stage, tmp_path: Path):
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "run-1.png").write_bytes(PNG)
    run = runs.start(on.store, by=ADMIN, channel=CHANNEL, ts="1.0")
    runs.finish(on.store, run.id or 0, error="out of memory")
    until(lambda: not runs.unreported(on.store))
    time.sleep(0.05)
    assert not on.slack.of("files.getUploadURLExternal")
