"""The fault panel's end on the server: switches are set, some things happen once."""

import asyncio

from bot.playground.arguments import Arguments
from bot.playground.faults import tell
from bot.playground.parts import Parts
from bot.playground.records import Json, Person
from bot.playground.refused import Refused

ONCE = ("disconnect", "cut", "limit", "uninstall", "reset")


async def faults(parts: Parts, person: Person, given: Arguments) -> Json:
    """Every argument is a switch, except `do`, which names what happens once, and for how many `seconds`."""
    switches = {name: value for name, value in given.items() if name not in ("person", "do", "seconds")}
    parts.faults.change(switches)
    await once(parts, given.text("do"), given)
    tell(parts.workspace, parts.faults)
    return {"faults": parts.faults.shown()}


async def once(parts: Parts, what: str, given: Arguments) -> None:
    if what == "disconnect":
        await parts.socket_mode.refresh()
    elif what == "cut":
        await parts.socket_mode.cut()
    elif what == "limit":
        seconds = given.number("seconds", 10)
        parts.faults.limit(seconds)
        asyncio.get_running_loop().call_later(seconds, tell, parts.workspace, parts.faults)
    elif what == "uninstall":
        parts.feed.uninstalled()
        parts.faults.uninstalled = True
    elif what == "reset":
        parts.faults.reset()
    elif what:
        raise Refused("invalid_arguments", f"do: {what!r} is none of {', '.join(ONCE)}")


ACTS = {"faults": faults}
