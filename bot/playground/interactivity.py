"""The short-lived keys of an interaction, and the state of the elements in a message or view, in Slack's
shape.

A trigger id opens a modal; a response URL answers without a token.
"""

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.playground.blocks import elements
from bot.playground.records import Json
from bot.playground.refused import Refused

TRIGGER_SECONDS = 3.0
RESPONSE_SECONDS = 1800.0
RESPONSE_USES = 5
# Where the state of an element holds what was picked; what it starts with is named likewise.
HELD = {
    "users_select": "selected_user",
    "conversations_select": "selected_conversation",
    "channels_select": "selected_channel",
    "multi_users_select": "selected_users",
    "multi_conversations_select": "selected_conversations",
    "multi_channels_select": "selected_channels",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
}


class Triggers:
    """Trigger ids: each opens one modal, for the person who acted, within three seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[str, tuple[str, float]] = {}
        self._spent: set[str] = set()

    def issue(self, person: str) -> str:
        id = f"{secrets.randbelow(10**13)}.{secrets.randbelow(10**12)}.{secrets.token_hex(16)}"
        self._known[id] = (person, self._clock())
        return id

    def spend(self, id: str) -> str:
        """The person whose screen it opens a modal on."""
        if id in self._spent:
            raise Refused("exchanged_trigger_id")
        if id not in self._known:
            raise Refused("invalid_trigger_id")
        person, issued = self._known[id]
        if self._clock() - issued > TRIGGER_SECONDS:
            raise Refused("expired_trigger_id")
        self._spent.add(id)
        return person


@dataclass(frozen=True)
class Origin:
    """Where a response URL answers to: the channel, the person, and the message that was clicked, if any."""

    channel: str
    person: str
    ts: str | None = None
    whispered: bool = False
    thread_ts: str | None = None


class ResponseUrls:
    """Response URLs: five posts within thirty minutes."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[str, tuple[Origin, float]] = {}
        self._uses: dict[str, int] = {}

    def issue(self, origin: Origin) -> str:
        """The key that the URL ends in."""
        key = secrets.token_urlsafe(18)
        self._known[key] = (origin, self._clock())
        return key

    def use(self, key: str) -> Origin:
        if key not in self._known:
            raise Refused("expired_url")
        origin, issued = self._known[key]
        if self._clock() - issued > RESPONSE_SECONDS:
            raise Refused("expired_url")
        if self._uses.get(key, 0) >= RESPONSE_USES:
            raise Refused("used_url")
        self._uses[key] = self._uses.get(key, 0) + 1
        return origin


def options(element: Json) -> list[Json]:
    groups = element.get("option_groups")
    if isinstance(groups, list):
        return [option for group in groups for option in group.get("options", [])]
    return list(element.get("options", []))


def element_state(element: Json, picked: Any) -> Json:
    """An element's state in Slack's shape.

    `picked` is what the page sends: a text, an option's value, an id, a date, or a list of them; None for what the
    element starts with.
    """
    kind = element["type"]
    if kind in HELD:
        name = HELD[kind]
        chosen = element.get(name.replace("selected", "initial")) if picked is None else picked
        if kind.startswith("multi_"):
            chosen = [chosen] if isinstance(chosen, str) else list(chosen or ())
        elif kind == "datetimepicker" and chosen:
            chosen = int(chosen)
        return {"type": kind, name: chosen if kind.startswith("multi_") else chosen or None}
    known = {option["value"]: option for option in options(element)}
    if kind in ("checkboxes", "multi_static_select"):
        chosen = (
            [option["value"] for option in element.get("initial_options") or []] if picked is None else picked
        )
        chosen = [chosen] if isinstance(chosen, str) else chosen
        return {"type": kind, "selected_options": [known[value] for value in chosen if value in known]}
    if kind in ("static_select", "radio_buttons", "overflow"):
        if picked is None:
            return {"type": kind, "selected_option": element.get("initial_option")}
        return {"type": kind, "selected_option": known.get(str(picked))}
    value = element.get("initial_value") if picked is None else picked
    return {"type": kind, "value": value or None}


def state_values(blocks: Sequence[Json], picked: Mapping[str, Mapping[str, Any]]) -> Json:
    """`state.values` of a message or view: every element that holds a value, changed by the person or not."""
    values: Json = {}
    for block_id, element in elements(blocks):
        if element["type"] in ("button", "overflow", "feedback_buttons", "icon_button"):
            continue
        choice = picked.get(block_id, {}).get(element["action_id"])
        values.setdefault(block_id, {})[element["action_id"]] = element_state(element, choice)
    return values


def input_faults(blocks: Sequence[Json], values: Json) -> dict[str, str]:
    """What Slack's own client asks for before it submits a modal: block id -> what is wrong."""
    faults: dict[str, str] = {}
    for block in blocks:
        if block.get("type") != "input":
            continue
        element = block["element"]
        state = values[block["block_id"]][element["action_id"]]
        given = next((value for name, value in state.items() if name != "type"), None)
        if not given and not block.get("optional"):
            faults[block["block_id"]] = "Please complete this required field."
        elif isinstance(given, str) and len(given) < element.get("min_length", 0):
            faults[block["block_id"]] = f"Please write at least {element['min_length']} characters."
        elif isinstance(given, str) and len(given) > element.get("max_length", 3000):
            faults[block["block_id"]] = f"Please write at most {element.get('max_length', 3000)} characters."
    return faults


def action_of(element: Json, block_id: str, picked: Any, ts: str) -> Json:
    """One entry of `actions` in a `block_actions` payload."""
    kind = element["type"]
    action: Json = {"type": kind, "action_id": element["action_id"], "block_id": block_id, "action_ts": ts}
    if kind in ("button", "icon_button"):
        action["text"] = element.get("text")
        for name in ("value", "style", "icon", "url"):
            if element.get(name) is not None:
                action[name] = element[name]
        return action
    if kind == "feedback_buttons":
        for name in ("positive_button", "negative_button"):
            if element[name]["value"] == picked:
                return action | {"value": picked, "text": element[name]["text"]}
        raise Refused("invalid_action", f"{picked!r} is neither of the two buttons' values")
    state = element_state(element, picked)
    if kind in ("static_select", "radio_buttons", "overflow") and state["selected_option"] is None:
        raise Refused("invalid_action", f"{picked!r} is none of the options' values")
    return action | {name: value for name, value in state.items() if name != "type"}
