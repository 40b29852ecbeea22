"""The methods with which the bot speaks: messages, reactions, views, and its status in a thread."""

from collections.abc import Awaitable, Callable
from typing import Any

from bot.playground import rooms
from bot.playground.arguments import Arguments
from bot.playground.blocks import with_ids
from bot.playground.checks import checked_blocks, checked_view
from bot.playground.parts import Parts
from bot.playground.records import Json, permalink
from bot.playground.refused import Refused
from bot.playground.teams import BOT_USER_ID

TEXT_LIMIT = 40_000
STATUS_LIMIT = 255


# chat


def _content(parts: Parts, given: Arguments) -> tuple[str, tuple[Json, ...]]:
    text = given.text("text") or given.text("markdown_text")
    blocks = given.structure("blocks", "invalid_blocks_format")
    if blocks is None:
        blocks = [{"type": "markdown", "text": text}] if given.text("markdown_text") else []
    checked_blocks(parts, blocks)
    if not text and not blocks:
        raise Refused("no_text")
    if len(text) > TEXT_LIMIT:
        raise Refused("msg_too_long")
    return text, with_ids(blocks)


async def chat_post(parts: Parts, given: Arguments) -> Json:
    room = rooms.joined_room(parts, given)
    text, blocks = _content(parts, given)
    thread = given.text("thread_ts") or None
    if thread is not None:
        rooms.known_thread(parts, room, thread)
    message = parts.workspace.post(
        room.id,
        BOT_USER_ID,
        text,
        blocks=blocks,
        thread_ts=thread,
        broadcast=given.flag("reply_broadcast") and thread is not None,
        metadata=given.structure("metadata"),
        literal="mrkdwn" in given and not given.flag("mrkdwn"),
    )
    return {"channel": room.id, "ts": message.ts, "message": message.slack(parts.manifest.bot_name)}


async def chat_update(parts: Parts, given: Arguments) -> Json:
    room = rooms.joined_room(parts, given)
    message = parts.workspace.message(room.id, given.required("ts", "message_not_found"))
    if message.user != BOT_USER_ID:
        raise Refused("cant_update_message")
    if "blocks" in given or not given.text("text"):
        text, blocks = _content(parts, given)
    else:
        # Slack keeps no blocks when only a new text is given.
        text, blocks = given.text("text"), ()
    after = parts.workspace.edit(room.id, message.ts, text, blocks)
    return {"channel": room.id, "ts": after.ts, "text": text, "message": after.slack(parts.manifest.bot_name)}


async def chat_delete(parts: Parts, given: Arguments) -> Json:
    room = rooms.joined_room(parts, given)
    message = parts.workspace.message(room.id, given.required("ts", "message_not_found"))
    if message.user != BOT_USER_ID:
        raise Refused("cant_delete_message")
    parts.workspace.delete(room.id, message.ts)
    return {"channel": room.id, "ts": message.ts}


async def chat_post_ephemeral(parts: Parts, given: Arguments) -> Json:
    room = rooms.joined_room(parts, given)
    person = parts.workspace.person(given.required("user", "user_not_found"))
    if person.id not in room.members:
        raise Refused("user_not_in_channel")
    text, blocks = _content(parts, given)
    whisper = parts.workspace.whisper(room.id, person.id, text, blocks, given.text("thread_ts") or None)
    return {"message_ts": whisper.ts}


async def chat_permalink(parts: Parts, given: Arguments) -> Json:
    room = rooms.room(parts, given)
    message = parts.workspace.message(room.id, given.required("message_ts", "message_not_found"))
    return {"channel": room.id, "permalink": permalink(parts.url, message)}


# reactions


async def reactions_add(parts: Parts, given: Arguments) -> Json:
    room, ts, name = _reaction(parts, given)
    parts.workspace.react(room, ts, BOT_USER_ID, name)
    return {}


async def reactions_remove(parts: Parts, given: Arguments) -> Json:
    room, ts, name = _reaction(parts, given)
    parts.workspace.unreact(room, ts, BOT_USER_ID, name)
    return {}


def _reaction(parts: Parts, given: Arguments) -> tuple[str, str, str]:
    room = rooms.joined_room(parts, given)
    name = given.required("name", "invalid_name").strip(":")
    return room.id, given.required("timestamp", "message_not_found"), name


async def reactions_get(parts: Parts, given: Arguments) -> Json:
    room = rooms.joined_room(parts, given)
    message = parts.workspace.message(room.id, given.required("timestamp", "message_not_found"))
    return {"type": "message", "channel": room.id, "message": message.slack(parts.manifest.bot_name)}


# views


def _view(parts: Parts, given: Arguments, kind: str) -> Json:
    body = checked_view(parts, given.structure("view"))
    if body["type"] != kind:
        raise Refused("invalid_arguments", f"/view/type: {body['type']} can't be used here, expected {kind}")
    shaped: Json = body | {"blocks": list(with_ids(body["blocks"]))}
    return shaped


async def views_open(parts: Parts, given: Arguments) -> Json:
    body = _view(parts, given, "modal")
    person = parts.triggers.spend(given.required("trigger_id"))
    return {"view": parts.workspace.screens.open(person, body).slack()}


async def views_push(parts: Parts, given: Arguments) -> Json:
    body = _view(parts, given, "modal")
    person = parts.triggers.spend(given.required("trigger_id"))
    if not parts.workspace.screens.stack(person):
        raise Refused("not_found")
    return {"view": parts.workspace.screens.push(person, body).slack()}


async def views_update(parts: Parts, given: Arguments) -> Json:
    view = parts.workspace.screens.find(given.text("view_id"), given.text("external_id"))
    body = _view(parts, given, view.body["type"])
    if given.text("hash") not in ("", view.hash):
        raise Refused("hash_conflict")
    return {"view": parts.workspace.screens.change(view, body).slack()}


async def views_publish(parts: Parts, given: Arguments) -> Json:
    body = _view(parts, given, "home")
    person = parts.workspace.person(given.required("user_id"))
    known = parts.workspace.screens.homes.get(person.id)
    if known is not None and given.text("hash") not in ("", known.hash):
        raise Refused("hash_conflict")
    return {"view": parts.workspace.screens.publish(person.id, body).slack()}


# assistant


async def set_status(parts: Parts, given: Arguments) -> Json:
    room = rooms.joined_room(parts, given, "channel_id")
    status = given.text("status")
    if len(status) > STATUS_LIMIT:
        raise Refused("invalid_arguments", f"status: must be no more than {STATUS_LIMIT} characters")
    parts.workspace.presence.set_status(room, given.required("thread_ts"), status)
    return {}


async def set_title(parts: Parts, given: Arguments) -> Json:
    room = rooms.joined_room(parts, given, "channel_id")
    titles = parts.workspace.presence.titles
    titles[(room.id, given.required("thread_ts"))] = given.required("title")
    return {}


async def set_prompts(parts: Parts, given: Arguments) -> Json:
    room = rooms.joined_room(parts, given, "channel_id")
    prompts: Any = given.structure("prompts")
    complete = isinstance(prompts, list) and all(
        isinstance(prompt, dict) and prompt.get("title") and prompt.get("message") for prompt in prompts
    )
    if not complete or len(prompts) > 4:
        raise Refused("invalid_arguments", "prompts: must be up to 4 objects with title and message")
    parts.workspace.presence.set_prompts(room, given.text("title"), prompts)
    return {}


METHODS: dict[str, Callable[[Parts, Arguments], Awaitable[Json]]] = {
    "assistant.threads.setStatus": set_status,
    "assistant.threads.setSuggestedPrompts": set_prompts,
    "assistant.threads.setTitle": set_title,
    "chat.delete": chat_delete,
    "chat.getPermalink": chat_permalink,
    "chat.postEphemeral": chat_post_ephemeral,
    "chat.postMessage": chat_post,
    "chat.update": chat_update,
    "reactions.add": reactions_add,
    "reactions.get": reactions_get,
    "reactions.remove": reactions_remove,
    "views.open": views_open,
    "views.publish": views_publish,
    "views.push": views_push,
    "views.update": views_update,
}
