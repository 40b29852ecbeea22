"""Small Slack exports for tests, in the shape that Slack's help page "How to read Slack data exports" describes."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Json = dict[str, Any]
START = 1_717_236_000  # 1 June 2024, 10:00 UTC
DAYS = ("2024-06-01", "2024-06-02", "2024-06-03")


def ts(second: int, day: int = 0) -> str:
    return f"{START + day * 86400 + second}.000100"


def message(
    person: str, text: str, second: int, *, day: int = 0, thread: str | None = None, **more: Any
) -> Json:
    own = {"type": "message", "user": person, "text": text, "ts": ts(second, day), **more}
    return {**own, "thread_ts": thread} if thread else own


def asked(
    question: str,
    answer: str,
    second: int = 0,
    *,
    day: int = 0,
    last: str = "Thanks, that worked!",
    **more: Any,
) -> list[Json]:
    """A thread in which U1 asks, U2 answers, and U1 has the last word."""
    root = ts(second, day)
    return [
        message("U1", question, second, day=day, thread=root, reply_count=2, **more),
        message("U2", answer, second + 10, day=day, thread=root),
        message("U1", last, second + 20, day=day, thread=root),
    ]


@dataclass
class Export:
    """What lies in an archive, to be packed."""

    public: dict[str, str] = field(default_factory=lambda: {"general": "C1"})  # id by name
    private: dict[str, str] = field(default_factory=dict)
    direct: list[str] = field(default_factory=list)
    groups: dict[str, str] = field(default_factory=dict)  # direct messages of several people
    days: dict[tuple[str, str], list[Json]] = field(default_factory=dict)  # by (folder, date)
    pins: dict[str, list[str]] = field(default_factory=dict)  # ts by channel name
    people: list[Json] = field(
        default_factory=lambda: [
            {"id": "U1", "team_id": "T1", "name": "alice", "profile": {"display_name": "Alice"}},
            {
                "id": "U2",
                "team_id": "T1",
                "name": "ben",
                "profile": {"display_name": "", "real_name": "Ben B"},
            },
            {"id": "UBOT", "team_id": "T1", "name": "robot", "is_bot": True, "profile": {}},
        ]
    )

    def members(self) -> dict[str, Any]:
        def listed(channels: dict[str, str]) -> list[Json]:
            return [
                {"id": i, "name": name, "pins": [{"id": pin, "type": "C"} for pin in self.pins.get(name, [])]}
                for name, i in channels.items()
            ]

        return {
            "channels.json": listed(self.public),
            "groups.json": listed(self.private),
            "dms.json": [{"id": each, "members": ["U1", "U2"]} for each in self.direct],
            "mpims.json": listed(self.groups),
            "users.json": self.people,
            "integration_logs.json": [],
            **{f"{folder}/{date}.json": messages for (folder, date), messages in self.days.items()},
        }

    def packed(self, path: Path, top: str = "") -> Path:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
            for name, content in self.members().items():
                package.writestr(top + name, json.dumps(content))
        return path

    def unpacked(self, folder: Path) -> Path:
        for name, content in self.members().items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(json.dumps(content))
        return folder
