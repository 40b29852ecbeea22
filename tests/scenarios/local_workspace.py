"""Drives `lorebot playground` as its own process, as people do through the page: everything goes over HTTP."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx

T = TypeVar("T")
ROOT = Path(__file__).parent.parent.parent


class Workspace:
    """A running playground."""

    def __init__(self, url: str, home: Path, process: subprocess.Popen[str], output: list[str]) -> None:
        self.url, self.home, self.process, self.output = url, home, process, output
        self.http = httpx.Client(base_url=url, timeout=30, trust_env=False)

    def call(self, name: str, person: str, **body: Any) -> dict[str, Any]:
        """One thing that a person does in the page."""
        answer = self.http.post(f"/page/{name}", json={"person": person, **body}).json()
        assert answer["ok"], (name, body, answer)
        return dict(answer)

    def messages(self, person: str, channel: str, thread: str | None = None) -> list[dict[str, Any]]:
        query = {"person": person, "channel": channel, **({"thread_ts": thread} if thread else {})}
        return list(self.http.get("/page/messages", params=query).json()["messages"])

    def state(self, person: str) -> dict[str, Any]:
        return dict(self.http.get("/page/state", params={"person": person}).json()["state"])

    def ask(self, person: str, channel: str, text: str, thread: str | None = None) -> dict[str, Any]:
        """Writes to the bot and returns its reply, once it is there."""
        where = {"channel": channel, "text": text, **({"thread_ts": thread} if thread else {})}
        ts = self.call("message", person, **where)["ts"]
        return self.reply_to(person, channel, thread or ts, after=ts)

    def reply_to(self, person: str, channel: str, thread: str, after: str) -> dict[str, Any]:
        def reply() -> dict[str, Any] | None:
            said = self.messages(person, channel, thread) or self.messages(person, channel)
            replies = [m for m in said if m.get("bot_id") and not m.get("only_for") and m["ts"] > after]
            return replies[0] if replies else None

        return until(reply, f"a reply to {thread} in {channel}")

    def whisper(self, person: str, channel: str, holding: str) -> dict[str, Any]:
        """An ephemeral message to this person that holds some text."""

        def found() -> dict[str, Any] | None:
            said = [m for m in self.state(person)["messages"] if m.get("only_for")]
            return next((m for m in reversed(said) if holding.lower() in shown(m).lower()), None)

        return until(found, f"an ephemeral message with {holding!r}")

    def vote(self, person: str, reply: dict[str, Any], side: str) -> None:
        element = feedback_element(reply)
        value = element[f"{'positive' if side == 'up' else 'negative'}_button"]["value"]
        where = {"channel": reply["channel"], "ts": reply["ts"]}
        self.call("action", person, action_id=element["action_id"], value=value, **where)

    def open_view(self, person: str) -> dict[str, Any]:
        return until(lambda: (self.state(person)["views"] or [None])[-1], "an open modal")

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A `lorebot` command on this playground's state folder."""
        return subprocess.run(
            [sys.executable, "-m", "bot", *arguments],
            env={**os.environ, "LOREBOT_HOME": str(self.home / "playground")},
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )


@contextmanager
def playground(home: Path, **environment: str) -> Iterator[Workspace]:
    """The real command on a free port, with a state folder of its own; stopped at the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "playground", "--port", "0"],
        env={**os.environ, "LOREBOT_HOME": str(home), "HF_HUB_OFFLINE": "1", **environment},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    output: list[str] = []
    reading = threading.Thread(target=lambda: output.extend(process.stdout or ()), daemon=True)
    reading.start()
    try:
        url = until(lambda: _url(output), "the playground's URL", alive=process)
        workspace = Workspace(url, home, process, output)
        until(lambda: workspace.state("mira")["connected"], "the bot", seconds=180, alive=process)
        yield workspace
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
        print("".join(output))


def until(
    look: Callable[[], T | None],
    what: str,
    seconds: float = 60,
    alive: subprocess.Popen[str] | None = None,
) -> T:
    """What `look` finds, as soon as it finds something."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        assert alive is None or alive.poll() is None, f"the process ended with {alive and alive.returncode}"
        time.sleep(0.1)
    raise AssertionError(f"no sign of {what} within {seconds} seconds")


def shown(message: dict[str, Any]) -> str:
    """Every text in a message, as one string: what a person would find in it."""
    return "\n".join(_texts({"text": message.get("text", ""), "blocks": message.get("blocks", [])}))


def feedback_element(message: dict[str, Any]) -> dict[str, Any]:
    elements = [each for block in message["blocks"] for each in block.get("elements", [])]
    return next(dict(each) for each in elements if each.get("type") == "feedback_buttons")


def _url(output: list[str]) -> str | None:
    found = re.search(r"http://127\.0\.0\.1:\d+", "".join(output))
    return found.group() if found else None


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for name, value in node.items():
            if name in ("text", "url") and isinstance(value, str):
                yield value
            else:
                yield from _texts(value)
    elif isinstance(node, list):
        for each in node:
            yield from _texts(each)
