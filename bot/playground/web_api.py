"""Slack's Web API, as far as a bot like Lorebot uses it, under `/api/METHOD`.

An answer is always 200 with Slack's envelope; an error is one of Slack's codes, with details where Slack
gives them, except that too many calls get 429. What each method does is in `web_talk.py`, `web_directory.py`, `uploads.py`
and `pins.py`.
"""

import asyncio
import logging
import math
from collections.abc import Callable, Mapping
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from bot.playground import pins, rooms, uploads, web_directory, web_talk
from bot.playground.arguments import Arguments, read_body
from bot.playground.blocks import with_ids
from bot.playground.checks import checked_blocks
from bot.playground.interactivity import Origin
from bot.playground.parts import Parts
from bot.playground.records import Json
from bot.playground.refused import Refused
from bot.playground.teams import BOT_USER_ID

METHODS = web_talk.METHODS | web_directory.METHODS | uploads.METHODS | pins.METHODS

log = logging.getLogger(__name__)


def envelope(error: Refused) -> Json:
    answer: Json = {"ok": False, "error": error.code}
    if error.details:
        answer["response_metadata"] = {"messages": [f"[ERROR] {detail}" for detail in error.details]}
        answer["errors"] = list(error.details)
    return answer


def web_api(parts: Parts) -> Callable[[Request], Any]:
    """The endpoint of every method."""

    async def call(request: Request) -> Response:
        name = request.path_params["method"]
        await asyncio.sleep(parts.faults.slow_s)
        try:
            arguments = Arguments(await read_body(request))
            _authorize(parts, name, _token(request, arguments), arguments)
            if wait := math.ceil(parts.faults.limited_s) or parts.limits.wait(name, arguments):
                return _too_many(wait)
            answer = await METHODS[name](parts, arguments)
        except Refused as error:
            log.info("%s answered %s %s", name, error.code, "; ".join(error.details))
            return JSONResponse(envelope(error) | _scopes(parts, error), headers=_granted(parts))
        except Exception:
            # The playground's own fault: the bot gets what Slack answers to a fault of its own.
            log.exception("%s failed", name)
            return JSONResponse({"ok": False, "error": "internal_error"})
        if parts.faults.loses(parts.faults.lost_answers):
            return Lost()
        return JSONResponse({"ok": True} | answer, headers=_granted(parts))

    return call


class Lost(Response):
    """An answer that breaks off after its head: the call was done, and the bot doesn't get to know."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-length", b"100"), (b"connection", b"close")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"{", "more_body": True})
        raise ClientDisconnect


def _too_many(wait: int) -> Response:
    body = {"ok": False, "error": "ratelimited"}
    return JSONResponse(body, status_code=429, headers={"Retry-After": str(wait)})


def _granted(parts: Parts) -> dict[str, str]:
    """What the app may do, as Slack says in the head of every answer."""
    scopes = parts.manifest.scopes
    return {} if scopes is None else {"x-oauth-scopes": ",".join(sorted(scopes))}


def _token(request: Request, arguments: Arguments) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else arguments.text("token")


def _authorize(parts: Parts, name: str, token: str, given: Arguments) -> None:
    if name == "api.test":
        return
    if not token:
        raise Refused("not_authed")
    if token not in (parts.bot_token, parts.app_token):
        raise Refused("invalid_auth")
    if parts.faults.uninstalled and token == parts.bot_token:
        raise Refused("account_inactive")
    if name not in METHODS:
        raise Refused("unknown_method", f"the playground has no method {name}")
    if (token == parts.app_token) != (name == "apps.connections.open") and name != "auth.test":
        raise Refused("not_allowed_token_type")
    if lacking := parts.manifest.lacks_scope(name, rooms.kinds(parts, name, given)):
        raise MissingScope(*lacking)


class MissingScope(Refused):
    def __init__(self, *needed: str) -> None:
        super().__init__("missing_scope")
        self.needed = needed


def _scopes(parts: Parts, error: Refused) -> Json:
    if not isinstance(error, MissingScope):
        return {}
    provided = ",".join(sorted(parts.manifest.scopes or ()))
    return {"needed": ",".join(error.needed), "provided": provided}


def response_url(parts: Parts) -> Callable[[Request], Any]:
    """The endpoint of response URLs: no token, the key in the path says who may speak, and where."""

    async def respond(request: Request) -> Response:
        try:
            arguments = Arguments(await read_body(request))
            origin = parts.response_urls.use(request.path_params["key"])
            answer_to(parts, origin, arguments)
        except Refused as error:
            status = 404 if error.code.endswith("_url") else 400
            return JSONResponse(envelope(error), status_code=status)
        return PlainTextResponse("ok")

    return respond


def answer_to(parts: Parts, origin: Origin, arguments: Mapping[str, Any]) -> None:
    """What a response URL, or the acknowledgement of a slash command, has to say."""
    given = arguments if isinstance(arguments, Arguments) else Arguments(dict(arguments))
    workspace = parts.workspace
    if given.flag("delete_original") and origin.ts is not None:
        if origin.whispered:
            workspace.drop_whisper(origin.channel, origin.ts)
        else:
            workspace.delete(origin.channel, origin.ts)
        return
    text = given.text("text")
    blocks = given.structure("blocks", "invalid_blocks_format") or []
    checked_blocks(parts, blocks)
    if not text and not blocks:
        raise Refused("no_text")
    shaped = with_ids(blocks)
    if given.flag("replace_original") and origin.ts is not None:
        if origin.whispered:
            workspace.change_whisper(origin.channel, origin.ts, text, shaped)
        else:
            workspace.edit(origin.channel, origin.ts, text, shaped)
    elif given.text("response_type") == "in_channel":
        thread = given.text("thread_ts") or None
        workspace.post(origin.channel, BOT_USER_ID, text, blocks=shaped, thread_ts=thread)
    else:
        thread = given.text("thread_ts") or origin.thread_ts
        workspace.whisper(origin.channel, origin.person, text, shaped, thread)
