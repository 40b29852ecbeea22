"""What is there on this machine: libraries, base, state, adapters, documents, schedule."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from bot.doctor.check import Check
from bot.errors import LorebotError
from bot.settings import Settings

LITTLE_MB, TOO_LITTLE_MB = 2000, 300
"""A retraining leaves an adapter and its checkpoints; the state file itself grows slowly."""


def checks(settings: Settings) -> Iterator[Check]:
    """Every check, in the order in which a newcomer would mend them."""
    for look in (
        _python,
        _libraries,
        _base,
        _other_bases,
        _state,
        _readable,
        _space,
        _adapter,
        _knowledge,
        _training,
        _admins,
        _retention,
    ):
        yield from look(settings)


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
        writable = os.access(_standing(settings.home), os.W_OK)
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


def _readable(settings: Settings) -> Iterator[Check]:
    """What holds people's words and tokens is for one account only."""
    for path, mode in ((settings.home, "700"), (Path(".env"), "600")):
        if path.exists() and os.name == "posix":
            mine = not path.stat().st_mode & 0o077
            found = f"{path} is for this account only" if mine else f"other accounts may look into {path}"
            yield Check("privacy", mine, found, "" if mine else f"chmod {mode} {path}", needed=False)


def _space(settings: Settings) -> Iterator[Check]:
    free = shutil.disk_usage(_standing(settings.home)).free / 1e6
    yield Check(
        "disk",
        free >= LITTLE_MB,
        f"{free:.0f} MB free where the state lies",
        "" if free >= LITTLE_MB else f"make room: a retraining wants {LITTLE_MB} MB",
        needed=free < TOO_LITTLE_MB,
    )


def _standing(folder: Path) -> Path:
    """The folder, or the nearest above it that is there already."""
    return next(each for each in (folder, *folder.parents) if each.exists())


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
    from bot.knowledge import expiring
    from bot.store import documents, open_store

    try:
        store = open_store(settings.database)
        counts = documents.counts(store)
    except LorebotError:
        return  # the state check has said it
    text = (
        f"{counts['documents']} documents, {counts['passages']} passages, {counts['taught']} taught answers"
    )
    if ending := expiring.ending(store, settings.taught_ttl):
        text += f", {len(ending)} of them about to expire"
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


def _admins(settings: Settings) -> Iterator[Check]:
    if settings.admins:
        yield Check(
            "admins",
            True,
            f"{', '.join(settings.admins)} hear of promotions, rollbacks and failures",
            needed=False,
        )
        return
    remedy = "set LOREBOT_ADMINS to the user ids of one or two people (their profile, Copy member ID)"
    yield Check("admins", False, "nobody is named to hear of a rollback or a failure", remedy, needed=False)


def _retention(settings: Settings) -> Iterator[Check]:
    days = settings.retention_days
    kept = f"kept {days:g} days" if days else "kept for good (LOREBOT_RETENTION_DAYS is 0)"
    yield Check("retention", True, f"questions, answers, feedback and learned messages are {kept}")


def _try(name: str, look: Callable[[], str]) -> Check:
    try:
        return Check(name, True, look())
    except LorebotError as error:
        return Check(name, False, str(error), "see above" if not str(error) else "")
