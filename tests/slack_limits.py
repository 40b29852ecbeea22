"""What Slack would refuse of a message or a view, by its documented limits: the stage holds every post of every test to it.

Sources, all in Slack's reference: the pages of Block Kit's blocks, block elements, composition objects and rich text
elements, "Views", and chat.postMessage. slack-sdk's own models are asked as well. The playground enforces limits of its
own, for people's apps; these here are written apart from them, so that neither is checked against itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

Json = dict[str, Any]
Faults = Iterator[str]

MESSAGE_BLOCKS, VIEW_BLOCKS = 50, 100
MESSAGE_TEXT = 4000  # chat.postMessage: what is longer may be cut or refused
MESSAGE_TOTAL = 11_000  # Slack answers msg_blocks_too_long from about 11,300 characters in all blocks on
VIEW_BYTES = 250_000
STYLES = {"bold", "italic", "strike", "code", "underline"}
LEAVES = {
    "text": "text",
    "link": "url",
    "emoji": "name",
    "user": "user_id",
    "channel": "channel_id",
    "date": "timestamp",
}
"""The leaves that we post, and what each can't be without; a broadcast, which pings, is none of ours."""
CHOICES = {
    "static_select": 100,
    "multi_static_select": 100,
    "overflow": 5,
    "radio_buttons": 10,
    "checkboxes": 10,
}
PICKERS = {
    f"{many}{what}_select" for many in ("", "multi_") for what in ("users", "conversations", "channels")
}
IN_ACTIONS = {*CHOICES, *PICKERS, "button", "datepicker", "timepicker", "workflow_button"}
IN_SECTIONS = {*IN_ACTIONS, "image"}
IN_INPUTS = {
    *({*CHOICES, *PICKERS} - {"overflow"}),
    "plain_text_input",
    "number_input",
    "datepicker",
    "timepicker",
    "file_input",
}
MESSAGES_ONLY = ("context_actions", "markdown")


def message_faults(text: object, blocks: object) -> list[str]:
    """Of a posted message: what Slack would refuse, and what a screen reader would miss."""
    faults = list(_words("text", text, MESSAGE_TEXT))
    if blocks:
        faults += _all_blocks(blocks, MESSAGE_BLOCKS, in_message=True)
        total = sum(len(each) for each in strings(blocks))
        if total > MESSAGE_TOTAL:
            faults.append(f"blocks: {total} characters in all")
    return faults


def view_faults(view: object) -> list[str]:
    """Of a modal or a home tab."""
    if not isinstance(view, dict) or view.get("type") not in ("modal", "home"):
        return ["view: neither a modal nor a home tab"]
    faults = list(_all_blocks(view.get("blocks"), VIEW_BLOCKS, in_message=False))
    faults += _at_most("private_metadata", view.get("private_metadata") or "", 3000)
    faults += _at_most("callback_id", view.get("callback_id") or "", 255)
    faults += _at_most("external_id", view.get("external_id") or "", 255)
    if len(json.dumps(view).encode()) > VIEW_BYTES:
        faults.append("view: more than 250 kB")
    if view["type"] == "modal":
        faults += _text("title", view.get("title"), 24, plain=True)
        for name in ("submit", "close"):
            faults += _text(name, view[name], 24, plain=True) if view.get(name) else []
        if not view.get("submit") and any(each.get("type") == "input" for each in view.get("blocks") or []):
            faults.append("submit: a form with inputs needs one")
    return faults + _by_the_sdk(lambda: View(**view).validate_json())


def strings(shown: object) -> Iterator[str]:
    """Every text in some blocks that somebody reads."""
    if isinstance(shown, dict):
        for name, value in shown.items():
            if isinstance(value, str):
                if name in ("text", "alt_text", "accessibility_label", "initial_value"):
                    yield value
            else:
                yield from strings(value)
    elif isinstance(shown, list):
        for each in shown:
            yield from strings(each)


def _all_blocks(blocks: object, most: int, *, in_message: bool) -> Faults:
    if not isinstance(blocks, list):
        yield "blocks: no list"
        return
    if len(blocks) > most:
        yield f"blocks: {len(blocks)}"
    ids = [each["block_id"] for each in blocks if each.get("block_id")]
    if len(ids) != len(set(ids)):
        yield "block_id: used twice"
    for at, block in enumerate(blocks):
        kind = block.get("type")
        check = BLOCKS.get(kind)
        if check is None or (kind in MESSAGES_ONLY and not in_message):
            yield f"{at}: {kind} doesn't belong here"
            continue
        yield from (f"{at} {kind}: {fault}" for fault in check(block))
        yield from _at_most(f"{at} block_id", block.get("block_id", ""), 255)
    yield from _by_the_sdk(lambda: [each.validate_json() for each in Block.parse_all(blocks)])


def _by_the_sdk(check: Any) -> list[str]:
    try:
        check()
    except SlackObjectFormationError as error:
        return [f"slack-sdk: {error}"]
    return []


def _words(where: str, text: object, most: int) -> Faults:
    if not isinstance(text, str) or not text.strip():
        yield f"{where}: no words"
    else:
        yield from _at_most(where, text, most)


def _at_most(where: str, text: object, most: int) -> Faults:
    if not isinstance(text, str):
        yield f"{where}: no text"
    elif len(text) > most:
        yield f"{where}: {len(text)} characters, at most {most}"


def _text(where: str, text: object, most: int, *, plain: bool = False) -> Faults:
    kinds = ("plain_text",) if plain else ("plain_text", "mrkdwn")
    if not isinstance(text, dict) or text.get("type") not in kinds:
        yield f"{where}: no {' or '.join(kinds)}"
    else:
        yield from _words(where, text.get("text"), most)


def _count(where: str, items: object, least: int, most: int) -> Faults:
    if not isinstance(items, list) or not least <= len(items) <= most:
        yield f"{where}: {len(items) if isinstance(items, list) else items}, {least} to {most} expected"


def _section(block: Json) -> Faults:
    if "text" in block or "fields" not in block:
        yield from _text("text", block.get("text"), 3000)
    if "fields" in block:
        yield from _count("fields", block["fields"], 1, 10)
        for each in block["fields"]:
            yield from _text("field", each, 2000)
    if "accessory" in block:
        yield from _element(block["accessory"], IN_SECTIONS)


def _header(block: Json) -> Faults:
    yield from _text("text", block.get("text"), 150, plain=True)


def _context(block: Json) -> Faults:
    yield from _count("elements", block.get("elements"), 1, 10)
    for each in block.get("elements", []):
        yield from _image(each) if each.get("type") == "image" else _text("element", each, 3000)


def _actions(block: Json) -> Faults:
    yield from _elements(block, 25, IN_ACTIONS)


def _context_actions(block: Json) -> Faults:
    yield from _elements(block, 5, {"feedback_buttons", "icon_button"})


def _elements(block: Json, most: int, allowed: set[str]) -> Faults:
    yield from _count("elements", block.get("elements"), 1, most)
    ids = [each.get("action_id") for each in block.get("elements", [])]
    if len(ids) != len(set(ids)):
        yield "action_id: used twice in one block"
    for each in block.get("elements", []):
        yield from _element(each, allowed)


def _input(block: Json) -> Faults:
    yield from _text("label", block.get("label"), 2000, plain=True)
    if "hint" in block:
        yield from _text("hint", block["hint"], 2000, plain=True)
    yield from _element(block.get("element") or {}, IN_INPUTS)


def _image(block: Json) -> Faults:
    yield from _words("alt_text", block.get("alt_text"), 2000)
    if not block.get("image_url") and not block.get("slack_file"):
        yield "image: neither image_url nor slack_file"
    yield from _at_most("image_url", block.get("image_url", ""), 3000)
    if "title" in block:
        yield from _text("title", block["title"], 2000, plain=True)


def _markdown(block: Json) -> Faults:
    yield from _words("text", block.get("text"), 12_000)


def _rich_text(block: Json) -> Faults:
    yield from _count("elements", block.get("elements"), 1, 1000)
    for part in block.get("elements", []):
        kind = part.get("type")
        if kind == "rich_text_list":
            yield from _rich_list(part)
        elif kind in ("rich_text_section", "rich_text_quote", "rich_text_preformatted"):
            yield from _leaves(part, ("text", "link") if kind == "rich_text_preformatted" else tuple(LEAVES))
        else:
            yield f"{kind} is no part of rich text"


def _rich_list(part: Json) -> Faults:
    if part.get("style") not in ("bullet", "ordered"):
        yield f"list style {part.get('style')}"
    if (
        not 0 <= part.get("indent", 0) <= 8
        or part.get("border", 0) not in (0, 1)
        or part.get("offset", 0) < 0
    ):
        yield "list: indent, border or offset out of range"
    yield from _count("list", part.get("elements"), 1, 1000)
    for each in part.get("elements", []):
        if each.get("type") != "rich_text_section":
            yield f"a list of {each.get('type')}"
        yield from _leaves(each, tuple(LEAVES))


def _leaves(part: Json, allowed: Sequence[str]) -> Faults:
    yield from _count(part["type"], part.get("elements"), 1, 1000)
    for leaf in part.get("elements", []):
        kind = leaf.get("type")
        if kind not in allowed:
            yield f"{kind} in {part['type']}"
        elif not leaf.get(LEAVES[kind]):
            yield f"{kind}: empty"
        if kind == "link" and not str(leaf.get("url")).startswith(("http://", "https://")):
            yield "a link that no browser opens"
        yield from _at_most("leaf", leaf.get("text", ""), 3000)
        yield from _at_most("url", leaf.get("url", ""), 3000)
        if not set(leaf.get("style", {})) <= STYLES:
            yield f"style {leaf['style']}"


def _element(element: Json, allowed: set[str]) -> Faults:
    kind = element.get("type")
    if kind not in allowed:
        yield f"{kind} doesn't belong here"
        return
    if kind == "image":
        yield from _image(element)
        return
    yield from _words("action_id", element.get("action_id"), 255)
    if kind == "button":
        yield from _button(element)
    elif kind == "feedback_buttons":
        for name in ("positive_button", "negative_button"):
            yield from _feedback_button(element.get(name) or {})
    elif kind == "plain_text_input":
        most = element.get("max_length", 3000)
        if not 1 <= most <= 3000:
            yield f"max_length {most}"
        yield from _at_most("initial_value", element.get("initial_value", ""), most)
    elif kind in CHOICES:
        yield from _choices(element, CHOICES[kind])
    if "placeholder" in element:
        yield from _text("placeholder", element["placeholder"], 150, plain=True)
    if "confirm" in element:
        for name, most in (("title", 100), ("text", 300), ("confirm", 30), ("deny", 30)):
            yield from _text(f"confirm {name}", element["confirm"].get(name), most, plain=name != "text")


def _button(element: Json) -> Faults:
    yield from _text("button", element.get("text"), 75, plain=True)
    if "value" in element:
        yield from _words("value", element["value"], 2000)
    yield from _at_most("url", element.get("url", ""), 3000)
    if element.get("style") not in (None, "primary", "danger"):
        yield f"style {element['style']}"
    label, spoken = str((element.get("text") or {}).get("text", " ")), element.get("accessibility_label")
    if spoken is not None:
        yield from _words("accessibility_label", spoken, 75)
    elif not label[:1].isalnum():
        yield f"{label!r} begins with a sign: a screen reader needs an accessibility_label"


def _feedback_button(element: Json) -> Faults:
    yield from _text("feedback button", element.get("text"), 75, plain=True)
    yield from _words("value", element.get("value"), 2000)
    yield from _at_most("accessibility_label", element.get("accessibility_label", ""), 75)


def _choices(element: Json, most: int) -> Faults:
    groups = element.get("option_groups")
    options = [each for group in groups for each in group["options"]] if groups else element.get("options")
    yield from _count("options", options, 1, most)
    for each in options or []:
        yield from _text(
            "option", each.get("text"), 75, plain=element["type"] not in ("radio_buttons", "checkboxes")
        )
        yield from _words("option value", each.get("value"), 150)
        if "description" in each:
            yield from _text("description", each["description"], 75)
    initial = element.get("initial_options") or [element.get("initial_option")]
    if any(each is not None and each not in (options or []) for each in initial):
        yield "initial_option: none of the options, word for word"


BLOCKS = {
    "section": _section,
    "header": _header,
    "context": _context,
    "divider": lambda block: iter(()),
    "actions": _actions,
    "context_actions": _context_actions,
    "input": _input,
    "image": _image,
    "markdown": _markdown,
    "rich_text": _rich_text,
}
