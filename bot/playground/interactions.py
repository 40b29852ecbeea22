"""What reaches the bot when a person clicks, submits, closes, or gives a command: Slack's payloads, and what
the bot's acknowledgement does to the workspace.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.playground.blocks import elements, with_ids
from bot.playground.checks import checked_view
from bot.playground.interactivity import Origin, action_of, input_faults, state_values
from bot.playground.parts import Parts
from bot.playground.records import Change, Channel, Json, Message, Person, View
from bot.playground.refused import Refused
from bot.playground.socket_mode import Undelivered
from bot.playground.teams import APP_ID, TEAM_ID
from bot.playground.web_api import answer_to

Place = tuple[str, str]
ROOM_NAMES = {"im": "directmessage", "group": "privategroup", "mpim": "privategroup"}


class FieldErrors(Exception):
    """What is wrong in the fields of a modal: block id -> sentence."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("errors")
        self.errors = dict(errors)


def _common(parts: Parts, person: Person, kind: str) -> Json:
    domain = parts.workspace.name.lower().replace(" ", "-")
    user = {"id": person.id, "username": person.name, "name": person.name, "team_id": person.team}
    return {
        "type": kind,
        "token": "playground",
        "team": {"id": TEAM_ID, "domain": domain},
        "enterprise": None,
        "is_enterprise_install": False,
        "user": user,
        "api_app_id": APP_ID,
        "trigger_id": parts.triggers.issue(person.id),
    }


def _room(channel: Channel) -> Json:
    return {"id": channel.id, "name": ROOM_NAMES.get(channel.kind, channel.name)}


# Commands and shortcuts


async def command(parts: Parts, person: Person, room: Channel, name: str, text: str) -> Json:
    """A slash command; what the acknowledgement says appears in the channel at once."""
    origin = Origin(room.id, person.id)
    payload = {
        "token": "playground",
        "team_id": TEAM_ID,
        "team_domain": parts.workspace.name.lower().replace(" ", "-"),
        "channel_id": room.id,
        "channel_name": ROOM_NAMES.get(room.kind, room.name),
        "user_id": person.id,
        "user_name": person.name,
        "command": name,
        "text": text,
        "api_app_id": APP_ID,
        "is_enterprise_install": "false",
        "response_url": parts.response_url(origin),
        "trigger_id": parts.triggers.issue(person.id),
    }
    acknowledged = await parts.line.interact("slash_commands", payload)
    if acknowledged.get("text") or acknowledged.get("blocks"):
        answer_to(parts, origin, acknowledged)
    return acknowledged


async def shortcut(parts: Parts, person: Person, callback_id: str) -> None:
    payload = _common(parts, person, "shortcut") | {"callback_id": callback_id}
    await parts.line.interact("interactive", payload | {"action_ts": parts.workspace.next_ts()})


async def message_shortcut(
    parts: Parts, person: Person, room: Channel, message: Message, callback_id: str
) -> None:
    origin = Origin(room.id, person.id, message.ts, thread_ts=message.thread_ts)
    payload = _common(parts, person, "message_action") | {
        "callback_id": callback_id,
        "action_ts": parts.workspace.next_ts(),
        "channel": _room(room),
        "message_ts": message.ts,
        "message": message.slack(parts.manifest.bot_name),
        "response_url": parts.response_url(origin),
    }
    await parts.line.interact("interactive", payload)


# Elements


def _element(blocks: Sequence[Json], place: Place) -> tuple[str, Json]:
    block_id, action_id = place
    for at, element in elements(blocks):
        if element["action_id"] == action_id and block_id in ("", at):
            return at, element
    raise Refused("invalid_action", f"no element {action_id!r} in {block_id or 'these blocks'!r}")


async def message_action(
    parts: Parts, person: Person, room: Channel, message: Message, place: Place, picked: Any
) -> bool:
    """A click in a message. False where it only takes a choice back, which the bot isn't told of."""
    workspace = parts.workspace
    block_id, element = _element(message.blocks, place)
    action = action_of(element, block_id, picked, workspace.next_ts())
    picks = workspace.picks.setdefault((person.id, room.id, message.ts), {})
    if element["type"] == "feedback_buttons" and picks.get(block_id, {}).get(element["action_id"]) == picked:
        del picks[block_id][element["action_id"]]
        _tell_picks(parts, person, message, picks)
        return False
    whispered = message.only_for is not None
    container: Json = {"type": "message", "message_ts": message.ts, "channel_id": room.id}
    container["is_ephemeral"] = whispered
    if message.thread_ts is not None:
        container["thread_ts"] = message.thread_ts
    before = picks.get(block_id, {}).get(element["action_id"])
    if element["type"] not in ("button", "icon_button", "overflow"):
        picks.setdefault(block_id, {})[element["action_id"]] = picked
        _tell_picks(parts, person, message, picks)
    origin = Origin(room.id, person.id, message.ts, whispered, message.thread_ts)
    payload = _common(parts, person, "block_actions") | {
        "container": container,
        "channel": _room(room),
        "state": {"values": state_values(message.blocks, picks)},
        "response_url": parts.response_url(origin),
        "actions": [action],
    }
    if not whispered:
        # Slack doesn't hand an app its ephemeral messages back.
        payload["message"] = message.slack(parts.manifest.bot_name)
    try:
        await parts.line.interact("interactive", payload)
    except Undelivered:
        if block_id in picks:
            picks[block_id][element["action_id"]] = before
            _tell_picks(parts, person, message, picks)
        raise
    return True


def _tell_picks(parts: Parts, person: Person, message: Message, picks: Json) -> None:
    data = {"channel": message.channel, "ts": message.ts, "picks": picks}
    parts.workspace.tell(Change("picks", frozenset({person.id}), data))


def view_of(parts: Parts, person: Person, id: str) -> View:
    view = parts.workspace.screens.find(id)
    if view.person != person.id:
        raise Refused("not_found")
    return view


async def view_action(
    parts: Parts, person: Person, view: View, place: Place, picked: Any, values: Json
) -> bool:
    blocks = view.body["blocks"]
    block_id, element = _element(blocks, place)
    action = action_of(element, block_id, picked, parts.workspace.next_ts())
    state = state_values(
        blocks, values | {block_id: {**values.get(block_id, {}), element["action_id"]: picked}}
    )
    payload = _common(parts, person, "block_actions") | {
        "container": {"type": "view", "view_id": view.id},
        "view": view.slack(state),
        "actions": [action],
    }
    await parts.line.interact("interactive", payload)
    return True


# Modals


async def submit(parts: Parts, person: Person, view: View, picked: Json) -> Json:
    """A submission, checked first as Slack's client does; the bot's `response_action` says what follows."""
    blocks = view.body["blocks"]
    state = state_values(blocks, picked)
    if faults := input_faults(blocks, state):
        raise FieldErrors(faults)
    payload = _common(parts, person, "view_submission") | {"view": view.slack(state), "response_urls": []}
    answer = await parts.line.interact("interactive", payload)
    kind = answer.get("response_action")
    if kind == "errors":
        raise FieldErrors(answer.get("errors", {}))
    stack = parts.workspace.screens.stack(person.id)
    if kind in ("update", "push"):
        body = answer.get("view") or {}
        checked_view(parts, body)
        body = body | {"blocks": list(with_ids(body["blocks"]))}
        if kind == "update":
            parts.workspace.screens.change(parts.workspace.screens.find(view.id), body)
        else:
            parts.workspace.screens.push(person.id, body)
    elif kind == "clear":
        parts.workspace.screens.set_stack(person.id, [])
    else:
        # Without an answer the submitted modal closes, and what lies under it shows again.
        parts.workspace.screens.set_stack(person.id, [other for other in stack if other.id != view.id])
    return {"action": kind}


async def close(parts: Parts, person: Person, view: View, *, everything: bool = False) -> None:
    stack = parts.workspace.screens.stack(person.id)
    cleared = everything or bool(view.body.get("clear_on_close"))
    going = stack if cleared else [view]
    parts.workspace.screens.set_stack(person.id, [other for other in stack if other not in going])
    for gone in reversed(going):
        if gone.body.get("notify_on_close"):
            payload = _common(parts, person, "view_closed") | {"view": gone.slack(), "is_cleared": cleared}
            payload.pop("trigger_id")
            await parts.line.interact("interactive", payload)
