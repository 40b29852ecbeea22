"""Reads a Slack export as it is: channels, people, and a day's messages at a time. Nothing is unpacked onto the disk.

Slack's help page "How to read Slack data exports" names the files: channels.json, groups.json (private channels), dms.json,
mpims.json, users.json (org_users.json of an organisation), and <channel>/<date>.json. What lies in direct messages is never
opened: only folders of channels that are listed as such are.
"""

from __future__ import annotations

import json
import re
import stat
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from bot.errors import DocumentError

MEMBER_MB = 200
"""A day of a channel, or the list of all people, is smaller than this unpacked."""

BOMB_MB = 100
BOMB_RATIO = 300
"""What unpacks to more than BOMB_MB and to BOMB_RATIO times its size is no text that people wrote."""

EXPECTED = "expected a Slack export (channels.json or users.json, and a folder for each channel)"
_DAY = re.compile(r"\d{4}-\d\d-\d\d\.json")
_LISTS = ("channels.json", "groups.json", "users.json", "org_users.json", "dms.json", "mpims.json")
_TELLING = ("channels.json", "users.json", "org_users.json")


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel of the archive, and where its days lie."""

    id: str
    name: str
    public: bool
    pins: frozenset[str]  # ts of its pinned messages
    days: tuple[str, ...]  # members of the archive, oldest first


@dataclass(frozen=True, slots=True)
class Archive:
    """An export that is open."""

    channels: tuple[Channel, ...]
    names: Mapping[str, str]  # of people, by id
    bots: frozenset[str]
    house: frozenset[str]  # people of the workspace itself: no guests, nobody from elsewhere
    team: str | None
    left_out: int  # direct conversations, and folders that no list names
    _source: _Source = field(repr=False)

    def messages(self, day: str) -> list[dict[str, Any]]:
        """A day's messages, oldest first. Raises DocumentError: it is damaged, or too large."""
        found = [each for each in _records(self._source, day) if isinstance(each.get("ts"), str)]
        return sorted(found, key=lambda each: str(each["ts"]))


def is_export(path: Path) -> bool:
    """Whether a path is to be read as an export: any ZIP, and a folder into which one was unpacked."""
    if path.is_dir():
        return (path / "channels.json").is_file() and any(
            (path / name).is_file() for name in ("users.json", "org_users.json")
        )
    return path.suffix.lower() == ".zip"


@contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """Opens an export. Raises DocumentError: gone, damaged, encrypted, a bomb, or something else than an export."""
    if path.is_dir():
        yield _archive(_Folder(path))
        return
    try:
        with zipfile.ZipFile(path) as package:
            yield _archive(_Zip(package, path.stat().st_size))
    except zipfile.BadZipFile as error:
        raise DocumentError(
            f"it is no ZIP that can be read ({error}); {EXPECTED}: download it again"
        ) from None
    except OSError as error:
        raise DocumentError(
            f"can't be read ({error.strerror or error}); {EXPECTED}: check the path"
        ) from None


class _Source(Protocol):
    """Where an export's files are."""

    names: list[str]

    def read(self, name: str) -> bytes: ...


class _Zip:
    def __init__(self, package: zipfile.ZipFile, size: int) -> None:
        members = [each for each in package.infolist() if not each.is_dir()]
        if any(each.flag_bits & 1 for each in members):
            raise DocumentError(f"it is encrypted; {EXPECTED} without a password: pack it again without one")
        unpacked = sum(each.file_size for each in members)
        if unpacked > BOMB_MB * 1e6 and unpacked > BOMB_RATIO * size:
            raise DocumentError(
                f"it unpacks to {unpacked / 1e6:.0f} MB, {unpacked / size:.0f} times its size; {EXPECTED}: download it again"
            )
        self._package, self._members = package, {each.filename: each for each in members}
        self.names = list(self._members)

    def read(self, name: str) -> bytes:
        member = self._members[name]
        _refuse_large(member.file_size)
        try:
            with self._package.open(member) as stream:
                data = stream.read(MEMBER_MB * 1_000_000 + 1)  # whatever its size was said to be
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError) as error:
            raise DocumentError(f"it is damaged ({error}); expected it whole: download it again") from None
        _refuse_large(len(data))
        return data


class _Folder:
    """An export that somebody, or their browser, has unpacked. Links are left where they are."""

    def __init__(self, root: Path) -> None:
        self._root = root
        plain = (each for pattern in ("*.json", "*/*.json") for each in root.glob(pattern) if _is_plain(each))
        self.names = [each.relative_to(root).as_posix() for each in plain if not each.parent.is_symlink()]

    def read(self, name: str) -> bytes:
        try:
            path = self._root / name
            _refuse_large(path.stat().st_size)
            return path.read_bytes()
        except OSError as error:
            raise DocumentError(
                f"can't be read ({error.strerror or error}); give this user the right to"
            ) from None


def _is_plain(path: Path) -> bool:
    return stat.S_ISREG(path.lstat().st_mode)


def _refuse_large(size: int) -> None:
    if size > MEMBER_MB * 1_000_000:
        raise DocumentError(f"it unpacks to {size / 1e6:.0f} MB; expected at most {MEMBER_MB}: leave it out")


def _archive(source: _Source) -> Archive:
    names = [each for each in source.names if not each.startswith("__MACOSX/")]
    telling = [each for each in names if each.rpartition("/")[2] in _TELLING]
    if not telling:
        raise DocumentError(
            f"there is no channels.json and no users.json in it; {EXPECTED}: unpack it, and learn its files"
        )
    root = min(telling, key=lambda each: (each.count("/"), each)).rpartition("/")[0]
    root = f"{root}/" if root else ""
    lists = {name: _records(source, root + name) if root + name in names else [] for name in _LISTS}
    people = [*lists["users.json"], *lists["org_users.json"]]
    teams = Counter(str(each["team_id"]) for each in people if each.get("team_id"))
    team = teams.most_common(1)[0][0] if teams else None
    days = _days(names, root)
    channels = _channels(lists, days)
    return Archive(
        channels=channels,
        names={str(each.get("id")): _name(each) for each in people},
        bots=frozenset(str(each.get("id")) for each in people if each.get("is_bot")) | {"USLACKBOT"},
        house=frozenset(str(each.get("id")) for each in people if _is_of(each, team)),
        team=team,
        left_out=len(days.keys() - {each.name for each in channels}),
        _source=source,
    )


def _days(names: list[str], root: str) -> dict[str, tuple[str, ...]]:
    """The members that hold messages, by the name of their folder, oldest first."""
    found: dict[str, list[str]] = {}
    for name in names:
        folder, _, day = name.removeprefix(root).rpartition("/")
        if name.startswith(root) and folder and "/" not in folder and _DAY.fullmatch(day):
            found.setdefault(folder, []).append(name)
    return {folder: tuple(sorted(days)) for folder, days in found.items()}


def _channels(
    lists: Mapping[str, list[dict[str, Any]]], days: Mapping[str, tuple[str, ...]]
) -> tuple[Channel, ...]:
    """The channels, each name once: what is listed as private or direct anywhere is that."""
    direct = {
        str(each.get(key))
        for name in ("dms.json", "mpims.json")
        for each in lists[name]
        for key in ("id", "name")
    }
    found: dict[str, Channel] = {}
    for name in ("channels.json", "groups.json"):
        for each in lists[name]:
            if (
                each.get("is_im")
                or each.get("is_mpim")
                or not {str(each.get("id")), str(each.get("name"))}.isdisjoint(direct)
            ):
                continue
            if isinstance(each.get("id"), str) and isinstance(each.get("name"), str):
                public = name == "channels.json" and not each.get("is_private")
                found[each["name"]] = Channel(
                    each["id"], each["name"], public, _pins(each), days.get(each["name"], ())
                )
    return tuple(found.values())


def _pins(channel: Mapping[str, Any]) -> frozenset[str]:
    pins = channel.get("pins")
    return (
        frozenset(str(each.get("id")) for each in pins if isinstance(each, dict))
        if isinstance(pins, list)
        else frozenset()
    )


def _is_of(person: Mapping[str, Any], team: str | None) -> bool:
    elsewhere = any(person.get(flag) for flag in ("is_restricted", "is_ultra_restricted", "is_stranger"))
    return not elsewhere and person.get("team_id", team) == team


def _name(person: Mapping[str, Any]) -> str:
    profile = person.get("profile") if isinstance(person.get("profile"), dict) else {}
    shown = (profile or {}).get("display_name") or (profile or {}).get("real_name") or person.get("real_name")
    return str(shown or person.get("name") or person.get("id"))


def _records(source: _Source, name: str) -> list[dict[str, Any]]:
    """A member that is a JSON list of objects; what isn't one is left out of it."""
    try:
        found = json.loads(source.read(name))
    except (ValueError, RecursionError):
        raise DocumentError(f"{name} is no JSON; expected a list: download the export again") from None
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
