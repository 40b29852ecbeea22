"""The log: structured where wanted, and never what people wrote, nor a token, at any level, on any path."""

from __future__ import annotations

import ast
import io
import json
import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_stage import (
    ADMIN,
    BOT,
    DIRECT,
    Stage,
    click,
    command,
    edit,
    elements,
    mention_twin,
    message,
    reaction,
    stage,
    submission,
    until,
)
from starlette.testclient import TestClient

from bot import logs
from bot.errors import SettingsError
from bot.slack.app import build_app
from bot.slack.connection.http import http_app

WORD = "zebrafinch"
"""What somebody wrote. It must be nowhere."""
SIGNING = "a1b2c3d4e5f6a7b8c9d0"
TOKEN = "xoxb-17653672481-19874698323-pdFZKVeTuE8sk7oOcHrzqqgy"


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root, hook = logging.getLogger(), threading.excepthook
    before, level = list(root.handlers), root.level
    yield
    root.handlers[:], threading.excepthook = before, hook
    root.setLevel(level)
    for name in ("httpx", "apscheduler", "uvicorn", "websockets", "asyncio", "slack_bolt", "slack_sdk"):
        logging.getLogger(name).setLevel(logging.NOTSET)
    logging.captureWarnings(False)


def set_up(**given: Any) -> io.StringIO:
    stream = io.StringIO()
    logs.set_up(**{"level": "DEBUG", "secrets": [SIGNING], "stream": stream, **given})
    return stream


def everything_somebody_can_do(on: Stage) -> None:
    """Says the word on every way in: asking, editing, voting, correcting, teaching, commands; with failures too."""
    on.slack.scopes = "chat:write"
    said = message(f"<@{BOT}> what is a {WORD}?")
    on.send(said)
    on.send(mention_twin(said), retry=1)
    on.settle()
    on.slack.wait("chat.postMessage")
    on.send(edit(said, f"<@{BOT}> what was a {WORD}?"))
    on.say(f"a {WORD} in the hallway")  # meant for nobody
    on.say(f"what is a {WORD}?", channel=DIRECT)
    answer = on.last_answer()
    on.send(reaction("-1", answer))
    shown = elements(on.slack.posted[0]["blocks"], "feedback_buttons")
    on.send(click({**shown[0], "value": f"down:{answer.id}", "type": "feedback_buttons"}, on.slack))
    on.settle()
    view = on.slack.wait("views.open")[-1]["view"]
    on.send(submission(view, {"reason": [WORD], "correction": WORD}))
    on.send(submission(view, {"reason": ["wrong"], "correction": WORD}))
    for line in (
        f"ask what is a {WORD}?",
        f"teach What is it? = a {WORD}",
        f"teach {WORD}",
        "status",
        "rollback",
    ):
        on.send(command(line, on.slack, user=ADMIN))
    on.send({"type": "event_callback", "event": {"type": "unheard_of", "text": WORD}})
    on.settle()
    for error in (ValueError(f"can't read {WORD}"), KeyError(WORD), UnicodeError(WORD)):
        on.known.fail = error
        on.ask(f"why is the {WORD} gone?")
        on.send(command(f"teach Who? = the {WORD}", on.slack))
        on.settle()
    on.known.fail = None
    for refusal in ("invalid_blocks", "not_in_channel", "fatal_error"):
        on.slack.refuse["chat.postMessage"] = refusal
        on.say(f"<@{BOT}> where is the {WORD}?")
    on.slack.refuse.clear()
    on.slack.rate_limit["chat.postMessage"] = 1
    on.ask(f"is the {WORD} late?")


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_word_and_no_token_is_logged_on_any_path_at_any_level(tmp_path: Path, form: str) -> None:
    stream = set_up(form=form)
    with stage(tmp_path, slack_signing_secret=SIGNING) as on:
        app = build_app(on.app.room.services, client=WebClient(token=TOKEN, base_url=on.slack.url))
        app.room.start()
        everything_somebody_can_do(Stage(app, on.slack, on.known, on.store))
        app.room.stop()
        with TestClient(http_app(on.app)) as http:
            wrong = {"x-slack-signature": "v0=00", "x-slack-request-timestamp": "1"}
            http.post("/slack/events", content=json.dumps(message(WORD)), headers=wrong)
        thread = threading.Thread(target=lambda: {}[f"the {WORD}"])  # type: ignore[index]
        thread.start()
        thread.join()
    logged = stream.getvalue()
    assert "could not be answered" in logged, "the failures are there"
    assert "ValueError" in logged
    assert "KeyError" in logged
    assert "slack_stage.py" in logged, "and where they came from"
    for hidden in (WORD, TOKEN, SIGNING, "hooks.slack.com"):
        assert hidden not in logged


def test_the_word_would_be_found_if_it_were_logged(tmp_path: Path) -> None:
    stream = set_up(words=True)
    with stage(tmp_path) as on:
        on.known.fail = ValueError(WORD)
        on.ask("what is it?")
    assert f"ValueError: {WORD}" in stream.getvalue()


@pytest.mark.parametrize("words", [True, False])
def test_tokens_are_hidden_wherever_they_stand(words: bool) -> None:
    stream = set_up(words=words)
    tokens = (
        TOKEN,
        "xapp-1-A0000-1111-abcdef0123456789",
        "xoxe.xoxb-1-Mi0yLTEwMTIx",
        "xoxe-1-My0xLTIzMjk0",
        "xoxp-1-2-3-abcdef",
        "https://hooks.slack.com/commands/T0/1/abcdef",
        SIGNING,
    )
    for token in tokens:
        logging.getLogger("bot.x").warning("found %s in it", token)
        logging.getLogger("bot.x").warning("found", exc_info=SettingsError(f"{token} is wrong"))
        logging.getLogger("slack_sdk.x").warning(f"headers: Authorization: Bearer {token}")
    for token in tokens:
        assert token not in stream.getvalue()
    assert stream.getvalue().count(logs.HIDDEN) >= 3 * len(tokens)


def test_an_exception_given_as_an_argument_is_told_by_its_kind() -> None:
    stream = set_up()
    log = logging.getLogger("bot.x")
    log.warning("a form didn't open: %s", ValueError(WORD))
    log.warning("it waits: %s", SlackApiError("x", {"ok": False, "error": "ratelimited", "text": WORD}))
    log.warning("it waits: %s", TimeoutError("timed out"))
    log.warning("it can't: %s", SettingsError("found 3, expected 4"))
    lines = [line.partition("bot.x: ")[2] for line in stream.getvalue().splitlines()]
    assert lines == [
        "a form didn't open: ValueError",
        "it waits: SlackApiError: ratelimited",
        "it waits: TimeoutError: timed out",
        "it can't: SettingsError: found 3, expected 4",
    ]


def test_a_chain_of_exceptions_is_told_from_its_cause() -> None:
    stream = set_up()
    try:
        try:
            raise KeyError(WORD)
        except KeyError as error:
            raise SettingsError("found no such thing") from error
    except SettingsError:
        logging.getLogger("bot.x").exception("it failed")
    logged = stream.getvalue()
    assert WORD not in logged
    assert logged.index("KeyError") < logged.index("which led to:") < logged.index("found no such thing")


def test_json_is_an_object_a_line_with_its_trace() -> None:
    stream = set_up(form="json")
    logging.getLogger("bot.x").warning("two\nlines")
    try:
        raise SettingsError("found 3")
    except SettingsError:
        logging.getLogger("bot.y").exception("it failed")
    first, second = (json.loads(line) for line in stream.getvalue().splitlines())
    assert (first["level"], first["logger"], first["message"]) == ("WARNING", "bot.x", "two\nlines")
    assert "trace" not in first
    assert "SettingsError: found 3" in second["trace"]


def test_libraries_are_heard_from_warnings_on() -> None:
    stream = set_up()
    logging.getLogger("slack_bolt.App").debug("a whole request")
    logging.getLogger("somebody").info("chatter")
    logging.getLogger("somebody").warning("matters")
    logging.getLogger("bot.x").debug("ours")
    assert [line.rpartition(": ")[2] for line in stream.getvalue().splitlines()] == ["matters", "ours"]


def test_a_second_thread_that_dies_is_logged() -> None:
    stream = set_up()
    thread = threading.Thread(target=lambda: [].pop(), name="worker")
    thread.start()
    thread.join()
    until(lambda: "thread worker ended" in stream.getvalue())
    assert "IndexError" in stream.getvalue()


WHAT_PEOPLE_WROTE = {
    "text",
    "context",
    "follows",
    "correction",
    "sentence",
    "question",
    "title",
    "said",
    "body",
    "raw",
}


@pytest.mark.parametrize("package", ["bot", "training"])
def test_no_line_of_ours_logs_what_somebody_wrote(package: str) -> None:
    """A record's arguments may be ids, counts, names of ours and exceptions."""
    found = {
        f"{path}:{call.lineno}"
        for path in sorted((Path(logs.__file__).parent.parent / package).rglob("*.py"))
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id in ("log", "_log")
        and (
            isinstance(call.args[0], ast.JoinedStr)
            or {
                node.attr if isinstance(node, ast.Attribute) else node.id
                for argument in call.args[1:]
                for node in ast.walk(argument)
                if isinstance(node, (ast.Attribute, ast.Name))
            }
            & WHAT_PEOPLE_WROTE
        )
    }
    assert found == set()
