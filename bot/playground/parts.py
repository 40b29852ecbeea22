"""The parts of one playground, wired once by `server.py` and handed to its endpoints."""

from dataclasses import dataclass
from pathlib import Path

from bot.playground.events import EventFeed
from bot.playground.faults import Faults
from bot.playground.interactivity import Origin, ResponseUrls, Triggers
from bot.playground.limits import Limits
from bot.playground.manifest import Manifest
from bot.playground.shelf import Shelf
from bot.playground.socket_mode import Line, SocketMode
from bot.playground.workspace import Workspace


@dataclass(frozen=True)
class Parts:
    """`url` is where this server is reached, without a slash at its end; `folder` is the handbook's."""

    url: str
    folder: Path | None
    bot_token: str
    app_token: str
    signing_secret: str
    manifest: Manifest
    samples: tuple[str, ...]
    workspace: Workspace
    line: Line
    socket_mode: SocketMode
    feed: EventFeed
    triggers: Triggers
    response_urls: ResponseUrls
    uploads: Shelf
    faults: Faults
    limits: Limits

    def response_url(self, origin: Origin) -> str:
        return f"{self.url}/response/{self.response_urls.issue(origin)}"
