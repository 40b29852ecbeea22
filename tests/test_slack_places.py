"""What Slack says of channels: by events as they come, by conversations.info where nobody heard, and what that decides."""

from __future__ import annotations

import pytest
from slack_stage import ALICE, BOT, DIRECT, Stage, command, event, message, stage

from bot.records import WORKSPACE
from bot.slack.places import told
from bot.store import channels

OPEN, SHARED, GROUP = "C0OPEN", "C0SHARED", "G0GROUP"
GUEST = "U0GUEST"


@pytest.fixture
def on(tmp_path):
    with stage(tmp_path) as made:
        made.slack.people[GUEST] = {"is_restricted": True}
        yield made


def scopes_of(on: Stage, body: dict) -> tuple[str, ...]:
    on.send(body)
    on.settle()
    return on.known.asked[-1].scopes


def mentioned(channel: str, kind: str = "channel", shared: bool | None = None, user: str = ALICE) -> dict:
    body = message(f"<@{BOT}> When is payday?", channel=channel, channel_type=kind, user=user)
    return body if shared is None else {**body, "is_ext_shared_channel": shared}


def test_what_an_event_tells_of_its_channel() -> None:
    assert told(mentioned(OPEN, shared=False)) == (OPEN, True, False)
    assert told(mentioned(OPEN, "group", shared=True)) == (OPEN, False, True)
    assert told(mentioned(GROUP, "mpim", shared=False)) == (GROUP, False, None)
    assert told(event({"type": "channel_shared", "channel": OPEN})) == (OPEN, None, True)
    assert told(event({"type": "channel_unshared", "channel": OPEN, "is_ext_shared": False})) == (
        OPEN,
        None,
        False,
    )
    assert told(mentioned(DIRECT, "im")) == (None, None, None)


def test_a_channel_that_people_from_elsewhere_share_is_told_its_own_alone(on: Stage) -> None:
    assert scopes_of(on, mentioned(OPEN, shared=False)) == (WORKSPACE, OPEN)
    assert not on.slack.of("conversations.info"), "the event said it all"
    assert scopes_of(on, mentioned(SHARED, shared=True)) == (SHARED,)
    on.send(event({"type": "channel_shared", "connected_team_id": "T9", "channel": OPEN}))
    on.settle()
    assert scopes_of(on, command("ask When is payday?", on.slack, channel=OPEN)) == (OPEN,)
    on.send(event({"type": "channel_unshared", "channel": OPEN, "is_ext_shared": False}))
    on.settle()
    assert scopes_of(on, command("ask When is payday?", on.slack, channel=OPEN)) == (WORKSPACE, OPEN)


def test_where_no_event_was_heard_slack_is_asked_once_an_hour(on: Stage) -> None:
    on.slack.channels[SHARED] = {"is_ext_shared": True}
    assert scopes_of(on, command("ask When is payday?", on.slack, channel=SHARED)) == (SHARED,)
    assert scopes_of(on, command("ask And lunch?", on.slack, channel=SHARED)) == (SHARED,)
    assert len(on.slack.of("conversations.info")) == 1


def test_a_place_that_slack_tells_nothing_of_is_told_nothing_of_the_workspace_but_to_a_member_alone(
    on: Stage,
) -> None:
    on.slack.refuse["conversations.info"] = "channel_not_found"
    assert scopes_of(on, mentioned("C0X")) == ("C0X",)
    assert scopes_of(on, command("ask When is payday?", on.slack, channel="C0X")) == (WORKSPACE, "C0X")
    asked_by_guest = command("ask When is payday?", on.slack, channel="C0X", user=GUEST)
    assert scopes_of(on, asked_by_guest) == ("C0X",)


def test_a_group_message_with_a_guest_in_it_is_told_its_own_alone(on: Stage) -> None:
    on.slack.channels.update({GROUP: {"is_mpim": True, "is_private": True}, "G1": {"is_mpim": True}})
    on.slack.members.update({GROUP: [ALICE, GUEST, BOT], "G1": [ALICE, "U0MEL", BOT]})
    assert scopes_of(on, mentioned(GROUP, "mpim", shared=False)) == (GROUP,)
    assert scopes_of(on, mentioned("G1", "mpim", shared=False)) == (WORKSPACE, "G1")


def test_in_a_direct_message_people_are_told_by_who_they_are_and_unknown_ones_as_people_from_elsewhere(
    on: Stage,
) -> None:
    def direct(user: str) -> dict:
        return message("When is payday?", channel=f"D{user[1:]}", user=user)

    assert scopes_of(on, direct(ALICE)) == (WORKSPACE, "D0ALICE")
    assert scopes_of(on, direct(GUEST)) == ("D0GUEST",)
    on.slack.refuse["users.info"] = "fatal_error"
    assert scopes_of(on, direct("U0NEW")) == ("D0NEW",)
    assert scopes_of(on, direct(ALICE)) == (WORKSPACE, "D0ALICE"), "as they were last seen"


def test_a_channel_that_is_made_private_is_private_from_that_message_on(on: Stage) -> None:
    on.send(mentioned(OPEN, shared=False))
    on.settle()
    assert OPEN in channels.public(on.store)
    body = message("made this channel *private*", channel=OPEN, channel_type="group")
    body["event"]["subtype"] = "channel_convert_to_private"
    on.send(body)
    on.settle()
    assert OPEN not in channels.public(on.store)
