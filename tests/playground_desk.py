"""The playground's page in a real browser, with a tiny bot behind it."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

from bot.playground.server import RunningPlayground, start

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NEEDS_CHROMIUM = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="no /usr/bin/chromium: apt-get install chromium"),
]
MANIFEST: dict[str, Any] = {
    "features": {
        "slash_commands": [{"command": "/lorebot", "description": "Ask", "usage_hint": "[question]"}],
        "shortcuts": [{"name": "Correct this", "type": "message", "callback_id": "correct_this"}],
    }
}
SAMPLES = ["How much leave do I get?", "Who fixes laptops?"]
GENERAL = "C0GENERAL1"


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def answer(text: str) -> list[dict[str, Any]]:
    feedback = {
        "type": "feedback_buttons",
        "action_id": "feedback",
        "positive_button": {"text": plain("Good"), "value": "up"},
        "negative_button": {"text": plain("Bad"), "value": "down"},
    }
    return [
        {"type": "section", "text": {"type": "mrkdwn", "text": text}},
        {"type": "context_actions", "elements": [feedback]},
    ]


MODAL: dict[str, Any] = {
    "type": "modal",
    "callback_id": "correct",
    "title": plain("Correct this"),
    "submit": plain("Save"),
    "blocks": [
        {
            "type": "input",
            "block_id": "why",
            "label": plain("What was wrong?"),
            "element": {
                "type": "radio_buttons",
                "action_id": "why",
                "options": [
                    {"text": plain("Wrong"), "value": "wrong"},
                    {"text": plain("Old"), "value": "old"},
                ],
            },
        },
        {
            "type": "input",
            "block_id": "right",
            "label": plain("The right answer"),
            "element": {"type": "plain_text_input", "action_id": "text", "multiline": True},
        },
    ],
}


def tiny_bot(playground: RunningPlayground, votes: list[str], saved: list[Any]) -> SocketModeHandler:
    client = WebClient(token=playground.bot_token, base_url=playground.api_url)
    app = App(
        client=client, signing_secret=playground.signing_secret, raise_error_for_unhandled_request=False
    )

    @app.event("app_mention")
    def mention(event: dict[str, Any], client: WebClient) -> None:
        ts = event.get("thread_ts", event["ts"])
        client.assistant_threads_setStatus(channel_id=event["channel"], thread_ts=ts, status="is reading...")
        time.sleep(1.0)  # long enough to see the status of, on a busy machine too
        client.chat_postMessage(
            channel=event["channel"], thread_ts=ts, text="25 days", blocks=answer("*25 days*")
        )

    @app.event("message")
    def direct(event: dict[str, Any], say: Any) -> None:
        if event["channel_type"] == "im" and "subtype" not in event:
            say(f"You said {event['text']}")

    @app.action("feedback")
    def vote(ack: Any, action: dict[str, Any]) -> None:
        ack()
        votes.append(action["value"])

    @app.shortcut("correct_this")
    def correct(ack: Any, shortcut: dict[str, Any], client: WebClient) -> None:
        ack()
        client.views_open(trigger_id=shortcut["trigger_id"], view=MODAL)

    @app.view("correct")
    def save(ack: Any, view: dict[str, Any]) -> None:
        values = view["state"]["values"]
        text = values["right"]["text"]["value"]
        if len(text) < 5:
            ack(response_action="errors", errors={"right": "Too short to learn from"})
            return
        ack()
        saved.append((values["why"]["why"]["selected_option"]["value"], text))

    @app.command("/lorebot")
    def command(ack: Any, command: dict[str, Any]) -> None:
        ack(f"You asked: {command['text']}")

    @app.event("app_home_opened")
    def home(event: dict[str, Any], client: WebClient) -> None:
        blocks = [{"type": "header", "text": plain("Adapter in service")}]
        client.views_publish(user_id=event["user"], view={"type": "home", "blocks": blocks})

    return SocketModeHandler(app, playground.app_token)


class Desk:
    def __init__(self, playground: RunningPlayground, page: Page) -> None:
        self.playground = playground
        self.page = page
        self.votes: list[str] = []
        self.saved: list[Any] = []
        self.faults: list[str] = []
        self.handler = tiny_bot(playground, self.votes, self.saved)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", lambda said: self.faults.append(said.text) if said.type == "error" else None)

    def open(self, person: str = "hana") -> None:
        self.page.goto(f"{self.playground.url}/?as={person}")
        expect(self.page.get_by_test_id("person-switch")).to_be_attached()

    def write(self, text: str) -> None:
        box = self.page.get_by_test_id("composer")
        box.fill(text)
        box.press("Enter")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def desk(browser: Browser) -> Iterator[Desk]:
    playground = start(folder=None, samples=SAMPLES, manifest=MANIFEST)
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.set_default_timeout(8000)
    desk = Desk(playground, page)
    desk.handler.connect()  # type: ignore[no-untyped-call]
    yield desk
    page.close()
    desk.handler.client.auto_reconnect_enabled = False
    playground.stop()
    assert desk.faults == []
