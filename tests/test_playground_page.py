"""The playground's page in a real browser: what a newcomer clicks, types and sees."""

from playground_desk import GENERAL, NEEDS_CHROMIUM, SAMPLES, Desk, browser, desk
from playwright.sync_api import expect
from slack_sdk import WebClient

__all__ = ["browser", "desk"]  # fixtures

pytestmark = NEEDS_CHROMIUM


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
