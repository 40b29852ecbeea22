"""Which channel a call of the bot means, and whether the bot may use it."""

from bot.playground.arguments import Arguments
from bot.playground.parts import Parts
from bot.playground.records import Channel
from bot.playground.refused import Refused
from bot.playground.teams import BOT_USER_ID


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


def known_thread(parts: Parts, room: Channel, ts: str) -> None:
    try:
        parts.workspace.message(room.id, ts)
    except Refused:
        raise Refused("thread_not_found") from None


TYPES = {"channel": "public_channel", "group": "private_channel", "im": "im", "mpim": "mpim"}


def kinds(parts: Parts, method: str, given: Arguments) -> list[str]:
    """The kinds of conversation that a call is about: of the one it names, or those it asks to be listed."""
    if method in ("conversations.list", "users.conversations"):
        asked = given.text("types", "public_channel").replace(" ", "").split(",")
        return [kind for kind, type in TYPES.items() if type in asked]
    found = parts.workspace.channels.get(given.text("channel"))
    return [found.kind] if found is not None else []
