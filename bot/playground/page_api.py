"""What people do in the workspace, as JSON endpoints: the page calls them, and so do tests of whole flows.

Every POST takes one JSON object that names the `person` (an id such as `U0MIRA0001`, or a name such as `mira`) and
answers `{"ok": true, ...}`, or `{"ok": false, "error": code, "text": a sentence for people}`. A `channel` is an id or a
name (`general`; `dm` is the person's direct message with the bot).

| endpoint | body, besides `person` | answer |
|---|---|---|
| `GET /page/state?person=` | | `state`: team, me, people, channels, messages, views (the open modals, top last), home, statuses, prompts, commands, shortcuts, samples, connected |
| `GET /page/live?person=` | | server-sent events: first `{"kind": "state", "state"}`, then `message` (new or changed), `gone`, `views`, `home`, `status`, `prompts`, `channel`, `picks`, `connected` |
| `GET /page/messages?person=&channel=[&thread_ts=]` | | `messages` the person sees there, oldest first, their ephemeral ones (`only_for`) included |
| `POST /page/message` | `channel, text[, thread_ts]` (text as typed: `@Lorebot ...`) | `ts`, `message` |
| `POST /page/edit` | `channel, ts, text` | |
| `POST /page/delete` | `channel, ts` | |
| `POST /page/react` | `channel, ts, name, on` (true or false) | |
| `POST /page/command` | `channel, command, text` | `acknowledged`: what the bot's ack carried |
| `POST /page/action` | `block_id, action_id[, value][, values]` and `channel, ts` (a message) or `view_id` | `sent` (false where a toggle sends nothing) |
| `POST /page/submit` | `view_id, values` | `action`: the bot's `response_action`, or none; `error: "errors"` with `errors: {block_id: sentence}` |
| `POST /page/close` | `view_id[, all]` | |
| `POST /page/home` | `tab` (`home` or `messages`) | |
| `POST /page/shortcut` | `callback_id[, channel, ts]` | |
| `POST /page/invite`, `/page/remove` | `channel` | brings the bot into a channel, or takes it out |
| `POST /page/connect` | `channel, on` | shares a channel with the workspace next door, or ends that |
| `POST /page/upload` | `channel, files: [{name, content in base64}][, text][, thread_ts]` | `ts`, `files`: their ids |
| `POST /page/delete_file` | `file` | |
| `POST /page/pin` | `channel, ts, on` | |
| `POST /page/canvas` | `channel, text (Markdown)[, title]` | `file` |
| `GET /page/file/{id}?person=` | | the file |
| `GET /page/faults` | | `faults`: how the fault panel's switches stand (`faults.py` says what they are) |
| `POST /page/faults` | any switch; `do`: `disconnect`, `cut`, `limit` (with `seconds`), `uninstall` or `reset` | `faults` |

`value` of an action: nothing for a button, the option's value for a select, overflow menu or radio buttons, a list of
values for checkboxes, the chosen button's value for `feedback_buttons`. `action_id` alone is enough where it is unique in
the message or view. `values` maps block id to action id to such a value (a text for a text input); what is left out
keeps its initial value.
"""  # noqa: E501

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from bot.playground import interactions, page_faults, page_files
from bot.playground.arguments import Arguments, read_body
from bot.playground.page_rooms import member_room, person_of, room_of
from bot.playground.page_state import Live, shown_message, snapshot
from bot.playground.parts import Parts
from bot.playground.records import Channel, Json, Person
from bot.playground.refused import Refused
from bot.playground.socket_mode import Undelivered
from bot.playground.teams import BOT_USER_ID
from bot.playground.typed import wire_text

Act = Callable[[Parts, Person, Arguments], Awaitable[Json]]

SENTENCES = {
    "not_connected": "Lorebot isn't connected, so nobody took this. Start it, then try again.",
    "operation_timeout": "Lorebot didn't respond within 3 seconds. Try again.",
    "dispatch_failed": "Lorebot couldn't be reached. Try again.",
    "not_yours": "Only who made it can change it.",
    "already_pinned": "It is pinned already.",
    "not_a_member": "You aren't in this channel.",
    "unknown_command": "No app answers to this command.",
}


async def message(parts: Parts, person: Person, given: Arguments) -> Json:
    room = member_room(parts, person, given)
    text = wire_text(given.required("text").strip(), parts.workspace)
    thread = given.text("thread_ts") or None
    if thread is not None:
        parts.workspace.message(room.id, thread)
    posted = parts.workspace.post(room.id, person.id, text, thread_ts=thread)
    return {"ts": posted.ts, "message": shown_message(parts, posted, person.id)}


async def edit(parts: Parts, person: Person, given: Arguments) -> Json:
    room = _own(parts, person, given)
    text = wire_text(given.required("text").strip(), parts.workspace)
    parts.workspace.edit(room.id, given.text("ts"), text)
    return {}


async def delete(parts: Parts, person: Person, given: Arguments) -> Json:
    room = room_of(parts, person, given)
    if (room.id, given.text("ts")) in {(w.channel, w.ts) for w in parts.workspace.whispers(person.id)}:
        # Dismissing what only this person sees: the bot isn't told, as in Slack.
        parts.workspace.drop_whisper(room.id, given.text("ts"))
        return {}
    room = room_of(parts, person, given) if person.is_admin else _own(parts, person, given)
    parts.workspace.delete(room.id, given.required("ts"))
    return {}


def _own(parts: Parts, person: Person, given: Arguments) -> Channel:
    room = room_of(parts, person, given)
    if parts.workspace.message(room.id, given.required("ts")).user != person.id:
        raise Refused("not_yours")
    return room


async def react(parts: Parts, person: Person, given: Arguments) -> Json:
    room = member_room(parts, person, given)
    ts, name = given.required("ts"), given.required("name").strip(":")
    if given.flag("on"):
        parts.workspace.react(room.id, ts, person.id, name)
    else:
        parts.workspace.unreact(room.id, ts, person.id, name)
    return {}


def _of_this_workspace(person: Person) -> None:
    """Apps' commands and shortcuts are for the workspace they are installed in."""
    if person.is_stranger:
        raise Refused("not_allowed", "People from other workspaces can't use this workspace's apps.")


async def command(parts: Parts, person: Person, given: Arguments) -> Json:
    _of_this_workspace(person)
    name = given.required("command")
    if name not in {known.command for known in parts.manifest.commands}:
        raise Refused("unknown_command", f"{name} is no command here")
    room = room_of(parts, person, given)
    return {"acknowledged": await interactions.command(parts, person, room, name, given.text("text").strip())}


async def action(parts: Parts, person: Person, given: Arguments) -> Json:
    picked = given.get("value")
    place = (given.text("block_id"), given.required("action_id"))
    values = given.structure("values") or {}
    if given.text("view_id"):
        view = interactions.view_of(parts, person, given.text("view_id"))
        return {"sent": await interactions.view_action(parts, person, view, place, picked, values)}
    room = room_of(parts, person, given)
    shown = parts.workspace.shown(room.id, given.required("ts"), person.id)
    return {"sent": await interactions.message_action(parts, person, room, shown, place, picked)}


async def submit(parts: Parts, person: Person, given: Arguments) -> Json:
    view = interactions.view_of(parts, person, given.required("view_id"))
    return await interactions.submit(parts, person, view, given.structure("values") or {})


async def close(parts: Parts, person: Person, given: Arguments) -> Json:
    view = interactions.view_of(parts, person, given.required("view_id"))
    await interactions.close(parts, person, view, everything=given.flag("all"))
    return {}


async def home(parts: Parts, person: Person, given: Arguments) -> Json:
    parts.feed.home_opened(person.id, given.text("tab", "home"))
    return {}


async def shortcut(parts: Parts, person: Person, given: Arguments) -> Json:
    _of_this_workspace(person)
    callback = given.required("callback_id")
    if not given.text("ts"):
        await interactions.shortcut(parts, person, callback)
        return {}
    room = room_of(parts, person, given)
    shown = parts.workspace.message(room.id, given.text("ts"))
    await interactions.message_shortcut(parts, person, room, shown, callback)
    return {}


async def invite(parts: Parts, person: Person, given: Arguments) -> Json:
    room = member_room(parts, person, given)
    parts.workspace.join(room.id, BOT_USER_ID, person.id)
    return {}


async def remove(parts: Parts, person: Person, given: Arguments) -> Json:
    room = member_room(parts, person, given)
    if room.kind not in ("channel", "group"):
        raise Refused("invalid_arguments", "Nobody leaves this conversation.")
    parts.workspace.leave(room.id, BOT_USER_ID)
    return {}


async def connect(parts: Parts, person: Person, given: Arguments) -> Json:
    """Shares a channel with the workspace next door, or ends that."""
    room = member_room(parts, person, given)
    if room.kind not in ("channel", "group"):
        raise Refused("invalid_arguments", "Only channels can be shared with another workspace.")
    strangers = tuple(id for id, who in parts.workspace.people.items() if who.is_stranger)
    parts.workspace.connect(room.id, shared=given.flag("on"), strangers=strangers)
    return {}


ACTS: dict[str, Act] = {
    "message": message,
    "edit": edit,
    "delete": delete,
    "react": react,
    "command": command,
    "action": action,
    "submit": submit,
    "close": close,
    "home": home,
    "shortcut": shortcut,
    "invite": invite,
    "remove": remove,
    "connect": connect,
    **page_faults.ACTS,
    **page_files.ACTS,
}


def routes(parts: Parts, live: Live) -> list[Route]:
    async def act(request: Request) -> Response:
        perform = ACTS.get(request.path_params["act"])
        if perform is None:
            return _refusal("unknown_endpoint", 404)
        try:
            # A form of a foreign website can't send JSON without asking first: only our page acts here.
            if not request.headers.get("content-type", "").startswith("application/json"):
                raise Refused("json_expected", "send a JSON object as application/json")
            given = Arguments(await read_body(request))
            person = person_of(parts, given.required("person"))
            return JSONResponse({"ok": True} | await perform(parts, person, given))
        except interactions.FieldErrors as error:
            answer = {"ok": False, "error": "errors", "text": "Some fields need another look."}
            return JSONResponse(answer | {"errors": error.errors})
        except (Refused, Undelivered) as error:
            return _refusal(error.code, 200, *getattr(error, "details", ()))

    async def state(request: Request) -> Response:
        return _read(request, lambda person, given: {"state": snapshot(parts, person.id)})

    async def faults_now(request: Request) -> Response:
        return JSONResponse({"ok": True, "faults": parts.faults.shown()})

    async def messages(request: Request) -> Response:
        def listed(person: Person, given: Arguments) -> Json:
            room, thread = room_of(parts, person, given), given.text("thread_ts")
            said = [*parts.workspace.messages(room.id), *parts.workspace.whispers(person.id)]
            kept = [m for m in said if m.channel == room.id and (not thread or thread in (m.ts, m.thread_ts))]
            kept.sort(key=lambda m: float(m.ts))
            return {"messages": [shown_message(parts, m, person.id) for m in kept]}

        return _read(request, listed)

    def _read(request: Request, answer: Callable[[Person, Arguments], Json]) -> Response:
        given = Arguments(dict(request.query_params))
        try:
            return JSONResponse({"ok": True} | answer(person_of(parts, given.required("person")), given))
        except Refused as error:
            return _refusal(error.code, 404, *error.details)

    async def follow(request: Request) -> Response:
        try:
            person = person_of(parts, request.query_params.get("person", ""))
        except Refused as error:
            return _refusal(error.code, 404, *error.details)
        headers = {"Cache-Control": "no-store"}
        return StreamingResponse(live.events(person.id), media_type="text/event-stream", headers=headers)

    return [
        Route("/page/state", state),
        Route("/page/live", follow),
        Route("/page/faults", faults_now, methods=["GET"]),
        Route("/page/file/{id}", page_files.show(parts)),
        Route("/page/messages", messages),
        Route("/page/{act}", act, methods=["POST"]),
    ]


def _refusal(code: str, status: int, *details: Any) -> Response:
    text = SENTENCES.get(code) or "; ".join(details) or code.replace("_", " ").capitalize() + "."
    answer: Json = {"ok": False, "error": code, "text": text}
    return JSONResponse(answer, status_code=status)
