"""Fetches what people shared: the bytes of a file, or the text of a canvas.

The bot token goes to Slack's hosts and nowhere else, whatever a file's address or a redirect says; what comes is read in
pieces and dropped at the limit, whatever its length was said to be. Slack's documentation: "file object", "Working with
files", "canvases.getContent".
"""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from pathlib import PurePath
from typing import Any
from urllib.parse import urljoin, urlsplit

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.errors import DocumentError
from bot.knowledge.convert import SUPPORTED
from bot.slack import words

SECONDS = 30
REDIRECTS = 3
PIECE = 64 * 1024
SLACKS = ("slack.com", "slack-gov.com", "slack-files.com")
OUT_OF_REACH = ("external", "hidden_by_limit", "tombstone")
"""Modes of files whose bytes Slack doesn't have, doesn't show any more, or that are gone."""

OTHER_KINDS = ("image/", "video/", "audio/")
_SNIPPETS = {"text": ".txt", "markdown": ".md", "csv": ".csv", "html": ".html"}
_MENTION = re.compile(r"!\[[^\]\n]*\]\(([@#][^)\s]*)\)")
_GONE = ("file_not_found", "file_deleted", "canvas_not_found", "canvas_deleted")


class OutOfReachError(DocumentError):
    """Slack doesn't give a file away; `gone` where that is because it was deleted."""

    def __init__(self, why: str, *, gone: bool = False) -> None:
        super().__init__(why)
        self.gone = gone


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file as it came."""

    id: str
    name: str  # its suffix tells its kind
    data: bytes
    person: str | None  # who made it
    link: str | None  # its page in Slack
    title: str | None  # of a canvas; other files are called as their text says


def fetch(client: WebClient, file: str, *, max_file_mb: float) -> Fetched:
    """A file or canvas by its id. Asks `files.info` first: events of shared channels carry an id and no more.

    Raises DocumentError in one line, OutOfReachError where Slack keeps it; SlackApiError and OSError as the client does.
    """
    info = info_of(client, file)
    made: dict[str, Any] = {
        "id": file,
        "person": info.get("user") or None,
        "link": info.get("permalink") or None,
    }
    title = " ".join(str(info.get("title") or "").split()) or None
    if is_canvas(info):
        name, data = _canvas(client, info, max_file_mb)
        return Fetched(**made, name=name, data=data, title=title)
    name = _name(info)
    if (
        PurePath(name.lower()).suffix in SUPPORTED
    ):  # nothing else is worth its download; the refusal needs no bytes
        _refuse_too_large(float(info.get("size") or 0), max_file_mb)
        data = download(client, _address(info), max_bytes=int(max_file_mb * 1_000_000))
    else:
        data = b""
    return Fetched(**made, name=name, data=data, title=None)


def info_of(client: WebClient, file: str) -> dict[str, Any]:
    """What Slack says of a file. Raises OutOfReachError where it is gone, kept elsewhere, or not for us."""
    try:
        info: dict[str, Any] = client.files_info(file=file)["file"] or {}
    except SlackApiError as error:
        code = str(error.response.get("error"))
        if code in (*_GONE, "access_denied", "not_visible", "missing_scope"):
            raise OutOfReachError(_refused(code), gone=code in _GONE) from None
        raise
    if info.get("is_external") or info.get("mode") in OUT_OF_REACH:
        raise OutOfReachError(
            "it isn't kept by Slack; expected a file that was uploaded: upload it here",
            gone=info.get("mode") == "tombstone",
        )
    return info


def is_canvas(info: Mapping[str, Any]) -> bool:
    return info.get("mimetype") == "application/vnd.slack-docs" or not {
        info.get("mode"),
        info.get("filetype"),
    }.isdisjoint(("canvas", "quip"))


def is_learnable(info: Mapping[str, Any]) -> bool:
    """Whether somebody who shares a file may expect it to be learned: not a picture, a recording, or what a list shows."""
    mimetype = str(info.get("mimetype") or "")
    return not mimetype.startswith(OTHER_KINDS) and info.get("mode") not in ("list", *OUT_OF_REACH)


def download(client: WebClient, url: str, *, max_bytes: int) -> bytes:
    """What is at one of Slack's addresses, fetched with the bot token. Raises DocumentError: not Slack's, or too large."""
    opener = urllib.request.build_opener(*_handlers(client))
    for _ in range(REDIRECTS + 1):
        if not is_slacks(url, client.base_url):
            raise OutOfReachError("it isn't kept by Slack; expected a file that was uploaded: upload it here")
        request = urllib.request.Request(url, headers={"Authorization": f"Bearer {client.token}"})
        try:
            with opener.open(request, timeout=SECONDS) as answer:
                return _read(answer, max_bytes)
        except urllib.error.HTTPError as error:
            with error:
                url = urljoin(url, _target(error))
        except HTTPException as error:
            raise OSError(f"the download broke off ({type(error).__name__})") from None
    raise OutOfReachError("Slack sends its address from page to page; expected a file: try it again later")


def is_slacks(url: str, api_url: str) -> bool:
    """Whether the bot token may be sent there: to Slack by TLS, or to where the Web API itself is."""
    at, api = urlsplit(url), urlsplit(api_url)
    if at.username is not None or at.password is not None:
        return False
    if (at.scheme, at.netloc) == (api.scheme, api.netloc):
        return True
    host = (at.hostname or "").rstrip(".").lower()
    return (
        at.scheme == "https"
        and at.port in (None, 443)
        and any(host == slack or host.endswith("." + slack) for slack in SLACKS)
    )


def _canvas(client: WebClient, info: Mapping[str, Any], max_file_mb: float) -> tuple[str, bytes]:
    """(name, text) of a canvas: as Markdown, or as the page that older Slacks give instead."""
    try:
        text = str(client.canvases_getContent(canvas_id=str(info["id"]), content_type="markdown")["content"])
    except SlackApiError as error:
        code = str(error.response.get("error"))
        if code in _GONE:
            raise OutOfReachError(_refused(code), gone=True) from None
        if code == "ratelimited":
            raise
        return "canvas.html", download(client, _address(info), max_bytes=int(max_file_mb * 1_000_000))
    data = _MENTION.sub(r"\1", text).encode()
    _refuse_too_large(len(data), max_file_mb)
    return "canvas.md", data


def _address(info: Mapping[str, Any]) -> str:
    return str(info.get("url_private_download") or info.get("url_private") or "")


def _name(info: Mapping[str, Any]) -> str:
    """With the suffix of its kind, which a snippet's name may lack."""
    name = str(info.get("name") or info.get("title") or "file")
    if info.get("mode") == "snippet" and PurePath(name.lower()).suffix not in SUPPORTED:
        return name + _SNIPPETS.get(str(info.get("filetype")), "")
    return name


def _refuse_too_large(size: float, max_file_mb: float) -> None:
    if size > max_file_mb * 1_000_000:
        raise DocumentError(
            f"it has {size / 1e6:.1f} MB; expected at most {max_file_mb:g}: split it, or ask an admin to raise the limit"
        )


def _read(answer: HTTPResponse, max_bytes: int) -> bytes:
    data = bytearray()
    while piece := answer.read(PIECE):
        data += piece
        _refuse_too_large(len(data), max_bytes / 1_000_000)
    return bytes(data)


def _target(error: urllib.error.HTTPError) -> str:
    """Where an answer that isn't the file sends us. Raises OutOfReachError where that is a page to sign in, or nowhere."""
    target = error.headers.get("Location", "")
    if error.code == 429 or error.code >= 500:
        raise OSError(f"Slack answered {error.code}") from None
    if error.code not in (301, 302, 303, 307, 308) or not target or "redir=" in urlsplit(target).query:
        raise OutOfReachError(_refused("access_denied")) from None
    return target


def _refused(code: str) -> str:
    if code in _GONE:
        return words.FILE_GONE
    return words.FILE_NEEDS_SCOPE if code == "missing_scope" else words.FILE_KEPT_FROM_US


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Each address is looked at before the token goes there."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _handlers(client: WebClient) -> list[urllib.request.BaseHandler]:
    proxies = {"http": client.proxy, "https": client.proxy} if client.proxy else {}
    return [
        _NoRedirect(),
        urllib.request.ProxyHandler(proxies),
        urllib.request.HTTPSHandler(context=client.ssl),
    ]
