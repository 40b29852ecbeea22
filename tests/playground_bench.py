"""A playground, a Bolt app on it, and what a person does there: for tests that talk to it as the bot and the page do."""

import json
import threading
import time
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.playground.server import RunningPlayground

MIRA, HANA, JONAS = "U0MIRA0001", "U0HANA0001", "U0JONAS001"
NOOR, EBBE = "U0NOOR0001", "U0EBBE0001"
GENERAL, RANDOM, LEADS = "C0GENERAL1", "C0RANDOM01", "C0LEADS001"
PARTNERS, OFFSITE = "C0BIRCH001", "C0OFFSITE1"

MODAL: dict[str, Any] = {
    "type": "modal",
    "callback_id": "correct",
    "title": {"type": "plain_text", "text": "Correct this"},
    "submit": {"type": "plain_text", "text": "Save"},
    "blocks": [
        {
            "type": "input",
            "block_id": "right",
            "label": {"type": "plain_text", "text": "The right answer"},
            "element": {"type": "plain_text_input", "action_id": "text", "multiline": True},
        }
    ],
}
VOTE = {
    "type": "context_actions",
    "block_id": "vote",
    "elements": [
        {
            "type": "feedback_buttons",
            "action_id": "feedback",
            "positive_button": {"text": {"type": "plain_text", "text": "Good"}, "value": "up"},
            "negative_button": {"text": {"type": "plain_text", "text": "Bad"}, "value": "down"},
        }
    ],
}


def button(action_id: str, value: str = "v") -> dict[str, Any]:
    element = {
        "type": "button",
        "action_id": action_id,
        "text": {"type": "plain_text", "text": "Go"},
        "value": value,
    }
    return {"type": "actions", "block_id": "go", "elements": [element]}


def until(found: Callable[[], Any], seconds: float = 5.0) -> Any:
    """What `found` gives as soon as it gives something."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if result := found():
            return result
        time.sleep(0.01)
    raise AssertionError(f"nothing came within {seconds} s")


class Bench:
    """A playground, a Bolt app on it, and what a person does there."""

    def __init__(self, playground: RunningPlayground) -> None:
        self.playground = playground
        self.client = WebClient(token=playground.bot_token, base_url=playground.api_url)
        self.app = App(
            client=self.client,
            signing_secret=playground.signing_secret,
            raise_error_for_unhandled_request=False,
        )
        self.handler = SocketModeHandler(self.app, playground.app_token)

    def connect(self) -> None:
        self.handler.connect()  # type: ignore[no-untyped-call]
        until(lambda: self.state(MIRA)["connected"])

    def close(self) -> None:
        self.handler.client.auto_reconnect_enabled = False
        self.playground.stop()
        # slack-sdk's client takes up to three seconds to notice that it is closed; nobody has to wait for it.
        threading.Thread(target=self.handler.close, daemon=True).start()

    def read(self, path: str) -> Any:
        with urllib.request.urlopen(self.playground.url + path) as answer:
            return json.load(answer)

    def state(self, person: str) -> Any:
        return self.read(f"/page/state?person={person}")["state"]

    def messages(self, person: str = MIRA, channel: str = GENERAL) -> Any:
        return self.read(f"/page/messages?person={person}&channel={channel}")["messages"]

    def act(self, name: str, /, **body: Any) -> Any:
        request = urllib.request.Request(
            f"{self.playground.url}/page/{name}",
            json.dumps({"person": MIRA} | body).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def say(self, text: str, **body: Any) -> str:
        return str(self.act("message", **({"channel": GENERAL, "text": text} | body))["ts"])

    def code(self, call: Callable[..., Any], **arguments: Any) -> str:
        with pytest.raises(SlackApiError) as caught:
            call(**arguments)
        return str(caught.value.response["error"])
