"""`/lorebot config`: whoever may sets a channel up in a form, and the channel is told."""

from __future__ import annotations

import sqlite3

import pytest
from slack_stage import (
    ADMIN,
    ALICE,
    CHANNEL,
    DIRECT,
    Stage,
    command,
    elements,
    stage,
    submission,
    texts,
)

from bot.records import ChannelSettings
from bot.slack import words
from bot.slack.admin import config
from bot.store import channels, claims, people

BOB = "U0BOB"


@pytest.fixture
def on(tmp_path):
    with stage(tmp_path) as made:
        channels.note(made.store, CHANNEL, public=True, outside=False)
        yield made


def opened(on: Stage, **more) -> dict:
    """What stands in the window after the command, once it is filled in."""
    before = len(on.slack.of("views.update"))
    on.send(command("config", on.slack, **more))
    on.settle()
    return on.slack.wait("views.update", before + 1)[-1]["view"]


def save(on: Stage, view: dict, mode: str, *also: str, user: str = ALICE) -> None:
    sent = on.send(submission(view, {"mode": [mode], "also": list(also)}, user=user))
    assert not sent.body
    on.settle()


def test_the_window_opens_at_once_and_is_filled_in_with_how_the_channel_is_set_up(on: Stage):
    channels.configure(on.store, ChannelSettings(CHANNEL, mode="questions", learns=True, by=BOB))
    view = opened(on)
    first = on.slack.of("views.open")[0]
    assert first["trigger_id"].startswith("trigger.")
    assert words.CONFIG_WAIT in texts(first["view"]["blocks"])
    (modes,) = elements(view["blocks"], "radio_buttons")
    (also,) = elements(view["blocks"], "checkboxes")
    assert [each["value"] for each in modes["options"]] == ["off", "mentions", "questions", "all"]
    assert modes["initial_option"]["value"] == "questions"
    assert [each["value"] for each in also["initial_options"]] == ["learns", "shares", "workspace"]


def test_the_default_is_to_answer_where_it_is_mentioned(on: Stage):
    (modes,) = elements(opened(on)["blocks"], "radio_buttons")
    assert modes["initial_option"]["value"] == "mentions"


def test_what_is_chosen_is_kept_with_who_and_when_and_the_channel_is_told(on: Stage):
    save(on, opened(on), "questions", "follows", "shares", "workspace")
    kept = channels.settings(on.store, CHANNEL)
    assert (kept.mode, kept.follows, kept.learns, kept.by) == ("questions", True, False, ALICE)
    assert kept.at > 0
    assert kept.workspace is None
    (told,) = on.slack.posted
    assert told["channel"] == CHANNEL
    said = texts(told["blocks"])
    assert f"<@{ALICE}>" in said
    assert words.CONFIG_NOW_MODE["questions"] in said
    assert words.CONFIG_NOW["follows"][0] in said
    assert words.CONFIG_NOW["learns"][1] not in said  # only what changed is told


def test_the_channel_answers_as_it_was_set_up(on: Stage):
    save(on, opened(on), "off", "shares", "workspace")
    on.say("<@U0BOT> When is payday?")
    assert len(on.slack.posted) == 1  # the line about the settings
    save(on, opened(on), "all", "shares", "workspace")
    on.say("When is payday?")
    assert "28 days" in texts(on.slack.posted[-1]["blocks"])


def test_saving_what_is_so_already_tells_only_who_saved(on: Stage):
    save(on, opened(on), "mentions", "shares", "workspace")
    assert not on.slack.posted
    assert texts(on.slack.of("respond")[-1]["blocks"]) == words.CONFIG_SAME
    assert channels.settings(on.store, CHANNEL).at == 0.0


@pytest.mark.parametrize("known", [{"is_restricted": True}, {"is_stranger": True}, {"team_id": "T9"}])
def test_guests_and_people_from_elsewhere_may_not(on: Stage, known):
    on.slack.people[BOB] = known
    view = opened(on, user=BOB)
    assert words.CONFIG_NOT_YOURS in texts(view["blocks"])
    assert "submit" not in view


def test_in_a_private_channel_only_who_is_in_it_may_and_admins(on: Stage):
    channels.note(on.store, "G0PRIVATE", public=False, outside=False)
    on.slack.members["G0PRIVATE"] = [ALICE]
    assert "submit" in opened(on, channel="G0PRIVATE")
    assert "submit" not in opened(on, channel="G0PRIVATE", user=BOB)
    assert "submit" in opened(on, channel="G0PRIVATE", user=ADMIN)


def test_a_private_channel_is_not_offered_to_share_and_keeps_what_it_was(on: Stage):
    channels.note(on.store, "G0PRIVATE", public=False, outside=False)
    on.slack.members["G0PRIVATE"] = [ALICE]
    view = opened(on, channel="G0PRIVATE")
    (also,) = elements(view["blocks"], "checkboxes")
    assert "shares" not in [each["value"] for each in also["options"]]
    save(on, view, "mentions", "learns", "workspace")
    assert channels.settings(on.store, "G0PRIVATE").shares is True


def test_the_right_is_asked_for_again_when_the_form_is_sent(on: Stage):
    view = opened(on, user=BOB)
    on.app.room.people._known.clear()  # five minutes later
    on.slack.people[BOB] = {"is_restricted": True}
    save(on, view, "all", user=BOB)
    assert channels.settings(on.store, CHANNEL).mode == "mentions"
    assert texts(on.slack.of("respond")[-1]["blocks"]) == words.CONFIG_NOT_YOURS
    assert not on.slack.posted


def test_where_people_from_elsewhere_read_along_it_warns_and_tells_nothing_unless_it_is_switched_on(
    on: Stage,
):
    channels.note(on.store, CHANNEL, public=True, outside=True)
    view = opened(on)
    (also,) = elements(view["blocks"], "checkboxes")
    assert words.CONFIG_OUTSIDE_MD in texts(view["blocks"])
    assert "workspace" not in [each["value"] for each in also["initial_options"]]
    save(on, view, "mentions", "shares")
    assert channels.settings(on.store, CHANNEL).workspace is None
    save(on, opened(on), "mentions", "shares", "workspace")
    assert channels.settings(on.store, CHANNEL).workspace is True
    assert words.CONFIG_NOW["workspace"][0] in texts(on.slack.posted[-1]["blocks"])


def test_switching_the_workspaces_knowledge_off_stays_off(on: Stage):
    save(on, opened(on), "mentions", "shares")
    assert channels.settings(on.store, CHANNEL).workspace is False
    on.ask("When is payday?")
    assert on.known.asked[0].scopes == (CHANNEL,)


def test_a_direct_message_needs_no_settings(on: Stage):
    on.send(command("config", on.slack, channel=DIRECT))
    assert texts(on.slack.wait("respond")[0]["blocks"]) == words.CONFIG_DIRECT
    assert not on.slack.of("views.open")


def test_a_form_that_cannot_be_kept_stays_as_it_was_filled_in(on: Stage, monkeypatch):
    view = opened(on)
    monkeypatch.setattr(claims, "CLAIM_WAIT_S", 0.05)
    locker = sqlite3.connect(on.store.path)
    locker.execute("BEGIN IMMEDIATE")
    refused = on.send(submission(view, {"mode": ["all"], "also": []}))
    locker.rollback()
    locker.close()
    assert '"errors"' in refused.body
    assert words.SORRY_SAVE in refused.body


def test_a_form_sent_twice_is_kept_and_told_once(on: Stage):
    body = submission(opened(on), {"mode": ["all"], "also": ["shares", "workspace"]})
    on.send(body)
    on.send(body)
    on.settle()
    assert len(on.slack.posted) == 1


def test_a_window_that_does_not_open_is_told(on: Stage):
    on.slack.refuse["views.open"] = "expired_trigger_id"
    on.send(command("config", on.slack))
    assert texts(on.slack.wait("respond")[0]["blocks"]) == words.MODAL_TOO_LATE


def test_settings_of_a_channel_that_it_is_not_in_are_kept_and_it_says_how_to_be_seen(on: Stage):
    on.slack.refuse["chat.postMessage"] = "not_in_channel"
    save(on, opened(on), "all", "shares", "workspace")
    assert channels.settings(on.store, CHANNEL).mode == "all"
    assert texts(on.slack.of("respond")[-1]["blocks"]) == words.CONFIG_UNSEEN


def test_from_elsewhere_than_a_command_people_are_told_in_the_channel_or_directly(on: Stage):
    on.slack.refuse["chat.postEphemeral"] = "not_in_channel"
    on.slack.refuse["views.open"] = "expired_trigger_id"
    config.open_config(on.app.room, "trigger.1", ALICE, CHANNEL)
    on.settle()
    assert on.slack.posted[0]["channel"] == "D0" + ALICE[2:]


def test_config_in_a_sentence_is_a_question(on: Stage):
    on.send(command("config of the router?", on.slack))
    on.slack.wait("respond")
    assert on.known.asked[0].text == "config of the router?"
    assert "/lorebot config" in words.HELP_MD


def test_whoever_set_a_channel_up_can_be_forgotten_and_the_channel_stays_as_it_is(on: Stage):
    save(on, opened(on), "all", "shares", "workspace")
    people.forget(on.store, ALICE)
    kept = channels.settings(on.store, CHANNEL)
    assert (kept.mode, kept.by) == ("all", "")
