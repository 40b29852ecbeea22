"""What the bot is told: changes of the workspace, in the shapes of Slack's Events API.

As in Slack, the bot hears only of the channels it is in, hears its own messages too, and gets both
`app_mention` and `message` for a mention.
"""

import secrets
import time
from contextlib import suppress

from bot.playground.faults import Faults
from bot.playground.files import Upload
from bot.playground.manifest import Manifest
from bot.playground.records import Change, Json, Message, pinned
from bot.playground.refused import Refused
from bot.playground.socket_mode import Line
from bot.playground.teams import APP_ID, BOT_USER_ID, PARTNER_ID, TEAM_ID
from bot.playground.workspace import Workspace

MENTION = f"<@{BOT_USER_ID}>"
FAREWELLS = ("app_uninstalled", "tokens_revoked")


class EventFeed:
    """Listens to the workspace and sends the bot what it subscribes to."""

    def __init__(
        self, workspace: Workspace, line: Line, manifest: Manifest, faults: Faults, url: str
    ) -> None:
        self._workspace = workspace
        self._line = line
        self._manifest = manifest
        self._faults = faults
        self._url = url
        workspace.subscribe(self.hear)

    def hear(self, change: Change) -> None:
        for event in self._events(change):
            self.send(event)

    def send(self, event: Json) -> None:
        """Tells the bot, if it wants to know; twice, while the fault panel says so."""
        if self._faults.uninstalled and event["type"] not in FAREWELLS:
            return
        if not self._manifest.wants(event):
            return
        place = event.get("channel") or event.get("channel_id") or event.get("item", {}).get("channel")
        room = self._workspace.channels.get(place) if isinstance(place, str) else None
        payload = callback(event, shared=room is not None and room.shared)
        for _ in range(2 if self._faults.duplicate else 1):
            self._line.send_event(payload)

    def home_opened(self, person: str, tab: str) -> None:
        """`tab` is `home` or `messages`: what the person looks at in the conversation with the bot."""
        channel = self._workspace.direct(person).id
        ts = self._workspace.next_ts()
        event: Json = {
            "type": "app_home_opened",
            "user": person,
            "channel": channel,
            "tab": tab,
            "event_ts": ts,
        }
        view = self._workspace.screens.homes.get(person)
        if tab == "home" and view is not None:
            event["view"] = view.slack()
        self.send(event)

    def canvas_written(self, file: Upload, channel: str, person: str, *, fresh: bool) -> None:
        """A canvas of a channel the bot is in was made, or changed."""
        if BOT_USER_ID not in self._workspace.channel(channel).members:
            return
        about: Json = {"file_id": file.id, "file": {"id": file.id}, "event_ts": self._workspace.next_ts()}
        if fresh:
            self.send({"type": "file_created", "user_id": person} | about)
            self.send({"type": "file_shared", "channel_id": channel, "user_id": person} | about)
        # A canvas is empty when it is made: what is written on it comes as a change, the first words too.
        self.send({"type": "file_change"} | about)

    def uninstalled(self) -> None:
        """The last that an app hears: its tokens are worth nothing any more."""
        self.send({"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [BOT_USER_ID]}})
        self.send({"type": "app_uninstalled"})

    def _events(self, change: Change) -> list[Json]:
        if change.kind in ("joined", "left"):
            return self._moved(change)
        if change.kind in ("shared", "unshared"):
            return self._connected(change)
        if change.kind == "file_deleted":
            event: Json = {"type": "file_deleted", "file_id": change.data["file"].id}
            return [event | {"event_ts": self._workspace.next_ts()}]
        message = change.message
        if message is None or message.only_for is not None:
            return []
        room = self._workspace.channel(message.channel)
        if BOT_USER_ID not in room.members:
            return []
        where: Json = {"channel": room.id, "event_ts": self._workspace.next_ts(), "channel_type": room.kind}
        if change.kind == "message_posted":
            return self._posted(message, where)
        if change.kind == "message_edited":
            changed: Json = {"type": "message", "subtype": "message_changed", "hidden": True}
            changed |= {"message": self._shape(message), "previous_message": self._shape(change.previous)}
            return [changed | where | {"ts": where["event_ts"]}]
        if change.kind == "message_deleted":
            gone: Json = {"type": "message", "subtype": "message_deleted", "hidden": True}
            gone |= {"deleted_ts": message.ts, "previous_message": self._shape(message)}
            return [gone | where | {"ts": where["event_ts"]}]
        if change.kind in ("reaction_added", "reaction_removed"):
            reaction: Json = {"type": change.kind, "user": change.actor, "reaction": change.data["reaction"]}
            item = {"type": "message", "channel": room.id, "ts": message.ts}
            reaction |= {"item_user": message.user, "item": item, "event_ts": where["event_ts"]}
            return [reaction]
        if change.kind in ("pin_added", "pin_removed"):
            return [self._pinned(change, message, where)]
        return []

    def _pinned(self, change: Change, message: Message, where: Json) -> Json:
        left = len(self._workspace.pins(message.channel))
        event: Json = {"type": change.kind, "user": change.actor, "channel_id": message.channel}
        event |= {"item": pinned(self._url, message, self._manifest.bot_name), "item_user": message.user}
        event |= {"pin_count": left, "event_ts": where["event_ts"]}
        if change.kind == "pin_removed":
            return event | {"has_pins": left > 0}
        return event | {"pinned_info": message.slack()["pinned_info"]}

    def _posted(self, message: Message, where: Json) -> list[Json]:
        shape = self._shape(message) | where | {"event_ts": message.ts}
        if message.user != BOT_USER_ID:
            shape["client_msg_id"] = secrets.token_hex(16)
        events = [shape]
        if MENTION in message.text and message.user != BOT_USER_ID and where["channel_type"] != "im":
            mention = {key: value for key, value in shape.items() if key != "channel_type"}
            events.insert(0, mention | {"type": "app_mention"})
        for file in message.files:
            shared: Json = {"type": "file_shared", "file_id": file.id, "user_id": message.user}
            shared |= {"file": {"id": file.id}, "channel_id": message.channel, "event_ts": message.ts}
            events.append(shared)
        return events

    def _shape(self, message: Message | None) -> Json:
        assert message is not None
        shape = message.slack(self._manifest.bot_name)
        if message.is_reply and message.thread_ts is not None:
            with suppress(Refused):
                shape["parent_user_id"] = self._workspace.message(message.channel, message.thread_ts).user
        return shape

    def _connected(self, change: Change) -> list[Json]:
        """A channel was shared with another workspace, or is its own again."""
        room = self._workspace.channel(change.data["channel"])
        if BOT_USER_ID not in room.members:
            return []
        event: Json = {"channel": room.id, "event_ts": self._workspace.next_ts()}
        if room.shared:
            return [{"type": "channel_shared", "connected_team_id": PARTNER_ID} | event]
        told = {"previously_connected_team_id": PARTNER_ID, "is_ext_shared": False}
        return [{"type": "channel_unshared"} | told | event]

    def _moved(self, change: Change) -> list[Json]:
        """Somebody came into a channel, or left it. Of others the bot hears while it is there itself."""
        room = self._workspace.channel(change.data["channel"])
        event_ts = self._workspace.next_ts()
        if change.kind == "left" and change.actor == BOT_USER_ID:
            kind = "group_left" if room.kind == "group" else "channel_left"
            return [{"type": kind, "channel": room.id, "actor_id": "", "event_ts": event_ts}]
        if BOT_USER_ID not in room.members:
            return []
        kind = "member_joined_channel" if change.kind == "joined" else "member_left_channel"
        letter = "G" if room.kind == "group" else "C"
        event: Json = {"type": kind, "user": change.actor, "channel": room.id, "channel_type": letter}
        event |= {"team": self._workspace.person(change.actor).team, "event_ts": event_ts}
        if change.data.get("inviter"):
            event["inviter"] = change.data["inviter"]
        return [event]


def callback(event: Json, *, shared: bool = False) -> Json:
    """The event in the wrapping that Slack sends it in."""
    return {
        "token": "playground",
        "team_id": TEAM_ID,
        "context_team_id": TEAM_ID,
        "api_app_id": APP_ID,
        "event": event,
        "type": "event_callback",
        "event_id": "Ev" + secrets.token_hex(5).upper(),
        "event_time": int(time.time()),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": TEAM_ID,
                "user_id": BOT_USER_ID,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": shared,
    }
