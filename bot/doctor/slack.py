"""What Slack says of the app: its tokens, scopes, manifest, and the time. Every remedy names the page of the app's settings
(api.slack.com/apps) on which to click.

Asking is apart from judging: `checks` asks, everything below it judges what was answered.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Generator, Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from bot.doctor.check import Check
from bot.errors import LorebotError
from bot.settings import Settings
from bot.slack.manifest import manifest

if TYPE_CHECKING:
    from slack_sdk import WebClient

Json = dict[str, Any]
BOT, APP, CLOCK = "slack bot token", "slack app token", "slack clock"
SIGNED_S = 300
"""A signed request counts within five minutes of its timestamp ("Verifying requests from Slack")."""
LATE_S = 60
COPY = "OAuth & Permissions: copy the Bot User OAuth Token into SLACK_BOT_TOKEN"
REINSTALL = "App Manifest: paste bot/slack/manifest.json and save; then Install App: reinstall"
ROTATE = (
    "token rotation is on: set SLACK_REFRESH_TOKEN (OAuth & Permissions), SLACK_CLIENT_ID and SLACK_CLIENT_SECRET"
    " (Basic Information)"
)
BOT_REMEDIES = {
    "account_inactive": "the app was uninstalled; Install App: install it again, then " + COPY,
    "token_revoked": "the token was revoked; Install App: install it again, then " + COPY,
    "token_expired": ROTATE,
}
APP_LEVEL = "Basic Information, App-Level Tokens: generate one with connections:write for SLACK_APP_TOKEN"


def checks(settings: Settings) -> Iterator[Check]:
    """Asks Slack, and judges the answers."""
    token = settings.slack_bot_token
    if settings.slack_refresh_token:
        token = yield from _rotation(settings)
    if not token:
        if not settings.slack_refresh_token:
            yield Check(
                "slack",
                False,
                "SLACK_BOT_TOKEN is not set",
                "follow README's 'Connect a Slack workspace'; the playground needs none",
                needed=False,
            )
        return
    from slack_sdk.errors import SlackClientError

    client = _client(settings, token)
    try:
        who = client.auth_test()
    except (SlackClientError, OSError) as error:
        yield refused_bot_token(settings.slack_api_url, token, _code(error))
        return
    yield Check(BOT, True, f"{who['user']} in {who['team']}")
    yield from scopes(_header(who.headers, "x-oauth-scopes"), manifest()["oauth_config"]["scopes"]["bot"])
    yield from clock(_header(who.headers, "date"), time.time())
    if settings.slack_app_token:
        yield from _app_token(settings)
    else:
        yield from signing_secret(settings.slack_signing_secret)
    yield from _drift(settings, client, str(who.get("bot_id") or ""))


# Asking


def _client(settings: Settings, token: str = "") -> WebClient:
    from slack_sdk import WebClient

    from bot.slack.connection.clients import without_proxy_where_told

    client = WebClient(token=token or None, base_url=settings.slack_api_url, timeout=10)
    without_proxy_where_told(client)
    return client


def _rotation(settings: Settings) -> Generator[Check, None, str]:
    """Returns the token to ask with; renewing it is the service's business."""
    from bot.slack.connection.tokens import Tokens, rotates

    try:
        rotates(settings)
        kept = Tokens(settings).kept()
    except LorebotError as error:
        yield Check("slack token rotation", False, str(error), ROTATE)
        return ""
    left = kept.expires_at - time.time() if kept else 0.0
    if kept is None or left <= 0:
        found = "the kept token has run out" if kept else "no token was made with SLACK_REFRESH_TOKEN yet"
        yield Check("slack token rotation", True, f"{found}; `lorebot run` begins with that", needed=False)
        return ""
    yield Check("slack token rotation", True, f"the token lasts {left / 3600:.1f} h and is renewed in time")
    return kept.token


def _app_token(settings: Settings) -> Iterator[Check]:
    from slack_sdk.errors import SlackClientError

    try:
        opened = _client(settings).apps_connections_open(app_token=settings.slack_app_token)
    except (SlackClientError, OSError) as error:
        yield refused_app_token(settings.slack_app_token, _code(error))
        return
    granted = _header(opened.headers, "x-oauth-scopes")
    enough = granted is None or "connections:write" in _split(granted)
    found = "Socket Mode can connect" if enough else f"it has {granted}, not connections:write"
    yield Check(APP, enough, found, "" if enough else APP_LEVEL)


def _drift(settings: Settings, client: WebClient, bot_id: str) -> Iterator[Check]:
    from slack_sdk.errors import SlackClientError

    if not settings.slack_config_token:
        found = "only its scopes could be compared; with SLACK_CONFIG_TOKEN set, all of it is"
        yield Check("slack manifest", True, found, needed=False)
        return
    try:
        app_id = app_id_of(settings.slack_app_token) or str(client.bots_info(bot=bot_id)["bot"]["app_id"])
        theirs = _client(settings, settings.slack_config_token).apps_manifest_export(app_id=app_id)[
            "manifest"
        ]
    except (SlackClientError, OSError) as error:
        remedy = "api.slack.com/apps, Your App Configuration Tokens: generate one; it lasts 12 hours"
        yield Check("slack manifest", False, f"can't be read: {_code(error)}", remedy, needed=False)
        return
    yield from drift(
        manifest(),
        theirs,
        socket_mode=bool(settings.slack_app_token),
        rotation=bool(settings.slack_refresh_token),
    )


def _code(error: Exception) -> str:
    """Slack's error code, or why it couldn't be asked."""
    response = getattr(error, "response", None)
    return str(response.get("error") if response is not None else getattr(error, "reason", None) or error)


def _header(headers: Mapping[str, Any], name: str) -> str | None:
    value = next((value for key, value in headers.items() if key.lower() == name), None)
    return str(value[0] if isinstance(value, list) else value) if value is not None else None


def _split(names: str) -> set[str]:
    return {each.strip() for each in names.split(",") if each.strip()}


# Judging


def refused_bot_token(api_url: str, token: str, code: str) -> Check:
    remedy = BOT_REMEDIES.get(code, COPY)
    if token.startswith(("xoxp-", "xapp-", "xoxe.xoxp-")):
        remedy = f"it begins with {token.partition('-')[0]}-, a bot token with xoxb-; {COPY}"
    elif not re.fullmatch(r"[a-z_]+", code):  # no answer of Slack's
        remedy = "check the network, HTTPS_PROXY, NO_PROXY and SLACK_API_URL"
    return Check(BOT, False, f"{api_url} says {code}", remedy)


def refused_app_token(token: str, code: str) -> Check:
    remedy = f"{APP_LEVEL}; Socket Mode: turn it on"
    if not token.startswith("xapp-"):
        remedy = f"it begins with {token[:5]}, an app-level token with xapp-; {APP_LEVEL}"
    return Check(APP, False, code, remedy)


def scopes(granted: str | None, wanted: Collection[str]) -> Iterator[Check]:
    """Whether the app may do all that its manifest asks for now: one that was installed before an update may lack some."""
    if granted is None:  # a stand-in for Slack may not say
        return
    lacking, surplus = sorted(set(wanted) - _split(granted)), sorted(_split(granted) - set(wanted))
    if lacking:
        yield Check("slack scopes", False, f"the app lacks {', '.join(lacking)}", REINSTALL, needed=False)
    elif surplus:
        found = f"all that the manifest asks for, and {', '.join(surplus)}, which nothing here uses"
        yield Check("slack scopes", True, found, "OAuth & Permissions, Scopes: remove them", needed=False)
    else:
        yield Check("slack scopes", True, "all that the manifest asks for", needed=False)


def clock(date: str | None, now: float) -> Iterator[Check]:
    """This machine's clock against the Date of Slack's reply."""
    try:
        off = now - parsedate_to_datetime(date or "").timestamp()
    except ValueError:
        return
    good = abs(off) <= LATE_S
    found = f"{abs(off):.0f} s {'ahead of' if off > 0 else 'behind'} Slack's"
    refused = f": beyond {SIGNED_S} s every request of Slack's counts as forged" if not good else ""
    yield Check(
        CLOCK,
        good,
        found + refused,
        "" if good else "set this machine's clock, such as with `timedatectl set-ntp true`",
        needed=abs(off) > SIGNED_S,
    )


def signing_secret(secret: str) -> Iterator[Check]:
    if not secret:
        yield Check(
            "slack connection",
            False,
            "neither SLACK_APP_TOKEN nor SLACK_SIGNING_SECRET is set",
            f"for Socket Mode, {APP_LEVEL}; for HTTP mode, Basic Information, App Credentials: copy the Signing Secret",
        )
    elif not re.fullmatch(r"[0-9a-f]{32}", secret):
        yield Check(
            "slack signing secret",
            False,
            f"{len(secret)} characters, expected 32 hexadecimal ones",
            "Basic Information, App Credentials: copy the Signing Secret into SLACK_SIGNING_SECRET",
            needed=False,
        )


def app_id_of(app_token: str) -> str | None:
    """An app-level token names its app: xapp-1-A0123456789-..."""
    found = re.match(r"xapp-\d+-(A[A-Z0-9]+)-", app_token)
    return found.group(1) if found else None


def drift(ours: Json, theirs: Json, *, socket_mode: bool, rotation: bool) -> Iterator[Check]:
    """Where the app's manifest at Slack is another one than the shipped one, and the page to mend it on."""
    switches = {"socket_mode_enabled": socket_mode, "token_rotation_enabled": rotation}
    found = [*_other_names(ours, theirs), *_other_switches(theirs, switches)]
    same = Check(
        "slack manifest", True, "as shipped: scopes, events, commands, shortcuts, switches", needed=False
    )
    yield from found or [same]


def _other_names(ours: Json, theirs: Json) -> Iterator[Check]:
    for page, names in PAGES.items():
        wanted, there = names(ours), names(theirs)
        if lacking := ", ".join(sorted(wanted - there)):
            yield Check(
                "slack manifest", False, f"the app lacks {lacking}", f"{page}: add {lacking}", needed=False
            )
        if surplus := ", ".join(sorted(there - wanted)):
            found = f"the app has {surplus}, which nothing here uses"
            yield Check("slack manifest", False, found, f"{page}: remove {surplus}", needed=False)


def _other_switches(theirs: Json, ours: Mapping[str, bool]) -> Iterator[Check]:
    for (*path, name), page in SWITCHES.items():
        there, wanted = bool(_at(theirs, *path, name)), ours.get(name, True)
        if there != wanted:
            found = f"{name} is {_ON[there]} at Slack, expected {_ON[wanted]}"
            yield Check("slack manifest", False, found, f"{page}: turn it {_ON[wanted]}", needed=False)


def _at(manifest: Json, *path: str) -> Any:
    """What stands at a place of a manifest; an empty list where nothing does."""
    found: Any = manifest
    for name in path:
        found = (found or {}).get(name)
    return found or []


PAGES: dict[str, Callable[[Json], set[str]]] = {
    "OAuth & Permissions, Scopes": lambda it: set(_at(it, "oauth_config", "scopes", "bot")),
    "Event Subscriptions, Subscribe to bot events": lambda it: set(
        _at(it, "settings", "event_subscriptions", "bot_events")
    ),
    "Slash Commands": lambda it: {each["command"] for each in _at(it, "features", "slash_commands")},
    "Interactivity & Shortcuts": lambda it: {
        each["callback_id"] for each in _at(it, "features", "shortcuts")
    },
}
SWITCHES = {
    ("settings", "socket_mode_enabled"): "Socket Mode",
    ("settings", "token_rotation_enabled"): "OAuth & Permissions, Token Rotation",
    ("settings", "interactivity", "is_enabled"): "Interactivity & Shortcuts",
    ("features", "app_home", "home_tab_enabled"): "App Home, Home Tab",
    ("features", "app_home", "messages_tab_enabled"): "App Home, Messages Tab",
}
_ON = {True: "on", False: "off"}
