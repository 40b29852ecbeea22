"""The manifest promises exactly what the code uses."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from slack_stage import stage

import bot.slack
from bot.slack.admin import commands
from bot.slack.feedback import teaching
from bot.slack.looks import blocks
from bot.slack.talk import about

FOLDER = Path(bot.slack.__file__).parent
MANIFEST = json.loads((FOLDER / "manifest.json").read_text())
SCOPE_OF_METHOD = {
    "chat_postMessage": "chat:write",
    "chat_delete": "chat:write",
    "chat_update": "chat:write",
    "chat_postEphemeral": "chat:write",
    "reactions_add": "reactions:write",
    "reactions_remove": "reactions:write",
    "users_info": "users:read",
    "conversations_open": "im:write",
    "conversations_info": "channels:read",
    "conversations_members": "groups:read",  # asked of private channels only
    "assistant_threads_setStatus": "chat:write",
    "assistant_threads_setSuggestedPrompts": "assistant:write",
    "files_upload_v2": "files:write",
    "files_delete": "files:write",
    "files_info": "files:read",
    "files_list": "files:read",
    "canvases_getContent": "canvases:read",
    "pins_list": "pins:read",
    "chat_getPermalink": None,
    "conversations_history": None,  # as the message events
    "views_open": None,
    "views_update": None,
    "views_publish": None,
    "conversations_replies": None,  # by the kind of conversation, as the message events
}
SCOPES_OF_EVENT = {
    "app_home_opened": [],
    "app_mention": ["app_mentions:read"],
    "app_uninstalled": [],
    "channel_shared": ["channels:read", "groups:read"],
    "channel_unshared": ["channels:read", "groups:read"],
    "file_change": ["files:read"],
    "file_deleted": ["files:read"],
    "member_joined_channel": ["channels:read", "groups:read"],
    "message.channels": ["channels:history"],
    "message.groups": ["groups:history"],
    "message.im": ["im:history"],
    "message.mpim": ["mpim:history"],
    "pin_added": ["pins:read"],
    "pin_removed": ["pins:read"],
    "reaction_added": ["reactions:read"],
    "reaction_removed": ["reactions:read"],
    "tokens_revoked": [],
}


def sources() -> str:
    return "\n".join(path.read_text() for path in sorted(FOLDER.rglob("*.py")))


@pytest.fixture(scope="module")
def listened(tmp_path_factory):
    """The event types for which the app has a listener."""
    with stage(tmp_path_factory.mktemp("manifest"), started=False) as on:
        found = set()
        for name in {*SCOPES_OF_EVENT, "message", "team_join", "assistant_thread_started"}:
            kind = name.partition(".")[0]
            body = {
                "type": "event_callback",
                "team_id": "T0",
                "event": {"type": kind, "channel": "C1", "ts": "1.0"},
            }
            if on.send(body).status == 200:
                found.add(kind)
        return found


def test_every_event_that_is_listened_for_is_subscribed_and_no_other(listened):
    subscribed = MANIFEST["settings"]["event_subscriptions"]["bot_events"]
    assert {name.partition(".")[0] for name in subscribed} == listened
    assert set(subscribed) == set(SCOPES_OF_EVENT)


def test_the_scopes_are_those_that_events_and_methods_need():
    called = set(
        re.findall(
            r"(?<!slack_sources)\.((?:chat|reactions|users|conversations|assistant|views|files|canvases|pins|team|bots)_\w+)"
            r"\(",
            sources(),
        )
    )
    assert called == set(SCOPE_OF_METHOD)
    needed = {scope for method in called if (scope := SCOPE_OF_METHOD[method])}
    for name in MANIFEST["settings"]["event_subscriptions"]["bot_events"]:
        needed |= set(SCOPES_OF_EVENT[name])
    # `commands` belongs to the slash command and the shortcut, `assistant:write` to the agent view, `mpim:read` to the
    # members of group direct messages.
    expected = needed | {"commands", "assistant:write", "mpim:read"}
    assert set(MANIFEST["oauth_config"]["scopes"]["bot"]) == expected


def test_commands_and_shortcuts_are_those_that_the_app_answers():
    features = MANIFEST["features"]
    assert [each["command"] for each in features["slash_commands"]] == [commands.COMMAND]
    assert [(each["callback_id"], each["type"]) for each in features["shortcuts"]] == [
        (about.ASK_ABOUT_THIS, "message"),
        (blocks.CORRECT_THIS, "message"),
        (teaching.TEACH_THIS, "message"),
    ]


def test_it_keeps_slacks_limits():
    shown = MANIFEST["display_information"]
    assert len(shown["name"]) <= 35
    assert len(shown["description"]) <= 140
    assert 175 <= len(shown["long_description"]) <= 4000
    assert len(MANIFEST["features"]["shortcuts"][0]["name"]) <= 24
    assert MANIFEST["settings"]["socket_mode_enabled"] is True
    assert MANIFEST["settings"]["interactivity"]["is_enabled"] is True
