"""The playground's shape, checked against what others know of Slack: slack-sdk's clients and models, Bolt's reading of
payloads, and the fields that Slack's documentation names for each answer and event."""

from __future__ import annotations

import re
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import slack_limits
from playground_bench import EBBE, GENERAL, HANA, JONAS, LEADS, MIRA, MODAL, PARTNERS, Bench, until
from slack_bolt.request import internals
from slack_bolt.request import payload_utils as bolt
from slack_sdk import WebClient
from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block, BlockElement, ConfirmObject
from slack_sdk.models.views import View, ViewState
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.web.slack_response import SlackResponse

from bot.playground import limits, manifest
from bot.playground.blocks import message_faults, view_faults
from bot.playground.server import start
from bot.playground.web_api import METHODS

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d494844520000000100000001080400000"
    + "0b51c0c020000000b4944415478da63fcff1f0003030200efbf"
    "a7db0000000049454e44ae426082"
)
Json = dict[str, Any]


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench(start(folder=None))
    yield bench
    bench.close()


# Methods


def test_every_method_is_one_of_slack_sdks_and_every_table_speaks_of_known_ones() -> None:
    unknown = [name for name in METHODS if not callable(getattr(WebClient, name.replace(".", "_"), None))]
    assert unknown == []
    tables = {*limits.METHODS, *limits.POSTING, *manifest.SCOPES, *manifest.BY_KIND}
    assert tables - set(METHODS) == set()


CHANNEL = {
    *("id", "name", "is_channel", "is_group", "is_im", "is_mpim", "is_private", "created", "creator"),
    *("is_archived", "is_general", "unlinked", "name_normalized", "is_shared", "is_org_shared", "is_member"),
    *("is_ext_shared", "is_pending_ext_shared", "pending_shared", "shared_team_ids", "topic", "purpose"),
    *("previous_names", "context_team_id", "updated"),
}
MESSAGE = {"type", "user", "text", "ts", "team"}
FILE = {
    *(
        "id",
        "created",
        "timestamp",
        "name",
        "title",
        "mimetype",
        "filetype",
        "pretty_type",
        "user",
        "editable",
    ),
    *("size", "mode", "is_external", "external_type", "is_public", "public_url_shared", "display_as_bot"),
    *("username", "url_private", "url_private_download", "permalink", "channels", "groups", "ims", "shares"),
}
USER = {
    *("id", "team_id", "name", "deleted", "real_name", "tz", "tz_label", "tz_offset", "profile", "is_admin"),
    *(
        "is_owner",
        "is_primary_owner",
        "is_restricted",
        "is_ultra_restricted",
        "is_bot",
        "is_app_user",
        "updated",
    ),
}
VIEW = {
    *(
        "id",
        "team_id",
        "type",
        "title",
        "submit",
        "close",
        "blocks",
        "private_metadata",
        "callback_id",
        "state",
    ),
    *("external_id", "hash", "clear_on_close", "notify_on_close", "root_view_id", "previous_view_id"),
    *("app_id", "app_installed_team_id", "bot_id"),
}


def test_every_method_answers_with_the_fields_that_its_documentation_names(bench: Bench) -> None:
    client = bench.client
    calls = _calls(bench)
    assert {name for name, _, _, _ in calls} == set(METHODS)
    for name, call, inside, fields in calls:
        answer: Any = call(client)
        assert isinstance(answer, SlackResponse), name
        answer = answer.data
        assert answer["ok"] is True
        for step in inside:
            answer = answer[step]
        assert fields - set(answer) == set(), name


def _calls(bench: Bench) -> list[tuple[str, Callable[[WebClient], Any], tuple[Any, ...], set[str]]]:
    ts = bench.say("Where is the *kettle*?", person=JONAS)
    mine = bench.client.chat_postMessage(channel=GENERAL, text="In the kitchen.", thread_ts=ts)["ts"]
    old = bench.client.chat_postMessage(channel=GENERAL, text="old")["ts"]
    bench.act("upload", channel=GENERAL, files=[{"name": "plan.md", "content": "IyBQbGFu"}])
    file = bench.client.files_upload_v2(content=PIXEL, filename="a.png")["file"]["id"]
    canvas = bench.act("canvas", channel=GENERAL, title="Rules", text="Be kind.")["file"]
    issue = bench.playground.app.state.parts.triggers.issue
    app, home = bench.playground.app_token, {"type": "home", "blocks": []}
    at = {"channel": GENERAL, "timestamp": ts}
    last: Json = {}

    def begun(client: WebClient) -> Any:
        return last.setdefault(
            "upload", client.files_getUploadURLExternal(filename="b.png", length=len(PIXEL))
        )

    def completed(client: WebClient) -> Any:
        urllib.request.urlopen(last["upload"]["upload_url"], PIXEL).close()
        files = [{"id": last["upload"]["file_id"], "title": "b"}]
        return client.files_completeUploadExternal(files=files, channel_id=GENERAL, initial_comment="look")

    return [
        ("api.test", lambda c: c.api_test(foo="bar"), ("args",), {"foo"}),
        ("apps.connections.open", lambda c: c.apps_connections_open(app_token=app), (), {"url"}),
        (
            "auth.test",
            lambda c: c.auth_test(),
            (),
            {"url", "team", "user", "team_id", "user_id", "bot_id", "is_enterprise_install"},
        ),
        ("bots.info", lambda c: c.bots_info(), ("bot",), {"id", "deleted", "name", "app_id", "user_id"}),
        (
            "team.info",
            lambda c: c.team_info(),
            ("team",),
            {"id", "name", "domain", "email_domain"},
        ),
        ("users.info", lambda c: c.users_info(user=HANA), ("user",), USER),
        ("users.list", lambda c: c.users_list(), ("members", 0), USER),
        ("users.conversations", lambda c: c.users_conversations(), ("channels", 0), CHANNEL),
        ("conversations.list", lambda c: c.conversations_list(), ("channels", 0), CHANNEL),
        ("conversations.info", lambda c: c.conversations_info(channel=PARTNERS), ("channel",), CHANNEL),
        ("conversations.join", lambda c: c.conversations_join(channel=GENERAL), ("channel",), CHANNEL),
        (
            "conversations.members",
            lambda c: c.conversations_members(channel=LEADS),
            (),
            {"members", "response_metadata"},
        ),
        ("conversations.open", lambda c: c.conversations_open(users=MIRA), ("channel",), {"id"}),
        (
            "conversations.history",
            lambda c: c.conversations_history(channel=GENERAL),
            (),
            {"messages", "has_more", "pin_count", "response_metadata"},
        ),
        (
            "conversations.replies",
            lambda c: c.conversations_replies(channel=GENERAL, ts=ts),
            ("messages", 0),
            MESSAGE
            | {"thread_ts", "reply_count", "reply_users", "reply_users_count", "latest_reply", "subscribed"},
        ),
        (
            "chat.postMessage",
            lambda c: c.chat_postMessage(channel=GENERAL, text="hi"),
            ("message",),
            MESSAGE | {"bot_id", "app_id", "bot_profile"},
        ),
        (
            "chat.postEphemeral",
            lambda c: c.chat_postEphemeral(channel=GENERAL, user=MIRA, text="psst"),
            (),
            {"message_ts"},
        ),
        (
            "chat.update",
            lambda c: c.chat_update(channel=GENERAL, ts=mine, text="In the hall."),
            (),
            {"channel", "ts", "text", "message"},
        ),
        ("chat.delete", lambda c: c.chat_delete(channel=GENERAL, ts=old), (), {"channel", "ts"}),
        (
            "chat.getPermalink",
            lambda c: c.chat_getPermalink(channel=GENERAL, message_ts=ts),
            (),
            {"channel", "permalink"},
        ),
        ("reactions.add", lambda c: c.reactions_add(**at, name="eyes"), (), {"ok"}),
        (
            "reactions.get",
            lambda c: c.reactions_get(**at),
            ("message", "reactions", 0),
            {"name", "users", "count"},
        ),
        ("reactions.remove", lambda c: c.reactions_remove(**at, name="eyes"), (), {"ok"}),
        ("pins.add", lambda c: c.pins_add(**at), (), {"ok"}),
        (
            "pins.list",
            lambda c: c.pins_list(channel=GENERAL),
            ("items", 0),
            {"type", "channel", "message", "created", "created_by"},
        ),
        ("pins.remove", lambda c: c.pins_remove(**at), (), {"ok"}),
        ("canvases.getContent", lambda c: c.canvases_getContent(canvas_id=canvas), (), {"content"}),
        ("files.info", lambda c: c.files_info(file=file), ("file",), FILE),
        ("files.list", lambda c: c.files_list(channel=GENERAL), ("files", 0), FILE),
        ("files.getUploadURLExternal", begun, (), {"upload_url", "file_id"}),
        ("files.completeUploadExternal", completed, ("files", 0), {"id", "title"}),
        ("files.delete", lambda c: c.files_delete(file=file), (), {"ok"}),
        ("views.open", lambda c: c.views_open(trigger_id=issue(MIRA), view=MODAL), ("view",), VIEW),
        ("views.push", lambda c: c.views_push(trigger_id=issue(MIRA), view=MODAL), ("view",), VIEW),
        ("views.publish", lambda c: c.views_publish(user_id=MIRA, view=home), ("view",), VIEW),
        (
            "views.update",
            lambda c: c.views_update(view_id=bench.state(MIRA)["views"][-1]["id"], view=MODAL),
            ("view",),
            VIEW,
        ),
        (
            "assistant.threads.setStatus",
            lambda c: c.assistant_threads_setStatus(channel_id=GENERAL, thread_ts=ts, status="is reading..."),
            (),
            {"ok"},
        ),
        (
            "assistant.threads.setTitle",
            lambda c: c.assistant_threads_setTitle(channel_id=_dm(bench), thread_ts=ts, title="Kettles"),
            (),
            {"ok"},
        ),
        (
            "assistant.threads.setSuggestedPrompts",
            lambda c: c.assistant_threads_setSuggestedPrompts(
                channel_id=_dm(bench), prompts=[{"title": "Tea?", "message": "Where is the tea?"}]
            ),
            (),
            {"ok"},
        ),
    ]


def _dm(bench: Bench) -> str:
    return str(bench.client.conversations_open(users=MIRA)["channel"]["id"])


# Blocks: slack-sdk's models and the playground refuse the same, at the same limits


def text(n: int, kind: str = "plain_text") -> Json:
    return {"type": kind, "text": "x" * n}


def option(at: int, words: int = 3) -> Json:
    return {"text": text(words), "value": f"v{at}"}


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def go(at: int = 0, words: int = 2, **more: Any) -> Json:
    return {"type": "button", "action_id": f"go{at}", "text": text(words), **more}


def select(kind: str, n: int, **more: Any) -> Json:
    return {"type": kind, "action_id": "s", "options": [option(at) for at in range(n)], **more}


def asked(element: Json, words: int = 10) -> Json:
    return {"type": "input", "label": text(words), "element": element}


def section(**parts: Any) -> Json:
    return {"type": "section", **parts}


WRITTEN = {"type": "plain_text_input", "action_id": "t"}
VOTES = {
    "type": "feedback_buttons",
    "action_id": "f",
    "positive_button": {"text": text(4), "value": "up"},
    "negative_button": {"text": text(4), "value": "down"},
}
CONFIRM = {"title": text(10), "text": text(10), "confirm": text(3), "deny": text(2)}
AT_THE_LIMIT = {
    "header": ({"type": "header", "text": text(150)}, {"type": "header", "text": text(151)}),
    "section text": (section(text=text(3000)), section(text=text(3001))),
    "section of nothing": (section(fields=[text(3)]), section()),
    "fields": (section(fields=[text(9)] * 10), section(fields=[text(9)] * 11)),
    "context": (
        {"type": "context", "elements": [text(9)] * 10},
        {"type": "context", "elements": [text(9)] * 11},
    ),
    "actions": (actions(*[go(at) for at in range(25)]), actions(*[go(at) for at in range(26)])),
    "button text": (actions(go(words=75)), actions(go(words=76))),
    "button value": (actions(go(value="v" * 2000)), actions(go(value="v" * 2001))),
    "button style": (actions(go(style="danger")), actions(go(style="loud"))),
    "select options": (actions(select("static_select", 100)), actions(select("static_select", 101))),
    "overflow options": (actions(select("overflow", 5)), actions(select("overflow", 6))),
    "placeholder": (
        actions(select("static_select", 2, placeholder=text(150))),
        actions(select("static_select", 2, placeholder=text(151))),
    ),
    "confirm title": (
        actions(go(confirm=CONFIRM | {"title": text(100)})),
        actions(go(confirm=CONFIRM | {"title": text(101)})),
    ),
    "input label": (asked(WRITTEN, 2000), asked(WRITTEN, 2001)),
    "image": (
        {"type": "image", "image_url": "https://a.example/a.png", "alt_text": "a" * 2000},
        {"type": "image", "image_url": "https://a.example/a.png", "alt_text": "a" * 2001},
    ),
    "votes": (
        {"type": "context_actions", "elements": [VOTES]},
        {"type": "context_actions", "elements": [VOTES | {"action_id": f"f{at}"} for at in range(6)]},
    ),
}


@pytest.mark.parametrize("what", AT_THE_LIMIT)
def test_the_playground_draws_the_line_where_slack_sdks_models_and_the_stages_limits_do(what: str) -> None:
    fine, broken = AT_THE_LIMIT[what]
    validate(fine)
    assert message_faults([fine]) == list(slack_limits.message_faults("said", [fine])) == []
    with pytest.raises(SlackObjectFormationError):
        validate(broken)
    assert message_faults([broken]) != []
    assert list(slack_limits.message_faults("said", [broken])) != []


def validate(block: Json) -> None:
    """By slack-sdk's models: the block, and the elements within, which it doesn't validate by itself."""
    found: list[Any] = [Block.parse(block)]
    for element in block.get("elements", ()):
        if parsed := BlockElement.parse(element):
            found.append(parsed)
        if "confirm" in element:
            found.append(ConfirmObject(**element["confirm"]))
    for each in found:
        each.validate_json()


@pytest.mark.parametrize("what", ["title", "submit", "blocks", "private_metadata", "callback_id"])
def test_a_view_is_refused_where_slack_sdks_view_is(what: str) -> None:
    most = {"title": text(24), "submit": text(24), "private_metadata": "m" * 3000, "callback_id": "c" * 255}
    over = {"title": text(25), "submit": text(25), "private_metadata": "m" * 3001, "callback_id": "c" * 256}
    blocks = [{"type": "divider"}]
    fine = MODAL | {what: most.get(what, blocks * 100)}
    broken = MODAL | {what: over.get(what, blocks * 101)}
    View(**fine).validate_json()
    assert view_faults(fine) == []
    with pytest.raises(SlackObjectFormationError):
        View(**broken).validate_json()
    assert view_faults(broken) != []


# What the documentation says and the models don't check
REFUSED = {
    "a select in mrkdwn": actions(
        {
            "type": "static_select",
            "action_id": "s",
            "options": [{"text": text(3, "mrkdwn"), "value": "a"}],
        }
    ),
    "nothing chosen at first": asked(select("checkboxes", 2, initial_options=[])),
    "another option chosen at first": asked(select("radio_buttons", 2, initial_option=option(7))),
    "several to pick among buttons": actions(select("multi_static_select", 2)),
    "writing among buttons": actions(WRITTEN),
    "a picture from nowhere": {"type": "image", "alt_text": "a"},
    "a picture from two places": {
        "type": "image",
        "alt_text": "a",
        "image_url": "https://a.example/a.png",
        "slack_file": {"id": "F1"},
    },
    "an empty text": section(text=text(0)),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_slack_documents_as_wrong_is_refused(what: str) -> None:
    assert message_faults([REFUSED[what]]) != []


def test_a_message_whose_blocks_say_too_much_together_is_refused(bench: Bench) -> None:
    long = [section(text=text(2800))] * 4
    assert bench.client.chat_postMessage(channel=GENERAL, text="x", blocks=long)["ok"]
    more = {"channel": GENERAL, "text": "x", "blocks": [*long, section(text=text(101))]}
    assert bench.code(bench.client.chat_postMessage, **more) == "msg_blocks_too_long"


def test_blocks_of_messages_only_stay_out_of_views() -> None:
    votes = {"type": "context_actions", "elements": [VOTES]}
    assert message_faults([votes]) == []
    assert view_faults({"type": "home", "blocks": [votes]}) != []


# Events

WRAPPING = {
    *("token", "team_id", "api_app_id", "event", "type", "event_id", "event_time", "authorizations"),
    *("is_ext_shared_channel", "context_team_id"),
}
EVENTS = {
    "app_mention": {"user", "text", "ts", "channel", "event_ts", "team", "client_msg_id"},
    "message": {"user", "text", "ts", "channel", "channel_type", "event_ts"},
    "message_changed": {"subtype", "hidden", "channel", "ts", "message", "previous_message", "event_ts"},
    "message_deleted": {"subtype", "hidden", "channel", "ts", "deleted_ts", "previous_message", "event_ts"},
    "file_share": {"subtype", "files", "upload", "user", "channel", "ts"},
    "file_shared": {"file_id", "user_id", "file", "channel_id", "event_ts"},
    "file_created": {"file_id", "user_id", "file", "event_ts"},
    "file_change": {"file_id", "file", "event_ts"},
    "file_deleted": {"file_id", "event_ts"},
    "reaction_added": {"user", "reaction", "item_user", "item", "event_ts"},
    "reaction_removed": {"user", "reaction", "item_user", "item", "event_ts"},
    "pin_added": {"user", "channel_id", "item", "item_user", "pin_count", "pinned_info", "event_ts"},
    "pin_removed": {"user", "channel_id", "item", "item_user", "pin_count", "has_pins", "event_ts"},
    "member_joined_channel": {"user", "channel", "channel_type", "team", "inviter", "event_ts"},
    "channel_left": {"channel", "actor_id", "event_ts"},
    "app_home_opened": {"user", "channel", "tab", "event_ts"},
    "channel_shared": {"connected_team_id", "channel", "event_ts"},
    "channel_unshared": {"previously_connected_team_id", "channel", "is_ext_shared", "event_ts"},
    "tokens_revoked": {"tokens"},
    "app_uninstalled": set(),
}


def test_every_event_has_the_fields_that_its_documentation_names(bench: Bench) -> None:
    seen: dict[str, Json] = {}

    @bench.app.middleware
    def note(body: Json, next: Callable[[], None]) -> None:
        event = body["event"]
        seen[event.get("subtype", event["type"])] = body

    bench.connect()
    bench.playground.app.state.parts.socket_mode.ack_seconds = 30
    ts = bench.say("@lorebot hello")
    bench.act("edit", channel=GENERAL, ts=ts, text="hello again")
    bench.act("react", channel=GENERAL, ts=ts, name="+1", on=True)
    bench.act("react", channel=GENERAL, ts=ts, name="+1", on=False)
    bench.act("pin", channel=GENERAL, ts=ts, on=True)
    bench.act("pin", channel=GENERAL, ts=ts, on=False)
    bench.act("delete", channel=GENERAL, ts=ts)
    bench.act("canvas", channel=GENERAL, title="Rules", text="Be kind.")
    bench.act("canvas", channel=GENERAL, title="Rules", text="Be kinder.")
    sent = bench.act("upload", channel=GENERAL, files=[{"name": "a.md", "content": "YQ=="}])
    bench.act("delete_file", file=sent["files"][0])
    bench.act("home", tab="home")
    bench.act("connect", channel=GENERAL, on=True)
    bench.act("connect", channel=GENERAL, on=False)
    bench.act("remove", channel=GENERAL)
    bench.act("invite", channel=GENERAL)
    bench.act("faults", do="uninstall")
    until(lambda: set(EVENTS) <= set(seen))
    for name, fields in EVENTS.items():
        body = seen[name]
        assert WRAPPING - set(body) == set(), name
        assert fields - set(body["event"]) == set(), name
        assert bolt.is_event(body)
        assert re.fullmatch(r"Ev[0-9A-Z]+", body["event_id"])
        assert internals.extract_team_id(body) == "T0LOREPLAY"
    assert internals.extract_user_id(seen["reaction_added"]) == MIRA
    assert internals.extract_user_id(seen["message_deleted"]["event"]) == MIRA
    assert {"id", "mimetype", "url_private_download"} <= set(seen["file_share"]["event"]["files"][0])


def test_whoever_writes_in_a_shared_channel_is_known_as_somebody_from_elsewhere(bench: Bench) -> None:
    bodies: list[Json] = []

    @bench.app.middleware
    def note(body: Json, next: Callable[[], None]) -> None:
        bodies.append(body)
        next()

    bench.connect()
    bench.say("hello", channel=PARTNERS, person=EBBE)
    bench.say("hello", channel=PARTNERS, person=JONAS)
    until(lambda: len(bodies) == 2)
    assert [internals.extract_actor_team_id(body) for body in bodies] == ["T0BIRCHLIN", "T0LOREPLAY"]
    assert [internals.extract_team_id(body) for body in bodies] == ["T0LOREPLAY"] * 2
    assert bodies[0]["event"]["user_team"] == "T0BIRCHLIN"
    who = bench.client.users_info(user=EBBE)["user"]
    assert (who["team_id"], who["is_stranger"], who["is_restricted"]) == ("T0BIRCHLIN", True, False)


# Interactions: what the page sends the bot

ELEMENTS: Json = {
    "users": {"type": "users_select", "action_id": "e", "initial_user": MIRA},
    "many_users": {"type": "multi_users_select", "action_id": "e", "initial_users": [MIRA]},
    "room": {"type": "conversations_select", "action_id": "e"},
    "rooms": {"type": "multi_channels_select", "action_id": "e", "initial_channels": [GENERAL]},
    "day": {"type": "datepicker", "action_id": "e", "initial_date": "2026-01-31"},
    "time": {"type": "timepicker", "action_id": "e"},
    "moment": {"type": "datetimepicker", "action_id": "e", "initial_date_time": 1700000000},
    "number": {"type": "number_input", "action_id": "e", "is_decimal_allowed": False},
    "pick": select("static_select", 2, initial_option=option(1)) | {"action_id": "e"},
    "one": select("radio_buttons", 2) | {"action_id": "e"},
    "some": select("checkboxes", 2, initial_options=[option(0)]) | {"action_id": "e"},
    "text": {"type": "plain_text_input", "action_id": "e", "initial_value": "as it was"},
}
FORM = MODAL | {
    "callback_id": "form",
    "blocks": [asked(element) | {"block_id": name} for name, element in ELEMENTS.items()],
}
PICKED = {"room": LEADS, "time": "09:30", "number": "7", "one": "v0"}


def test_a_submission_holds_every_kind_of_element_as_slack_sdks_view_state_does(bench: Bench) -> None:
    bodies: list[Json] = []

    @bench.app.view("form")
    def save(ack: Any, body: Json) -> None:
        ack()
        bodies.append(body)

    bench.connect()
    issue = bench.playground.app.state.parts.triggers.issue
    view = bench.client.views_open(trigger_id=issue(MIRA), view=FORM)["view"]
    View(**FORM).validate_json()
    assert bench.act("submit", view_id=view["id"], values={k: {"e": v} for k, v in PICKED.items()})["ok"]
    body = until(lambda: bodies)[0]
    assert bolt.is_view_submission(body)
    assert internals.extract_user_id(body) == MIRA
    assert {"type", "team", "user", "view", "trigger_id", "response_urls", "api_app_id"} <= set(body)
    values = body["view"]["state"]["values"]
    # slack-sdk's model doesn't know of moments yet.
    parsed = ViewState(values={name: held for name, held in values.items() if name != "moment"}).values
    held = {
        "users": ("selected_user", MIRA),
        "many_users": ("selected_users", [MIRA]),
        "room": ("selected_conversation", LEADS),
        "rooms": ("selected_channels", [GENERAL]),
        "day": ("selected_date", "2026-01-31"),
        "time": ("selected_time", "09:30"),
        "number": ("value", "7"),
        "text": ("value", "as it was"),
    }
    for name, (field, expected) in held.items():
        assert getattr(parsed[name]["e"], field) == expected, name
    assert values["moment"]["e"] == {"type": "datetimepicker", "selected_date_time": 1700000000}
    assert values["pick"]["e"]["selected_option"] == option(1)
    assert values["one"]["e"]["selected_option"] == option(0)
    assert values["some"]["e"]["selected_options"] == [option(0)]


def test_clicks_commands_and_shortcuts_are_read_by_bolt_as_slacks(bench: Bench) -> None:
    bodies: list[Json] = []

    @bench.app.middleware
    def note(body: Json, next: Callable[[], None]) -> None:
        bodies.append(body)
        next()

    @bench.app.action("go0")
    @bench.app.command("/lorebot")
    @bench.app.shortcut("teach")
    @bench.app.shortcut("anywhere")
    def take(ack: Any) -> None:
        ack()

    bench.connect()
    ts = bench.client.chat_postMessage(channel=LEADS, text="?", blocks=[actions(go(value="1"))])["ts"]
    bodies.clear()
    bench.act("action", channel=LEADS, ts=ts, action_id="go0")
    bench.act("command", channel=LEADS, command="/lorebot", text="help")
    bench.act("shortcut", channel=LEADS, ts=ts, callback_id="teach")
    bench.act("shortcut", callback_id="anywhere")
    kinds = [
        check
        for body in bodies
        if not bolt.is_event(body)
        for check in (
            bolt.is_block_actions,
            bolt.is_slash_command,
            bolt.is_message_shortcut,
            bolt.is_global_shortcut,
        )
        if check(body)
    ]
    assert kinds == [
        bolt.is_block_actions,
        bolt.is_slash_command,
        bolt.is_message_shortcut,
        bolt.is_global_shortcut,
    ]
    asked_by = [internals.extract_user_id(body) for body in bodies if not bolt.is_event(body)]
    assert asked_by == [MIRA] * 4
    places = [internals.extract_channel_id(body) for body in bodies if not bolt.is_event(body)]
    assert places == [LEADS, LEADS, LEADS, None]
    click = next(body for body in bodies if bolt.is_block_actions(body))
    wanted = {"actions", "api_app_id", "channel", "container", "message", "response_url", "state", "team"}
    assert wanted | {"token", "trigger_id", "user"} <= set(click)
    assert {"action_id", "action_ts", "block_id", "text", "type", "value"} <= set(click["actions"][0])


def test_slack_sdk_reads_every_envelope_of_socket_mode(bench: Bench) -> None:
    seen: list[SocketModeRequest | str] = []
    bench.handler.client.message_listeners.append(
        lambda _, message, raw: seen.append(SocketModeRequest.from_dict(message) or str(message.get("type")))
    )

    @bench.app.event("message")
    @bench.app.command("/lorebot")
    def take(ack: Any) -> None:
        ack()

    bench.connect()
    bench.say("hello")
    bench.act("command", channel=GENERAL, command="/lorebot", text="x")
    requests = [each for each in until(lambda: seen if len(seen) > 2 else None) if not isinstance(each, str)]
    assert "hello" in seen
    assert [each.type for each in requests] == ["events_api", "slash_commands"]
    assert (requests[0].retry_attempt, requests[0].accepts_response_payload) == (0, False)
    assert requests[1].accepts_response_payload
    bench.act("faults", do="disconnect")
    # The client takes the request to reconnect for what it is, without telling anybody.
    until(lambda: seen.count("hello") == 2)
