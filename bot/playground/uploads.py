"""Files that the bot uploads: first it asks where to, then it sends the bytes there, then it says who is to see them.

Kept in memory, the newest of them; only pictures are ever shown.
"""

import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from bot.playground import rooms
from bot.playground.arguments import Arguments
from bot.playground.parts import Parts
from bot.playground.records import BOT_USER_ID, Json, Upload
from bot.playground.web_talk import known_thread
from bot.playground.workspace import Refused

LARGEST = 20_000_000
PICTURES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif"}


async def get_upload_url(parts: Parts, given: Arguments) -> Json:
    length = given.number("length", 0)
    if not 0 < length <= LARGEST:
        raise Refused("invalid_arguments", f"length: must be between 1 and {LARGEST}")
    name = given.required("filename")
    id = "F" + secrets.token_hex(12).upper()
    parts.uploads.expect(Upload(id, name, length, given.text("alt_txt")))
    return {"upload_url": f"{parts.url}/upload/{id}", "file_id": id}


async def complete_upload(parts: Parts, given: Arguments) -> Json:
    files: Any = given.structure("files")
    if not isinstance(files, list) or not files or not all(isinstance(each, dict) for each in files):
        raise Refused("invalid_arguments", "files: must be a list of objects with an id")
    thread = given.text("thread_ts") or None
    room = rooms.joined_room(parts, given, "channel_id") if given.text("channel_id") else None
    if room is not None and thread is not None:
        known_thread(parts, room, thread)
    found = [parts.uploads.finish(str(each.get("id")), str(each.get("title") or "")) for each in files]
    if room is not None:
        comment = given.text("initial_comment")
        parts.workspace.post(room.id, BOT_USER_ID, comment, thread_ts=thread, files=tuple(found))
    return {"files": [each.slack() for each in found]}


def receive(parts: Parts) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint that takes the bytes: no token, the key in the path says what is awaited."""

    async def upload(request: Request) -> Response:
        content = b""
        async for part in request.stream():
            content += part
            if len(content) > LARGEST:
                return PlainTextResponse("too large", status_code=413)
        try:
            parts.uploads.fill(request.path_params["id"], content)
        except Refused as error:
            return PlainTextResponse(error.code, status_code=400)
        return PlainTextResponse(f"OK - {len(content)}")

    return upload


def show(parts: Parts) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint that the page shows pictures from; whoever knows a file's id may see it."""

    async def picture(request: Request) -> Response:
        found = parts.uploads.finished(request.path_params["id"])
        if found is None:
            return PlainTextResponse("no such picture", status_code=404)
        kind = next((kind for head, kind in PICTURES.items() if found.content.startswith(head)), None)
        if kind is None:
            return PlainTextResponse("no such picture", status_code=404)
        return Response(found.content, media_type=kind, headers={"Cache-Control": "private, max-age=86400"})

    return picture


METHODS: dict[str, Callable[[Parts, Arguments], Awaitable[Json]]] = {
    "files.completeUploadExternal": complete_upload,
    "files.getUploadURLExternal": get_upload_url,
}
