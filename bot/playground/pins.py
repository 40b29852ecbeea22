"""Pinned messages through the Web API."""

from collections.abc import Awaitable, Callable

from bot.playground import rooms
from bot.playground.arguments import Arguments
from bot.playground.parts import Parts
from bot.playground.records import Json, pinned
from bot.playground.teams import BOT_USER_ID


async def pins_add(parts: Parts, given: Arguments) -> Json:
    room = rooms.joined_room(parts, given)
    parts.workspace.pin(room.id, given.required("timestamp", "no_item_specified"), BOT_USER_ID)
    return {}


async def pins_remove(parts: Parts, given: Arguments) -> Json:
    room = rooms.joined_room(parts, given)
    parts.workspace.unpin(room.id, given.required("timestamp", "no_item_specified"), BOT_USER_ID)
    return {}


async def pins_list(parts: Parts, given: Arguments) -> Json:
    room = rooms.joined_room(parts, given)
    return {"items": [pinned(parts.url, m, parts.manifest.bot_name) for m in parts.workspace.pins(room.id)]}


METHODS: dict[str, Callable[[Parts, Arguments], Awaitable[Json]]] = {
    "pins.add": pins_add,
    "pins.list": pins_list,
    "pins.remove": pins_remove,
}
