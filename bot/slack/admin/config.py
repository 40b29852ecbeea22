"""`/lorebot config`: how a channel is set up, by its people, in a form; and the line that tells the channel of it.

The form opens at once, for its trigger lasts three seconds, and is filled in once Slack has said who somebody is. Whether
they may is asked again when they send it. Slack Web API: views.open, views.update.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from slack_bolt import Ack, App
from slack_sdk.errors import SlackApiError

from bot import sight
from bot.records import ChannelSettings
from bot.slack import words
from bot.slack.admin import config_blocks, notices
from bot.slack.connection.clients import respond
from bot.slack.connection.once import sent_once
from bot.slack.looks import blocks
from bot.slack.room import Room
from bot.store import backfills, channels, slack_sources

Json = dict[str, Any]
KIND = "config"
log = logging.getLogger(__name__)


def register(app: App, room: Room) -> None:
    config = Config(room)

    def sent(ack: Ack, body: Json, view: Json) -> None:
        sent_once(room, ack, view, config.payload(body["user"]["id"], view), config.take, config_blocks.MODE)

    room.takes(KIND, config.take)
    app.view(config_blocks.CONFIG)(sent)


def open_config(
    room: Room, trigger_id: str, person: str, channel: str, response_url: str | None = None
) -> None:
    """Opens the form for a channel. On Bolt's thread: the trigger lasts three seconds; the rest happens in the lane."""
    if sight.is_direct(channel):
        room.lanes.submit(channel, lambda: _tell(room, person, channel, words.CONFIG_DIRECT, response_url))
        return
    try:
        opened = room.clients.quick.views_open(
            trigger_id=trigger_id, view=config_blocks.notice(words.CONFIG_WAIT)
        )
    except (SlackApiError, OSError) as error:
        log.warning("a form didn't open: %s", error)
        room.lanes.submit(channel, lambda: _tell(room, person, channel, words.MODAL_TOO_LATE, response_url))
        return
    view = str(opened["view"]["id"])
    room.lanes.submit(channel, lambda: _fill_in(room, view, person, channel, response_url))


def may_configure(room: Room, person: str, channel: str) -> bool:
    """Admins anywhere; full members of the workspace in public channels, and in others where they are in. Asks Slack."""
    if room.people.may_administer(person):
        return True
    if room.people.person(person).kind not in sight.OF_THE_HOUSE:
        return False
    return sight.public_place(channel, channels.public(room.services.store)) or room.places.is_member(
        channel, person
    )


def forget_learned(room: Room, person: str, channel: str) -> str:
    """Ends learning in a channel, and forgets what was learned from what it held; what people taught stays.

    Returns what there is to say to who asked for it; the channel is told, too. Asks Slack, so only from a lane.
    """
    direct = sight.is_direct(channel)
    if not direct and not may_configure(room, person, channel):
        return words.CONFIG_NOT_YOURS
    store = room.services.store
    before = channels.settings(store, channel)
    now = replace(before, learns=False, history=False, by=person, at=0.0)
    with store.write():
        if now != replace(before, by=person, at=0.0):
            channels.configure(store, now)
        backfills.drop(store, channel)
        gone = slack_sources.leave(store, channel)
    said = words.FORGOT_LEARNED.format(documents=words.counted(gone, words.DOCUMENTS))
    if direct or not gone:
        return said
    notices.post(room, channel, config_blocks.told(person, [said]))
    return said


def _fill_in(room: Room, view: str, person: str, channel: str, response_url: str | None) -> None:
    store = room.services.store
    try:
        room.places.look(channel)
        if may_configure(room, person, channel):
            metadata = json.dumps({"channel": channel, "response_url": response_url})
            shown = config_blocks.form(_place(room, channel), channels.settings(store, channel), metadata)
        else:
            shown = config_blocks.notice(words.CONFIG_NOT_YOURS)
        room.clients.patient.views_update(view_id=view, view=shown)
    except Exception:  # the edge: whoever waits in front of the form has to hear of it
        log.exception("the settings of %s could not be shown", channel)
        _tell(room, person, channel, words.SORRY_COMMAND, response_url)


def _place(room: Room, channel: str) -> config_blocks.Place:
    store = room.services.store
    return config_blocks.Place(
        public=channel in channels.public(store),
        outside=channels.outside(store, channel) is not False,
        tells=bool(sight.tells_workspace(store, channel)),
    )


class Config:
    """Takes what was chosen in the form: claimed like a question, so that a crash doesn't lose it."""

    def __init__(self, room: Room) -> None:
        self._room = room

    def payload(self, person: str, view: Mapping[str, Any]) -> Json:
        at = json.loads(view["private_metadata"])
        before = channels.settings(self._room.services.store, at["channel"])
        chosen = config_blocks.read(view, before, _place(self._room, at["channel"]))
        return {
            "kind": KIND,
            "response_url": at["response_url"],
            **asdict(replace(chosen, by=person, at=0.0)),
        }

    def take(self, key: str, payload: Json) -> None:
        url = payload["response_url"]
        fields = {name: value for name, value in payload.items() if name not in ("kind", "response_url")}
        chosen = ChannelSettings(**fields)
        if not self._room.lanes.submit(chosen.channel, lambda: self._guarded(key, chosen, url)):
            self._room.let_go(key)

    def _guarded(self, key: str, chosen: ChannelSettings, url: str | None) -> None:
        """The edge: the trace goes to the log, calm words to people."""
        try:
            sentence = self._keep(chosen)
        except Exception:
            log.exception("the settings of %s could not be kept", chosen.channel)
            sentence = words.SORRY_SAVE
        if sentence:
            _tell(self._room, chosen.by, chosen.channel, sentence, url)
        self._room.finish(key)

    def _keep(self, chosen: ChannelSettings) -> str | None:
        """Keeps the settings and tells the channel; returns what there is to say to whoever chose them alone."""
        store = self._room.services.store
        if not may_configure(self._room, chosen.by, chosen.channel):
            return words.CONFIG_NOT_YOURS
        before = channels.settings(store, chosen.channel)
        lines = config_blocks.changes(before, chosen)
        if not lines:
            return words.CONFIG_SAME
        channels.configure(store, chosen)
        told = notices.post(self._room, chosen.channel, config_blocks.told(chosen.by, lines))
        return None if told else words.CONFIG_UNSEEN


def _tell(room: Room, person: str, channel: str, sentence: str, response_url: str | None) -> None:
    """By the door that somebody came through; else in the channel for their eyes alone, at last directly."""
    posting = blocks.say(sentence)
    if response_url and respond(response_url, *posting):
        return
    client = room.clients.patient
    try:
        client.chat_postEphemeral(channel=channel, user=person, text=posting.text, blocks=posting.blocks)
        return
    except (SlackApiError, OSError) as error:
        log.info("couldn't tell %s in %s: %s", person, channel, error)
    notices.directly(room, person, posting)
