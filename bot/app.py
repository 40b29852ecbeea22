"""Composition root: builds the rooms out of the settings, wires them, starts and stops them. It decides nothing."""

from __future__ import annotations

import logging
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.errors import AdapterError, SettingsError
from bot.records import Answer, Passage
from bot.registry import Registry
from bot.settings import Settings
from bot.store import Store, documents, feedback, open_store, questions, runs

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from bot.answering import Answerer, LiveReader
    from bot.knowledge.index import Index
    from bot.playground.server import RunningPlayground
    from bot.reading.encoder import Encoder
    from bot.reading.items import Item
    from bot.reading.protocol import Reader
    from bot.slack.services import Status

WEEK_S = 7 * 86400
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Service:
    """Everything that answering a question needs."""

    settings: Settings
    store: Store
    registry: Registry
    encoder: Encoder
    index: Index
    live: LiveReader
    answerer: Answerer


@contextmanager
def opened(settings: Settings) -> Iterator[Store]:
    """The state file."""
    store = open_store(settings.database)
    try:
        yield store
    finally:
        store.close()


@contextmanager
def registry(settings: Settings) -> Iterator[Registry]:
    """The adapter versions; loads no model."""
    with opened(settings) as store:
        yield _registry(settings, store)


@contextmanager
def knowledge(settings: Settings) -> Iterator[tuple[Store, Encoder]]:
    """The state file and the encoder, for learning documents."""
    from bot.reading.encoder import load_encoder

    with opened(settings) as store:
        yield store, load_encoder(settings.base)


@contextmanager
def answering(settings: Settings) -> Iterator[Service]:
    """All that answers a question, with the champion loaded."""
    with opened(settings) as store:
        yield build_service(settings, store)


def build_service(settings: Settings, store: Store) -> Service:
    from bot.answering import Answerer, LiveReader
    from bot.knowledge.index import Index
    from bot.reading.encoder import load_encoder

    versions = _registry(settings, store)
    encoder = load_encoder(settings.base)
    index = Index(store, encoder)
    live = LiveReader(versions, lambda adapter: _reader(settings, Path(adapter.folder)))
    answerer = Answerer(
        store, index, encoder, live, passages=settings.passages, min_confidence=settings.min_confidence
    )
    return Service(settings, store, versions, encoder, index, live, answerer)


def evaluate(
    settings: Settings, items: Sequence[Item], *, adapter: str | None, min_confidence: float | None
) -> dict[str, Any]:
    """The figures that `lorebot evaluate` prints, by name."""
    from bot.reading.scores import evaluate as score

    folder, card = _adapter(settings, adapter)
    threshold = min_confidence if min_confidence is not None else _threshold(settings, card)
    scores, _ = score(
        _reader(settings, folder), items, min_confidence=threshold, progress=_on_terminal("reading")
    )
    figures = {
        name: round(value, 2) if isinstance(value, float) else value for name, value in asdict(scores).items()
    }
    latency = {"p50": figures.pop("latency_p50_ms"), "p95": figures.pop("latency_p95_ms")}
    return {**figures, "latency_ms": latency}


def differences(settings: Settings, a: str, b: str, file: Path | None) -> tuple[list[dict[str, Any]], int]:
    """The questions of a file which two adapters answer differently, and how many were read."""
    from bot.reading.items import read_items
    from bot.reading.scores import evaluate as score

    items = read_items(file or Path(__file__).parent.parent / "training" / "golden.jsonl")
    said = []
    for name in (a, b):
        folder, card = _adapter(settings, name)
        said.append(score(_reader(settings, folder), items, min_confidence=_threshold(settings, card))[1])
    changed = [
        {"question": item.question, "a": one.answer, "b": other.answer, "accepted": list(item.references)}
        for item, one, other in zip(items, *said, strict=True)
        if one.answer != other.answer
    ]
    return changed, len(items)


def forget(settings: Settings, person: str) -> dict[str, Any]:
    """Removes what a person asked, said and taught, and retires the adapters that learned from it."""
    from bot.forgetting import forget_person

    with opened(settings) as store:
        return forget_person(store, _registry(settings, store), person)


@contextmanager
def learning_progress() -> Iterator[Callable[[int, int, str], None]]:
    """A progress bar on stderr for `learn`: called with files done, files in all, and the file's name."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("learning"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)

        def tell(done: int, total: int, name: str) -> None:
            bar.update(task, completed=done, total=total, description=name)

        yield tell


def run_slack(settings: Settings, *, http_port: int | None) -> None:
    """Serves Slack until SIGTERM or Ctrl-C."""
    if not settings.slack_bot_token:
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
        connect(running, service, http_port=http_port)
        where = f"listening on port {http_port}" if http_port is not None else "connected over Socket Mode"
        print(
            f"Lorebot is {where}; {service.live.current.adapter.id} serves. Ctrl-C stops it.", file=sys.stderr
        )
        _until_stopped()


def run_playground(settings: Settings, *, port: int, fresh: bool) -> None:
    """A local workspace in the browser with the real app connected to it, until Ctrl-C."""
    from bot.playground.server import HANDBOOK, start

    home = settings.home / "playground"
    if fresh:
        shutil.rmtree(home, ignore_errors=True)
    _set_up_logging(settings)
    with ExitStack() as running:
        playground = running.enter_context(start(port, samples=SAMPLES, manifest=_manifest()))
        settings = settings.model_copy(
            update={
                "home": home,
                "slack_bot_token": playground.bot_token,
                "slack_app_token": playground.app_token,
                "slack_signing_secret": playground.signing_secret,
                "slack_api_url": playground.api_url,
                "link_base": f"{playground.url}/documents/",
                "retrain_cron": "",
            }
        )
        print(f"Lorebot's playground: {playground.url}", flush=True)
        store = running.enter_context(opened(settings))
        _learn_handbook(settings, store, HANDBOOK, playground)
        service = build_service(settings, store)
        service.live.current.reader.warm()
        connect(running, service)
        print("Lorebot is connected: ask it something. Ctrl-C stops it.", flush=True)
        _until_stopped()


SAMPLES = (
    "What is my notice period after probation?",
    "vpn error 702, what does it mean",
    "Why did the Heron batteries drain in February?",
)


def connect(running: ExitStack, service: Service, *, http_port: int | None = None) -> None:
    """Starts the Slack side of a service; leaving `running` stops it, finishing what was begun."""
    from bot import retraining
    from bot.answering import ChampionWatch
    from bot.slack import app as slack
    from bot.slack.services import Services

    settings, store = service.settings, service.store
    scheduler = retraining.schedule(settings, store)
    running.callback(lambda: scheduler.shutdown(wait=False))

    services = Services(
        store=store,
        settings=settings,
        answer=service.answerer.answer,
        teach=_teacher(service),
        retrain=lambda by, channel, ts: _start_cycle(settings, by=by, channel=channel, ts=ts),
        rollback=service.registry.rollback,
        status=lambda: status(service, retraining.next_run(scheduler)),
    )
    bolt = slack.build_app(services)
    if http_port is None:
        running.callback(slack.start_socket_mode(bolt, settings.slack_app_token).stop)
    else:
        running.enter_context(_served(slack.http_app(bolt), http_port))

    watch = ChampionWatch(
        store, service.registry, service.live, lambda promotion, _: slack.announce_swap(bolt, promotion)
    )
    watch.start()
    running.callback(watch.stop)


@contextmanager
def _served(asgi: Starlette, port: int) -> Iterator[None]:
    """HTTP mode's server, in a thread of its own. On 127.0.0.1: what terminates TLS stands in front of it."""
    import uvicorn

    server = uvicorn.Server(
        uvicorn.Config(asgi, host="127.0.0.1", port=port, log_level="warning", access_log=False)
    )
    thread = threading.Thread(target=server.run, name="http", daemon=True)
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
    )


def _start_cycle(settings: Settings, *, by: str, channel: str | None, ts: str | None) -> None:
    from bot.retraining import start_cycle

    process = start_cycle(settings, by=by, channel=channel, ts=ts)
    # Somebody has to wait for a child process, or it stays behind as a zombie.
    threading.Thread(target=process.wait, name="retraining", daemon=True).start()


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


def _learn_handbook(settings: Settings, store: Store, folder: Path, playground: RunningPlayground) -> None:
    """Learns the demo's handbook; at every start its links get the address that this start listens on."""
    from bot.knowledge.learning import learn
    from bot.reading.encoder import load_encoder

    with learning_progress() as progress:
        learn(
            store,
            load_encoder(settings.base),
            [folder],
            scope="workspace",
            prune=True,
            link_base=settings.link_base,
            max_file_mb=settings.max_file_mb,
            progress=progress,
        )


def _registry(settings: Settings, store: Store) -> Registry:
    return Registry(store, settings.adapters_folder, base=settings.base, seed=settings.adapter)


def _adapter(settings: Settings, name: str | None) -> tuple[Path, dict[str, Any]]:
    """Folder and card of an adapter given by id or folder, or of the champion."""
    from bot.reading.card import read_card

    if name is not None and Path(name).is_dir():
        return Path(name), read_card(Path(name))
    with registry(settings) as versions:
        found = versions.champion() if name is None else versions.show(name)
    if not Path(found.folder).is_dir():
        raise AdapterError(
            f"found no folder {found.folder} of adapter {found.id}; import it again, or roll back"
        )
    return Path(found.folder), found.card


def _threshold(settings: Settings, card: dict[str, Any]) -> float:
    return (
        settings.min_confidence
        if settings.min_confidence is not None
        else float(card.get("min_confidence", 0.5))
    )


def _reader(settings: Settings, folder: Path) -> Reader:
    from bot.reading.extractive import load_reader

    return load_reader(folder, threads=settings.threads)


def _manifest() -> dict[str, Any]:
    import json

    return dict(json.loads((Path(__file__).parent / "slack" / "manifest.json").read_text(encoding="utf-8")))


def _on_terminal(what: str) -> Callable[[float, str], None] | None:
    """A one-line progress on stderr, where somebody is watching."""
    if not sys.stderr.isatty():
        return None
    return lambda share, text: print(f"\r{what}: {share:4.0%} {text:60}", end="", file=sys.stderr, flush=True)


def _set_up_logging(settings: Settings) -> None:
    logging.basicConfig(
        level=settings.log_level.upper(),
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
    )
    for chatty in ("httpx", "apscheduler", "slack_bolt", "slack_sdk", "uvicorn"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, logging.getLogger().level))


def _until_stopped() -> None:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    stop.wait()


__all__ = ["Service", "answering", "build_service", "connect", "evaluate", "run_playground", "run_slack"]
