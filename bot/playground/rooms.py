"""Which channel a call of the bot means, and whether the bot may use it."""

from bot.playground.arguments import Arguments
from bot.playground.parts import Parts
from bot.playground.records import BOT_USER_ID, Channel
from bot.playground.workspace import Refused


def room(parts: Parts, given: Arguments, name: str = "channel") -> Channel:
    """The channel named by its id; for somebody's user id, the direct message with them."""
    id = given.required(name, "channel_not_found")
    if id in parts.workspace.people and id != BOT_USER_ID:
        return parts.workspace.direct(id)
    found = parts.workspace.channel(id)
    if found.kind != "channel" and BOT_USER_ID not in found.members:
        raise Refused("channel_not_found")
    return found


def joined_room(parts: Parts, given: Arguments, name: str = "channel") -> Channel:
    found = room(parts, given, name)
    if BOT_USER_ID not in found.members:
        raise Refused("not_in_channel")
    return found
