"""What the bot is told: changes of the workspace, in the shapes of Slack's Events API.

As in Slack, the bot hears only of the channels it is in, hears its own messages too, and gets both
`app_mention` and `message` for a mention.
"""

import secrets
import time
from contextlib import suppress

from bot.playground.manifest import Manifest
from bot.playground.records import APP_ID, BOT_USER_ID, TEAM_ID, Change, Json, Message
from bot.playground.socket_mode import Line
from bot.playground.workspace import Refused, Workspace

MENTION = f"<@{BOT_USER_ID}>"


class EventFeed:
    """Listens to the workspace and sends the bot what it subscribes to."""

    def __init__(self, workspace: Workspace, line: Line, manifest: Manifest) -> None:
        self._workspace = workspace
        self._line = line
        self._manifest = manifest
        workspace.subscribe(self.hear)

    def hear(self, change: Change) -> None:
        for event in self._events(change):
            if self._manifest.wants(event):
                self._line.send_event(callback(event))

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
        view = self._workspace.homes.get(person)
        if tab == "home" and view is not None:
            event["view"] = view.slack()
        if self._manifest.wants(event):
            self._line.send_event(callback(event))

    def _events(self, change: Change) -> list[Json]:
        if change.kind == "joined":
            return self._joined(change)
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
        return []

    def _posted(self, message: Message, where: Json) -> list[Json]:
        shape = self._shape(message) | where | {"event_ts": message.ts}
        if message.user != BOT_USER_ID:
            shape["client_msg_id"] = secrets.token_hex(16)
        events = [shape]
        if MENTION in message.text and message.user != BOT_USER_ID and where["channel_type"] != "im":
            mention = {key: value for key, value in shape.items() if key != "channel_type"}
            events.insert(0, mention | {"type": "app_mention"})
        return events

    def _shape(self, message: Message | None) -> Json:
        assert message is not None
        shape = message.slack(self._manifest.bot_name)
        if message.is_reply and message.thread_ts is not None:
            with suppress(Refused):
                shape["parent_user_id"] = self._workspace.message(message.channel, message.thread_ts).user
        return shape

    def _joined(self, change: Change) -> list[Json]:
        room = self._workspace.channel(change.data["channel"])
        if BOT_USER_ID not in room.members:
            return []
        event: Json = {
            "type": "member_joined_channel",
            "user": change.actor,
            "channel": room.id,
            "channel_type": "C",
            "team": TEAM_ID,
            "event_ts": self._workspace.next_ts(),
        }
        if change.data.get("inviter"):
            event["inviter"] = change.data["inviter"]
        return [event]


def callback(event: Json) -> Json:
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
        "is_ext_shared_channel": False,
    }
