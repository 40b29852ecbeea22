"""A real Bolt app against the playground, through slack-sdk's own clients, as it talks to Slack."""

import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qsl

import pytest
from playground_bench import GENERAL, HANA, JONAS, LEADS, MIRA, MODAL, RANDOM, VOTE, Bench, button, until
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import SignatureVerifier
from slack_sdk.webhook import WebhookClient

from bot.errors import LorebotError
from bot.playground.server import start
from bot.playground.teams import BOT_USER_ID


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench(start(folder=None))
    yield bench
    bench.close()


def test_a_mention_is_answered_in_its_thread(bench: Bench) -> None:
    @bench.app.event("app_mention")
    def answer(event: dict[str, Any], say: Any) -> None:
        say(text=f"You said {event['text']}", thread_ts=event["ts"])

    bench.connect()
    ts = bench.say("@Lorebot how much leave < 3 days?")
    reply = until(lambda: [m for m in bench.messages() if m.get("thread_ts") == ts and m["ts"] != ts])[0]
    assert reply["text"] == f"You said <@{BOT_USER_ID}> how much leave &lt; 3 days?"
    assert (reply["user"], reply["bot_id"]) == (BOT_USER_ID, bench.client.auth_test()["bot_id"])


def test_a_mention_comes_both_as_app_mention_and_as_message(bench: Bench) -> None:
    seen: list[tuple[str, str, str]] = []

    @bench.app.middleware
    def note(body: dict[str, Any], next: Callable[[], None]) -> None:
        event = body["event"]
        seen.append((event["type"], event.get("channel_type", ""), event["ts"]))
        next()

    bench.connect()
    ts = bench.say("@lorebot hello")
    until(lambda: len(seen) >= 2)
    assert set(seen) == {("app_mention", "", ts), ("message", "channel", ts)}


def test_the_bot_hears_nothing_of_a_channel_it_is_not_in(bench: Bench) -> None:
    seen: list[str] = []

    @bench.app.event("message")
    def note(event: dict[str, Any]) -> None:
        seen.append(event["channel"])

    bench.connect()
    bench.say("@Lorebot anyone there?", channel=RANDOM)
    bench.say("here", channel=GENERAL)
    until(lambda: seen)
    assert seen == [GENERAL]
    assert bench.code(bench.client.chat_postMessage, channel=RANDOM, text="hi") == "not_in_channel"
    bench.act("invite", channel=RANDOM)
    assert bench.client.chat_postMessage(channel=RANDOM, text="hi")["ok"]


def test_an_event_that_is_not_acknowledged_comes_again(bench: Bench) -> None:
    seen: list[tuple[str, Any]] = []
    bench.playground.app.state.parts.socket_mode.ack_seconds = 0.5

    @bench.app.middleware
    def fail_twice(req: Any, body: dict[str, Any], next: Callable[[], None]) -> None:
        seen.append((body["event_id"], req.headers.get("x-slack-retry-num", ["0"])[0]))
        if len(seen) > 2:
            next()

    @bench.app.event("message")
    def take() -> None:
        pass

    bench.connect()
    bench.say("hello")
    until(lambda: len(seen) == 3)
    time.sleep(0.7)
    assert [attempt for _, attempt in seen] == ["0", "1", "2"]
    assert len({id for id, _ in seen}) == 1


def test_events_wait_while_the_bot_is_away(bench: Bench) -> None:
    seen: list[str] = []

    @bench.app.event("message")
    def note(event: dict[str, Any]) -> None:
        seen.append(event["text"])

    bench.say("early")
    bench.connect()
    until(lambda: seen == ["early"])
    bench.playground.drop_connections()
    bench.say("between")
    # An event whose acknowledgement was lost with its connection may come twice, never not at all.
    until(lambda: list(dict.fromkeys(seen)) == ["early", "between"])


def test_a_direct_message_needs_no_mention(bench: Bench) -> None:
    @bench.app.event("message")
    def answer(event: dict[str, Any], say: Any) -> None:
        say(f"{event['channel_type']}: {event['text']}")

    bench.connect()
    bench.say("hello", channel="dm")
    until(lambda: "im: hello" in [m["text"] for m in bench.messages(channel="dm")])
    assert bench.messages(HANA, "dm") == []


def test_an_edit_and_a_deletion_reach_the_bot(bench: Bench) -> None:
    seen: list[dict[str, Any]] = []

    @bench.app.event({"type": "message", "subtype": "message_changed"})
    @bench.app.event({"type": "message", "subtype": "message_deleted"})
    def note(event: dict[str, Any]) -> None:
        seen.append(event)

    bench.connect()
    ts = bench.say("first")
    bench.act("edit", channel=GENERAL, ts=ts, text="second")
    until(lambda: len(seen) == 1)
    assert (seen[0]["previous_message"]["text"], seen[0]["message"]["text"]) == ("first", "second")
    bench.act("delete", channel=GENERAL, ts=ts)
    until(lambda: len(seen) == 2)
    assert seen[1]["deleted_ts"] == ts
    assert bench.messages() == []


def test_nobody_changes_what_somebody_else_wrote(bench: Bench) -> None:
    ts = bench.say("mine")
    assert bench.act("edit", person=HANA, channel=GENERAL, ts=ts, text="yours")["error"] == "not_yours"
    assert bench.act("delete", person=HANA, channel=GENERAL, ts=ts)["error"] == "not_yours"
    assert bench.messages()[0]["text"] == "mine"


def test_reactions_are_told_when_added_and_when_removed(bench: Bench) -> None:
    seen: list[tuple[str, str, str]] = []

    @bench.app.event("reaction_added")
    @bench.app.event("reaction_removed")
    def note(event: dict[str, Any]) -> None:
        seen.append((event["type"], event["reaction"], event["item"]["ts"]))

    bench.connect()
    ts = bench.client.chat_postMessage(channel=GENERAL, text="An answer")["ts"]
    bench.act("react", channel=GENERAL, ts=ts, name="+1", on=True)
    until(lambda: len(seen) == 1)
    assert bench.act("react", channel=GENERAL, ts=ts, name="+1", on=True)["error"] == "already_reacted"
    bench.act("react", channel=GENERAL, ts=ts, name="+1", on=False)
    until(lambda: len(seen) == 2)
    assert seen == [("reaction_added", "+1", ts), ("reaction_removed", "+1", ts)]
    arguments = {"channel": GENERAL, "timestamp": ts, "name": "eyes"}
    bench.client.reactions_add(**arguments)
    assert bench.code(bench.client.reactions_add, **arguments) == "already_reacted"
    bench.client.reactions_remove(**arguments)
    assert bench.code(bench.client.reactions_remove, **arguments) == "no_reaction"


def test_a_button_opens_a_modal_whose_errors_can_be_mended(bench: Bench) -> None:
    saved: list[str] = []

    @bench.app.action("open")
    def open_modal(ack: Any, body: dict[str, Any], client: WebClient) -> None:
        ack()
        metadata = body["message"]["ts"]
        client.views_open(trigger_id=body["trigger_id"], view=MODAL | {"private_metadata": metadata})

    @bench.app.view("correct")
    def save(ack: Any, view: dict[str, Any]) -> None:
        text = view["state"]["values"]["right"]["text"]["value"]
        if len(text) < 5:
            ack(response_action="errors", errors={"right": "Too short"})
            return
        ack()
        saved.append(view["private_metadata"] + text)

    bench.connect()
    ts = bench.client.chat_postMessage(channel=GENERAL, text="?", blocks=[button("open")])["ts"]
    assert bench.act("action", channel=GENERAL, ts=ts, action_id="open")["ok"]
    view = until(lambda: bench.state(MIRA)["views"])[0]
    assert bench.state(HANA)["views"] == []
    submit = {"view_id": view["id"], "values": {"right": {"text": "no"}}}
    assert bench.act("submit", **(submit | {"values": {}}))["errors"] == {
        "right": "Please complete this required field."
    }
    assert bench.act("submit", **submit)["errors"] == {"right": "Too short"}
    assert bench.state(MIRA)["views"][0]["id"] == view["id"]
    assert bench.act("submit", person=HANA, **submit)["error"] == "not_found"
    assert bench.act("submit", **(submit | {"values": {"right": {"text": "25 days"}}}))["ok"]
    until(lambda: saved == [ts + "25 days"])
    assert bench.state(MIRA)["views"] == []


def test_a_submission_can_push_update_and_clear_the_modals(bench: Bench) -> None:
    answers = iter(["push", "update", "clear"])

    @bench.app.command("/lorebot")
    def open_modal(ack: Any, body: dict[str, Any], client: WebClient) -> None:
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=MODAL)

    @bench.app.view("correct")
    def follow(ack: Any) -> None:
        kind = next(answers)
        view = {} if kind == "clear" else {"view": MODAL | {"title": {"type": "plain_text", "text": kind}}}
        ack(response_action=kind, **view)

    bench.connect()
    bench.act("command", channel=GENERAL, command="/lorebot", text="")
    until(lambda: bench.state(MIRA)["views"])

    def submit() -> list[str]:
        top = bench.state(MIRA)["views"][-1]
        bench.act("submit", view_id=top["id"], values={"right": {"text": "x"}})
        return [view["title"]["text"] for view in bench.state(MIRA)["views"]]

    assert submit() == ["Correct this", "push"]
    assert submit() == ["Correct this", "update"]
    assert submit() == []


def test_closing_a_modal_is_told_only_where_asked_for(bench: Bench) -> None:
    closed: list[str] = []
    views = iter([MODAL, MODAL | {"notify_on_close": True, "callback_id": "watched"}])

    @bench.app.command("/lorebot")
    def open_modal(ack: Any, body: dict[str, Any], client: WebClient) -> None:
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=next(views))

    @bench.app.view_closed("correct")
    @bench.app.view_closed("watched")
    def note(ack: Any, view: dict[str, Any]) -> None:
        ack()
        closed.append(view["callback_id"])

    bench.connect()
    for _ in range(2):
        bench.act("command", channel=GENERAL, command="/lorebot", text="")
        view = until(lambda: bench.state(MIRA)["views"])[0]
        bench.act("close", view_id=view["id"])
    until(lambda: closed)
    assert closed == ["watched"]


def test_a_slash_command_answers_only_the_person_who_gave_it(bench: Bench) -> None:
    @bench.app.command("/lorebot")
    def answer(ack: Any, command: dict[str, Any]) -> None:
        ack(f"{command['text']} from {command['user_name']} in {command['channel_name']}")

    bench.connect()
    bench.act("command", channel="general", command="/lorebot", text="help")
    assert [(m["text"], m["only_for"]) for m in bench.messages()] == [("help from mira in general", MIRA)]
    assert bench.messages(HANA) == []
    unknown = bench.act("command", channel="general", command="/nothing", text="")
    assert unknown["error"] == "unknown_command"


def test_an_interaction_without_a_bot_is_refused_in_words(bench: Bench) -> None:
    answer = bench.act("command", channel="general", command="/lorebot", text="help")
    assert answer["error"] == "not_connected"
    assert "isn't connected" in answer["text"]


def test_a_response_url_answers_five_times_and_can_replace(bench: Bench) -> None:
    urls: list[str] = []

    @bench.app.action("open")
    def note(ack: Any, body: dict[str, Any]) -> None:
        ack()
        urls.append(body["response_url"])

    bench.connect()
    ts = bench.client.chat_postMessage(channel=GENERAL, text="before", blocks=[button("open")])["ts"]
    bench.act("action", channel=GENERAL, ts=ts, action_id="open")
    webhook = WebhookClient(until(lambda: urls)[0])
    webhook.send(text="just you")
    webhook.send(text="all of you", response_type="in_channel")
    webhook.send(text="after", replace_original=True)
    assert [(m["text"], m["only_for"]) for m in bench.messages()] == [
        ("after", None),
        ("just you", MIRA),
        ("all of you", None),
    ]
    webhook.send(delete_original=True)
    assert ts not in [m["ts"] for m in bench.messages()]
    assert webhook.send(text="five").status_code == 200
    assert webhook.send(text="six").status_code == 404


PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d494844520000000100000001080400000"
    + "0b51c0c020000000b4944415478da63fcff1f0003030200efbf"
    "a7db0000000049454e44ae426082"
)


def test_an_uploaded_picture_stands_in_the_thread_it_was_shared_in(bench: Bench) -> None:
    ts = bench.client.chat_postMessage(channel=GENERAL, text="the verdict")["ts"]
    shared = bench.client.files_upload_v2(
        channel=GENERAL,
        thread_ts=ts,
        content=PIXEL,
        filename="run-1.png",
        title="Run 1",
        alt_txt="two charts",
    )
    message = bench.messages()[-1]
    assert (message["thread_ts"], message["subtype"]) == (ts, "file_share")
    (file,) = message["files"]
    assert (file["id"], file["title"], file["alt_txt"]) == (shared["file"]["id"], "Run 1", "two charts")
    with urllib.request.urlopen(f"{bench.playground.url}/page/file/{file['id']}?person=hana") as answer:
        assert (answer.headers["content-type"], answer.read()) == ("image/png", PIXEL)
    assert bench.client.files_info(file=file["id"])["file"]["name"] == "run-1.png"


def test_what_was_uploaded_is_shown_only_when_it_is_complete_and_never_run(bench: Bench) -> None:
    def status(path: str, data: bytes | None = None) -> int:
        try:
            with urllib.request.urlopen(bench.playground.url + path, data) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    awaited = bench.client.files_getUploadURLExternal(filename="a.png", length=len(PIXEL))
    path = awaited["upload_url"].removeprefix(bench.playground.url)
    assert status(path, b"another length") == 400
    assert status("/upload/F0", PIXEL) == 400
    assert status(path, PIXEL) == 200
    assert status(path, PIXEL) == 400  # never twice
    assert status(f"/page/file/{awaited['file_id']}?person=mira") == 404
    page = b"<script>alert(1)</script>"
    shared = bench.client.files_upload_v2(channel=LEADS, content=page, filename="a.html", title="a")
    url = f"{bench.playground.url}/page/file/{shared['file']['id']}"
    with urllib.request.urlopen(f"{url}?person=mira") as answer:
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["content-disposition"].startswith("attachment")
    assert status(f"/page/file/{shared['file']['id']}?person=hana") == 404
    refused = {"files": [{"id": awaited["file_id"]}], "channel_id": GENERAL, "thread_ts": "1.0"}
    assert bench.code(bench.client.files_completeUploadExternal, **refused) == "thread_not_found"
    assert bench.code(bench.client.files_completeUploadExternal, files=[{"id": "F0"}]) == "file_not_found"


def test_a_response_url_replaces_an_ephemeral_message(bench: Bench) -> None:
    @bench.app.action("open")
    def replace(ack: Any, body: dict[str, Any], respond: Any) -> None:
        ack()
        assert body["container"]["is_ephemeral"]
        assert "message" not in body
        respond(text="done", replace_original=True)

    bench.connect()
    bench.client.chat_postEphemeral(channel=GENERAL, user=MIRA, text="?", blocks=[button("open")])
    ts = bench.messages()[0]["ts"]
    bench.act("action", channel=GENERAL, ts=ts, action_id="open")
    until(lambda: [m["text"] for m in bench.messages()] == ["done"])


def test_an_ephemeral_message_is_for_one_person_and_in_no_history(bench: Bench) -> None:
    bench.client.chat_postEphemeral(channel=GENERAL, user=HANA, text="psst")
    assert [m["text"] for m in bench.messages(HANA)] == ["psst"]
    assert bench.messages(MIRA) == []
    assert bench.client.conversations_history(channel=GENERAL)["messages"] == []
    outsider = {"channel": LEADS, "user": HANA, "text": "psst"}
    assert bench.code(bench.client.chat_postEphemeral, **outsider) == "user_not_in_channel"


def test_feedback_buttons_send_one_payload_a_change_and_none_for_taking_back(bench: Bench) -> None:
    votes: list[str] = []

    @bench.app.action("feedback")
    def note(ack: Any, action: dict[str, Any]) -> None:
        ack()
        votes.append(action["value"])

    bench.connect()
    ts = bench.client.chat_postMessage(channel=GENERAL, text="?", blocks=[VOTE])["ts"]

    def press(value: str) -> Any:
        return bench.act("action", channel=GENERAL, ts=ts, action_id="feedback", value=value)["sent"]

    assert (press("up"), press("down"), press("down")) == (True, True, False)
    until(lambda: votes == ["up", "down"])
    assert bench.messages()[0]["picks"] == {"vote": {}}
    assert (
        bench.act("action", channel=GENERAL, ts=ts, action_id="feedback", value="x")["error"]
        == "invalid_action"
    )


def test_a_trigger_opens_one_modal_within_three_seconds(bench: Bench) -> None:
    triggers = bench.playground.app.state.parts.triggers
    now = [0.0]
    triggers._clock = lambda: now[0]
    first, late = triggers.issue(MIRA), triggers.issue(MIRA)
    now[0] = 2.9
    assert bench.client.views_open(trigger_id=first, view=MODAL)["view"]["callback_id"] == "correct"
    assert bench.code(bench.client.views_open, trigger_id=first, view=MODAL) == "exchanged_trigger_id"
    now[0] = 3.1
    assert bench.code(bench.client.views_open, trigger_id=late, view=MODAL) == "expired_trigger_id"
    assert bench.code(bench.client.views_open, trigger_id="1.2.3", view=MODAL) == "invalid_trigger_id"


def test_no_more_than_three_modals_lie_on_each_other(bench: Bench) -> None:
    issue = bench.playground.app.state.parts.triggers.issue
    bench.client.views_open(trigger_id=issue(MIRA), view=MODAL)
    bench.client.views_push(trigger_id=issue(MIRA), view=MODAL)
    bench.client.views_push(trigger_id=issue(MIRA), view=MODAL)
    assert bench.code(bench.client.views_push, trigger_id=issue(MIRA), view=MODAL) == "push_limit_reached"


def test_invalid_blocks_are_refused_with_the_place_of_the_fault(bench: Bench) -> None:
    post = bench.client.chat_postMessage
    long = {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}
    with pytest.raises(SlackApiError) as caught:
        post(channel=GENERAL, text="x", blocks=[{"type": "divider"}, long])
    assert caught.value.response["error"] == "invalid_blocks"
    assert "/blocks/1/text/text" in caught.value.response["errors"][0]
    arguments = {"channel": GENERAL, "text": "x"}
    assert bench.code(post, **arguments, blocks=[{"type": "divider"}] * 51) == "invalid_blocks"
    assert bench.code(post, **arguments, blocks=[{"type": "carousel"}]) == "invalid_blocks"
    empty = {"type": "rich_text_section", "elements": [{"type": "text", "text": ""}]}
    assert (
        bench.code(post, **arguments, blocks=[{"type": "rich_text", "elements": [empty]}]) == "invalid_blocks"
    )
    assert bench.code(post, **arguments, blocks="[{") == "invalid_blocks_format"
    assert post(channel=GENERAL, text="x", blocks=[{"type": "divider"}] * 50)["ok"]
    assert [m["text"] for m in bench.messages()] == ["x"]
    no_submit = {name: value for name, value in MODAL.items() if name != "submit"}
    trigger = bench.playground.app.state.parts.triggers.issue(MIRA)
    assert bench.code(bench.client.views_open, trigger_id=trigger, view=no_submit) == "invalid_arguments"


def test_errors_of_the_web_api_carry_slacks_codes(bench: Bench) -> None:
    client = bench.client
    mine = bench.say("hello")
    assert bench.code(client.chat_postMessage, channel="C0NOWHERE", text="x") == "channel_not_found"
    assert (
        bench.code(client.api_call, api_method="chat.postMessage", params={"channel": GENERAL}) == "no_text"
    )
    assert bench.code(client.chat_update, channel=GENERAL, ts="1.000001", text="x") == "message_not_found"
    assert bench.code(client.chat_update, channel=GENERAL, ts=mine, text="x") == "cant_update_message"
    assert bench.code(client.conversations_replies, channel=GENERAL, ts="1.000001") == "thread_not_found"
    assert bench.code(client.users_info, user="U0NOBODY") == "user_not_found"
    assert bench.code(client.api_call, api_method="admin.users.list") == "unknown_method"
    assert bench.code(client.apps_connections_open, app_token=client.token) == "not_allowed_token_type"
    base = bench.playground.api_url
    assert bench.code(WebClient(token="xoxb-wrong", base_url=base).auth_test) == "invalid_auth"
    assert bench.code(WebClient(base_url=base).auth_test) == "not_authed"


def test_a_thread_is_read_with_its_first_message(bench: Bench) -> None:
    ts = bench.say("question")
    bench.client.chat_postMessage(channel=GENERAL, text="answer", thread_ts=ts)
    bench.say("thanks", thread_ts=ts)
    replies = bench.client.conversations_replies(channel=GENERAL, ts=ts)["messages"]
    assert [m["text"] for m in replies] == ["question", "answer", "thanks"]
    assert replies[0]["reply_count"] == 2
    history = bench.client.conversations_history(channel=GENERAL)["messages"]
    assert [m["text"] for m in history] == ["question"]
    link = bench.client.chat_getPermalink(channel=GENERAL, message_ts=replies[1]["ts"])["permalink"]
    assert link.startswith(f"{bench.playground.url}/archives/{GENERAL}/p")


def test_lists_come_in_pages(bench: Bench) -> None:
    names = [c["name"] for page in bench.client.conversations_list(limit=2) for c in page["channels"]]
    assert names == ["general", "people-ops", "engineering", "it-help", "random", "with-birchline"]
    assert len(bench.client.users_list()["members"]) == 8
    admins = [user["name"] for user in bench.client.users_list()["members"] if user["is_admin"]]
    assert admins == ["mira"]


def test_a_private_channel_is_hidden_from_others(bench: Bench) -> None:
    assert LEADS in [channel["id"] for channel in bench.state(JONAS)["channels"]]
    assert LEADS not in [channel["id"] for channel in bench.state(HANA)["channels"]]
    bench.say("secret", channel=LEADS)
    assert "secret" not in json.dumps(bench.state(HANA))
    answer = bench.act("message", person=HANA, channel=LEADS, text="let me in")
    assert answer["error"] == "channel_not_found"


def test_the_home_tab_is_published_when_it_is_opened(bench: Bench) -> None:
    @bench.app.event("app_home_opened")
    def publish(event: dict[str, Any], client: WebClient) -> None:
        text = {"type": "mrkdwn", "text": f"Hello on {event['tab']}"}
        client.views_publish(
            user_id=event["user"], view={"type": "home", "blocks": [{"type": "section", "text": text}]}
        )

    bench.connect()
    bench.act("home", tab="home")
    home = until(lambda: bench.state(MIRA)["home"])
    assert home["blocks"][0]["text"]["text"] == "Hello on home"


def test_a_status_ends_with_the_answer(bench: Bench) -> None:
    ts = bench.say("question")
    bench.client.assistant_threads_setStatus(channel_id=GENERAL, thread_ts=ts, status="is reading...")
    assert [status["status"] for status in bench.state(HANA)["statuses"]] == ["is reading..."]
    bench.client.chat_postMessage(channel=GENERAL, thread_ts=ts, text="answer")
    assert bench.state(HANA)["statuses"] == []


def test_a_message_shortcut_carries_the_message(bench: Bench) -> None:
    seen: list[dict[str, Any]] = []

    @bench.app.shortcut("correct_this")
    def note(ack: Any, shortcut: dict[str, Any]) -> None:
        ack()
        seen.append(shortcut)

    bench.connect()
    ts = bench.say("wrong")
    assert bench.act("shortcut", channel=GENERAL, ts=ts, callback_id="correct_this")["ok"]
    until(lambda: seen)
    assert (seen[0]["message"]["ts"], seen[0]["user"]["id"]) == (ts, MIRA)
    assert seen[0]["trigger_id"]


def test_the_page_hears_of_changes_as_they_happen(bench: Bench) -> None:
    heard: list[dict[str, Any]] = []

    def listen() -> None:
        with urllib.request.urlopen(f"{bench.playground.url}/page/live?person=hana") as stream:
            for line in stream:
                if line.startswith(b"data: "):
                    heard.append(json.loads(line[6:]))

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    until(lambda: heard)
    bench.say("secret", channel=LEADS)
    bench.say("hello")
    until(lambda: len(heard) > 1)
    assert heard[0]["kind"] == "state"
    assert [(h["kind"], h["message"]["text"]) for h in heard[1:]] == [("message", "hello")]
    bench.playground.stop()
    thread.join(5)
    assert not thread.is_alive()


def test_only_the_page_itself_may_act(bench: Bench) -> None:
    url = f"{bench.playground.url}/page/message"
    form = urllib.request.Request(url, b'{"person": "mira"}', {"Content-Type": "text/plain"})
    with urllib.request.urlopen(form) as answer:
        assert json.load(answer)["error"] == "json_expected"
    elsewhere = urllib.request.Request(bench.playground.url, headers={"Host": "evil.example"})
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(elsewhere)
    assert caught.value.code == 400


def test_a_taken_port_is_said_in_one_line(bench: Bench) -> None:
    port = int(bench.playground.url.rsplit(":", 1)[1])
    with pytest.raises(LorebotError, match=f"port {port} is taken") as caught:
        start(port)
    assert "\n" not in str(caught.value)


def test_with_a_manifest_the_playground_is_as_strict_as_slack() -> None:
    manifest = {
        "features": {
            "bot_user": {"display_name": "Sage"},
            "slash_commands": [{"command": "/sage", "description": "Ask"}],
            "shortcuts": [{"name": "Correct this", "type": "message", "callback_id": "correct_this"}],
        },
        "oauth_config": {"scopes": {"bot": ["app_mentions:read", "chat:write"]}},
        "settings": {"event_subscriptions": {"bot_events": ["app_mention"]}},
    }
    bench = Bench(start(folder=None, manifest=manifest))
    try:
        seen: list[str] = []

        @bench.app.middleware
        def note(body: dict[str, Any], next: Callable[[], None]) -> None:
            seen.append(body["event"]["type"])
            next()

        bench.connect()
        ts = bench.say("plain")
        bench.say("@Sage hello")
        until(lambda: seen)
        time.sleep(0.1)
        assert seen == ["app_mention"]
        assert bench.state(MIRA)["commands"][0]["command"] == "/sage"
        with pytest.raises(SlackApiError) as caught:
            bench.client.reactions_add(channel=GENERAL, timestamp=ts, name="eyes")
        assert caught.value.response["error"] == "missing_scope"
        assert caught.value.response["needed"] == "reactions:write"
    finally:
        bench.close()


class SignedRequests(BaseHTTPRequestHandler):
    """The bot's side of HTTP mode: checks the signature as slack-sdk does, acknowledges with a text."""

    taken: ClassVar[list[tuple[bool, str, str]]] = []
    retries: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        headers = {name.lower(): value for name, value in self.headers.items()}
        valid = SignatureVerifier("secret").is_valid_request(body, headers)
        self.taken.append((valid, headers["content-type"], body))
        self.retries.append(headers.get("x-slack-retry-num", ""))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"" if body.startswith("{") else b"Heard you")

    def log_message(self, format: str, *arguments: Any) -> None:
        """Quiet."""


def test_over_http_everything_comes_signed_and_is_acknowledged_in_the_answer() -> None:
    SignedRequests.taken.clear()
    receiver = ThreadingHTTPServer(("127.0.0.1", 0), SignedRequests)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{receiver.server_port}/slack/events"
    bench = Bench(start(folder=None, request_url=url, signing_secret="secret"))
    try:
        ts = bench.say("hello")
        until(lambda: SignedRequests.taken)
        valid, kind, body = SignedRequests.taken[0]
        assert (valid, kind) == (True, "application/json")
        assert json.loads(body)["event"]["ts"] == ts
        bench.act("command", channel=GENERAL, command="/lorebot", text="a&b")
        valid, kind, body = SignedRequests.taken[1]
        assert (valid, kind) == (True, "application/x-www-form-urlencoded")
        assert dict(parse_qsl(body))["text"] == "a&b"
        assert [m["text"] for m in bench.messages()] == ["hello", "Heard you"]
    finally:
        receiver.shutdown()
        receiver.server_close()
        bench.close()


def test_over_http_an_event_whose_acknowledgement_got_lost_comes_again_signed_anew() -> None:
    SignedRequests.taken.clear()
    SignedRequests.retries.clear()
    receiver = ThreadingHTTPServer(("127.0.0.1", 0), SignedRequests)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{receiver.server_port}/slack/events"
    bench = Bench(start(folder=None, request_url=url, signing_secret="secret"))
    try:
        bench.act("faults", lost_acks=1.0)
        bench.say("hello")
        until(lambda: len(SignedRequests.retries) == 2)
        bench.act("faults", do="reset")
        time.sleep(1.5)
        assert SignedRequests.retries[:2] == ["", "1"]
        assert len(SignedRequests.retries) < 4
        assert all(valid for valid, _, _ in SignedRequests.taken)
        assert len({json.loads(body)["event_id"] for _, _, body in SignedRequests.taken}) == 1
    finally:
        receiver.shutdown()
        receiver.server_close()
        bench.close()
