"""Slack's limits on texts and on the elements in blocks: one function a kind, each giving its faults as sentences."""

from collections.abc import Sequence
from typing import Any

from bot.playground.records import Json

OPTIONS = {
    "static_select": 100,
    "multi_static_select": 100,
    "overflow": 5,
    "radio_buttons": 10,
    "checkboxes": 10,
}
# Selects whose options Slack fills in: the name of what they start with.
FILLED = {
    "users_select": "initial_user",
    "conversations_select": "initial_conversation",
    "channels_select": "initial_channel",
    "multi_users_select": "initial_users",
    "multi_conversations_select": "initial_conversations",
    "multi_channels_select": "initial_channels",
}
PICKERS = {"datepicker", "timepicker"}
TYPED = {"plain_text_input", "email_text_input", "url_text_input", "number_input"}
MANY = {"multi_static_select", *(kind for kind in FILLED if kind.startswith("multi_"))}
SECTION_ACCESSORIES = {*OPTIONS, *FILLED, *PICKERS, "button", "image"}
ACTION_ELEMENTS = {*OPTIONS, *FILLED, *PICKERS, "button", "datetimepicker"} - MANY
INPUT_ELEMENTS = {*OPTIONS, *FILLED, *PICKERS, *TYPED, "datetimepicker"} - {"overflow"}
BUTTON_STYLES = (None, "primary", "danger")
MARKUP_IN_OPTIONS = ("radio_buttons", "checkboxes")


def check_length(where: str, text: Any, most: int) -> list[str]:
    if not isinstance(text, str):
        return [f"{where}: must be a string"]
    return [f"{where}: {len(text)} characters, must be no more than {most}"] if len(text) > most else []


def check_text(where: str, text: Any, most: int, *, plain: bool = False) -> list[str]:
    if not isinstance(text, dict):
        return [f"{where}: missing, must be a text object"]
    kind = text.get("type")
    if kind not in ("plain_text", "mrkdwn") or (plain and kind != "plain_text"):
        return [f"{where}/type: {kind!r}, must be {'plain_text' if plain else 'plain_text or mrkdwn'}"]
    content = text.get("text")
    if not content:
        return [f"{where}/text: must be more than 0 characters"]
    return check_length(f"{where}/text", content, most)


def check_list(where: str, value: Any, most: int) -> tuple[Sequence[Any], list[str]]:
    if not isinstance(value, list) or not value:
        return [], [f"{where}: must be an array of at least 1"]
    return value, [f"{where}: {len(value)} items, no more than {most} allowed"] if len(value) > most else []


def check_image(where: str, block: Json) -> list[str]:
    """An image block, or an image in another one. Whether a `slack_file` is there is asked in `uploads.py`."""
    faults = check_length(f"{where}/alt_text", block.get("alt_text") or "", 2000)
    if not block.get("alt_text"):
        faults.append(f"{where}/alt_text: missing")
    if bool(block.get("image_url")) == bool(block.get("slack_file")):
        faults.append(f"{where}: an image needs either image_url or slack_file")
    if block.get("title") is not None:
        faults += check_text(f"{where}/title", block["title"], 2000, plain=True)
    return faults + check_length(f"{where}/image_url", block.get("image_url") or "", 3000)


def check_element(where: str, element: Any, allowed: set[str]) -> list[str]:
    if not isinstance(element, dict):
        return [f"{where}: must be an object"]
    kind = str(element.get("type"))
    if kind not in allowed:
        return [f"{where}/type: {kind!r} is not allowed here, only {', '.join(sorted(allowed))}"]
    faults = check_length(f"{where}/action_id", element.get("action_id", ""), 255)
    if kind == "button":
        faults += _button(where, element)
    elif kind == "feedback_buttons":
        for name in ("positive_button", "negative_button"):
            faults += _feedback_button(f"{where}/{name}", element.get(name))
    elif kind == "icon_button":
        faults += check_text(f"{where}/text", element.get("text"), 75, plain=True)
        faults += [] if element.get("icon") else [f"{where}/icon: missing"]
    elif kind == "image":
        faults += check_image(where, element)
    elif kind in OPTIONS:
        faults += _options(where, element, OPTIONS[kind])
    elif kind in TYPED:
        faults += _typed(where, element)
    elif kind in FILLED and FILLED[kind] in element and not element[FILLED[kind]]:
        faults.append(f"{where}/{FILLED[kind]}: must not be empty; leave it out instead")
    if element.get("placeholder") is not None:
        faults += check_text(f"{where}/placeholder", element["placeholder"], 150, plain=True)
    if element.get("confirm") is not None:
        faults += _confirm(f"{where}/confirm", element["confirm"])
    return faults


def _typed(where: str, element: Json) -> list[str]:
    least, most = element.get("min_length", 0), element.get("max_length", 3000)
    fits = isinstance(least, int) and isinstance(most, int) and 0 <= least <= most <= 3000 and most > 0
    faults = [] if fits else [f"{where}/max_length: must be from 1 to 3000 and no less than min_length"]
    if element["type"] == "number_input" and not isinstance(element.get("is_decimal_allowed"), bool):
        faults.append(f"{where}/is_decimal_allowed: missing, must be true or false")
    return faults + check_length(f"{where}/initial_value", element.get("initial_value", ""), 3000)


def _button(where: str, element: Json) -> list[str]:
    faults = check_text(f"{where}/text", element.get("text"), 75, plain=True)
    faults += check_length(f"{where}/value", element.get("value", ""), 2000)
    faults += check_length(f"{where}/url", element.get("url", ""), 3000)
    if element.get("style") not in BUTTON_STYLES:
        faults.append(f"{where}/style: {element['style']!r}, must be primary or danger")
    return faults


def _feedback_button(where: str, button: Any) -> list[str]:
    if not isinstance(button, dict):
        return [f"{where}: missing"]
    faults = check_text(f"{where}/text", button.get("text"), 75, plain=True)
    if not button.get("value"):
        faults.append(f"{where}/value: missing")
    return faults + check_length(f"{where}/value", button.get("value", ""), 2000)


def _options(where: str, element: Json, most: int) -> list[str]:
    options = element.get("options")
    if (groups := element.get("option_groups")) is not None:
        complete = isinstance(groups, list) and all(
            isinstance(group, dict) and isinstance(group.get("options"), list) for group in groups
        )
        if not complete:
            return [f"{where}/option_groups: must be an array of objects with options"]
        options = [option for group in groups for option in group["options"]]
    items, faults = check_list(f"{where}/options", options, most)
    for at, option in enumerate(items):
        place = f"{where}/options/{at}"
        if not isinstance(option, dict):
            faults.append(f"{place}: must be an object")
            continue
        plain = element["type"] not in MARKUP_IN_OPTIONS
        faults += check_text(f"{place}/text", option.get("text"), 75, plain=plain)
        faults += check_length(f"{place}/value", option.get("value"), 150)
        if option.get("description") is not None:
            faults += check_text(f"{place}/description", option["description"], 75, plain=plain)
    return faults + _chosen(where, element, items)


def _chosen(where: str, element: Json, options: Sequence[Any]) -> list[str]:
    """Faults of what is chosen at first: Slack wants the very options, and at least one where it is given a list."""
    many, one = element.get("initial_options"), element.get("initial_option")
    if many is not None and not many:
        return [f"{where}/initial_options: must be an array of at least 1"]
    chosen = many if many is not None else [] if one is None else [one]
    known = isinstance(chosen, list) and all(option in options for option in chosen)
    return [] if known else [f"{where}/initial_option: must be one of the options, word for word"]


def _confirm(where: str, confirm: Any) -> list[str]:
    if not isinstance(confirm, dict):
        return [f"{where}: must be an object"]
    most = {"title": 100, "text": 300, "confirm": 30, "deny": 30}
    return [
        fault
        for name, n in most.items()
        for fault in check_text(f"{where}/{name}", confirm.get(name), n, plain=name != "text")
    ]
