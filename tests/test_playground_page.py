"""The playground's page in a real browser: what a newcomer clicks, types and sees."""

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
MANIFEST: dict[str, Any] = {
    "features": {
        "slash_commands": [{"command": "/lorebot", "description": "Ask", "usage_hint": "[question]"}],
        "shortcuts": [{"name": "Correct this", "type": "message", "callback_id": "correct_this"}],
    }
}
SAMPLES = ["How much leave do I get?", "Who fixes laptops?"]
GENERAL = "C0GENERAL1"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="no /usr/bin/chromium: apt-get install chromium"),
]


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
        time.sleep(0.3)
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
        expect(self.page.get_by_test_id("channel-general")).to_be_attached()

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


def test_a_sample_question_is_answered_beside_the_channel(desk: Desk) -> None:
    desk.open()
    expect(desk.page.get_by_test_id("sample")).to_have_text(SAMPLES)
    desk.page.get_by_test_id("sample").first.click()
    panel = desk.page.get_by_test_id("thread-panel")
    expect(panel.get_by_test_id("status")).to_contain_text("Lorebot is reading...")
    expect(panel.get_by_test_id("message")).to_have_count(2)
    expect(panel.get_by_test_id("message").last.locator("strong").last).to_have_text("25 days")
    expect(panel.get_by_test_id("status")).to_have_count(0)
    expect(desk.page.get_by_test_id("replies-link")).to_contain_text("1 reply")


def test_a_vote_shows_and_can_be_changed_and_taken_back(desk: Desk) -> None:
    desk.open()
    desk.write("@Lorebot how much leave?")
    up, down = desk.page.get_by_test_id("feedback-up"), desk.page.get_by_test_id("feedback-down")
    up.click()
    expect(up).to_have_attribute("aria-pressed", "true")
    down.click()
    expect(up).to_have_attribute("aria-pressed", "false")
    expect(down).to_have_attribute("aria-pressed", "true")
    expect(down).to_be_focused()
    down.click()
    expect(down).to_have_attribute("aria-pressed", "false")
    assert desk.votes == ["up", "down"]
    desk.page.reload()
    desk.page.get_by_test_id("replies-link").click()
    expect(up).to_have_attribute("aria-pressed", "false")


def test_a_modal_tells_its_errors_keeps_what_was_written_and_then_saves(desk: Desk) -> None:
    desk.open()
    desk.write("wrong")
    message = desk.page.get_by_test_id("message")
    message.hover()
    message.get_by_test_id("more").click()
    desk.page.get_by_test_id("shortcut-correct_this").click()
    modal = desk.page.get_by_test_id("modal")
    modal.get_by_test_id("modal-submit").click()
    expect(modal.get_by_test_id("field-error")).to_have_count(2)
    modal.get_by_label("Old").check()
    modal.get_by_label("The right answer").fill("no")
    modal.get_by_test_id("modal-submit").click()
    expect(modal.get_by_test_id("field-error")).to_have_text(["Too short to learn from"])
    expect(modal.get_by_label("Old")).to_be_checked()
    expect(modal.get_by_label("The right answer")).to_be_focused()
    expect(modal.get_by_label("The right answer")).to_have_value("no")
    modal.get_by_label("The right answer").fill("27 days")
    modal.get_by_test_id("modal-submit").click()
    expect(modal).to_be_hidden()
    assert desk.saved == [("old", "27 days")]


def test_escape_closes_the_modal_then_the_thread(desk: Desk) -> None:
    desk.open()
    desk.write("hello")
    message = desk.page.locator("#messages").get_by_test_id("message")
    message.hover()
    message.get_by_test_id("reply").click()
    expect(desk.page.get_by_test_id("thread-composer")).to_be_focused()
    message.hover()
    message.get_by_test_id("more").click()
    desk.page.get_by_test_id("shortcut-correct_this").click()
    expect(desk.page.get_by_test_id("modal")).to_be_visible()
    desk.page.keyboard.press("Escape")
    expect(desk.page.get_by_test_id("modal")).to_be_hidden()
    expect(desk.page.get_by_test_id("thread-panel")).to_be_visible()
    desk.page.get_by_test_id("thread-composer").press("Escape")
    expect(desk.page.get_by_test_id("thread-panel")).to_be_hidden()
    expect(message).to_be_focused()


def test_what_is_written_never_becomes_markup_of_the_page(desk: Desk) -> None:
    desk.open()
    desk.write("<img src=x onerror=document.title='owned'> *bold* & <b>not bold</b>")
    body = desk.page.get_by_test_id("message").locator(".text")
    expect(body).to_have_text("<img src=x onerror=document.title='owned'> bold & <b>not bold</b>")
    expect(body.locator("img, b")).to_have_count(0)
    expect(body.locator("strong")).to_have_text("bold")
    client = WebClient(token=desk.playground.bot_token, base_url=desk.playground.api_url)
    # What a bot forgot to escape must not run either, and a link goes only to the web.
    client.chat_postMessage(
        channel=GENERAL, text="<script>x</script> <javascript:alert(1)|click> <https://a.example|ok>"
    )
    last = desk.page.get_by_test_id("message").last
    expect(last.locator("a")).to_have_count(1)
    expect(last.locator("a")).to_have_attribute("href", "https://a.example")
    expect(last).to_contain_text("click")
    assert "owned" not in desk.page.title()


def test_slacks_markup_is_drawn(desk: Desk) -> None:
    desk.open("mira")
    client = WebClient(token=desk.playground.bot_token, base_url=desk.playground.api_url)
    lines = [
        "*b* _i_ ~s~ `c*c*` snake_case_name 2*3*4",
        "> quoted",
        "<@U0MIRA0001> <#C0ITHELP01> <!here> &lt;3 :tada:",
    ]
    client.chat_postMessage(channel=GENERAL, text="\n".join([*lines, "```x = *1*```"]))
    text = desk.page.get_by_test_id("message").locator(".text")
    for tag, content in (("strong", "b"), ("em", "i"), ("s", "s"), ("p > code", "c*c*"), ("pre", "x = *1*")):
        expect(text.locator(tag)).to_have_text(content)
    expect(text.locator("blockquote")).to_have_text("quoted")
    expect(text).to_contain_text("snake_case_name 2*3*4")
    expect(text.locator(".mention")).to_have_text(["@Mira Okafor", "#it-help", "@here"])
    expect(text).to_contain_text("<3 🎉")


def test_names_and_commands_are_completed_with_the_keyboard(desk: Desk) -> None:
    desk.open()
    box = desk.page.get_by_test_id("composer")
    box.press_sequentially("/lo")
    expect(desk.page.get_by_role("option")).to_contain_text(["/lorebot"])
    box.press("Tab")
    expect(box).to_have_value("/lorebot ")
    box.press_sequentially("leave?")
    box.press("Enter")
    expect(desk.page.get_by_test_id("ephemeral")).to_contain_text("Only visible to you")
    expect(desk.page.get_by_test_id("message")).to_contain_text("You asked: leave?")
    box.press_sequentially("@lor")
    box.press("Enter")
    expect(box).to_have_value("@Lorebot ")
    box.press_sequentially("one")
    box.press("Shift+Enter")
    box.press_sequentially("two")
    box.press("Enter")
    expect(desk.page.get_by_test_id("message").filter(has_text="one").first.locator("br")).to_have_count(1)


def test_an_edit_outlives_a_reply_that_comes_meanwhile(desk: Desk) -> None:
    desk.open()
    desk.write("first words")
    message = desk.page.locator("#messages").get_by_test_id("message")
    expect(message).to_have_count(1)
    desk.page.get_by_test_id("composer").press("ArrowUp")
    editor = desk.page.get_by_test_id("editor")
    editor.fill("half written")
    client = WebClient(token=desk.playground.bot_token, base_url=desk.playground.api_url)
    ts = str(message.get_attribute("data-ts"))
    client.chat_postMessage(channel=GENERAL, text="a reply", thread_ts=ts)
    expect(message).to_contain_text("1 reply")
    expect(editor).to_have_value("half written")
    editor.press("Enter")
    expect(message).to_contain_text("half written (edited)")


def test_a_message_is_edited_reacted_to_and_deleted_without_a_mouse(desk: Desk) -> None:
    desk.open()
    box = desk.page.get_by_test_id("composer")
    desk.write("@Lorebot a < b")
    message = desk.page.locator("#messages").get_by_test_id("message")
    expect(message).to_have_count(1)
    box.press("ArrowUp")
    editor = desk.page.get_by_test_id("editor")
    expect(editor).to_have_value("@lorebot a < b")
    editor.fill("edited")
    editor.press("Enter")
    expect(message).to_contain_text("edited (edited)")
    message.focus()
    message.press("Tab")
    message.get_by_test_id("react-+1").focus()
    desk.page.keyboard.press("Enter")
    expect(message.get_by_test_id("reaction-+1")).to_have_attribute("aria-pressed", "true")
    message.get_by_test_id("reaction-+1").press("Enter")
    expect(message.get_by_test_id("reaction-+1")).to_have_count(0)
    desk.write("second")
    expect(message).to_have_count(2)
    message.last.focus()
    message.last.press("ArrowUp")
    expect(message.first).to_be_focused()
    message.last.focus()
    message.last.get_by_test_id("more").press("Enter")
    desk.page.get_by_test_id("delete").press("Enter")
    desk.page.get_by_test_id("confirm-yes").press("Enter")
    expect(message).to_have_count(1)


def test_unread_messages_are_counted_until_they_are_seen(desk: Desk) -> None:
    desk.open()
    desk.page.get_by_test_id("channel-it-help").click()
    client = WebClient(token=desk.playground.bot_token, base_url=desk.playground.api_url)
    for text in ("one", "two"):
        client.chat_postMessage(channel=GENERAL, text=text)
    channel = desk.page.get_by_test_id("channel-general")
    expect(channel.locator(".badge")).to_contain_text("2")
    channel.click()
    expect(channel.locator(".badge")).to_have_count(0)


def test_each_person_sees_their_own_workspace(desk: Desk) -> None:
    desk.open()
    desk.page.get_by_test_id("channel-lorebot").click()
    desk.write("only for me")
    expect(desk.page.get_by_test_id("message").last).to_contain_text("You said only for me")
    expect(desk.page.get_by_test_id("channel-leads")).to_have_count(0)
    desk.page.get_by_test_id("person-switch").select_option(label="Mira Okafor (admin)")
    expect(desk.page.get_by_test_id("admin-badge")).to_be_visible()
    expect(desk.page.get_by_test_id("channel-leads")).to_be_visible()
    expect(desk.page.get_by_test_id("message")).to_have_count(0)
    desk.page.get_by_test_id("home").click()
    expect(desk.page.get_by_test_id("home-view")).to_contain_text("Adapter in service")


def test_the_bar_says_when_the_bot_is_away(desk: Desk) -> None:
    desk.open()
    expect(desk.page.get_by_test_id("connection-bar")).to_have_count(0)
    desk.handler.client.auto_reconnect_enabled = False
    desk.handler.disconnect()  # type: ignore[no-untyped-call]
    expect(desk.page.get_by_test_id("connection-bar")).to_contain_text("Lorebot isn't connected")
    desk.write("/lorebot anyone?")
    expect(desk.page.get_by_test_id("toast")).to_contain_text("isn't connected")
    # What was written isn't lost.
    expect(desk.page.get_by_test_id("composer")).to_have_value("/lorebot anyone?")


def test_a_phone_shows_one_column_with_ways_back(desk: Desk) -> None:
    desk.page.set_viewport_size({"width": 390, "height": 844})
    desk.open()
    list_, box = desk.page.get_by_test_id("channel-general"), desk.page.get_by_test_id("composer")
    expect(box).to_be_hidden()
    list_.click()
    expect(list_).to_be_hidden()
    desk.write("@Lorebot how much leave?")
    desk.page.get_by_test_id("replies-link").click()
    expect(desk.page.get_by_test_id("thread-panel").get_by_test_id("feedback-up")).to_be_visible()
    expect(box).to_be_hidden()
    wide = desk.page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 390
    desk.page.get_by_test_id("back-middle").click()
    expect(box).to_be_visible()
    desk.page.get_by_test_id("back-list").click()
    expect(list_).to_be_visible()


def test_a_permalink_opens_its_channel_and_thread(desk: Desk) -> None:
    client = WebClient(token=desk.playground.bot_token, base_url=desk.playground.api_url)
    first = client.chat_postMessage(channel="C0ITHELP01", text="first")["ts"]
    reply = client.chat_postMessage(channel="C0ITHELP01", text="reply", thread_ts=first)["ts"]
    link = client.chat_getPermalink(channel="C0ITHELP01", message_ts=str(reply))["permalink"]
    desk.page.goto(str(link))
    expect(desk.page.get_by_test_id("channel-it-help")).to_have_attribute("aria-current", "page")
    expect(desk.page.get_by_test_id("thread-panel").get_by_test_id("message").last).to_contain_text("reply")
