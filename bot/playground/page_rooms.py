"""Who acts on the page, and where: by id or by name, and never out of their sight."""

from bot.playground.arguments import Arguments
from bot.playground.parts import Parts
from bot.playground.records import Channel, Person
from bot.playground.refused import Refused


def person_of(parts: Parts, given: str) -> Person:
    for person in parts.workspace.people.values():
        if given in (person.id, person.name) and not person.is_bot:
            return person
    raise Refused("user_not_found", f"{given!r} is nobody here")


def room_of(parts: Parts, person: Person, given: Arguments) -> Channel:
    """The channel an act happens in, by id or name, if the person may see it."""
    wanted = given.required("channel")
    if wanted == "dm":
        return parts.workspace.direct(person.id)
    for channel in parts.workspace.channels_of(person.id):
        if wanted == channel.id or (channel.kind != "im" and wanted == channel.name):
            return channel
    raise Refused("channel_not_found", f"{person.name} sees no channel {wanted!r}")


def member_room(parts: Parts, person: Person, given: Arguments) -> Channel:
    room = room_of(parts, person, given)
    if person.id not in room.members:
        raise Refused("not_a_member")
    return room
