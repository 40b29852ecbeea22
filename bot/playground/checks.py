"""What the bot wants to show, checked as Slack checks it: blocks, the pictures in them, and what this workspace takes."""

import json
from typing import Any

from bot.playground.blocks import message_faults, view_faults
from bot.playground.parts import Parts
from bot.playground.records import Json
from bot.playground.refused import Refused
from bot.playground.uploads import picture_faults

VIEW_BYTES = 250_000
MESSAGE_CHARACTERS = (
    11_300  # in all blocks of a message; undocumented: bots have been refused from about here on
)


def checked_blocks(parts: Parts, blocks: Any) -> None:
    """Raises Refused("invalid_blocks") where Slack would refuse the blocks of a message."""
    if faults := message_faults(blocks) or _refused_here(parts, blocks):
        raise Refused("invalid_blocks", *faults)
    if _characters(blocks) > MESSAGE_CHARACTERS:
        raise Refused("msg_blocks_too_long")


def _characters(node: Any) -> int:
    """Of all texts within."""
    if isinstance(node, list | tuple):
        return sum(_characters(each) for each in node)
    if not isinstance(node, dict) or node.get("type") == "markdown":
        return 0  # a markdown block has a limit of its own
    return sum(
        len(each) if name == "text" and isinstance(each, str) else _characters(each)
        for name, each in node.items()
    )


def checked_view(parts: Parts, view: Any) -> Json:
    """The view; raises Refused("invalid_arguments") where Slack would refuse it."""
    if len(json.dumps(view)) > VIEW_BYTES:
        raise Refused("view_too_large")
    if faults := view_faults(view) or _refused_here(parts, view["blocks"]):
        raise Refused("invalid_arguments", *faults)
    shape: Json = view
    return shape


def _refused_here(parts: Parts, blocks: list[Json]) -> list[str]:
    faults = picture_faults(parts, blocks)
    if not parts.faults.feedback_buttons:
        kinds = [element["type"] for block in blocks for element in block.get("elements", ())]
        if "feedback_buttons" in kinds:
            faults.append("/blocks: unsupported element: feedback_buttons")
    return faults
