"""Composition root of what runs on: a service connected to a real workspace, or to the playground's."""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import ExitStack
from pathlib import Path

from bot import logs
from bot.app import build_service, described, learning_progress, opened
from bot.errors import SettingsError
from bot.settings import Settings
from bot.slack.manifest import manifest
from bot.store import Store


def run_slack(settings: Settings, *, http_port: int | None) -> None:
    """Serves Slack until SIGTERM or Ctrl-C."""
    if not settings.slack_bot_token and not settings.slack_refresh_token:
        raise SettingsError(
            "SLACK_BOT_TOKEN is not set, expected the bot token xoxb-...: see README, 'Connect a Slack workspace'"
        )
    if http_port is None and not settings.slack_app_token:
        raise SettingsError(
            "SLACK_APP_TOKEN is not set, expected the app token xapp-... for Socket Mode: set it, or use --http PORT"
        )
    if http_port is not None and not settings.slack_signing_secret:
        raise SettingsError(
            "SLACK_SIGNING_SECRET is not set, expected the app's signing secret for HTTP mode: set it"
        )
    from bot.connecting import connect, until_stopped

    _set_up_logging(settings)
    with ExitStack() as running:
        store = running.enter_context(opened(settings))
        service = build_service(settings, store)
        service.live.current.reader.warm()
        room = connect(running, service, http_port=http_port)
        where = f"listening on port {http_port}" if http_port is not None else "connected over Socket Mode"
        print(f"Lorebot is {where}; {described(service)} serves. Ctrl-C stops it.", file=sys.stderr)
        until_stopped(room, settings)


def run_playground(settings: Settings, *, port: int, fresh: bool) -> None:
    """A local workspace in the browser with the real app connected to it, until Ctrl-C."""
    from bot.connecting import connect, until_stopped
    from bot.playground.server import HANDBOOK, start
    from bot.reading.bases import locate

    _without_proxy_to_ourselves()
    home = settings.home / "playground"
    if fresh:
        shutil.rmtree(home, ignore_errors=True)
    _set_up_logging(settings)
    locate(settings.base)  # a missing base is told before anything starts
    with ExitStack() as running:
        playground = running.enter_context(start(port, samples=SAMPLES, manifest=manifest()))
        settings = settings.model_copy(
            update={
                "home": home,
                "slack_bot_token": playground.bot_token,
                "slack_app_token": playground.app_token,
                "slack_refresh_token": "",
                "slack_signing_secret": playground.signing_secret,
                "slack_api_url": playground.api_url,
                "link_base": f"{playground.url}/documents/",
            }
        )
        print(f"Lorebot's playground: {playground.url}", flush=True)
        store = running.enter_context(opened(settings))
        _learn_handbook(settings, store, HANDBOOK)
        service = build_service(settings, store)
        service.live.current.reader.warm()
        room = connect(running, service)
        print(f"It reads with {described(service)}.", flush=True)
        print("Lorebot is connected: ask it something. Ctrl-C stops it.", flush=True)
        until_stopped(room, settings)


SAMPLES = (
    "How many days a week can I work from home?",
    "how much money do I get for a desk at home",
    "Why did the Heron batteries drain in February?",
)


def _learn_handbook(settings: Settings, store: Store, folder: Path) -> None:
    """Learns the demo's handbook; at every start its links get the address that this start listens on."""
    from bot.knowledge.learning import learn
    from bot.reading.encoder import load_encoder

    with learning_progress() as progress:
        learn(
            store,
            load_encoder(),
            [folder],
            scope="workspace",
            prune=True,
            link_base=settings.link_base,
            max_file_mb=settings.max_file_mb,
            progress=progress,
        )


def _set_up_logging(settings: Settings) -> None:
    secrets = (
        settings.slack_bot_token,
        settings.slack_app_token,
        settings.slack_signing_secret,
        settings.slack_client_secret,
        settings.slack_refresh_token,
        settings.slack_config_token,
    )
    logs.set_up(level=settings.log_level, form=settings.log_format, words=settings.log_text, secrets=secrets)


def _without_proxy_to_ourselves() -> None:
    """HTTP_PROXY would be asked for this machine's own addresses too."""
    for name in ("NO_PROXY", "no_proxy"):
        os.environ[name] = ",".join(filter(None, (os.environ.get(name), "127.0.0.1", "localhost")))
