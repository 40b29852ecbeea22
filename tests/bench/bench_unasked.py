"""What Lorebot says unasked in a channel set to "questions" that has learned the demo's handbook.

    python tests/bench/bench_unasked.py CHAT [--messages 500] [--adapter FOLDER] [--least 0.8]

CHAT is a .jsonl.gz with a `text` a line (real chat: ubuntu-irc); every n-th of its messages is said in the channel. It prints
how many ask something, how many would be answered, and each of those with its answer, to be read: warranted or not? Then the
reverse: of the handbook's own questions said in that channel, how many are answered, and how many of those answers are right
(F1 with a reference at least 0.5). Goes the way of a message in Slack up to the reply, without Slack.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from bot import answering
from bot.answering import Answerer, InService, LiveReader
from bot.knowledge.index import Index
from bot.knowledge.learning import learn
from bot.reading.encoder import load_encoder
from bot.reading.readers import load_reader
from bot.reading.shipped import shipped_seed
from bot.reading.squad import f1
from bot.records import WORKSPACE, Adapter, Answer, ChannelSettings, Question
from bot.slack.talk.modes import meant
from bot.store import Store, channels, open_store

ROOT = Path(__file__).parent.parent.parent
QUESTIONS = ROOT / "tests" / "data" / "handbook-questions.jsonl"
CHANNEL = "C0HELP"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("chat", type=Path)
    arguments.add_argument("--messages", type=int, default=500)
    arguments.add_argument("--adapter", type=Path, default=shipped_seed("all-MiniLM-L6-v2"))
    arguments.add_argument("--least", type=float, default=answering.UNASKED_CONFIDENCE)
    given = arguments.parse_args()
    if not given.chat.is_file():
        sys.exit(
            f"found no {given.chat}, expected chat as .jsonl.gz with a `text` a line: name where it lies"
        )
    answering.UNASKED_CONFIDENCE = (
        0.0  # all that the adapter answers at all; the thresholds are laid over it below
    )
    with tempfile.TemporaryDirectory() as home:
        store = open_store(Path(home) / "lorebot.db")
        channels.configure(store, ChannelSettings(CHANNEL, mode="questions"))
        answerer = _answerer(store, given.adapter)
        chat = _chat(store, answerer, _every(given.chat, given.messages), given.least)
        handbook = _handbook(store, answerer, given.least)
    print(f"{'from':>6}{'chat answered':>16}{'handbook answered':>20}{'right':>8}")
    for least in (0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9):
        told = [good for sure, good in handbook if sure >= least]
        print(f"{least:6.2f}{sum(sure >= least for sure in chat):16d}{len(told):20d}{sum(told):8d}")


def _chat(store: Store, answerer: Answerer, said: list[str], least: float) -> list[float]:
    """The confidence of each message that got an answer."""
    asking, sure, began = 0, [], time.perf_counter()
    for number, text in enumerate(said):
        question = _heard(store, text, number)
        if question is None:
            continue
        asking += 1
        if (answer := answerer.answer_if_sure(question)) is not None:
            sure.append(answer.confidence)
            if answer.confidence >= least:
                print(f"  {text}\n    -> {_shown(answer)}")
    answered = sum(each >= least for each in sure)
    print(
        f"chat: {len(said)} messages, {asking} ask something, {answered} answered unasked; {time.perf_counter() - began:.0f} s"
    )
    return sure


def _handbook(store: Store, answerer: Answerer, least: float) -> list[tuple[float, bool]]:
    """The confidence of each answer, and whether it is right."""
    rows = [json.loads(line) for line in QUESTIONS.read_text().splitlines()]
    rows = [row for row in rows if not row.get("follows")]
    heard, answered = 0, []
    for number, row in enumerate(rows):
        question = _heard(store, row["question"], 10_000 + number)
        if question is None:
            continue
        heard += 1
        answer = answerer.answer_if_sure(question)
        if answer is None:
            continue
        good = max((f1(answer.chosen_words, [each]) for each in row["answers"]), default=0.0) >= 0.5
        answered.append((answer.confidence, good))
        if not good and answer.confidence >= least:
            print(f"  {row['question']} (expected: {row['answers'] or 'no answer'})\n    -> {_shown(answer)}")
    told = [good for sure, good in answered if sure >= least]
    answerable = sum(not row["is_impossible"] for row in rows)
    print(
        f"handbook: {len(rows)} questions ({answerable} answerable), {heard} heard as questions, {len(told)} answered"
        f" unasked, {sum(told)} of those right"
    )
    return answered


def _heard(store: Store, text: str, number: int) -> Question | None:
    """What a message in the channel asks, where it is taken for a question."""
    event = {
        "type": "message",
        "channel": CHANNEL,
        "channel_type": "channel",
        "user": "U1",
        "ts": f"{number}.0",
        "text": text,
    }
    ask = meant(store, event, "U0BOT", ())
    return ask and Question("message", ask.key, ask.text, ask.person, CHANNEL, scopes=(WORKSPACE, CHANNEL))


def _answerer(store: Store, adapter: Path) -> Answerer:
    reader, encoder = load_reader(adapter), load_encoder()
    learn(store, encoder, [ROOT / "bot" / "playground" / "handbook"], scope=WORKSPACE)
    card = json.loads((adapter / "card.json").read_text())
    served = InService(Adapter(adapter.name, card["base"], "", "", str(adapter), card=card), reader)
    live = cast(LiveReader, SimpleNamespace(current=served, on_trial=None))
    return Answerer(store, Index(store, encoder), encoder, live)


def _shown(answer: Answer) -> str:
    source: Any = answer.evidence
    return f"[{answer.confidence:.2f}] {answer.text} | {' '.join(answer.sentence.split())} | {source.title} > {source.heading}"


def _every(chat: Path, count: int) -> list[str]:
    def texts() -> Iterator[str]:
        with gzip.open(chat, "rt", encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line)["text"]

    said = list(texts())
    return said[:: max(1, len(said) // count)][:count]


if __name__ == "__main__":
    main()
