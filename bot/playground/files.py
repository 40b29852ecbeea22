"""A file of the workspace: what somebody dropped into a conversation, a picture of the bot's, or a canvas.

What a file is goes by its name, as in Slack, except pictures: those are told by their first bytes.
"""

import mimetypes
import time
from dataclasses import dataclass, field
from typing import Any

from bot.playground.teams import TEAM_ID

Json = dict[str, Any]

PICTURES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif"}
CANVAS_KIND = "application/vnd.slack-docs"
PRETTY = {
    "md": "Markdown",
    "txt": "Plain Text",
    "text": "Plain Text",
    "pdf": "PDF",
    "docx": "Word Document",
    "xlsx": "Excel Spreadsheet",
    "csv": "CSV",
    "html": "HTML",
    "png": "PNG",
    "jpg": "JPEG",
    "gif": "GIF",
    "zip": "Zip",
    "quip": "Canvas",
}
NAMED = {"txt": "text", "jpeg": "jpg", "htm": "html", "markdown": "md", "": "binary"}


@dataclass(frozen=True)
class Upload:
    """A file. Without `content` it is awaited still; until `shown` nobody sees it. `base` is the server's URL."""

    id: str
    name: str
    length: int
    user: str
    base: str = ""
    alt: str = ""
    title: str = ""
    content: bytes = b""
    shown: bool = False
    canvas: bool = False
    source: str = ""  # what a canvas was written as: Markdown
    gone: bool = False
    created: int = field(default_factory=lambda: int(time.time()))

    @property
    def picture(self) -> str | None:
        """The type of a picture that can be shown; None of anything else."""
        return next((kind for head, kind in PICTURES.items() if self.content.startswith(head)), None)

    @property
    def filetype(self) -> str:
        ending = self.name.rpartition(".")[2].lower() if "." in self.name else ""
        return "quip" if self.canvas else NAMED.get(ending, ending)

    @property
    def mimetype(self) -> str:
        if self.canvas:
            return CANVAS_KIND
        if self.name.endswith((".md", ".txt")):
            return "text/plain"
        return self.picture or mimetypes.guess_type(self.name)[0] or "application/octet-stream"

    @property
    def path(self) -> str:
        """Where the bot downloads it, with its token."""
        return f"/files-pri/{TEAM_ID}-{self.id}"

    def slack(self) -> Json:
        """The file as messages, `files.info` and `files.list` give it; a deleted one leaves a stone."""
        if self.gone:
            return {"id": self.id, "mode": "tombstone"}
        pretty = PRETTY.get(self.filetype, self.filetype.upper())
        ending = "canvas" if self.canvas else self.name
        shape: Json = {
            "id": self.id,
            "created": self.created,
            "timestamp": self.created,
            "name": self.name,
            "title": self.title or self.name,
            "mimetype": self.mimetype,
            "filetype": self.filetype,
            "pretty_type": pretty,
            "user": self.user,
            "user_team": TEAM_ID,
            "mode": "quip" if self.canvas else "hosted",
            "editable": self.canvas,
            "size": self.length,
            "is_external": False,
            "external_type": "",
            "is_public": False,
            "public_url_shared": False,
            "display_as_bot": False,
            "username": "",
            "file_access": "visible",
            "url_private": f"{self.base}{self.path}/{ending}",
            "url_private_download": f"{self.base}{self.path}/download/{ending}",
            "permalink": f"{self.base}/page/file/{self.id}",
            "has_rich_preview": False,
        }
        if self.alt:
            shape["alt_txt"] = self.alt
        return shape
