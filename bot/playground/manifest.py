"""What the app declares about itself in Slack's manifest, as far as the playground acts on it.

With a manifest given, the playground is as strict as Slack: it sends only the events the app subscribes to,
and refuses a method whose scope the app doesn't ask for. So a forgotten scope shows here, not in the first
real workspace. Without one, everything is allowed.
"""

from collections.abc import Mapping
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
    "files.info": ("files:read",),
    "files.getUploadURLExternal": ("files:write",),
    "files.completeUploadExternal": ("files:write",),
    "conversations.join": ("channels:join",),
    "conversations.members": ("channels:read", "groups:read", "im:read", "mpim:read"),
    "conversations.open": ("im:write", "mpim:write", "groups:write", "channels:manage"),
    "assistant.threads.setStatus": ("chat:write", "assistant:write"),
    "assistant.threads.setTitle": ("assistant:write",),
    "assistant.threads.setSuggestedPrompts": ("assistant:write",),
}
SUFFIX = {"channel": "channels", "group": "groups", "im": "im"}


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

    def lacks_scope(self, method: str) -> tuple[str, ...]:
        """The scopes of which one would be needed; none when the app may call the method."""
        wanted = SCOPES.get(method, ())
        if self.scopes is None or not wanted or self.scopes.intersection(wanted):
            return ()
        return wanted

    def wants(self, event: Json) -> bool:
        if self.events is None:
            return True
        if event["type"] == "message":
            return f"message.{SUFFIX[event['channel_type']]}" in self.events
        return event["type"] in self.events
