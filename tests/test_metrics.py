"""Numbers for Prometheus and the health of a process: what they say, when, and that they name nobody."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from slack_stage import ADMIN, ALICE, BOT, CHANNEL, Stage, command, mention_twin, message, stage, until
from starlette.testclient import TestClient

from bot import metrics
from bot.playground.server import start as start_playground
from bot.records import Answer, Question, Run
from bot.slack.app import start_socket_mode
from bot.slack.connection.health import STUCK_S
from bot.slack.connection.http import watching_app
from bot.store import runs

WORD = "zebrafinch"


def scraped(on: Stage, connected: Callable[[], bool] = lambda: True) -> dict[str, float]:
    """Every sample by its name and labels, as a Prometheus server reads them."""
    page = TestClient(watching_app(on.app, connected)).get("/metrics")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/plain; version=0.0.4")
    return {
        sample.name + "".join(f" {value}" for value in sample.labels.values()): sample.value
        for family in text_string_to_metric_families(page.text)
        for sample in family.samples
    }


def health(on: Stage, connected: bool = True) -> tuple[int, dict[str, Any]]:
    answer = TestClient(watching_app(on.app, lambda: connected)).get("/healthz")
    return answer.status_code, answer.json()


def test_questions_are_counted_by_how_they_end(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    answers = {"known": "28 days", "unknown": None}

    def answer(question: Question, said: object) -> Answer | None:
        if question.text == "silent":
            return None
        if question.text == "failing":
            raise ValueError(WORD)
        return on.known.answer(question, ())

    with stage(tmp_path) as on:
        on.known.answers = answers
        counting, before = metrics.counted(answer), scraped(on)
        caplog.set_level("INFO", "bot.metrics")
        for text in ("known", "unknown", "silent", "failing"):
            asked = Question("message", f"{CHANNEL}:{text}", text, ALICE, scopes=(), asked_at=1.0)
            if text == "failing":
                with pytest.raises(ValueError, match=WORD):
                    counting(asked, ())
            else:
                counting(asked, ())
        after = scraped(on)
    grew = {
        name
        for name, value in after.items()
        if name.startswith("lorebot_questions_total") and value > before.get(name, 0)
    }
    outcomes = {"answered", "abstained", "silent", "failed"}
    assert grew == {f"lorebot_questions_total {outcome} message" for outcome in outcomes}
    ends = [
        record.getMessage().partition(" after")[0]
        for record in caplog.records
        if record.name == "bot.metrics"
    ]
    assert ends[0] == f"message {CHANNEL}:known: answered"
    assert [end.rpartition(" ")[2] for end in ends] == ["answered", "abstained", "silent", "failed"]
    assert after["lorebot_answer_seconds_count"] == before["lorebot_answer_seconds_count"] + 4


def test_claims_feedback_runs_and_the_champion_are_shown(tmp_path: Path) -> None:
    with stage(tmp_path) as on:
        before = scraped(on)
        asked = on.say(f"<@{BOT}> When is payday?")
        on.send(mention_twin(asked), retry=1)
        on.settle()
        run = runs.start(on.store, "cli")
        runs.finish(on.store, run.id or 0, error="no data")
        runs.start(on.store, "cli")
        now = scraped(on)
    assert now["lorebot_claims_total claimed"] == before.get("lorebot_claims_total claimed", 0) + 1
    assert now["lorebot_claims_total repeated"] == before.get("lorebot_claims_total repeated", 0) + 1
    assert (now["lorebot_runs failed"], now["lorebot_runs running"]) == (1, 1)
    assert now["lorebot_champion reader-1"] == 1
    assert (now["lorebot_claims_open"], now["lorebot_connected"], now["lorebot_queue_length"]) == (0, 1, 0)
    assert {
        "lorebot_feedback up",
        "lorebot_feedback down",
        "lorebot_documents",
        "lorebot_passages",
    } <= now.keys()
    assert {name.split()[0].removeprefix("lorebot_") for name in now} >= metrics.HELP.keys()


def test_no_metric_names_a_person_a_channel_or_a_word(tmp_path: Path) -> None:
    with stage(tmp_path) as on:
        on.ask(f"what is a {WORD}?")
        on.send(command(f"what is a {WORD}?", on.slack, user=ADMIN))
        on.slack.rate_limit["chat.postMessage"] = 1
        on.ask(f"where is the {WORD}?")
        on.settle()
        page = TestClient(watching_app(on.app, lambda: True)).get("/metrics").text
        ill = json.dumps(health(on, connected=False))
    assert "lorebot_slack_rate_limited_total" in page
    for hidden in (WORD, ALICE, ADMIN, CHANNEL, "xoxb"):
        assert hidden not in page + ill
    assert re.search(r"lorebot_questions_total\{", page)


def test_it_is_healthy_only_when_connected_and_moving(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stage(tmp_path, started=False) as on:
        assert health(on) == (503, {"ok": False, "waiting": 0, "why": ["not started yet, or stopping"]})
        on.app.room.start()
        assert health(on) == (200, {"ok": True, "waiting": 0})
        status, why = health(on, connected=False)
        assert (status, why["why"]) == (503, ["not connected to Slack"])
        monkeypatch.setattr(type(on.app.room.inference), "stuck_s", STUCK_S + 1)
        status, why = health(on)
        assert (status, why["why"]) == (503, [f"0 questions wait, none was finished in {STUCK_S + 1:.0f} s"])
        monkeypatch.undo()
        on.app.room.stop()
        assert health(on)[0] == 503


def test_a_queue_is_stuck_only_while_something_waits(tmp_path: Path) -> None:
    import threading

    gate = threading.Event()
    with stage(tmp_path) as on:
        assert on.app.room.inference.stuck_s == 0
        on.known.gate = gate
        on.send(message(f"<@{BOT}> When is payday?"))
        until(lambda: on.app.room.inference.stuck_s > 0.05)
        gate.set()
        on.settle()
        assert on.app.room.inference.stuck_s == 0


def test_a_state_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with stage(tmp_path) as on:
        with on.store.write() as db:
            db.execute("ALTER TABLE claims RENAME TO gone")
        status, said = health(on)
        with on.store.write() as db:
            db.execute("ALTER TABLE gone RENAME TO claims")
    assert status == 503
    assert "the state file can't be read" in said["why"][0]


def test_socket_mode_is_connected_while_its_socket_is(tmp_path: Path) -> None:
    from slack_sdk import WebClient

    from bot.slack.app import build_app
    from bot.slack.manifest import manifest

    with start_playground(port=0, manifest=manifest()) as slack, stage(tmp_path, started=False) as on:
        app = build_app(on.app.room.services, client=WebClient(token=slack.bot_token, base_url=slack.api_url))
        connection = start_socket_mode(app, slack.app_token)
        watched = TestClient(watching_app(app, connection.connected))
        until(lambda: watched.get("/healthz").status_code == 200)
        assert "lorebot_connected 1.0" in watched.get("/metrics").text
        connection.stop()
        assert watched.get("/healthz").status_code == 503
        assert "lorebot_connected 0.0" in watched.get("/metrics").text


def test_runs_are_counted_by_how_they_ended(tmp_path: Path) -> None:
    with stage(tmp_path, started=False) as on:
        for promoted in (True, False, False):
            run: Run = runs.start(on.store, "cli")
            runs.update(on.store, run.id or 0, promoted=promoted)
            runs.finish(on.store, run.id or 0)
        assert runs.by_outcome(on.store) == {"promoted": 1, "kept": 2}
