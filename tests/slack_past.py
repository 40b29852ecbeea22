"""A Slack with a past: files, canvases, pins and conversations that were there before, behind the stage's Web API.

It pages, forgets nobody's reactions and gives files only to whoever brings the bot's token, as Slack does.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from slack_stage import ALICE, CHANNEL, Json, Stage, WebApi, event, next_ts, stage, until

from bot.records import ChannelSettings
from bot.slack.learning.live import Learning
from bot.store import channels, documents

BOB, CAROL = "U0BOB", "U0CAROL"
TOKEN = "xoxb-1"


@dataclass
class Past(WebApi):
    """`files`: by id, what files.info says, with `bytes` beside it. `said`: by channel, messages in any order."""

    files: dict[str, Json] = field(default_factory=dict)
    said: dict[str, list[Json]] = field(default_factory=dict)
    pins: dict[str, list[str]] = field(default_factory=dict)
    canvases: dict[str, str] = field(default_factory=dict)  # by file id, as Markdown
    page: int = 200
    tokens_seen: list[str | None] = field(default_factory=list)  # at downloads
    before: Any = None  # called with (method, asked) first

    def __post_init__(self) -> None:
        super().__init__()

    # What there is

    def share(self, file: str, name: str, data: bytes = b"", **more: Any) -> Json:
        """A file that somebody uploaded; returns it as a message carries it."""
        self.files[file] = {
            "id": file,
            "name": name,
            "title": name,
            "mode": "hosted",
            "mimetype": "application/octet-stream",
            "size": len(data),
            "user": ALICE,
            "permalink": f"https://t.slack.com/files/{ALICE}/{file}",
            "url_private_download": self.url.replace("/api/", f"/files-pri/{file}"),
            "bytes": data,
            **more,
        }
        return self.shown(file)

    def canvas(self, file: str, title: str, markdown: str, **more: Any) -> Json:
        self.canvases[file] = markdown
        return self.share(
            file,
            title,
            title=title,
            mode="quip",
            filetype="quip",
            mimetype="application/vnd.slack-docs",
            **more,
        )

    def shown(self, file: str) -> Json:
        return {name: value for name, value in self.files[file].items() if name != "bytes"}

    def write(self, text: str, user: str = ALICE, *, channel: str = CHANNEL, **more: Any) -> Json:
        said: Json = {
            "type": "message",
            "user": user,
            "text": text,
            "ts": more.pop("ts", None) or next_ts(),
            **more,
        }
        self.said.setdefault(channel, []).append(said)
        for each in more.get("files", []):
            self.put(each["id"], channel)
        return said

    def put(self, file: str, channel: str) -> None:
        """A file is to be seen in a channel from now on."""
        if file in self.files and not channel.startswith("D"):
            here = self.files[file].setdefault("channels", [])
            self.files[file]["channels"] = list(dict.fromkeys([*here, channel]))

    def reply(self, to: Json, text: str, user: str, *, channel: str = CHANNEL, **more: Any) -> Json:
        to["thread_ts"] = to["ts"]
        to["reply_count"] = to.get("reply_count", 0) + 1
        return self.write(text, user, channel=channel, thread_ts=to["ts"], **more)

    def answered(self, question: str, answer: str, *, channel: str = CHANNEL, **more: Any) -> Json:
        """A question that Alice asked, Bob answered, and Alice thanked for; returns the question."""
        asked = self.write(question, ALICE, channel=channel, **more)
        self.reply(asked, answer, BOB, channel=channel)
        self.reply(asked, "Thanks, that worked!", ALICE, channel=channel)
        return asked

    # What it says

    def answer(self, method: str, asked: Json) -> Json:
        if self.before is not None:
            self.before(method, asked)
        if method in self.refuse:
            return super().answer(method, asked)
        tell = getattr(self, "_" + method.replace(".", "_"), None)
        if tell is None:
            return super().answer(method, asked)
        self.calls.append((method, asked))
        found: Json = tell(asked)
        return found if "ok" in found else {"ok": True, **found}

    def _files_info(self, asked: Json) -> Json:
        known = asked["file"] in self.files
        return {"file": self.shown(asked["file"])} if known else {"ok": False, "error": "file_not_found"}

    def _files_list(self, asked: Json) -> Json:
        here = [file for file, each in self.files.items() if asked["channel"] in each.get("channels", ())]
        count, page = int(asked["count"]), int(asked["page"])
        shown = [self.shown(file) for file in here[(page - 1) * count : page * count]]
        return {"files": shown, "paging": {"page": page, "pages": max(1, -(-len(here) // count))}}

    def _canvases_getContent(self, asked: Json) -> Json:
        return {"content": self.canvases[asked["canvas_id"]]}

    def _pins_list(self, asked: Json) -> Json:
        channel = asked["channel"]
        found = {each["ts"]: each for each in self.said.get(channel, [])}
        return {"items": [{"type": "message", "message": found[ts]} for ts in self.pins.get(channel, [])]}

    def _chat_getPermalink(self, asked: Json) -> Json:
        return {
            "permalink": f"https://t.slack.com/archives/{asked['channel']}/p{asked['message_ts'].replace('.', '')}"
        }

    def _conversations_info(self, asked: Json) -> Json:
        told = {"id": asked["channel"], "name": "help", "is_member": True, "is_private": False}
        return {"channel": {**told, **self.channels.get(asked["channel"], {})}}

    def _conversations_history(self, asked: Json) -> Json:
        latest, oldest = float(asked.get("latest") or time.time() + 1e6), float(asked.get("oldest") or 0)
        first = [
            each
            for each in self.said.get(asked["channel"], [])
            if each.get("thread_ts", each["ts"]) == each["ts"]
        ]
        found = sorted(first, key=lambda each: -float(each["ts"]))
        found = [each for each in found if oldest < float(each["ts"]) < latest]
        return {"messages": found[: self.page], "has_more": len(found) > self.page}

    def _conversations_replies(self, asked: Json) -> Json:
        found = self.said.get(asked["channel"], [])
        here = [each for each in found if each["ts"] == asked["ts"]]
        if not here:
            return {"ok": False, "error": "thread_not_found"}
        if here[0].get("thread_ts", asked["ts"]) != asked["ts"]:
            return {"messages": here}  # a reply is told alone
        thread = [each for each in found if each.get("thread_ts", each["ts"]) == asked["ts"]]
        begin = int(asked.get("cursor") or 0)
        end = begin + min(self.page, int(asked.get("limit", 200)))
        cursor = {"next_cursor": str(end)} if end < len(thread) else {}
        return {"messages": thread[begin:end], "has_more": bool(cursor), "response_metadata": cursor}

    def download(self, request: BaseHTTPRequestHandler) -> None:
        self.tokens_seen.append(request.headers.get("Authorization"))
        file = self.files.get(request.path.removeprefix("/files-pri/"))
        target = (file or {}).get("redirect")
        if file is None or request.headers.get("Authorization") != f"Bearer {TOKEN}" or target:
            request.send_response(302)
            request.send_header("Location", target or "https://t.slack.com/?redir=%2Ffiles-pri")
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        request.send_response(200)
        request.send_header("Content-Length", str(len(file["bytes"])))
        request.end_headers()
        with suppress(ConnectionError):  # who fetched it had enough
            request.wfile.write(file["bytes"])


@dataclass
class Elsewhere:
    """A host that isn't Slack's, and what it was sent."""

    url: str
    headers: list[dict[str, str]]


@contextmanager
def elsewhere() -> Iterator[Elsewhere]:
    seen: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(dict(self.headers))
            self.send_response(200)
            self.send_header("Content-Length", "6")
            self.end_headers()
            self.wfile.write(b"secret")

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield Elsewhere(f"http://127.0.0.1:{server.server_port}/", seen)
    finally:
        server.shutdown()
        server.server_close()


@dataclass
class Scene:
    on: Stage
    slack: Past

    @property
    def learning(self) -> Learning:
        return self.on.app.learning

    def send(self, inner: Json) -> Json:
        body = event(inner)
        assert self.on.send(body).status == 200
        self.settle()
        return body

    def settle(self) -> None:
        self.on.settle()
        until(self.learning.settled)
        self.on.settle()

    def configure(self, channel: str = CHANNEL, **chosen: Any) -> None:
        """A channel is set up, and what it holds is looked at."""
        channels.configure(self.on.store, ChannelSettings(channel, by=ALICE, at=time.time(), **chosen))
        self.learning.settings_changed(channel)
        self.settle()

    def drop(self, *files: Json, channel: str = CHANNEL, user: str = ALICE, **more: Any) -> Json:
        """A message that brings files."""
        kind = "im" if channel.startswith("D") else more.pop("channel_type", "channel")
        said = {"ts": next_ts(), "user": user, "text": "", "files": list(files), **more}
        self.slack.said.setdefault(channel, []).append({"type": "message", **said})
        for each in files:
            self.slack.put(each["id"], channel)
        return self.send(
            {"type": "message", "subtype": "file_share", "channel": channel, "channel_type": kind, **said}
        )

    def known(self) -> dict[str, str]:
        """Sources of what was learned, with their scopes."""
        return {
            each.source: each.scope for each in documents.documents(self.on.store) if each.kind == "slack"
        }

    def text(self, source: str) -> str:
        (found,) = [each for each in documents.documents(self.on.store) if each.source == source]
        return "\n".join(each.text for each in documents.passages_of(self.on.store, found.id or 0))


@contextmanager
def scene(folder: Path, slack: Past | None = None, **settings: Any) -> Iterator[Scene]:
    past = slack or Past()
    try:
        with stage(folder, slack=past, **settings) as on:
            on.app.learning.history.pace_s = 0.0
            yield Scene(on, past)
    finally:
        if slack is None:
            past.close()
