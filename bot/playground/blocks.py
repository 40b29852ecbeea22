"""Slack's limits on blocks and views, so that what the playground accepts Slack accepts too.

Each fault is one sentence that starts with the place, as a JSON pointer: `/blocks/2/text: ...`.
"""

from collections.abc import Callable, Sequence
from typing import Any

from bot.playground.records import Json

MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
OPTIONS = {
    "static_select": 100,
    "multi_static_select": 100,
    "overflow": 5,
    "radio_buttons": 10,
    "checkboxes": 10,
}
SECTION_ACCESSORIES = {*OPTIONS, "button", "image"}
ACTION_ELEMENTS = {*OPTIONS, "button", "plain_text_input"}
INPUT_ELEMENTS = {*OPTIONS, "plain_text_input"} - {"overflow"}
RICH_PARTS = ("rich_text_section", "rich_text_list", "rich_text_quote", "rich_text_preformatted")
# What each leaf of rich text can't be without.
RICH_LEAVES = {
    "text": "text",
    "link": "url",
    "emoji": "name",
    "user": "user_id",
    "channel": "channel_id",
    "broadcast": "range",
}
BUTTON_STYLES = (None, "primary", "danger")


def message_faults(blocks: Any) -> list[str]:
    """What Slack would refuse in the blocks of a message."""
    return _faults(blocks, MESSAGE_BLOCKS)


def view_faults(view: Any) -> list[str]:
    """What Slack would refuse in a modal or a home tab."""
    if not isinstance(view, dict):
        return ["/view: must be an object"]
    kind = view.get("type")
    if kind not in ("modal", "home"):
        return [f"/view/type: {kind!r} is neither modal nor home"]
    faults = _faults(view.get("blocks"), VIEW_BLOCKS)
    if kind == "modal":
        faults += _text("/title", view.get("title"), 24, plain=True)
        for name in ("submit", "close"):
            if view.get(name) is not None:
                faults += _text(f"/{name}", view[name], 24, plain=True)
        blocks = view.get("blocks")
        inside = blocks if isinstance(blocks, list) else []
        has_input = any(isinstance(block, dict) and block.get("type") == "input" for block in inside)
        if has_input and not view.get("submit"):
            faults.append("/submit: a modal with input blocks needs a submit button")
    faults += _length("/private_metadata", view.get("private_metadata") or "", 3000)
    faults += _length("/callback_id", view.get("callback_id") or "", 255)
    return faults


def _faults(blocks: Any, most: int) -> list[str]:
    if not isinstance(blocks, list):
        return ["/blocks: must be an array"]
    if len(blocks) > most:
        return [f"/blocks: {len(blocks)} blocks, no more than {most} items allowed"]
    faults: list[str] = []
    seen: set[str] = set()
    for at, block in enumerate(blocks):
        where = f"/blocks/{at}"
        if not isinstance(block, dict):
            faults.append(f"{where}: must be an object")
            continue
        check = CHECKS.get(str(block.get("type")))
        if check is None:
            faults.append(f"{where}/type: unsupported type: {block.get('type')}")
            continue
        id = block.get("block_id")
        if id is not None:
            faults += _length(f"{where}/block_id", id, 255)
            if str(id) in seen:
                faults.append(f"{where}/block_id: {id!r} is used by another block")
            seen.add(str(id))
        faults += check(where, block)
    return faults


def _length(where: str, text: Any, most: int) -> list[str]:
    if not isinstance(text, str):
        return [f"{where}: must be a string"]
    return [f"{where}: {len(text)} characters, must be no more than {most}"] if len(text) > most else []


def _text(where: str, text: Any, most: int, *, plain: bool = False) -> list[str]:
    if not isinstance(text, dict):
        return [f"{where}: missing, must be a text object"]
    kind = text.get("type")
    if kind not in ("plain_text", "mrkdwn") or (plain and kind != "plain_text"):
        return [f"{where}/type: {kind!r}, must be {'plain_text' if plain else 'plain_text or mrkdwn'}"]
    content = text.get("text")
    if not content:
        return [f"{where}/text: must be more than 0 characters"]
    return _length(f"{where}/text", content, most)


def _section(where: str, block: Json) -> list[str]:
    fields = block.get("fields")
    faults: list[str] = []
    if block.get("text") is not None:
        faults += _text(f"{where}/text", block["text"], 3000)
    elif not fields:
        faults.append(f"{where}: a section needs text or fields")
    if fields is not None:
        if not isinstance(fields, list) or len(fields) > 10:
            faults.append(f"{where}/fields: must be an array of no more than 10")
        else:
            for at, field in enumerate(fields):
                faults += _text(f"{where}/fields/{at}", field, 2000)
    if block.get("accessory") is not None:
        faults += _element(f"{where}/accessory", block["accessory"], SECTION_ACCESSORIES)
    return faults


def _header(where: str, block: Json) -> list[str]:
    return _text(f"{where}/text", block.get("text"), 150, plain=True)


def _context(where: str, block: Json) -> list[str]:
    elements, faults = _list(f"{where}/elements", block.get("elements"), 10)
    for at, element in enumerate(elements):
        place = f"{where}/elements/{at}"
        is_image = isinstance(element, dict) and element.get("type") == "image"
        faults += _element(place, element, {"image"}) if is_image else _text(place, element, 3000)
    return faults


def _actions(where: str, block: Json) -> list[str]:
    return _elements(where, block, 25, ACTION_ELEMENTS)


def _context_actions(where: str, block: Json) -> list[str]:
    return _elements(where, block, 5, {"feedback_buttons", "icon_button"})


def _elements(where: str, block: Json, most: int, allowed: set[str]) -> list[str]:
    elements, faults = _list(f"{where}/elements", block.get("elements"), most)
    seen: set[str] = set()
    for at, element in enumerate(elements):
        faults += _element(f"{where}/elements/{at}", element, allowed)
        id = str(element.get("action_id") or "") if isinstance(element, dict) else ""
        if id in seen:
            faults.append(f"{where}/elements/{at}/action_id: {id!r} is used twice in this block")
        if id:
            seen.add(id)
    return faults


def _input(where: str, block: Json) -> list[str]:
    faults = _text(f"{where}/label", block.get("label"), 2000, plain=True)
    if block.get("hint") is not None:
        faults += _text(f"{where}/hint", block["hint"], 2000, plain=True)
    return faults + _element(f"{where}/element", block.get("element"), INPUT_ELEMENTS)


def _image(where: str, block: Json) -> list[str]:
    faults = [] if block.get("alt_text") else [f"{where}/alt_text: missing"]
    if not block.get("image_url") and not block.get("slack_file"):
        faults.append(f"{where}: an image needs image_url or slack_file")
    return faults


def _markdown(where: str, block: Json) -> list[str]:
    if not block.get("text"):
        return [f"{where}/text: must be more than 0 characters"]
    return _length(f"{where}/text", block["text"], 12000)


def _rich_text(where: str, block: Json) -> list[str]:
    parts = block.get("elements")
    if not isinstance(parts, list):
        return [f"{where}/elements: must be an array"]
    return [fault for at, part in enumerate(parts) for fault in _rich_part(f"{where}/elements/{at}", part)]


def _rich_part(where: str, part: Any) -> list[str]:
    kind = part.get("type") if isinstance(part, dict) else None
    if kind not in RICH_PARTS:
        return [f"{where}/type: {kind!r}, must be one of {', '.join(RICH_PARTS)}"]
    inside = part.get("elements")
    if not isinstance(inside, list):
        return [f"{where}/elements: must be an array"]
    check = _rich_part if kind == "rich_text_list" else _rich_leaf
    return [fault for at, leaf in enumerate(inside) for fault in check(f"{where}/elements/{at}", leaf)]


def _rich_leaf(where: str, leaf: Any) -> list[str]:
    kind = leaf.get("type") if isinstance(leaf, dict) else None
    needed = RICH_LEAVES.get(str(kind))
    if needed is None:
        return [f"{where}/type: {kind!r}, must be one of {', '.join(RICH_LEAVES)}"]
    return (
        [] if leaf.get(needed) and isinstance(leaf[needed], str) else [f"{where}/{needed}: must not be empty"]
    )


def _divider(where: str, block: Json) -> list[str]:
    return []


def _list(where: str, value: Any, most: int) -> tuple[Sequence[Any], list[str]]:
    if not isinstance(value, list) or not value:
        return [], [f"{where}: must be an array of at least 1"]
    return value, [f"{where}: {len(value)} items, no more than {most} allowed"] if len(value) > most else []


def _element(where: str, element: Any, allowed: set[str]) -> list[str]:
    if not isinstance(element, dict):
        return [f"{where}: must be an object"]
    kind = str(element.get("type"))
    if kind not in allowed:
        return [f"{where}/type: {kind!r} is not allowed here, only {', '.join(sorted(allowed))}"]
    faults = _length(f"{where}/action_id", element.get("action_id", ""), 255)
    if kind == "button":
        faults += _button(where, element)
    elif kind == "feedback_buttons":
        for name in ("positive_button", "negative_button"):
            faults += _feedback_button(f"{where}/{name}", element.get(name))
    elif kind == "icon_button":
        faults += _text(f"{where}/text", element.get("text"), 75, plain=True)
        faults += [] if element.get("icon") else [f"{where}/icon: missing"]
    elif kind == "image":
        faults += _image(where, element)
    elif kind in OPTIONS:
        faults += _options(where, element, OPTIONS[kind])
    elif kind == "plain_text_input":
        faults += _length(f"{where}/initial_value", element.get("initial_value", ""), 3000)
    if element.get("placeholder") is not None:
        faults += _text(f"{where}/placeholder", element["placeholder"], 150, plain=True)
    if element.get("confirm") is not None:
        faults += _confirm(f"{where}/confirm", element["confirm"])
    return faults


def _button(where: str, element: Json) -> list[str]:
    faults = _text(f"{where}/text", element.get("text"), 75, plain=True)
    faults += _length(f"{where}/value", element.get("value", ""), 2000)
    faults += _length(f"{where}/url", element.get("url", ""), 3000)
    if element.get("style") not in BUTTON_STYLES:
        faults.append(f"{where}/style: {element['style']!r}, must be primary or danger")
    return faults


def _feedback_button(where: str, button: Any) -> list[str]:
    if not isinstance(button, dict):
        return [f"{where}: missing"]
    faults = _text(f"{where}/text", button.get("text"), 75, plain=True)
    if not button.get("value"):
        faults.append(f"{where}/value: missing")
    return faults + _length(f"{where}/value", button.get("value", ""), 2000)


def _options(where: str, element: Json, most: int) -> list[str]:
    options = element.get("options")
    if (groups := element.get("option_groups")) is not None:
        complete = isinstance(groups, list) and all(
            isinstance(group, dict) and isinstance(group.get("options"), list) for group in groups
        )
        if not complete:
            return [f"{where}/option_groups: must be an array of objects with options"]
        options = [option for group in groups for option in group["options"]]
    items, faults = _list(f"{where}/options", options, most)
    for at, option in enumerate(items):
        place = f"{where}/options/{at}"
        if not isinstance(option, dict):
            faults.append(f"{place}: must be an object")
            continue
        faults += _text(f"{place}/text", option.get("text"), 75)
        faults += _length(f"{place}/value", option.get("value"), 150)
    values = [option.get("value") for option in items if isinstance(option, dict)]
    chosen = element.get("initial_options")
    chosen = [element.get("initial_option")] if chosen is None else chosen
    known = isinstance(chosen, list) and all(
        option is None or (isinstance(option, dict) and option.get("value") in values) for option in chosen
    )
    return faults if known else [*faults, f"{where}/initial_option: must be one of the options"]


def _confirm(where: str, confirm: Any) -> list[str]:
    if not isinstance(confirm, dict):
        return [f"{where}: must be an object"]
    most = {"title": 100, "text": 300, "confirm": 30, "deny": 30}
    return [fault for name, n in most.items() for fault in _text(f"{where}/{name}", confirm.get(name), n)]


CHECKS: dict[str, Callable[[str, Json], list[str]]] = {
    "section": _section,
    "header": _header,
    "context": _context,
    "divider": _divider,
    "actions": _actions,
    "context_actions": _context_actions,
    "input": _input,
    "image": _image,
    "markdown": _markdown,
    "rich_text": _rich_text,
}


def with_ids(blocks: Sequence[Json]) -> tuple[Json, ...]:
    """The blocks with the ids that Slack makes up where the app gave none."""
    return tuple(_with_id(at, block) for at, block in enumerate(blocks))


def _with_id(at: int, block: Json) -> Json:
    named = {**block, "block_id": block.get("block_id") or f"b{at}"}
    slot = {"section": "accessory", "input": "element"}.get(block["type"], "")
    if block.get(slot) is not None:
        named[slot] = _with_action_id(0, block[slot])
    if block.get("type") in ("actions", "context_actions"):
        named["elements"] = [_with_action_id(n, element) for n, element in enumerate(block["elements"])]
    return named


def _with_action_id(at: int, element: Json) -> Json:
    if element.get("type") == "image":
        return element
    return {**element, "action_id": element.get("action_id") or f"a{at}"}


def elements(blocks: Sequence[Json]) -> list[tuple[str, Json]]:
    """Every interactive element with the id of its block, in order."""
    found: list[tuple[str, Json]] = []
    for block in blocks:
        slot = {"section": "accessory", "input": "element"}.get(block["type"], "")
        inside = [block[slot]] if block.get(slot) is not None else []
        if block["type"] in ("actions", "context_actions"):
            inside = block["elements"]
        found += [(block["block_id"], element) for element in inside if "action_id" in element]
    return found
