"""What people do with files, pins and canvases on the page, and how the page gets at a file."""

import base64
import binascii
import html
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from bot.playground.arguments import Arguments
from bot.playground.documents import render
from bot.playground.files import Upload
from bot.playground.page_rooms import member_room, person_of
from bot.playground.parts import Parts
from bot.playground.records import Change, Channel, Json, Person
from bot.playground.refused import Refused
from bot.playground.shelf import fresh_id
from bot.playground.teams import BOT_USER_ID
from bot.playground.typed import wire_text
from bot.playground.uploads import LARGEST, bot_may_see, share

MOST_FILES = 10
CANVAS_CHARACTERS = 100_000


async def upload(parts: Parts, person: Person, given: Arguments) -> Json:
    room = member_room(parts, person, given)
    files: Any = given.structure("files")
    if not isinstance(files, list) or not 0 < len(files) <= MOST_FILES:
        raise Refused("invalid_arguments", f"files: must be a list of 1 to {MOST_FILES}")
    named = [(str(each.get("name") or "file"), _content(each)) for each in files]
    thread = given.text("thread_ts") or None
    if thread is not None:
        parts.workspace.message(room.id, thread)
    put = [
        parts.uploads.put(Upload(fresh_id(), name, 0, person.id, parts.url, content=content))
        for name, content in named
    ]
    text = wire_text(given.text("text").strip(), parts.workspace)
    return {"ts": share(parts, room, person.id, put, text, thread), "files": [each.id for each in put]}


def _content(file: Any) -> bytes:
    try:
        content = base64.b64decode(file["content"], validate=True)
    except (KeyError, TypeError, binascii.Error):
        raise Refused("invalid_arguments", "content: must be base64") from None
    if not 0 < len(content) <= LARGEST:
        raise Refused(
            "file_too_large", f"A file may have 1 to {LARGEST:,} bytes; this one has {len(content):,}."
        )
    return content


async def delete_file(parts: Parts, person: Person, given: Arguments) -> Json:
    found = _seen(parts, person, given.required("file"))
    if found.user != person.id and not person.is_admin:
        raise Refused("not_yours")
    written_in = [channel for channel, id in parts.uploads.canvases.items() if id == found.id]
    known = bot_may_see(parts, found)
    parts.workspace.drop_file(parts.uploads.remove(found.id), person.id, known_to_bot=known)
    for channel in written_in:
        _tell_channel(parts, parts.workspace.channel(channel))
    return {}


async def pin(parts: Parts, person: Person, given: Arguments) -> Json:
    room, ts = member_room(parts, person, given), given.required("ts")
    if given.flag("on"):
        parts.workspace.pin(room.id, ts, person.id)
    else:
        parts.workspace.unpin(room.id, ts, person.id)
    return {}


async def canvas(parts: Parts, person: Person, given: Arguments) -> Json:
    """Writes a channel's canvas, which is begun with the first words."""
    room = member_room(parts, person, given)
    text = given.required("text")
    if len(text) > CANVAS_CHARACTERS:
        raise Refused("invalid_arguments", f"A canvas may have {CANVAS_CHARACTERS:,} characters.")
    title = given.text("title").strip() or "Canvas"
    known = parts.uploads.canvases.get(room.id)
    before = (
        parts.uploads.get(known)
        if known
        else Upload(fresh_id(), f"{title}.canvas", 0, person.id, parts.url, canvas=True)
    )
    content = f"<h1>{html.escape(title, quote=False)}</h1>\n{render(text)}".encode()
    after = parts.uploads.put(replace(before, title=title, source=text, content=content))
    if known is None:
        parts.uploads.canvases[room.id] = after.id
        parts.uploads.share(after.id, room.id, "")
    _tell_channel(parts, room)
    parts.feed.canvas_written(after, room.id, person.id, fresh=known is None)
    return {"file": after.id}


def _tell_channel(parts: Parts, room: Channel) -> None:
    parts.workspace.tell(Change("channel", parts.workspace.audience(room), {"channel": room.id}))


ACTS = {"canvas": canvas, "delete_file": delete_file, "pin": pin, "upload": upload}


def _seen(parts: Parts, person: Person, id: str) -> Upload:
    """The file, if this person may see it: their own, one of a conversation of theirs, or a picture of the bot's."""
    found = parts.uploads.get(id)
    visible = {channel.id for channel in parts.workspace.channels_of(person.id)}
    shared = any(channel in visible for channel, _ in parts.uploads.shares(id))
    if not (shared or found.user == person.id or (found.user == BOT_USER_ID and found.picture)):
        raise Refused("file_not_found", "There is no such file, or it isn't for you.")
    return found


def show(parts: Parts) -> Callable[[Request], Awaitable[Response]]:
    """Pictures to look at, everything else to keep: nothing that somebody dropped here ever runs in the page."""

    async def file(request: Request) -> Response:
        try:
            person = person_of(parts, request.query_params.get("person", ""))
            found = _seen(parts, person, request.path_params["id"])
        except Refused as error:
            return PlainTextResponse(error.code, status_code=404)
        if found.picture:
            return Response(found.content, media_type=found.picture, headers=KEEP)
        name = found.name.encode("ascii", "replace").decode().replace('"', "")
        headers = KEEP | {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(found.content, media_type="application/octet-stream", headers=headers)

    return file


KEEP = {"Cache-Control": "private, max-age=86400"}
