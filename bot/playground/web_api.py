"""Slack's Web API, as far as a bot like Lorebot uses it, under `/api/METHOD`.

An answer is always 200 with Slack's envelope; an error is one of Slack's codes, with details where Slack
gives them. What each method does is in `web_talk.py` and `web_directory.py`.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from bot.playground import uploads, web_directory, web_talk
from bot.playground.arguments import Arguments, read_body
from bot.playground.blocks import message_faults, with_ids
from bot.playground.interactivity import Origin
from bot.playground.parts import Parts
from bot.playground.records import BOT_USER_ID, Json
from bot.playground.workspace import Refused

METHODS = web_talk.METHODS | web_directory.METHODS | uploads.METHODS

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
        try:
            arguments = Arguments(await read_body(request))
            _authorize(parts, name, _token(request, arguments))
            answer = await METHODS[name](parts, arguments)
        except Refused as error:
            log.info("%s answered %s %s", name, error.code, "; ".join(error.details))
            return JSONResponse(envelope(error) | _scopes(parts, name, error))
        except Exception:
            # The playground's own fault: the bot gets what Slack answers to a fault of its own.
            log.exception("%s failed", name)
            return JSONResponse({"ok": False, "error": "internal_error"})
        return JSONResponse({"ok": True} | answer)

    return call


def _token(request: Request, arguments: Arguments) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else arguments.text("token")


def _authorize(parts: Parts, name: str, token: str) -> None:
    if name == "api.test":
        return
    if not token:
        raise Refused("not_authed")
    if token not in (parts.bot_token, parts.app_token):
        raise Refused("invalid_auth")
    if name not in METHODS:
        raise Refused("unknown_method", f"the playground has no method {name}")
    if (token == parts.app_token) != (name == "apps.connections.open") and name != "auth.test":
        raise Refused("not_allowed_token_type")
    if parts.manifest.lacks_scope(name):
        raise Refused("missing_scope")


def _scopes(parts: Parts, name: str, error: Refused) -> Json:
    if error.code != "missing_scope":
        return {}
    return {
        "needed": ",".join(parts.manifest.lacks_scope(name)),
        "provided": ",".join(sorted(parts.manifest.scopes or ())),
    }


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
    if faults := message_faults(blocks):
        raise Refused("invalid_blocks", *faults)
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
