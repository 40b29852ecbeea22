"""Files through the Web API: uploading in three steps (where to, the bytes, who is to see them), looking, deleting.

A bot sees its own files, and those that were shared in a conversation it is in; it downloads them with its token.
"""

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from bot.playground import rooms
from bot.playground.arguments import Arguments
from bot.playground.files import Upload
from bot.playground.parts import Parts
from bot.playground.records import Channel, Json
from bot.playground.refused import Refused
from bot.playground.shelf import fresh_id
from bot.playground.teams import BOT_USER_ID, TEAM_ID

LARGEST = 20_000_000
KINDS: dict[str, Callable[[Upload], bool]] = {
    "images": lambda file: file.mimetype.startswith("image/"),
    "pdfs": lambda file: file.filetype == "pdf",
    "zips": lambda file: file.filetype == "zip",
    "canvases": lambda file: file.canvas,
    "spaces": lambda file: file.canvas,
}
PRIVATE = re.compile(rf"/files-pri/{TEAM_ID}-(F[0-9A-Z]+)/")


async def get_upload_url(parts: Parts, given: Arguments) -> Json:
    length = given.number("length", 0)
    if not 0 < length <= LARGEST:
        raise Refused("invalid_arguments", f"length: must be between 1 and {LARGEST}")
    name = given.required("filename")
    id = fresh_id()
    parts.uploads.expect(Upload(id, name, length, BOT_USER_ID, parts.url, given.text("alt_txt")))
    return {"upload_url": f"{parts.url}/upload/{id}", "file_id": id}


async def complete_upload(parts: Parts, given: Arguments) -> Json:
    files: Any = given.structure("files")
    if not isinstance(files, list) or not files or not all(isinstance(each, dict) for each in files):
        raise Refused("invalid_arguments", "files: must be a list of objects with an id")
    thread = given.text("thread_ts") or None
    room = rooms.joined_room(parts, given, "channel_id") if given.text("channel_id") else None
    if room is not None and thread is not None:
        rooms.known_thread(parts, room, thread)
    found = [parts.uploads.finish(str(each.get("id")), str(each.get("title") or "")) for each in files]
    if room is not None:
        share(parts, room, BOT_USER_ID, found, given.text("initial_comment"), thread)
    return {"files": [_shape(parts, each) for each in found]}


def share(
    parts: Parts, room: Channel, person: str, files: Sequence[Upload], text: str, thread: str | None
) -> str:
    """Shows files in a conversation; the message's timestamp."""
    message = parts.workspace.post(room.id, person, text, thread_ts=thread, files=tuple(files))
    for each in files:
        parts.uploads.share(each.id, room.id, message.ts)
    return message.ts


async def files_info(parts: Parts, given: Arguments) -> Json:
    found = seen_by_bot(parts, given.required("file", "file_not_found"))
    return {"file": _shape(parts, found), "comments": [], "response_metadata": {"next_cursor": ""}}


async def files_list(parts: Parts, given: Arguments) -> Json:
    room = rooms.room(parts, given).id if given.text("channel") else ""
    kinds = [KINDS[kind] for kind in given.text("types").split(",") if kind in KINDS]
    earliest, latest = given.number("ts_from", 0), given.number("ts_to", 2**40)
    found = [
        each
        for each in parts.uploads.all()
        if bot_may_see(parts, each)
        and (not room or room in {channel for channel, _ in parts.uploads.shares(each.id)})
        and (not given.text("user") or each.user == given.text("user"))
        and (not kinds or any(is_kind(each) for is_kind in kinds))
        and earliest <= each.created <= latest
    ]
    count, page = max(1, given.number("count", 100)), max(1, given.number("page", 1))
    shown = found[(page - 1) * count : page * count]
    paging = {"count": count, "total": len(found), "page": page, "pages": -(-len(found) // count)}
    return {"files": [_shape(parts, each) for each in shown], "paging": paging}


async def canvas_content(parts: Parts, given: Arguments) -> Json:
    try:
        found = seen_by_bot(parts, given.required("canvas_id"))
    except Refused:
        raise Refused("canvas_not_found") from None
    if not found.canvas:
        raise Refused("canvas_not_found")
    if given.text("content_type", "markdown") == "html":
        return {"content": found.content.decode()}
    return {"content": f"# {found.title}\n\n{found.source}"}


async def files_delete(parts: Parts, given: Arguments) -> Json:
    found = seen_by_bot(parts, given.required("file", "file_not_found"))
    if found.user != BOT_USER_ID:
        raise Refused("cant_delete_file")
    parts.workspace.drop_file(parts.uploads.remove(found.id), BOT_USER_ID, known_to_bot=True)
    return {}


def seen_by_bot(parts: Parts, id: str) -> Upload:
    found = parts.uploads.get(id)
    if not bot_may_see(parts, found):
        raise Refused("file_not_found")
    return found


def bot_may_see(parts: Parts, file: Upload) -> bool:
    places = (parts.workspace.channel(channel) for channel, _ in parts.uploads.shares(file.id))
    return file.user == BOT_USER_ID or any(BOT_USER_ID in place.members for place in places)


def _shape(parts: Parts, file: Upload) -> Json:
    """A file with the places where it was shared."""
    at: dict[str, list[str]] = {"channels": [], "groups": [], "ims": []}
    shares: dict[str, dict[str, list[Json]]] = {}
    for channel, ts in parts.uploads.shares(file.id):
        room = parts.workspace.channel(channel)
        public = room.kind == "channel"
        at["channels" if public else "ims" if room.kind == "im" else "groups"].append(room.id)
        told = {"ts": ts, "team_id": TEAM_ID, "share_user_id": file.user, "reply_users": [], "reply_count": 0}
        if ts:
            side = shares.setdefault("public" if public else "private", {})
            side.setdefault(room.id, []).append(told | {"channel_name": room.name})
    shape = file.slack() | at | {"shares": shares, "is_public": bool(at["channels"])}
    return shape | {"comments_count": 0, "has_more_shares": False}


def picture_faults(parts: Parts, blocks: Any) -> list[str]:
    """What is wrong with the `slack_file`s of image blocks: each names one picture that the bot may show."""
    faults = []
    for at, block in enumerate(blocks if isinstance(blocks, list) else ()):
        inside = [block, block.get("accessory"), *(block.get("elements") or ())]
        for image in inside:
            named = image.get("slack_file") if isinstance(image, dict) else None
            if named is not None and not _is_picture(parts, named):
                faults.append(f"/blocks/{at}/slack_file: invalid slack file")
    return faults


def _is_picture(parts: Parts, named: Any) -> bool:
    if not isinstance(named, dict) or bool(named.get("id")) == bool(named.get("url")):
        return False
    id = picture_id(named)
    try:
        return seen_by_bot(parts, id).picture is not None
    except Refused:
        return False


def picture_id(named: Json) -> str:
    """The id of a `slack_file`, which may be named by its `url_private` or permalink too."""
    if named.get("id"):
        return str(named["id"])
    url = str(named.get("url", ""))
    found = PRIVATE.search(url)
    return found.group(1) if found else url.rpartition("/")[2]


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


def download(parts: Parts) -> Callable[[Request], Awaitable[Response]]:
    """`url_private` and `url_private_download`: without the right token there is a page to sign in, as in Slack."""

    async def content(request: Request) -> Response:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        allowed = scheme.lower() == "bearer" and token.strip() == parts.bot_token
        if not allowed or parts.faults.uninstalled or parts.manifest.lacks_scope("files.info"):
            return RedirectResponse(f"{parts.url}/?redir={request.url.path}", status_code=302)
        try:
            file = seen_by_bot(parts, request.path_params["key"].removeprefix(f"{TEAM_ID}-"))
        except Refused:
            return PlainTextResponse("file_not_found", status_code=404)
        kind = "text/html; charset=utf-8" if file.canvas else file.mimetype
        return Response(file.content, media_type=kind, headers=AS_FILE)

    return content


AS_FILE = {"Content-Disposition": "attachment", "Cache-Control": "private, max-age=86400"}

METHODS: dict[str, Callable[[Parts, Arguments], Awaitable[Json]]] = {
    "canvases.getContent": canvas_content,
    "files.completeUploadExternal": complete_upload,
    "files.delete": files_delete,
    "files.getUploadURLExternal": get_upload_url,
    "files.info": files_info,
    "files.list": files_list,
}
