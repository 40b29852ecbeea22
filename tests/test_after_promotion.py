"""What people hear of trials and of the watch: in Slack, in the status, on the command line; and the service as it is wired."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from adapter_folders import write_adapter
from slack_stage import ADMIN, ALICE, CHANNEL, Stage, WebApi, command, stage, texts, until
from stand_ins import HashingEncoder, ScriptedReader
from typer.testing import CliRunner

from bot import cli_adapters, connecting, offering, watching
from bot.answering import Answerer, LiveReader
from bot.app import Service
from bot.errors import AdapterError
from bot.knowledge.index import Index
from bot.records import WORKSPACE, Adapter, Answer, Document, Feedback, Passage, Question, Vote
from bot.registry import Registry
from bot.settings import Settings
from bot.slack import words
from bot.slack.admin import notices, run_blocks
from bot.slack.app import announce_swap
from bot.slack.services import Status
from bot.store import challenges, documents, feedback, open_store, runs
from bot.watching import Notice, Standoff, Tally

HOSTILE = "<!channel> *x* & co"


@pytest.fixture
def on(tmp_path: Path) -> Iterator[Stage]:
    with stage(tmp_path, admins=[ALICE, "U0BOB"]) as made:
        yield made


def test_a_rollback_is_told_to_every_admin_directly_with_the_numbers(on: Stage) -> None:
    notices.tell(on.app.room, Notice("rolled_back", "a-2", "a-1", "20 of 70 votes were ups"))
    posted = on.slack.wait("chat.postMessage", 2)
    assert {each["channel"] for each in posted} == {"D0ALICE", "D0BOB"}
    shown = texts(posted[0]["blocks"])
    assert words.NOTICES["rolled_back"].format(adapter="a-2", serving="a-1") in shown
    assert "20 of 70" in shown


def test_a_trials_end_is_also_told_where_its_retraining_was_followed(on: Stage) -> None:
    run = runs.start(on.store, by=ADMIN, channel=CHANNEL, ts="1.0")
    notices.tell(on.app.room, Notice("worse", "a-2", "a-1", "", run.id))
    posted = on.slack.wait("chat.postMessage", 3)
    in_channel = [each for each in posted if each["channel"] == CHANNEL]
    assert [each["thread_ts"] for each in in_channel] == ["1.0"]


def test_an_admin_who_cannot_be_reached_keeps_nobody_else_from_hearing(on: Stage) -> None:
    on.slack.refuse["conversations.open"] = lambda asked: (
        "user_not_found" if asked["users"] == ALICE else None
    )
    notices.tell(on.app.room, Notice("failed", "a-2", "a-1", "it failed at a question: RuntimeError"))
    assert on.slack.wait("chat.postMessage")[0]["channel"] == "D0BOB"


@pytest.mark.parametrize("kind", list(words.NOTICES))
def test_whatever_stands_in_a_notice_pings_nobody_and_fits(kind: str) -> None:
    posting = notices.posting(Notice(kind, HOSTILE, "a-1", HOSTILE * 500))  # type: ignore[arg-type]
    assert "<!channel>" not in posting.text
    assert all(block["text"]["type"] == "plain_text" for block in posting.blocks)
    assert all(len(block["text"]["text"]) <= 3000 for block in posting.blocks)


def test_a_won_trial_is_not_announced_as_a_return(on: Stage, tmp_path: Path) -> None:
    runs.start(on.store, by=ADMIN, channel=CHANNEL, ts="1.0")
    seed = write_adapter(tmp_path / "seed", "seed", parent=None)
    registry = Registry(on.store, tmp_path / "adapters", seed=seed)
    registry.register(write_adapter(tmp_path / "made" / "a-1", "a-1"))
    registry.challenge("a-1", by="cli", why="")
    announce_swap(on.app, registry.promote("a-1", by="bot", why="Better on live trial"))
    on.settle()
    assert not on.slack.posted
    announce_swap(on.app, registry.rollback(by="bot", why="Fewer ups"))
    assert "back to seed" in on.slack.wait("chat.postMessage")[0]["text"]


def test_the_status_shows_an_open_trial_with_its_tally(on: Stage) -> None:
    trial = Standoff("a-2", "a-1", Tally(12, 20), Tally(100, 150), 1_700_000_000.0, 0.1)
    on.known.status = Status(champion="a-1", trial=trial)
    on.send(command("status", on.slack, user=ADMIN))
    shown = texts(on.slack.wait("respond")[0]["blocks"])
    assert "`a-2` answers 10% of the threads" in shown
    assert "12 of 20 votes up, against 100 of 150 for `a-1`" in shown
    assert words.STATUS_TRIAL_MD[:16] not in texts(run_blocks.status(Status(champion="a-1")).blocks)


# The command line


def test_a_trial_is_begun_marked_and_ended_on_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LOREBOT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LOREBOT_ADAPTER", str(write_adapter(tmp_path / "seed", "seed", parent=None)))
    store = open_store(tmp_path / "home" / "lorebot.db")
    registry = Registry(store, tmp_path / "home" / "adapters", seed=tmp_path / "seed")
    registry.register(write_adapter(tmp_path / "made" / "a-1", "a-1"))
    lorebot = CliRunner()

    refused = lorebot.invoke(cli_adapters.app, ["challenge", "a-1"])
    assert isinstance(refused.exception, AdapterError)
    assert "--share" in str(refused.exception), "nobody would meet it"
    begun = lorebot.invoke(cli_adapters.app, ["challenge", "a-1", "--share", "0.2", "--json"])
    assert json.loads(begun.output) == {"on_trial": "a-1", "champion": "seed"}
    trial = challenges.current(store)
    assert trial is not None
    assert (trial.share, trial.by) == (0.2, "cli")
    assert "? a-1 " in lorebot.invoke(cli_adapters.app, ["list"]).output
    assert json.loads(lorebot.invoke(cli_adapters.app, ["list", "--json"]).output)["on_trial"] == "a-1"
    assert "a-1 is off trial" in lorebot.invoke(cli_adapters.app, ["challenge", "--end"]).output
    assert challenges.current(store) is None
    assert isinstance(lorebot.invoke(cli_adapters.app, ["challenge", "--end"]).exception, AdapterError)
    for misused in (["challenge"], ["challenge", "a-1", "--end"]):
        assert lorebot.invoke(cli_adapters.app, misused).exit_code == 2
    monkeypatch.setenv("LOREBOT_CANARY", "0.1")
    assert lorebot.invoke(cli_adapters.app, ["challenge", "a-1"]).exit_code == 0


# As it is wired


def service_of(tmp_path: Path, api: WebApi) -> Service:
    """A service with scripted readers, on a Slack that writes down what it is asked."""
    home = tmp_path / "home"
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]
        home=home,
        slack_bot_token="xoxb-1",
        slack_signing_secret="secret",
        slack_api_url=api.url,
        admins=[ALICE],
        retrain_cron="",
        canary=0.5,
    )
    store = open_store(settings.database)
    seed = write_adapter(tmp_path / "seed", "seed", parent=None, min_confidence=0.5)
    registry = Registry(store, settings.adapters_folder, seed=seed)
    registry.register(write_adapter(tmp_path / "made" / "a-1", "a-1", min_confidence=0.5))
    encoder = HashingEncoder()
    text = "Employees get 25 days of leave."
    documents.replace(
        store,
        Document("/leave.md", "Leave", WORKSPACE, "h"),
        [Passage(0, WORKSPACE, "Leave", "", text, 0, 0)],
        [encoder.encode([text])[0].tobytes()],
    )

    def load(adapter: Adapter) -> ScriptedReader:
        return ScriptedReader(adapter.id, {"25 days": 0.9})

    live = LiveReader(registry, load)  # type: ignore[arg-type]
    index = Index(store, encoder)
    return Service(settings, store, registry, encoder, index, live, Answerer(store, index, encoder, live))  # type: ignore[arg-type]


def ask_and_vote(service: Service, i: int, votes: dict[str, Vote]) -> Answer:
    """A question in a thread of its own, answered by whom it falls to, and a vote that depends on who answered."""
    asked = Question(
        "message", f"C1:{i}", f"how many days of leave, {i}?", f"U{i % 7}", channel="C1", thread=str(i)
    )
    answer = service.answerer.answer(asked)
    feedback.record(service.store, Feedback(answer.id or 0, f"U{i % 7}", votes[answer.adapter], "button"))
    return answer


def test_a_challenger_wins_its_trial_loses_peoples_favour_and_is_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "LOOK_EVERY_S", 0.05)
    api = WebApi()
    with socket.socket() as free, ExitStack() as running:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        service = service_of(tmp_path, api)
        connecting.connect(running, service, http_port=port)
        service.registry.challenge("a-1", by="cli", why="")
        until(lambda: service.live.on_trial is not None)
        until(lambda: offering.status(service, None).trial is not None)
        for i in range(80):
            ask_and_vote(service, i, {"seed": "up" if i % 3 else "down", "a-1": "up"})
        met = {row["adapter"] for row in service.store.rows("SELECT DISTINCT adapter FROM answers")}
        assert met == {"seed", "a-1"}
        for i in range(80, 400):
            if service.live.current.adapter.id == "a-1":
                break
            ask_and_vote(service, i, {"seed": "up" if i % 3 else "down", "a-1": "up"})
            time.sleep(0.02)
        until(lambda: service.live.current.adapter.id == "a-1")
        until(lambda: len(api.posted) >= 1)
        told = api.posted[0]
        assert told["channel"] == "D0ALICE"
        assert told["text"].startswith(words.NOTICES["promoted"].format(adapter="a-1", serving="a-1"))
        for i in range(400, 700):
            if service.live.current.adapter.id == "seed":
                break
            ask_and_vote(service, i, {"seed": "up", "a-1": "down"})
            time.sleep(0.02)
        until(lambda: service.live.current.adapter.id == "seed")
        until(lambda: len(api.posted) >= 2)
        rows = service.registry.promotions()
        assert [(each.adapter, each.by) for each in rows] == [("a-1", "bot"), ("seed", "bot")]
        assert words.NOTICES["rolled_back"][:12] in api.posted[1]["text"]
        assert not any("days of leave" in texts(each["blocks"]) for each in api.posted), "numbers only"
    api.close()
