"""Composition root of what runs on: the Slack side connected to a service, for a real workspace or the playground's."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot import logs
from bot.app import Service, build_service, described, learning_progress, opened
from bot.errors import DisconnectedError, SettingsError
from bot.records import Answer, Passage
from bot.settings import Settings
from bot.store import Store, documents, feedback, questions, runs

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from bot.slack.room import Room
    from bot.slack.services import Status

WEEK_S = 7 * 86400


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
    from bot.playground.server import HANDBOOK, start
    from bot.reading.bases import locate

    _without_proxy_to_ourselves()
    home = settings.home / "playground"
    if fresh:
        shutil.rmtree(home, ignore_errors=True)
    _set_up_logging(settings)
    locate(settings.base)  # a missing base is told before anything starts
    with ExitStack() as running:
        playground = running.enter_context(start(port, samples=SAMPLES, manifest=_manifest()))
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


def connect(running: ExitStack, service: Service, *, http_port: int | None = None) -> Room:
    """Starts the Slack side of a service; leaving `running` stops it, finishing what was begun.

    Raises SettingsError where Slack can't be reached, or takes no part of what is set.
    """
    from bot import metrics, retention, retraining
    from bot.answering import ChampionWatch
    from bot.forgetting import forget_person
    from bot.slack import app as slack
    from bot.slack import http, notices
    from bot.slack.services import Services
    from bot.slack.tokens import Renewal, Tokens, rotates
    from bot.trust import Rules
    from bot.watching import VoteWatch

    settings, store = service.settings, service.store
    scheduler = retraining.schedule(settings, store)
    running.callback(lambda: scheduler.shutdown(wait=False))
    retention.schedule(scheduler, store, service.registry, settings.home, settings.retention_days)

    tokens = Tokens(settings) if rotates(settings) else None
    if tokens is not None:
        with _slack_may_refuse(settings, "refresh token (SLACK_REFRESH_TOKEN)"):
            settings = settings.model_copy(update={"slack_bot_token": tokens.current()})
    services = Services(
        store=store,
        settings=settings,
        answer=metrics.counted(service.answerer.answer),
        answer_if_sure=metrics.counted(service.answerer.answer_if_sure),
        teach=_teacher(service),
        **_keepers(service),
        retrain=lambda by, channel, ts: retraining.start_cycle(settings, by=by, channel=channel, ts=ts),
        rollback=service.registry.rollback,
        forget=lambda person: forget_person(store, service.registry, settings.home, person),
        status=lambda: status(service, retraining.next_run(scheduler)),
    )
    with _slack_may_refuse(settings, "bot token (SLACK_BOT_TOKEN)"):
        bolt = slack.build_app(services)
    room, connected = bolt.room, lambda: True
    if tokens is not None:
        room.beside(Renewal(tokens, room.clients.line))
    if http_port is None:
        with _slack_may_refuse(settings, "app token (SLACK_APP_TOKEN)"):
            socket = slack.start_socket_mode(bolt, settings.slack_app_token)
        running.callback(socket.stop)
        connected = socket.connected
    else:
        asgi = http.http_app(bolt, watched=not settings.metrics_port)
        running.enter_context(served(asgi, settings.http_host, http_port))
    if settings.metrics_port:
        watched = http.watching_app(bolt, connected)
        running.enter_context(served(watched, settings.http_host, settings.metrics_port))

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
    return room


@contextmanager
def _slack_may_refuse(settings: Settings, what: str) -> Iterator[None]:
    """At the start, a wrong token or no network is told in a line."""
    from slack_bolt.error import BoltError
    from slack_sdk.errors import SlackApiError, SlackClientError

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


def status(service: Service, next_run: Any) -> Status:
    """What `/lorebot status` shows."""
    from bot.slack.services import Status, Votes
    from bot.store import adapters as adapter_log
    from bot.trust import Rules
    from bot.watching import on_trial

    champion = service.live.current.adapter
    promotion = adapter_log.last_promotion(service.store)
    asked = questions.counts(service.store, time.time() - WEEK_S)
    known = documents.counts(service.store)
    last = runs.last_done(service.store)
    return Status(
        champion=champion.id,
        scores=champion.card.get("scores", {}),
        since=promotion.at if promotion else None,
        documents=known["documents"],
        passages=known["passages"],
        taught=known["taught"],
        questions=asked["asked"],
        answered=asked["answered"],
        abstained=asked["abstained"],
        feedback=Votes(**feedback.counts(service.store)),
        new_feedback=Votes(**feedback.counts(service.store, last.started_at if last else 0.0)),
        running=runs.running(service.store),
        next_retraining=next_run.timestamp() if next_run else None,
        trial=on_trial(service.store, Rules.of(service.settings), service.settings.canary),
    )


def _keepers(service: Service) -> dict[str, Callable[..., Any]]:
    """What learns from Slack while questions are answered: it lets them in between."""
    from bot.knowledge import heard, shared_files
    from bot.reading.encoder import InSlices

    encoder, limit = InSlices(service.encoder), service.settings.max_file_mb
    return {
        "keep": lambda said: heard.keep(service.store, encoder, said),
        "keep_file": lambda file: shared_files.keep_file(service.store, encoder, file, max_file_mb=limit),
    }


def _teacher(service: Service) -> Callable[..., Passage]:
    from bot.knowledge import memory

    def teach(
        *,
        question: str,
        answer: str,
        scope: str,
        person: str,
        answer_record: Answer | None = None,
        passage_id: int | None = None,
    ) -> Passage:
        """A taught answer, tied to the passage it stands in where there is one."""
        ids = [] if passage_id is None else [passage_id]
        if answer_record is not None:
            ids += [each.passage_id for each in answer_record.offered if each.passage_id is not None]
        offered = documents.passages(service.store, list(dict.fromkeys(ids)))
        evidence = memory.evidence_of(offered, answer)
        return memory.teach(
            service.store,
            service.encoder,
            question=question,
            answer=answer,
            scope=scope,
            person=person,
            evidence=evidence,
        )

    return teach


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


def _manifest() -> dict[str, Any]:
    return dict(json.loads((Path(__file__).parent / "slack" / "manifest.json").read_text(encoding="utf-8")))


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


def _without_proxy_to_ourselves() -> None:
    """HTTP_PROXY would be asked for this machine's own addresses too."""
    for name in ("NO_PROXY", "no_proxy"):
        os.environ[name] = ",".join(filter(None, (os.environ.get(name), "127.0.0.1", "localhost")))
