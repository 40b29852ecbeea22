"""The real bot with its models in a local Slack: what people share, pin, write and answer each other is known afterwards."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from local_workspace import Workspace, playground, shown, until

from bot.records import ChannelSettings
from bot.store import channels, documents, open_store

PINNED = "The alarm code of the loft is 4711."


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Any:
    home = tmp_path_factory.mktemp("learning")
    with playground(home) as running:
        yield running


def switch_on(workspace: Workspace, channel: str, home: Path, **chosen: bool) -> str:
    """As the form does, from another process; the bot sees it within seconds."""
    found = next(each for each in workspace.state("mira")["channels"] if each.get("name") == channel)
    store = open_store(home / "playground" / "lorebot.db")
    channels.configure(store, ChannelSettings(found["id"], by="U0MIRA0001", **chosen))
    store.close()
    return str(found["id"])


def learned(workspace: Workspace) -> set[tuple[str, str]]:
    """(source, title) of what was learned from Slack."""
    store = open_store(workspace.home / "playground" / "lorebot.db")
    found = {(each.source, each.title) for each in documents.documents(store) if each.kind == "slack"}
    store.close()
    return found


def drop(workspace: Workspace, person: str, channel: str, name: str, content: str) -> str:
    encoded = base64.b64encode(content.encode()).decode()
    done = workspace.call("upload", person, channel=channel, files=[{"name": name, "content": encoded}])
    return str(done["ts"])


def marked(workspace: Workspace, channel: str, ts: str) -> bool:
    said = next(each for each in workspace.messages("mira", channel) if each["ts"] == ts)
    return any(each["name"] == "books" for each in said.get("reactions") or [])


def test_what_a_team_shares_pins_writes_and_answers_is_known_afterwards(workspace: Workspace) -> None:
    pinned = workspace.call("message", "mira", channel="general", text=PINNED)["ts"]
    workspace.call("pin", "mira", channel="general", ts=pinned, on=True)
    asked = workspace.call(
        "message", "mira", channel="general", text="How do I reset the plotter in the loft?"
    )["ts"]
    others = [each for each in workspace.state("mira")["people"] if each["name"] not in ("mira", "lorebot")]
    helper = next(each["name"] for each in others if not each.get("is_bot") and not each.get("is_stranger"))
    workspace.call(
        "message", helper, channel="general", text="Hold the green button for ten seconds.", thread_ts=asked
    )
    workspace.call("message", "mira", channel="general", text="thanks, that worked!", thread_ts=asked)
    channel = switch_on(workspace, "general", workspace.home, learns=True, history=True)

    said = until(
        lambda: [
            each for each in workspace.messages("mira", "general") if "answered question" in shown(each)
        ],
        "the line that says what was read",
    )
    assert "learned 1 answered question" in shown(said[0])
    assert "ten seconds" in shown(workspace.ask("mira", "dm", "How do I reset the plotter in the loft?"))
    assert "4711" in shown(workspace.ask("mira", "dm", "What is the alarm code of the loft?"))

    dropped = drop(
        workspace, "mira", "general", "kayak.md", "# Kayaks\n\nThe kayaks are kept in shed nine.\n"
    )
    until(lambda: marked(workspace, "general", dropped), "the mark of a learned file")
    assert "shed nine" in shown(workspace.ask("mira", "dm", "Where are the kayaks kept?"))

    workspace.call(
        "canvas", "mira", channel="general", text="The spare keys hang behind the boiler.", title="Keys"
    )
    until(lambda: any(title == "Keys" for _, title in learned(workspace)), "the canvas", seconds=120)
    assert "behind the boiler" in shown(workspace.ask("mira", "dm", "Where do the spare keys hang?"))

    workspace.call("pin", "mira", channel="general", ts=pinned, on=False)
    until(
        lambda: (f"slack:{channel}:{pinned}", PINNED) not in learned(workspace), "the end of what was pinned"
    )
    assert "4711" not in shown(workspace.ask("mira", "dm", "What is the alarm code of the loft?"))


def test_a_file_in_a_direct_message_is_known_in_that_conversation_and_nowhere_else(
    workspace: Workspace,
) -> None:
    ts = drop(workspace, "mira", "dm", "tent.md", "# Tents\n\nThe blue tent sleeps eleven people.\n")
    reply = workspace.reply_to("mira", "dm", ts, after=ts)
    assert shown(reply).startswith("Learned: Tents (1 passage).")
    assert "eleven" in shown(workspace.ask("mira", "dm", "How many people does the blue tent sleep?"))
    elsewhere = workspace.ask("mira", "general", "@Lorebot How many people does the blue tent sleep?")
    assert "eleven" not in shown(elsewhere)
