"""The methods with which the bot looks around: itself, the channels and what was said in them, the people."""

from collections.abc import Awaitable, Callable

from bot.playground import rooms
from bot.playground.arguments import Arguments
from bot.playground.parts import Parts
from bot.playground.records import Json, Message
from bot.playground.refused import Refused
from bot.playground.teams import APP_ID, BOT_ID, BOT_USER_ID, TEAM_ID


async def auth_test(parts: Parts, given: Arguments) -> Json:
    return {
        "url": f"{parts.url}/",
        "team": parts.workspace.name,
        "user": parts.manifest.bot_name.lower(),
        "team_id": TEAM_ID,
        "user_id": BOT_USER_ID,
        "bot_id": BOT_ID,
        "app_id": APP_ID,
        "is_enterprise_install": False,
    }


async def api_test(parts: Parts, given: Arguments) -> Json:
    if given.text("error"):
        raise Refused(given.text("error"))
    return {"args": {key: value for key, value in given.items() if key != "token"}}


async def connections_open(parts: Parts, given: Arguments) -> Json:
    return {"url": f"ws{parts.url.removeprefix('http')}/link/?ticket={parts.socket_mode.ticket()}"}


# conversations


async def conversations_list(parts: Parts, given: Arguments) -> Json:
    kinds = set(given.text("types", "public_channel").replace(" ", "").split(","))
    channels = [c for c in parts.workspace.channels_of(BOT_USER_ID) if rooms.TYPES[c.kind] in kinds]
    return _page("channels", [c.slack() for c in channels], given)


async def users_conversations(parts: Parts, given: Arguments) -> Json:
    kinds = set(given.text("types", "public_channel").replace(" ", "").split(","))
    person = given.text("user", BOT_USER_ID)
    channels = [
        c
        for c in parts.workspace.channels_of(BOT_USER_ID)
        if person in c.members and rooms.TYPES[c.kind] in kinds
    ]
    return _page("channels", [c.slack() for c in channels], given)


def _page(name: str, items: list[Json], given: Arguments, default: int = 100) -> Json:
    """One page of a list; the cursor is the place where the next one starts."""
    start = given.number("cursor", 0)
    end = start + max(1, min(given.number("limit", default), 1000))
    following = str(end) if end < len(items) else ""
    page: Json = {name: items[start:end], "response_metadata": {"next_cursor": following}}
    return page | {"has_more": bool(following)} if name == "messages" else page


async def conversations_info(parts: Parts, given: Arguments) -> Json:
    room = rooms.room(parts, given)
    shape = room.slack()
    if canvas := parts.uploads.canvases.get(room.id):
        kept = {"file_id": canvas, "is_empty": not parts.uploads.get(canvas).content, "quip_thread_id": ""}
        shape["properties"] = {"canvas": kept}
    if not given.flag("include_num_members"):
        shape.pop("num_members", None)
    return {"channel": shape}


async def conversations_members(parts: Parts, given: Arguments) -> Json:
    room = rooms.room(parts, given)
    page = _page("members", [{"id": member} for member in room.members], given)
    return page | {"members": [item["id"] for item in page["members"]]}


async def conversations_join(parts: Parts, given: Arguments) -> Json:
    room = rooms.room(parts, given)
    if room.kind != "channel":
        raise Refused("method_not_supported_for_channel_type")
    parts.workspace.join(room.id, BOT_USER_ID)
    return {"channel": parts.workspace.channel(room.id).slack()}


async def conversations_open(parts: Parts, given: Arguments) -> Json:
    if given.text("channel"):
        room = rooms.room(parts, given)
    else:
        people = [id for id in given.text("users").strip("[]").replace('"', "").split(",") if id]
        if len(people) != 1:
            raise Refused("users_list_not_supplied" if not people else "too_many_users")
        room = parts.workspace.direct(people[0])
    shape = room.slack() if given.flag("return_im") else {"id": room.id}
    return {"channel": shape, "already_open": True, "no_op": True}


async def conversations_history(parts: Parts, given: Arguments) -> Json:
    room = rooms.joined_room(parts, given)
    messages = [m for m in parts.workspace.messages(room.id) if not m.is_reply or m.broadcast]
    shown = _between(messages[::-1], given)
    page = _page("messages", [_with_replies(parts, m) for m in shown], given)
    return page | {"pin_count": len(parts.workspace.pins(room.id))}


async def conversations_replies(parts: Parts, given: Arguments) -> Json:
    room = rooms.joined_room(parts, given)
    ts = given.required("ts", "thread_not_found")
    try:
        asked = parts.workspace.message(room.id, ts)
    except Refused:
        raise Refused("thread_not_found") from None
    first, *replies = parts.workspace.thread(room.id, asked.thread_ts or asked.ts)
    # Slack gives the thread's first message whatever span of time is asked for.
    return _page(
        "messages", [_with_replies(parts, m) for m in [first, *_between(replies, given)]], given, 1000
    )


def _between(messages: list[Message], given: Arguments) -> list[Message]:
    oldest, latest = _moment(given, "oldest", 0.0), _moment(given, "latest", float("inf"))
    if given.flag("inclusive"):
        return [m for m in messages if oldest <= float(m.ts) <= latest]
    return [m for m in messages if oldest < float(m.ts) < latest]


def _moment(given: Arguments, name: str, default: float) -> float:
    try:
        return float(given.text(name) or default)
    except ValueError:
        raise Refused(f"invalid_ts_{name}") from None


def _with_replies(parts: Parts, message: Message) -> Json:
    shape = message.slack(parts.manifest.bot_name)
    if message.thread_ts is None:
        return shape
    first, *replies = parts.workspace.thread(message.channel, message.thread_ts)
    if message.is_reply:
        return shape | {"parent_user_id": first.user}
    people = list(dict.fromkeys(reply.user for reply in replies))
    latest = replies[-1].ts if replies else message.ts
    counts = {"reply_count": len(replies), "reply_users_count": len(people), "reply_users": people}
    return shape | counts | {"latest_reply": latest, "is_locked": False, "subscribed": True}


# people


async def users_info(parts: Parts, given: Arguments) -> Json:
    return {"user": parts.workspace.person(given.required("user", "user_not_found")).slack()}


async def users_list(parts: Parts, given: Arguments) -> Json:
    return _page("members", [person.slack() for person in parts.workspace.people.values()], given)


async def bots_info(parts: Parts, given: Arguments) -> Json:
    if given.text("bot", BOT_ID) != BOT_ID:
        raise Refused("bot_not_found")
    name = parts.manifest.bot_name
    return {"bot": {"id": BOT_ID, "app_id": APP_ID, "user_id": BOT_USER_ID, "name": name, "deleted": False}}


async def team_info(parts: Parts, given: Arguments) -> Json:
    name = parts.workspace.name
    return {
        "team": {"id": TEAM_ID, "name": name, "domain": name.lower().replace(" ", "-"), "email_domain": ""}
    }


METHODS: dict[str, Callable[[Parts, Arguments], Awaitable[Json]]] = {
    "api.test": api_test,
    "apps.connections.open": connections_open,
    "auth.test": auth_test,
    "bots.info": bots_info,
    "conversations.history": conversations_history,
    "conversations.info": conversations_info,
    "conversations.join": conversations_join,
    "conversations.list": conversations_list,
    "conversations.members": conversations_members,
    "conversations.open": conversations_open,
    "conversations.replies": conversations_replies,
    "team.info": team_info,
    "users.conversations": users_conversations,
    "users.info": users_info,
    "users.list": users_list,
}
