"""What people said in Slack, kept as documents: a question with its accepted answer, or one message such as a pinned one.

Live learning and archives come through here, so that both give a message the same source and nothing is kept twice.
"""

from __future__ import annotations

import hashlib
import json
import re
import textwrap
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot.knowledge.accepted import Accepted, Said
from bot.knowledge.cutting import cut
from bot.knowledge.learning import embedded
from bot.knowledge.plain import mentioned, unslack
from bot.reading.encoder import Encoder
from bot.records import Document, Passage
from bot.store import Store, documents, slack_sources

TITLE_WIDTH = 80
_SAID = (None, "thread_broadcast", "file_share", "me_message", "bot_message")


@dataclass(frozen=True, slots=True)
class Heard:
    """A document of something said in one channel, and the messages that it stands on."""

    document: Document
    passages: tuple[Passage, ...]
    channel: str
    messages: tuple[tuple[str, str], ...]  # (ts, who wrote it)


def said(
    message: Mapping[str, Any], names: Mapping[str, str] | None = None, bots: Collection[str] = ()
) -> Said | None:
    """A message as `conversations.history` and archives have it; None for what nobody said: joins, edits, tombstones.

    `names`: of people by id, for mentions; `bots`: ids of people who are none.
    """
    ts, person = message.get("ts"), message.get("user") or message.get("bot_id")
    if not isinstance(ts, str) or not isinstance(person, str) or message.get("subtype") not in _SAID:
        return None
    raw = message.get("text")
    raw = raw if isinstance(raw, str) else ""
    return Said(
        ts=ts,
        person=person,
        text=unslack(raw, names),
        bot=bool(message.get("bot_id")) or person in bots,
        reactions=_reactions(message.get("reactions")),
        mentions=mentioned(raw),
    )


def source_of(channel: str, ts: str) -> str:
    return f"slack:{channel}:{ts}"


def ts_of(channel: str, source: str) -> str | None:
    """The message of the channel that a document is about; None where it is about something else."""
    found = re.fullmatch(rf"slack:{re.escape(channel)}:(\d+\.\d+)", source)
    return found.group(1) if found else None


def of_pair(pair: Accepted, *, channel: str, scope: str, link: str | None = None, place: str = "") -> Heard:
    """A question and its accepted answer; found by either, read from the answer's beginning.

    `place`: where it was said, for people to read, such as "#help".
    """
    answers = cut(pair.answer, title="", scope=scope)
    title = _title(pair.question)
    passages = tuple(
        Passage(
            document_id=0,
            scope=scope,
            title=title,
            heading=place,
            text=f"{pair.question}\n{part.text}",
            start=part.start,
            ordinal=part.ordinal,
            question=pair.question,
            answer_start=len(pair.question) + 1,
        )
        for part in answers
    )
    who = ((pair.asked, pair.asker), *((ts, pair.answerer) for ts in pair.answered))
    return _heard(title, passages, channel, pair.answerer, link, who)


def of_message(
    said: Said, *, channel: str, scope: str, link: str | None = None, place: str = ""
) -> Heard | None:
    """One message by itself; None where it has no words."""
    title = _title(said.text)
    pieces = cut(said.text, title=title, scope=scope)
    passages = tuple(replace(each, heading=each.heading or place) for each in pieces)
    if not passages:
        return None
    return _heard(title, passages, channel, said.person, link, ((said.ts, said.person),))


def keep(store: Store, encoder: Encoder, heard: Sequence[Heard]) -> Counter[str]:
    """Stores what was heard in one transaction; counts what was "learned", "replaced" and "unchanged".

    What the same source said in another scope goes: a message has one. What is known of a later moment (`learned_at`) stays.
    """
    outcomes = [_outcome(store, each.document) for each in heard]
    fresh = [each for each, outcome in zip(heard, outcomes, strict=True) if outcome != "unchanged"]
    texts = list(dict.fromkeys(_embedded(passage) for each in fresh for passage in each.passages))
    vectors = dict(zip(texts, (each.tobytes() for each in encoder.encode(texts)), strict=True))
    with store.write():
        for each in fresh:
            documents.remove_elsewhere(store, each.document.source, each.document.scope)
            of_passages = [vectors[_embedded(passage)] for passage in each.passages]
            document_id = documents.replace(store, each.document, each.passages, of_passages)
            slack_sources.forget_document(store, document_id)
            for ts, person in each.messages:
                slack_sources.note(store, document_id, each.channel, ts, person=person)
    return Counter(outcomes)


def _reactions(given: Any) -> dict[str, frozenset[str]]:
    marks: dict[str, frozenset[str]] = {}
    for each in given if isinstance(given, list) else ():
        if isinstance(each, dict) and isinstance(people := each.get("users"), list):
            name = str(each.get("name")).partition("::")[0]
            marks[name] = marks.get(name, frozenset()) | {who for who in people if isinstance(who, str)}
    return marks


def _outcome(store: Store, new: Document) -> str:
    known = documents.of_source(store, new.source)
    if not known:
        return "learned"
    newest = max(known, key=lambda each: each.learned_at)
    older = 0.0 < new.learned_at < newest.learned_at
    same = (newest.scope, newest.sha256, newest.link) == (new.scope, new.sha256, new.link)
    return "unchanged" if older or same else "replaced"


def _embedded(passage: Passage) -> str:
    """A pair is sought by its question, as taught answers are."""
    return passage.question or embedded(passage)


def _heard(
    title: str,
    passages: tuple[Passage, ...],
    channel: str,
    person: str,
    link: str | None,
    messages: tuple[tuple[str, str], ...],
) -> Heard:
    said = json.dumps([[each.text for each in passages], messages])
    document = Document(
        source=source_of(channel, messages[0][0]),
        title=title,
        scope=passages[0].scope,
        sha256=hashlib.sha256(said.encode()).hexdigest(),
        kind="slack",
        link=link,
        person=person,
    )
    return Heard(document, passages, channel, messages)


def _title(text: str) -> str:
    line = next((line for line in text.splitlines() if line.strip()), "")
    return textwrap.shorten(line, TITLE_WIDTH, placeholder="…") or line[:TITLE_WIDTH]
