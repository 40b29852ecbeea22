"""Learns from a Slack export: questions with their accepted answers, and pinned messages.

What is learned is what live learning would have learned, under the same sources, so that the two don't double. An archive is
of one moment: it never takes the place of what was heard after it.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bot.errors import DocumentError
from bot.knowledge import heard
from bot.knowledge.accepted import Accepted, Said, accepted, asks
from bot.knowledge.archive import Archive, Channel, opened
from bot.knowledge.heard import Heard
from bot.knowledge.learning import Progress
from bot.reading.encoder import Encoder
from bot.records import WORKSPACE
from bot.store import Store, channels, documents, slack_sources

DAY_S = 86400.0
AT_ONCE = 64
"""Documents kept in one transaction."""
_SLACK = (".slack.com", ".slack-gov.com")


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What became of an export."""

    path: str
    channels: int = 0  # that were read
    private: int = 0  # of these: found only in themselves
    left_out: int = 0  # direct conversations and the like, unread
    messages: int = 0
    answered: int = 0  # questions with an accepted answer
    pinned: int = 0  # pinned messages beside those
    learned: int = 0  # these four: documents
    replaced: int = 0
    unchanged: int = 0
    pruned: int = 0
    failed: tuple[tuple[str, str], ...] = ()  # (member, reason)


def learn_export(
    store: Store,
    encoder: Encoder,
    path: Path,
    *,
    scope: str = WORKSPACE,
    prune: bool = False,
    link_base: str | None = None,
    progress: Progress | None = None,
) -> ExportReport:
    """Learns an export, a ZIP or the folder it was unpacked into; direct messages stay unread.

    `scope`: of what public channels hold. A channel that is private, was made so since, or keeps what it learns to itself
    has its own. `link_base` is the workspace's address (https://acme.slack.com); without it, links lead to the channel only.
    `prune` drops what was learned of these channels, up to the day when the export was made, and isn't in it any more.

    Raises DocumentError, with nothing learned: it can't be read as an export.
    """
    counts: Counter[str] = Counter()
    failed: list[tuple[str, str]] = []
    with opened(path) as archive:
        days, until = sum(len(each.days) for each in archive.channels), _until(archive)
        for channel in archive.channels:
            if progress:
                progress(counts["days"], days, f"#{channel.name}")
            read = _read(archive, channel)
            own = _scope(store, channel, scope)
            told = _told(read, archive, channel, own, link_base, until)
            for i in range(0, len(told), AT_ONCE):
                counts += heard.keep(store, encoder, told[i : i + AT_ONCE])
            if prune and not read.failed:
                counts["pruned"] += _prune(store, channel, told, until)
            counts += Counter(
                channels=bool(channel.days),
                private=bool(channel.days) and own != scope,
                days=len(channel.days),
                messages=read.messages,
                answered=len(read.pairs),
                pinned=len(told) - len(read.pairs),
            )
            failed += read.failed
        left_out = archive.left_out
    if progress:
        progress(days, days, "")
    del counts["days"]
    return ExportReport(str(path), **counts, left_out=left_out, failed=tuple(failed))


@dataclass(slots=True)
class _Read:
    """What a channel's days hold."""

    messages: int = 0
    pairs: list[Accepted] = field(default_factory=list)
    pinned: list[Said] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)


def _read(archive: Archive, channel: Channel) -> _Read:
    read, threads = _Read(), dict[str, list[Said]]()
    for day in channel.days:
        try:
            messages = archive.messages(day)
        except DocumentError as error:
            read.failed.append((day, str(error)))
            continue
        read.messages += len(messages)
        for message in messages:
            _sort_in(message, archive, channel, threads, read.pinned)
    read.pairs = [pair for thread in threads.values() if (pair := accepted(thread)) is not None]
    return read


def _sort_in(
    message: Mapping[str, Any],
    archive: Archive,
    channel: Channel,
    threads: dict[str, list[Said]],
    pinned: list[Said],
) -> None:
    """Puts a message where it belongs; most are no part of a question's thread, and cost next to nothing."""
    ts, thread = message["ts"], message.get("thread_ts")
    pins = message.get("pinned_to")
    pin = ts in channel.pins or (isinstance(pins, list) and channel.id in pins)
    begins = thread == ts and asks(str(message.get("text") or ""))
    if not (pin or begins or thread in threads):
        return
    said = heard.said(message, archive.names, archive.bots)
    if said is None:
        return
    if begins:
        threads[ts] = [said]
    elif thread in threads:
        threads[thread].append(said)
    if pin and not said.bot:
        pinned.append(said)


def _told(
    read: _Read, archive: Archive, channel: Channel, scope: str, link_base: str | None, until: float
) -> list[Heard]:
    """The documents of a channel, each message's once: what is both pinned and answered is a pair.

    What somebody from elsewhere or a guest has said stays in the channel, as it does in live learning.
    """
    link = _link_maker(link_base, archive.team)

    def place(ts: str, *people: str) -> dict[str, Any]:
        own = scope if archive.house.issuperset(people) else channel.id
        return {
            "channel": channel.id,
            "scope": own,
            "place": f"#{channel.name}",
            "link": link(channel.id, ts),
        }

    told = {said.ts: heard.of_message(said, **place(said.ts, said.person)) for said in read.pinned}
    for pair in read.pairs:
        told[pair.asked] = heard.of_pair(pair, **place(pair.asked, pair.asker, pair.answerer))
    return [
        replace(each, document=replace(each.document, learned_at=until)) for each in told.values() if each
    ]


def _scope(store: Store, channel: Channel, scope: str) -> str:
    """A channel that is public keeps to itself what it doesn't share, or is known not to be public any more."""
    public = channel.public and channels.is_public(store, channel.id) is not False
    return scope if public and channels.settings(store, channel.id).shares else channel.id


def _prune(store: Store, channel: Channel, told: Sequence[Heard], until: float) -> int:
    """Drops what was learned of the channel's days before, and isn't told any more; returns how much."""
    kept = {each.document.source for each in told}
    first = _day(channel.days[0]) if channel.days else until
    gone = [
        each.id
        for each in slack_sources.documents_from(store, channel.id)
        if each.source not in kept and each.id is not None and each.learned_at <= until
        if (ts := heard.ts_of(channel.id, each.source)) is not None and first <= float(ts) <= until
    ]
    documents.remove(store, gone)
    return len(gone)


def _until(archive: Archive) -> float:
    """The end of the last day that the archive has: what it knows is as old as that. In Unix seconds."""
    days = [_day(channel.days[-1]) for channel in archive.channels if channel.days]
    return min(max(days, default=0.0) + DAY_S, time.time())


def _day(member: str) -> float:
    return datetime.fromisoformat(Path(member).stem).replace(tzinfo=UTC).timestamp()


def _link_maker(link_base: str | None, team: str | None) -> Callable[[str, str], str | None]:
    """How a message is linked to: by the workspace's address, else by Slack's page that opens the channel."""
    host = urlsplit(link_base or "").hostname or ""
    if link_base and host.endswith(_SLACK):
        return lambda channel, ts: f"https://{host}/archives/{channel}/p{ts.replace('.', '')}"
    if team is None:
        return lambda channel, ts: None
    return lambda channel, ts: f"https://slack.com/app_redirect?team={team}&channel={channel}"
