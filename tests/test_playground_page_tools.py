"""Files, pins, canvases, Slack's own selects and the fault panel, on the playground's page in a real browser."""

from typing import Any

from playground_desk import GENERAL, NEEDS_CHROMIUM, Desk, browser, desk, plain
from playwright.sync_api import Locator, expect
from slack_sdk import WebClient

__all__ = ["browser", "desk"]  # fixtures

pytestmark = NEEDS_CHROMIUM
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d494844520000000100000001080400000"
    + "0b51c0c020000000b4944415478da63fcff1f0003030200efbf"
    "a7db0000000049454e44ae426082"
)


def client_of(desk: Desk) -> WebClient:
    return WebClient(token=desk.playground.bot_token, base_url=desk.playground.api_url)


def send(desk: Desk, name: str, content: bytes, text: str = "") -> Locator:
    """The message that a file is sent with."""
    desk.page.get_by_test_id("composer-file").set_input_files(
        [{"name": name, "mimeType": "application/octet-stream", "buffer": content}]
    )
    desk.write(text)
    message = desk.page.locator("#messages").get_by_test_id("message").last
    expect(message).to_be_visible()
    return message


def choose(message: Locator, testid: str) -> None:
    message.hover()
    message.get_by_test_id("more").click()
    message.page.get_by_test_id(testid).click()


def test_a_file_is_sent_shown_and_deleted_to_a_stone(desk: Desk) -> None:
    desk.open()
    message = send(desk, "leave.md", b"# Leave", "read this")
    expect(message).to_contain_text("read this")
    expect(message.get_by_test_id("file")).to_contain_text("Markdown, 7 bytes")
    with desk.page.expect_download() as download:
        message.get_by_test_id("file").click()
    assert download.value.suggested_filename == "leave.md"
    expect(desk.page.locator(".attached li")).to_have_count(0)
    choose(message, "delete-file")
    desk.page.get_by_test_id("confirm-yes").click()
    expect(message.get_by_test_id("file-gone")).to_have_text("This file was deleted.")


def test_a_picture_is_shown_and_a_chosen_file_can_be_left_out_again(desk: Desk) -> None:
    desk.open()
    expect(desk.page.get_by_test_id("composer-send")).to_be_disabled()
    chooser = desk.page.get_by_test_id("composer-file")
    files = [
        {"name": name, "mimeType": "image/png", "buffer": PIXEL} for name in ("keep.png", "leave-out.png")
    ]
    chooser.set_input_files(files)  # type: ignore[arg-type]
    desk.page.get_by_label("Don't send leave-out.png").click()
    desk.page.get_by_test_id("composer-send").click()
    picture = desk.page.get_by_test_id("picture").locator("img")
    expect(picture).to_have_count(1)
    expect(picture).to_have_js_property("naturalWidth", 1)


def test_a_message_is_pinned_listed_and_unpinned(desk: Desk) -> None:
    desk.open()
    desk.write("the door code is on the fridge")
    message = desk.page.locator("#messages").get_by_test_id("message")
    choose(message, "pin")
    expect(message.get_by_test_id("pinned")).to_contain_text("Pinned by Hana Sato")
    desk.page.get_by_test_id("pins").click()
    sheet = desk.page.get_by_test_id("pins-sheet")
    expect(sheet).to_contain_text("the door code")
    sheet.get_by_test_id("unpin").click()
    expect(sheet).not_to_contain_text("the door code")
    desk.page.keyboard.press("Escape")
    expect(sheet).to_have_count(0)
    expect(message.get_by_test_id("pinned")).to_have_count(0)


def test_a_canvas_is_written_read_and_deleted(desk: Desk) -> None:
    desk.open()
    desk.page.get_by_test_id("canvas").click()
    desk.page.get_by_test_id("canvas-title").fill("House rules")
    desk.page.get_by_test_id("canvas-box").fill("Be *kind*. <img src=x onerror=alert(1)>")
    desk.page.get_by_test_id("canvas-save").click()
    desk.page.get_by_test_id("canvas").click()
    text = desk.page.get_by_test_id("canvas-text")
    expect(text.locator("em")).to_have_text("kind")
    expect(text.locator("img")).to_have_count(0)
    desk.page.get_by_test_id("canvas-delete").click()
    desk.page.get_by_test_id("confirm-yes").click()
    expect(desk.page.get_by_test_id("canvas")).to_contain_text("Add a canvas")


def test_slacks_own_selects_offer_people_and_channels(desk: Desk) -> None:
    def asked(name: str, element: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": "input",
            "block_id": name,
            "label": plain(name),
            "optional": True,
            "element": {"action_id": "e", **element},
        }

    view = {
        "type": "modal",
        "callback_id": "form",
        "title": plain("A form"),
        "submit": plain("Save"),
        "blocks": [
            asked("Who", {"type": "users_select", "initial_user": "U0MIRA0001"}),
            asked("Where", {"type": "multi_channels_select", "initial_channels": [GENERAL]}),
            asked("When", {"type": "datepicker", "initial_date": "2026-02-01"}),
        ],
    }
    saved: list[Any] = []

    @desk.handler.app.view("form")
    def save(ack: Any, view: dict[str, Any]) -> None:
        ack()
        saved.append(view["state"]["values"])

    desk.open()
    triggers = desk.playground.app.state.parts.triggers
    client_of(desk).views_open(trigger_id=triggers.issue("U0HANA0001"), view=view)
    modal = desk.page.get_by_test_id("modal")
    expect(modal.get_by_label("Who")).to_have_value("U0MIRA0001")
    modal.get_by_label("Who").select_option(label="Jonas Lind")
    expect(modal.get_by_label("#general")).to_be_checked()
    modal.get_by_label("#it-help").check()
    expect(modal.get_by_label("When")).to_have_value("2026-02-01")
    modal.get_by_label("When").fill("2026-03-04")
    modal.get_by_test_id("modal-submit").click()
    expect(modal).to_be_hidden()
    assert saved[0]["Who"]["e"]["selected_user"] == "U0JONAS001"
    assert saved[0]["Where"]["e"]["selected_channels"] == [GENERAL, "C0ITHELP01"]
    assert saved[0]["When"]["e"]["selected_date"] == "2026-03-04"


def test_a_picture_the_bot_uploaded_stands_in_the_home_tab(desk: Desk) -> None:
    client = client_of(desk)
    file = client.files_upload_v2(content=PIXEL, filename="chart.png")["file"]["id"]
    image = {"type": "image", "slack_file": {"id": file}, "alt_text": "30 days"}

    @desk.handler.app.middleware
    def quiet(body: dict[str, Any], next: Any) -> None:
        if body.get("event", {}).get("type") != "app_home_opened":
            next()

    client.views_publish(user_id="U0HANA0001", view={"type": "home", "blocks": [image]})
    desk.open()
    desk.page.get_by_test_id("home").click()
    expect(desk.page.get_by_alt_text("30 days")).to_have_js_property("naturalWidth", 1)


def test_suggested_prompts_are_offered_by_their_titles(desk: Desk) -> None:
    desk.open()
    desk.page.get_by_test_id("channel-lorebot").click()
    client = client_of(desk)
    channel = str(client.conversations_open(users="U0HANA0001")["channel"]["id"])
    prompts = [{"title": "Leave?", "message": "How much leave do I get?"}]
    client.assistant_threads_setSuggestedPrompts(channel_id=channel, title="Try one", prompts=prompts)
    expect(desk.page.locator("#empty")).to_contain_text("Try one")
    desk.page.get_by_role("button", name="Leave?").click()
    expect(desk.page.get_by_test_id("message").last).to_contain_text("You said How much leave do I get?")
    desk.page.get_by_test_id("prompt").click()
    expect(desk.page.get_by_test_id("message")).to_have_count(4)


def test_the_fault_panel_says_what_is_wrong_until_all_is_well_again(desk: Desk) -> None:
    desk.open()
    desk.page.get_by_test_id("trouble").click()
    panel = desk.page.get_by_test_id("trouble-panel")
    expect(panel.get_by_test_id("trouble-now")).to_contain_text("All is well.")
    panel.get_by_test_id("fault-slow_s").select_option("2")
    panel.get_by_test_id("fault-feedback_buttons").uncheck()
    expect(panel.get_by_test_id("trouble-now")).to_contain_text("API answers take 2 s; no feedback buttons")
    expect(desk.page.get_by_test_id("trouble-bar")).to_contain_text("no feedback buttons")
    panel.get_by_test_id("fault-reset").click()
    expect(desk.page.get_by_test_id("trouble-bar")).to_have_count(0)
    expect(panel.get_by_test_id("fault-feedback_buttons")).to_be_checked()
    panel.get_by_test_id("fault-uninstall").click()
    desk.page.get_by_test_id("confirm").get_by_role("button", name="Keep it").click()
    expect(panel.get_by_test_id("trouble-now")).to_contain_text("All is well.")
    panel.get_by_test_id("fault-cut").click()
    expect(desk.page.get_by_test_id("connection-bar")).to_be_visible()


def test_a_guest_and_a_partner_are_shown_as_what_they_are(desk: Desk) -> None:
    desk.open("ebbe")
    expect(desk.page.get_by_test_id("role-badge")).to_have_text("Birchline")
    expect(desk.page.get_by_test_id("channel-general")).to_have_count(0)
    expect(desk.page.get_by_test_id("home")).to_have_count(0)
    desk.page.get_by_test_id("members").click()
    expect(desk.page.get_by_test_id("members-sheet").locator(".tag")).to_have_text(
        ["guest", "Birchline", "app"]
    )
    desk.page.keyboard.press("Escape")
    desk.write("hello from Birchline")
    message = desk.page.locator("#messages").get_by_test_id("message").last
    message.hover()
    message.get_by_test_id("more").click()
    expect(desk.page.get_by_test_id("shortcut-correct_this")).to_have_count(0)
    expect(desk.page.get_by_test_id("edit")).to_be_visible()
