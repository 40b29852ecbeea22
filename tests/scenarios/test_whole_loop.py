"""The main job, end to end, in the real process over the playground's protocol: ask, be corrected, learn, go back."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from local_workspace import ROOT, Workspace, playground, shown, until

from bot.reading.squad import f1

QUESTION = "How long does a VPN session last?"
CORRECTION = "10 hours, since the last audit"
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with playground(tmp_path_factory.mktemp("home")) as started:
        yield started


def test_a_question_is_answered_with_evidence_corrected_and_answered_rightly(workspace: Workspace) -> None:
    reply = workspace.ask("hana", "general", f"@Lorebot {QUESTION}")
    text = shown(reply)
    assert "12 hours" in text
    link = re.search(r"http://127\.0\.0\.1:\d+/documents/[^\s|>]+", text)
    assert link is not None, text
    page = workspace.http.get(link.group().split("#")[0])
    assert page.status_code == 200
    assert "12 hours" in page.text

    workspace.vote("hana", reply, "down")
    view = workspace.open_view("hana")
    refused = workspace.http.post(
        "/page/submit", json={"person": "hana", "view_id": view["id"], "values": _filled(view, correction="")}
    ).json()
    assert refused["error"] == "errors", "a wrong answer without the right one must be refused in the modal"
    workspace.call("submit", "hana", view_id=view["id"], values=_filled(view, correction=CORRECTION))
    workspace.whisper("hana", "general", "know")

    again = workspace.ask("jonas", "general", f"@Lorebot {QUESTION.lower().rstrip('?')}")
    assert CORRECTION in shown(again)
    elsewhere = workspace.ask("jonas", "it-help", f"@Lorebot {QUESTION}")
    assert CORRECTION not in shown(elsewhere), "a correction stays in the channel in which it was given"


def test_a_question_nobody_wrote_about_is_not_answered(workspace: Workspace) -> None:
    reply = workspace.ask("hana", "general", "@Lorebot what did the Romans pay for a horse in Gaul?")
    assert "teach" in shown(reply).lower()


def test_a_retraining_is_judged_swapped_in_and_rolled_back_without_a_restart(workspace: Workspace) -> None:
    given = _give_feedback(workspace, 36)
    assert given["up"]
    assert given["down"]

    refusal = workspace.call("command", "jonas", channel="general", command="/lorebot", text="retrain")
    assert "admin" in json.dumps(refusal).lower() or workspace.whisper("jonas", "general", "admin")

    workspace.call("command", "mira", channel="general", command="/lorebot", text="retrain")
    run = until(
        lambda: _finished(workspace), "the end of the retraining", seconds=900, alive=workspace.process
    )
    assert run["state"] == "done", run
    verdict = json.loads(run["verdict"])
    assert verdict["decision"] in ("promote", "reject", "not_yet", "trial")
    assert verdict["reasons"]

    def report() -> str | None:
        said = [shown(m) for m in workspace.messages("mira", "general") if m.get("bot_id")]
        return next((text for text in said if verdict["reasons"][0][:40] in text), None)

    until(report, "the verdict in the channel that asked")

    candidate = run["candidate"]
    if (
        verdict["decision"] != "promote"
    ):  # an honest gate needs more than a test can give it: an admin overrides it
        promoted = workspace.run("adapters", "promote", candidate)
        assert promoted.returncode == 0, promoted.stderr
    until(lambda: f"adapter {candidate} serves now" in "".join(workspace.output), "the swap", seconds=60)
    answered = workspace.ask("jonas", "engineering", "@Lorebot vpn error 702, what does it mean")
    assert answered

    workspace.call("command", "mira", channel="general", command="/lorebot", text="rollback")
    until(lambda: "seed serves now" in "".join(workspace.output), "the rollback", seconds=30)
    listed = json.loads(workspace.run("adapters", "list", "--json").stdout)
    assert listed["champion"].endswith("seed")
    assert workspace.process.poll() is None


def _give_feedback(workspace: Workspace, n: int) -> dict[str, int]:
    """What careful people would say of the answers to `n` questions about the handbook."""
    given = {"up": 0, "down": 0}
    for row in _questions()[:n]:
        reply = workspace.ask("priya", "it-help", f"@Lorebot {row['question']}")
        said = _answer(workspace, reply)
        right = said is not None and max(f1(said, [each]) for each in row["answers"]) >= 0.5
        side = "up" if right else "down"
        given[side] += 1
        workspace.vote("priya", reply, side)
        if side == "down":
            view = workspace.open_view("priya")
            workspace.call("submit", "priya", view_id=view["id"], values=_filled(view, row["answers"][0]))
    return given


def _questions() -> list[dict[str, Any]]:
    lines = (ROOT / "tests" / "data" / "handbook-questions.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    return [row for row in rows if not row["is_impossible"] and not row.get("follows")]


def _answer(workspace: Workspace, reply: dict[str, Any]) -> str | None:
    from bot.store import open_store, questions

    store = open_store(_database(workspace))
    try:  # where an answer was posted is written down right after it was posted
        found = until(
            lambda: questions.answer_at(store, reply["channel"], reply["ts"]),
            "the answer's place",
            seconds=20,
        )
    finally:
        store.close()
    return found.text


def _database(workspace: Workspace) -> Path:
    return workspace.home / "playground" / "lorebot.db"


def _finished(workspace: Workspace) -> dict[str, Any] | None:
    from bot.store import open_store

    store = open_store(_database(workspace))
    row = store.one("SELECT * FROM runs WHERE state != 'running' ORDER BY id DESC LIMIT 1")
    store.close()
    return row


def _filled(view: dict[str, Any], correction: str) -> dict[str, dict[str, str]]:
    """The form's values: a wrong answer, and the right one; an abstention's form asks for the answer alone."""
    values: dict[str, dict[str, str]] = {}
    for block in view["blocks"]:
        element = block.get("element", {})
        if element.get("action_id") in ("correction", "answer"):
            values[block["block_id"]] = {element["action_id"]: correction}
        elif element.get("type") == "radio_buttons":
            wrong = next(each["value"] for each in element["options"] if each["value"] == "wrong")
            values[block["block_id"]] = {element["action_id"]: wrong}
    return values
