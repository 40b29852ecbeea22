"""A channel's settings as a form, and as the line that tells its people what changed: records in, blocks out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, cast, get_args

from bot.records import ChannelSettings, Mode
from bot.slack import words
from bot.slack.looks.markup import escape, mention
from bot.slack.looks.rich import TITLE, Json, Posting, context, mrkdwn_section, option, plain, posting

CONFIG = "channel_config"
MODE = "mode"
ALSO = "also"
FLAGS = ("follows", "learns", "history", "shares", "workspace")


@dataclass(frozen=True, slots=True)
class Place:
    """What of a channel decides over its form."""

    public: bool
    outside: bool  # people of other workspaces read along, or nobody knows whether they do
    tells: bool  # what the workspace knows is told there now


def form(place: Place, now: ChannelSettings, metadata: str) -> Json:
    modes = [option(title, name, what) for name, title, what in words.CONFIG_MODES]
    chosen = next(each for each in modes if each["value"] == now.mode)
    radio = {"type": "radio_buttons", "action_id": MODE, "options": modes, "initial_option": chosen}
    flags = [
        option(words.CONFIG_FLAGS[name][0], name, words.CONFIG_FLAGS[name][1]) for name in _offered(place)
    ]
    ticked = [each for each in flags if _is_on(now, place, each["value"])]
    boxes: Json = {"type": "checkboxes", "action_id": ALSO, "options": flags}
    if ticked:
        boxes["initial_options"] = ticked
    also = {"type": "input", "block_id": ALSO, "label": plain(words.CONFIG_ALSO, 2000), "element": boxes}
    made = [
        {"type": "input", "block_id": MODE, "label": plain(words.CONFIG_MODE, 2000), "element": radio},
        {**also, "optional": True},
    ]
    if place.outside:
        made.append(context(words.CONFIG_OUTSIDE_MD))
    made.append(context(words.CONFIG_SEEN_MD.format(channel=f"<#{now.channel}>")))
    return {
        **notice(words.CONFIG_WAIT),
        "callback_id": CONFIG,
        "submit": plain(words.CONFIG_SUBMIT, TITLE),
        "close": plain(words.CANCEL, TITLE),
        "private_metadata": metadata,
        "blocks": made,
    }


def notice(sentence: str) -> Json:
    """The same window with one sentence in it and nothing to send."""
    return {
        "type": "modal",
        "title": plain(words.CONFIG_TITLE, TITLE),
        "close": plain(words.CLOSE, TITLE),
        "blocks": [mrkdwn_section(sentence)],
    }


def read(view: Mapping[str, Any], before: ChannelSettings, place: Place) -> ChannelSettings:
    """What was chosen; what the form didn't offer stays as it was, and so does leaving the workspace's knowledge open."""
    values = view["state"]["values"]
    picked = (values[MODE][MODE].get("selected_option") or {}).get("value")
    mode = cast(Mode, picked) if picked in get_args(Mode) else before.mode
    ticked = {each["value"] for each in values[ALSO][ALSO].get("selected_options") or ()}
    chosen: dict[str, Any] = {name: name in ticked for name in _offered(place)}
    if before.workspace is None and chosen["workspace"] == place.tells:
        chosen["workspace"] = None
    return replace(before, mode=mode, **chosen)


def changes(before: ChannelSettings, now: ChannelSettings) -> list[str]:
    """A sentence for each thing that isn't as it was."""
    lines = [words.CONFIG_NOW_MODE[now.mode]] if before.mode != now.mode else []
    for name in FLAGS:
        was, is_now = getattr(before, name), getattr(now, name)
        if was != is_now and is_now is not None:
            lines.append(words.CONFIG_NOW[name][0 if is_now else 1])
    return lines


def told(person: str, lines: list[str]) -> Posting:
    """For the whole channel. A mention in a message of ours pings nobody but whom it is about, who did it."""
    who = mention(person) or escape(person)
    text = "\n".join([words.CONFIG_TOLD_MD.format(person=who), *(f"• {line}" for line in lines)])
    return posting([mrkdwn_section(text), context(words.CONFIG_HOW_MD)])


def _offered(place: Place) -> list[str]:
    return [name for name in FLAGS if name != "shares" or place.public]


def _is_on(now: ChannelSettings, place: Place, name: str) -> bool:
    return place.tells if name == "workspace" and now.workspace is None else bool(getattr(now, name))
