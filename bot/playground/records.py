"""The nouns of the playground, as frozen records: what crosses from one of its modules to another.

The shapes that Slack's clients expect are made here too, beside the record that they are made from.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

from bot.playground.files import Upload
from bot.playground.teams import APP_ID, BOT_ID, BOT_USER_ID, PARTNER_ID, TEAM_ID

Json = dict[str, Any]
ChannelKind = Literal["channel", "group", "im", "mpim"]

DEFAULT_COMMAND = "/lorebot"


@dataclass(frozen=True)
class Person:
    """Someone of the team, a guest of it, somebody from another workspace, or the bot itself."""

    id: str
    name: str
    real_name: str
    title: str = ""
    is_admin: bool = False
    is_bot: bool = False
    is_guest: bool = False
    team: str = TEAM_ID

    @property
    def is_stranger(self) -> bool:
        """From another workspace: seen only in the channels that are shared with it."""
        return self.team != TEAM_ID

    def slack(self) -> Json:
        first, _, last = self.real_name.partition(" ")
        profile = {
            "real_name": self.real_name,
            "display_name": self.name,
            "first_name": first,
            "last_name": last,
            "title": self.title,
            "email": "" if self.is_bot else f"{self.name}@playground.invalid",
            "team": self.team,
        }
        if self.is_bot:
            profile |= {"bot_id": BOT_ID, "api_app_id": APP_ID}
        return {
            "id": self.id,
            "team_id": self.team,
            "name": self.name,
            "real_name": self.real_name,
            "deleted": False,
            "is_admin": self.is_admin,
            "is_owner": self.is_admin,
            "is_primary_owner": False,
            "is_restricted": self.is_guest,
            "is_ultra_restricted": False,
            "is_stranger": self.is_stranger,
            "is_bot": self.is_bot,
            "is_app_user": False,
            "updated": 1700000000,
            "tz": "Etc/UTC",
            "tz_label": "Coordinated Universal Time",
            "tz_offset": 0,
            "locale": "en-US",
            "profile": profile,
        }


@dataclass(frozen=True)
class Channel:
    """A public channel, a private one (`group`), a conversation of several (`mpim`), or one with the bot (`im`).

    `shared`: another workspace is connected to it.
    """

    id: str
    name: str
    kind: ChannelKind
    members: tuple[str, ...]
    topic: str = ""
    shared: bool = False

    def slack(self, bot: str = BOT_USER_ID) -> Json:
        shape: Json = {
            "id": self.id,
            "created": 1700000000,
            "is_archived": False,
            "is_im": self.kind == "im",
            "is_channel": self.kind in ("channel", "group"),
            "is_group": False,
            "is_mpim": self.kind == "mpim",
            "is_private": self.kind != "channel",
            "is_shared": self.shared,
            "is_ext_shared": self.shared,
            "is_org_shared": False,
            "is_pending_ext_shared": False,
            "context_team_id": TEAM_ID,
            "updated": 1700000000000,
        }
        if self.kind == "im":
            return shape | {"user": next(member for member in self.members if member != bot), "is_open": True}
        if self.shared:
            shape |= {"connected_team_ids": [PARTNER_ID], "conversation_host_id": TEAM_ID}
        return shape | {
            "creator": self.members[0],
            "unlinked": 0,
            "shared_team_ids": [TEAM_ID, PARTNER_ID] if self.shared else [TEAM_ID],
            "pending_shared": [],
            "previous_names": [],
            "name": self.name,
            "name_normalized": self.name,
            "is_general": self.name == "general",
            "is_member": bot in self.members,
            "num_members": len(self.members),
            "topic": {"value": self.topic, "creator": "", "last_set": 0},
            "purpose": {"value": self.topic, "creator": "", "last_set": 0},
        }


@dataclass(frozen=True)
class Message:
    """A message as it stands now. `only_for` names the one person who sees an ephemeral message."""

    channel: str
    ts: str
    user: str
    text: str
    blocks: tuple[Json, ...] = ()
    thread_ts: str | None = None
    edited_ts: str | None = None
    reactions: tuple[tuple[str, tuple[str, ...]], ...] = ()
    only_for: str | None = None
    broadcast: bool = False
    tombstone: bool = False
    metadata: Json | None = None
    literal: bool = False  # the text is words only, no mrkdwn
    files: tuple[Upload, ...] = ()
    team: str = TEAM_ID  # of the person who wrote it
    pinned: tuple[str, int] | None = None  # by whom, and when

    @property
    def is_reply(self) -> bool:
        return self.thread_ts is not None and self.thread_ts != self.ts

    def slack(self, bot_name: str = "Lorebot") -> Json:
        """The message as Slack's history and events give it."""
        shape: Json = {
            "type": "message",
            "user": self.user,
            "team": self.team,
            "ts": self.ts,
            "text": self.text,
        }
        if self.team != TEAM_ID:
            shape |= {"user_team": self.team, "source_team": self.team}
        if self.thread_ts is not None:
            shape["thread_ts"] = self.thread_ts
        if self.user == BOT_USER_ID:
            shape |= {"bot_id": BOT_ID, "app_id": APP_ID, "bot_profile": bot_profile(bot_name)}
        if self.tombstone:
            shape |= {"subtype": "tombstone", "hidden": True}
        elif self.broadcast:
            shape["subtype"] = "thread_broadcast"
        elif self.files:
            shape["subtype"] = "file_share"
        if self.files and not self.tombstone:
            shape |= {"files": [each.slack() for each in self.files], "upload": True}
        if self.pinned is not None:
            by, at = self.pinned
            shape["pinned_to"] = [self.channel]
            shape["pinned_info"] = {"channel": self.channel, "pinned_by": by, "pinned_ts": at}
        if self.blocks:
            shape["blocks"] = list(self.blocks)
        if self.edited_ts is not None:
            shape["edited"] = {"user": self.user, "ts": self.edited_ts}
        if self.reactions:
            shape["reactions"] = self.slack_reactions()
        if self.literal:
            shape["mrkdwn"] = False
        if self.metadata is not None:
            shape["metadata"] = self.metadata
        if self.only_for is not None:
            shape["is_ephemeral"] = True
        return shape

    def slack_reactions(self) -> list[Json]:
        return [{"name": name, "users": list(users), "count": len(users)} for name, users in self.reactions]


@dataclass(frozen=True)
class View:
    """A modal somebody has open, or their home tab. `body` is what the bot gave."""

    id: str
    person: str
    body: Json
    hash: str
    root_id: str
    previous_id: str | None = None

    def slack(self, values: Json | None = None) -> Json:
        body = self.body
        shape: Json = {
            "id": self.id,
            "team_id": TEAM_ID,
            "type": body.get("type", "modal"),
            "blocks": body.get("blocks", []),
            "private_metadata": body.get("private_metadata", ""),
            "callback_id": body.get("callback_id", ""),
            "external_id": body.get("external_id", ""),
            "state": {"values": values or {}},
            "hash": self.hash,
            "title": body.get("title", {"type": "plain_text", "text": "View Title", "emoji": True}),
            "clear_on_close": bool(body.get("clear_on_close", False)),
            "notify_on_close": bool(body.get("notify_on_close", False)),
            "close": body.get("close"),
            "submit": body.get("submit"),
            "previous_view_id": self.previous_id,
            "root_view_id": self.root_id,
            "app_id": APP_ID,
            "app_installed_team_id": TEAM_ID,
            "bot_id": BOT_ID,
        }
        return shape


@dataclass(frozen=True)
class Change:
    """Something that has just happened in the workspace. `seen_by` None: everybody may know."""

    kind: str
    seen_by: frozenset[str] | None
    data: Json = field(default_factory=dict)
    message: Message | None = None
    previous: Message | None = None
    actor: str = ""


def bot_profile(name: str) -> Json:
    return {
        "id": BOT_ID,
        "app_id": APP_ID,
        "user_id": BOT_USER_ID,
        "name": name,
        "deleted": False,
        "team_id": TEAM_ID,
    }


def pinned(url: str, message: Message, bot_name: str) -> Json:
    """One item of `pins.list`, and of the events about pins."""
    by, at = message.pinned or ("", 0)
    shape = message.slack(bot_name) | {"permalink": permalink(url, message)}
    item = {"type": "message", "channel": message.channel, "message": shape}
    return item | {"created": at, "created_by": by}


def permalink(url: str, message: Message) -> str:
    link = f"{url}/archives/{message.channel}/p{message.ts.replace('.', '')}"
    if message.is_reply:
        link += f"?thread_ts={message.thread_ts}&cid={message.channel}"
    return link
