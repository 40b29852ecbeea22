"""Composition root: builds the rooms that answering needs out of the settings. It wires and never decides."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.errors import AdapterError
from bot.reading.card import threshold
from bot.registry import Registry
from bot.settings import Settings
from bot.store import Store, open_store

if TYPE_CHECKING:
    from bot.answering import Answerer, LiveReader
    from bot.knowledge.index import Index
    from bot.reading.encoder import Encoder
    from bot.reading.items import Item
    from bot.reading.protocol import Reader

_log = logging.getLogger(__name__)


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
        yield store, load_encoder()


@contextmanager
def answering(settings: Settings) -> Iterator[Service]:
    """All that answers a question, with the champion loaded."""
    with opened(settings) as store:
        yield build_service(settings, store)


def build_service(settings: Settings, store: Store) -> Service:
    from bot.answering import Answerer, LiveReader
    from bot.knowledge import expiring
    from bot.knowledge.index import Index
    from bot.reading.encoder import load_encoder
    from bot.reading.readers import check_kind
    from bot.trust import Rules

    versions = _registry(settings, store)
    resting = versions.resting()
    if resting is not None:
        _log.warning(
            "%s was promoted last but stands on base %s; LOREBOT_BASE is %s, so %s serves.",
            resting.id,
            resting.base,
            settings.base,
            versions.champion().id,
        )
    encoder = load_encoder()
    expiring.expire(store, settings.taught_ttl)
    index = Index(store, encoder, Rules.of(settings))
    check_kind(versions.champion().card, settings.reader)
    live = LiveReader(versions, lambda adapter: _reader(settings, Path(adapter.folder), settings.base))
    answerer = Answerer(
        store, index, encoder, live, passages=settings.passages, min_confidence=settings.min_confidence
    )
    return Service(settings, store, versions, encoder, index, live, answerer)


def described(service: Service) -> str:
    """What reads: the adapter in service, its base, and how that is held."""
    adapter, quantize = service.live.current.adapter, service.settings.quantize
    return f"adapter {adapter.id} on base {adapter.base}{f' in {quantize}' if quantize else ''}"


def evaluate(
    settings: Settings, items: Sequence[Item], *, adapter: str | None, min_confidence: float | None
) -> dict[str, Any]:
    """The figures that `lorebot evaluate` prints, by name."""
    from bot.reading.scores import evaluate as score

    folder, card = _adapter(settings, adapter)
    lowest = threshold(card, settings.min_confidence if min_confidence is None else min_confidence).value
    scores, _ = score(
        _reader(settings, folder, _base_of(settings, card)),
        items,
        min_confidence=lowest,
        progress=_on_terminal("reading"),
    )
    figures = {
        name: round(value, 2) if isinstance(value, float) else value for name, value in asdict(scores).items()
    }
    latency = {"p50": figures.pop("latency_p50_ms"), "p95": figures.pop("latency_p95_ms")}
    return {**figures, "latency_ms": latency}


def golden_questions() -> Path:
    """The question file that comes with the code."""
    return Path(__file__).parent.parent / "training" / "golden.jsonl"


def differences(settings: Settings, a: str, b: str, items: Sequence[Item]) -> list[dict[str, Any]]:
    """The questions which two adapters answer differently."""
    from bot.reading.scores import evaluate as score

    said = []
    for name in (a, b):
        folder, card = _adapter(settings, name)
        reader = _reader(settings, folder, _base_of(settings, card))
        lowest = threshold(card, settings.min_confidence).value
        said.append(score(reader, items, min_confidence=lowest)[1])
    return [
        {"question": item.question, "a": one.answer, "b": other.answer, "accepted": list(item.references)}
        for item, one, other in zip(items, *said, strict=True)
        if one.answer != other.answer
    ]


def forget(settings: Settings, person: str) -> dict[str, Any]:
    """Removes what a person asked, said and taught, and retires the adapters that learned from it."""
    from bot.forgetting import forget_person

    with opened(settings) as store:
        return forget_person(store, _registry(settings, store), settings.home, person)


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


def _reader(settings: Settings, folder: Path, base: str) -> Reader:
    from bot.reading.readers import load_reader

    return load_reader(
        folder, base=base, quantize=settings.quantize, threads=settings.threads, writing=settings.writing
    )


def _base_of(settings: Settings, card: dict[str, Any]) -> str:
    """Where the base of any adapter is: the one that is set, where it is the same, else the one that the card names."""
    from bot.reading.bases import sha256_of

    return settings.base if card["base_sha256"] == sha256_of(settings.base) else str(card["base"])


def _on_terminal(what: str) -> Callable[[float, str], None] | None:
    """A one-line progress on stderr, where somebody is watching."""
    if not sys.stderr.isatty():
        return None
    return lambda share, text: print(f"\r{what}: {share:4.0%} {text:60}", end="", file=sys.stderr, flush=True)
