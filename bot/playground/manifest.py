"""What the app declares about itself in Slack's manifest, as far as the playground acts on it.

With a manifest given, the playground is as strict as Slack: it sends only the events the app subscribes to,
and refuses a method whose scope the app doesn't ask for. So a forgotten scope shows here, not in the first
real workspace. Without one, everything is allowed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.playground.records import DEFAULT_COMMAND, Json

SCOPES = {
    "chat.postMessage": ("chat:write",),
    "chat.postEphemeral": ("chat:write",),
    "chat.update": ("chat:write",),
    "chat.delete": ("chat:write",),
    "reactions.add": ("reactions:write",),
    "reactions.remove": ("reactions:write",),
    "reactions.get": ("reactions:read",),
    "users.info": ("users:read",),
    "users.list": ("users:read",),
    "bots.info": ("users:read",),
    "team.info": ("team:read",),
    "canvases.getContent": ("canvases:read",),
    "files.info": ("files:read",),
    "files.list": ("files:read",),
    "files.delete": ("files:write",),
    "files.getUploadURLExternal": ("files:write",),
    "files.completeUploadExternal": ("files:write",),
    "pins.add": ("pins:write",),
    "pins.list": ("pins:read",),
    "pins.remove": ("pins:write",),
    "conversations.join": ("channels:join",),
    "conversations.open": ("im:write", "mpim:write", "groups:write", "channels:manage"),
    "assistant.threads.setStatus": ("chat:write", "assistant:write"),
    "assistant.threads.setTitle": ("assistant:write",),
    "assistant.threads.setSuggestedPrompts": ("assistant:write",),
}
# What these need goes by the kind of conversation that they are about.
BY_KIND = {
    "conversations.info": "read",
    "conversations.members": "read",
    "conversations.history": "history",
    "conversations.replies": "history",
    "conversations.list": "read",
    "users.conversations": "read",
}
SUFFIX = {"channel": "channels", "group": "groups", "im": "im", "mpim": "mpim"}
# Events that Slack sends only to those who may see what they are about.
EVENT_SCOPES = {
    "app_mention": ("app_mentions:read",),
    "channel_left": ("channels:read",),
    "channel_shared": ("channels:read", "groups:read"),
    "channel_unshared": ("channels:read", "groups:read"),
    "file_change": ("files:read",),
    "file_created": ("files:read",),
    "file_deleted": ("files:read",),
    "file_shared": ("files:read",),
    "group_left": ("groups:read",),
    "member_joined_channel": ("channels:read", "groups:read"),
    "member_left_channel": ("channels:read", "groups:read"),
    "pin_added": ("pins:read",),
    "pin_removed": ("pins:read",),
    "reaction_added": ("reactions:read",),
    "reaction_removed": ("reactions:read",),
}


@dataclass(frozen=True)
class SlashCommand:
    command: str
    description: str = ""
    usage_hint: str = ""


@dataclass(frozen=True)
class Shortcut:
    """`place` is `message` (in a message's menu) or `global`."""

    name: str
    callback_id: str
    place: str = "message"
    description: str = ""


@dataclass(frozen=True)
class Manifest:
    bot_name: str = "Lorebot"
    commands: tuple[SlashCommand, ...] = (
        SlashCommand(DEFAULT_COMMAND, "Ask Lorebot, or manage it", "[question | help]"),
    )
    shortcuts: tuple[Shortcut, ...] = ()
    scopes: frozenset[str] | None = None
    events: frozenset[str] | None = None

    @classmethod
    def read(cls, manifest: Mapping[str, Any]) -> "Manifest":
        """From Slack's app manifest, already parsed from its YAML or JSON."""
        features = manifest.get("features", {})
        settings = manifest.get("settings", {})
        name = features.get("bot_user", {}).get("display_name") or "Lorebot"
        scopes = manifest.get("oauth_config", {}).get("scopes", {}).get("bot")
        events = settings.get("event_subscriptions", {}).get("bot_events")
        return cls(
            bot_name=name,
            commands=tuple(
                SlashCommand(item["command"], item.get("description", ""), item.get("usage_hint", ""))
                for item in features.get("slash_commands", ())
            ),
            shortcuts=tuple(
                Shortcut(
                    item["name"],
                    item["callback_id"],
                    item.get("type", "message"),
                    item.get("description", ""),
                )
                for item in features.get("shortcuts", ())
            ),
            scopes=None if scopes is None else frozenset(scopes),
            events=None if events is None else frozenset(events),
        )

    def lacks_scope(self, method: str, kinds: Iterable[str] = ()) -> tuple[str, ...]:
        """The scopes of which one would be needed; none when the app may call the method.

        kinds: the kinds of conversation that the call is about, as far as it is about any.
        """
        if self.scopes is None:
            return ()
        wanted = SCOPES.get(method, ())
        if wanted and not self.scopes.intersection(wanted):
            return wanted
        if method not in BY_KIND:
            return ()
        each = (f"{SUFFIX[kind]}:{BY_KIND[method]}" for kind in kinds)
        return tuple(scope for scope in each if scope not in self.scopes)[:1]

    def wants(self, event: Json) -> bool:
        if self.events is None:
            return True
        if event["type"] == "message":
            suffix = SUFFIX[event["channel_type"]]
            return f"message.{suffix}" in self.events and self._granted(f"{suffix}:history")
        return event["type"] in self.events and self._granted(*EVENT_SCOPES.get(event["type"], ()))

    def _granted(self, *scopes: str) -> bool:
        return self.scopes is None or not scopes or not self.scopes.isdisjoint(scopes)
