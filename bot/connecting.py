"""Composition root: the Slack side of a service, connected; what runs beside it, and how it ends."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

from slack_bolt.error import BoltError
from slack_sdk.errors import SlackApiError, SlackClientError

from bot import retention, retraining
from bot.answering import ChampionWatch
from bot.app import Service
from bot.errors import DisconnectedError, SettingsError
from bot.offering import offered
from bot.settings import Settings
from bot.slack import app as slack
from bot.slack.admin import notices
from bot.slack.connection import http
from bot.slack.connection.tokens import Renewal, Tokens, rotates
from bot.slack.room import Room
from bot.trust import Rules
from bot.watching import VoteWatch

if TYPE_CHECKING:
    from starlette.applications import Starlette


def connect(running: ExitStack, service: Service, *, http_port: int | None = None) -> Room:
    """Starts the Slack side of a service; leaving `running` stops it, finishing what was begun.

    Raises SettingsError where Slack can't be reached, or takes no part of what is set.
    """
    settings, store = service.settings, service.store
    scheduler = retraining.schedule(settings, store)
    running.callback(lambda: scheduler.shutdown(wait=False))
    retention.schedule(scheduler, store, service.registry, settings.home, settings.retention_days)

    tokens = Tokens(settings) if rotates(settings) else None
    if tokens is not None:
        with slack_may_refuse(settings, "refresh token (SLACK_REFRESH_TOKEN)"):
            settings = settings.model_copy(update={"slack_bot_token": tokens.current()})
    with slack_may_refuse(settings, "bot token (SLACK_BOT_TOKEN)"):
        bolt = slack.build_app(offered(service, settings, scheduler))
    if tokens is not None:
        bolt.room.beside(Renewal(tokens, bolt.room.clients.line))
    _listen(running, bolt, settings, http_port)
    _watch(running, bolt, service)
    return bolt.room


def _listen(running: ExitStack, bolt: slack.SlackApp, settings: Settings, http_port: int | None) -> None:
    """Slack's events come in, and whoever watches the process may ask."""
    connected: Callable[[], bool] = _always  # in HTTP mode it is Slack that connects
    if http_port is None:
        with slack_may_refuse(settings, "app token (SLACK_APP_TOKEN)"):
            socket = slack.start_socket_mode(bolt, settings.slack_app_token)
        running.callback(socket.stop)
        connected = socket.connected
    else:
        asgi = http.http_app(bolt, watched=not settings.metrics_port)
        running.enter_context(served(asgi, settings.http_host, http_port))
    if settings.metrics_port:
        watched = http.watching_app(bolt, connected)
        running.enter_context(served(watched, settings.http_host, settings.metrics_port))


def _always() -> bool:
    return True


def _watch(running: ExitStack, bolt: slack.SlackApp, service: Service) -> None:
    """What follows the state file: promotions, and the votes on what was promoted."""
    settings, store = service.settings, service.store
    watch = ChampionWatch(
        store,
        service.registry,
        service.live,
        lambda promotion, _: slack.announce_swap(bolt, promotion),
        canary=settings.canary,
    )
    watch.start()
    running.callback(watch.stop)
    votes = VoteWatch(
        store,
        service.registry,
        lambda notice: notices.tell(bolt.room, notice),
        rules=Rules.of(settings),
        canary_days=settings.canary_days,
    )
    votes.start()
    running.callback(votes.stop)


@contextmanager
def slack_may_refuse(settings: Settings, what: str) -> Iterator[None]:
    """At the start, a wrong token or no network is told in a line."""
    try:
        yield
    except SlackApiError as error:
        why = f"{error.response.get('error')}"
    except (SlackClientError, BoltError) as error:
        why = " ".join(str(error).split())[:200]
    except OSError as error:
        reason = getattr(error, "reason", None) or error
        raise SettingsError(
            f"{settings.slack_api_url} can't be reached ({reason}), expected Slack: check network, HTTPS_PROXY and SLACK_API_URL"
        ) from None
    else:
        return
    raise SettingsError(f"Slack refuses the {what}: {why}; copy it again from the app's settings")


@contextmanager
def served(asgi: Starlette, host: str, port: int) -> Iterator[None]:
    """A server in a thread of its own. On 127.0.0.1 unless told: what terminates TLS stands in front of it."""
    import uvicorn

    server = uvicorn.Server(
        # The rules for logs are set already; uvicorn's own would replace them.
        uvicorn.Config(asgi, host=host, port=port, log_config=None, access_log=False)
    )

    def run() -> None:
        with suppress(SystemExit):  # its way to say that it can't start
            server.run()

    thread = threading.Thread(target=run, name="http", daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.05)
        if not thread.is_alive():
            raise SettingsError(
                f"port {port} can't be opened, expected a free one: stop what uses it, or choose another"
            )
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(timeout=30)


def until_stopped(room: Room, settings: Settings) -> None:
    """Until SIGTERM or Ctrl-C. Raises DisconnectedError where Slack takes the app away first."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: room.left.set())
    room.left.wait()
    if room.gone:
        raise DisconnectedError(
            f"{room.gone}, expected an installed app: install it again and copy its tokens, or, if it is to stay away,"
            f" delete what it kept: {settings.home}"
        )
