"""Slack's limits on blocks and views, so that what the playground accepts Slack accepts too.

Each fault is one sentence that starts with the place, as a JSON pointer: `/blocks/2/text: ...`.
"""

from collections.abc import Callable, Sequence
from typing import Any

from bot.playground.block_elements import (
    ACTION_ELEMENTS,
    INPUT_ELEMENTS,
    SECTION_ACCESSORIES,
    check_element,
    check_image,
    check_length,
    check_list,
    check_text,
)
from bot.playground.records import Json

MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
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
MESSAGES_ONLY = ("context_actions", "markdown")


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
    faults = _faults(view.get("blocks"), VIEW_BLOCKS, MESSAGES_ONLY)
    if kind == "modal":
        faults += check_text("/title", view.get("title"), 24, plain=True)
        for name in ("submit", "close"):
            if view.get(name) is not None:
                faults += check_text(f"/{name}", view[name], 24, plain=True)
        blocks = view.get("blocks")
        inside = blocks if isinstance(blocks, list) else []
        has_input = any(isinstance(block, dict) and block.get("type") == "input" for block in inside)
        if has_input and not view.get("submit"):
            faults.append("/submit: a modal with input blocks needs a submit button")
    faults += check_length("/private_metadata", view.get("private_metadata") or "", 3000)
    faults += check_length("/callback_id", view.get("callback_id") or "", 255)
    return faults


def _faults(blocks: Any, most: int, barred: Sequence[str] = ()) -> list[str]:
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
        if check is None or block["type"] in barred:
            faults.append(f"{where}/type: unsupported type: {block.get('type')}")
            continue
        id = block.get("block_id")
        if id is not None:
            faults += check_length(f"{where}/block_id", id, 255)
            if str(id) in seen:
                faults.append(f"{where}/block_id: {id!r} is used by another block")
            seen.add(str(id))
        faults += check(where, block)
    return faults


def _section(where: str, block: Json) -> list[str]:
    fields = block.get("fields")
    faults: list[str] = []
    if block.get("text") is not None:
        faults += check_text(f"{where}/text", block["text"], 3000)
    elif not fields:
        faults.append(f"{where}: a section needs text or fields")
    if fields is not None:
        if not isinstance(fields, list) or len(fields) > 10:
            faults.append(f"{where}/fields: must be an array of no more than 10")
        else:
            for at, field in enumerate(fields):
                faults += check_text(f"{where}/fields/{at}", field, 2000)
    if block.get("accessory") is not None:
        faults += check_element(f"{where}/accessory", block["accessory"], SECTION_ACCESSORIES)
    return faults


def _header(where: str, block: Json) -> list[str]:
    return check_text(f"{where}/text", block.get("text"), 150, plain=True)


def _context(where: str, block: Json) -> list[str]:
    elements, faults = check_list(f"{where}/elements", block.get("elements"), 10)
    for at, element in enumerate(elements):
        place = f"{where}/elements/{at}"
        is_image = isinstance(element, dict) and element.get("type") == "image"
        faults += check_element(place, element, {"image"}) if is_image else check_text(place, element, 3000)
    return faults


def _actions(where: str, block: Json) -> list[str]:
    return _elements(where, block, 25, ACTION_ELEMENTS)


def _context_actions(where: str, block: Json) -> list[str]:
    return _elements(where, block, 5, {"feedback_buttons", "icon_button"})


def _elements(where: str, block: Json, most: int, allowed: set[str]) -> list[str]:
    elements, faults = check_list(f"{where}/elements", block.get("elements"), most)
    seen: set[str] = set()
    for at, element in enumerate(elements):
        faults += check_element(f"{where}/elements/{at}", element, allowed)
        id = str(element.get("action_id") or "") if isinstance(element, dict) else ""
        if id in seen:
            faults.append(f"{where}/elements/{at}/action_id: {id!r} is used twice in this block")
        if id:
            seen.add(id)
    return faults


def _input(where: str, block: Json) -> list[str]:
    faults = check_text(f"{where}/label", block.get("label"), 2000, plain=True)
    if block.get("hint") is not None:
        faults += check_text(f"{where}/hint", block["hint"], 2000, plain=True)
    return faults + check_element(f"{where}/element", block.get("element"), INPUT_ELEMENTS)


def _markdown(where: str, block: Json) -> list[str]:
    if not block.get("text"):
        return [f"{where}/text: must be more than 0 characters"]
    return check_length(f"{where}/text", block["text"], 12000)


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


CHECKS: dict[str, Callable[[str, Json], list[str]]] = {
    "section": _section,
    "header": _header,
    "context": _context,
    "divider": _divider,
    "actions": _actions,
    "context_actions": _context_actions,
    "input": _input,
    "image": check_image,
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
