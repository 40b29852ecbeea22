"""A Lorebot of its own for tests: everything that `lorebot run --http PORT` starts, with a reader that needs no model.

python tests/lorebot_process.py HOME SLACK_API_URL PORT SECONDS_A_QUESTION
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from adapter_folders import write_adapter
from stand_ins import HashingEncoder, ScriptedReader

from bot import logs
from bot.answering import Answerer, LiveReader
from bot.app import Service
from bot.connecting import connect, until_stopped
from bot.errors import LorebotError
from bot.knowledge.index import Index
from bot.records import WORKSPACE, Document, Passage, Reading
from bot.registry import Registry
from bot.settings import Settings
from bot.store import Store, documents, open_store

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
SEED = "seed"


class Slow(ScriptedReader):
    """Takes its time over every question."""

    def __init__(self, adapter: str, seconds: float) -> None:
        super().__init__(adapter, {"25th": 0.95})
        self._seconds = seconds

    def read(self, question: str, passages: Sequence[str], *more: Any, **options: Any) -> Reading:
        time.sleep(self._seconds)
        return super().read(question, passages, *more, **options)


def versions(store: Store, home: Path) -> Registry:
    folder = home / SEED
    if not folder.exists():
        write_adapter(folder, SEED, parent=None, min_confidence=0.5)
    return Registry(store, home / "adapters", base="all-MiniLM-L6-v2", seed=folder)


def learn(store: Store) -> None:
    text = "Payday is the 25th of each month."
    passage = Passage(0, WORKSPACE, "Pay", "", text, 0, 0)
    vectors = [HashingEncoder().encode([text])[0].tobytes()]
    documents.replace(store, Document("/pay.md", "Pay", WORKSPACE, "h"), [passage], vectors)


def main(home: Path, api_url: str, port: int, seconds: float) -> None:
    settings = Settings(  # type: ignore[call-arg]
        _env_file=None,
        home=home,
        slack_bot_token="xoxb-1",
        slack_signing_secret=SECRET,
        slack_api_url=api_url,
        retrain_cron="",
    )
    logs.set_up(level="INFO")
    with ExitStack() as running:
        store = open_store(settings.database)
        registry, encoder = versions(store, home), HashingEncoder()
        index, live = Index(store, encoder), LiveReader(registry, lambda adapter: Slow(adapter.id, seconds))
        service = Service(
            settings, store, registry, encoder, index, live, Answerer(store, index, encoder, live)
        )  # type: ignore[arg-type]
        room = connect(running, service, http_port=port)
        print("ready", flush=True)
        until_stopped(room, settings)


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
    except LorebotError as error:
        print(f"lorebot: {error}", flush=True)
        sys.exit(1)
