"""HTTP mode: Slack posts signed requests here. And what watches a process may ask it, in both modes.

A request counts with Slack's signature on it, made no more than five minutes ago ("Verifying requests from Slack");
any other is refused before anybody looks into it.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from slack_bolt.adapter.starlette.handler import to_bolt_request, to_starlette_response
from slack_sdk.signature import SignatureVerifier
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot import metrics
from bot.errors import SettingsError
from bot.slack.connection.health import figures, problems

if TYPE_CHECKING:
    from bot.slack.app import SlackApp

PATH = "/slack/events"
MOST_BYTES = 1_000_000
"""Slack's own requests are far smaller: a form holds 100 blocks of 3,000 characters at most."""
CONTENT_TYPES = ("application/json", "application/x-www-form-urlencoded")
PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"
_TIMESTAMP = re.compile(r"\d{1,12}")


def http_app(app: SlackApp, *, watched: bool = True) -> Starlette:
    """Slack's requests, and with `watched` what `watching_app` answers. Its lifespan starts and stops the room.

    Raises SettingsError without a signing secret: anybody could sign a request with an empty one.
    """
    if not app.room.services.settings.slack_signing_secret:
        raise SettingsError(
            "SLACK_SIGNING_SECRET is empty; HTTP mode needs the app's signing secret to know Slack's requests"
        )

    verifier = SignatureVerifier(app.room.services.settings.slack_signing_secret)

    async def slack(request: Request) -> Response:
        if (refusal := _refusal(request)) is not None:
            return refusal
        if (body := await _body(request)) is None:
            return Response("too large", status_code=413)
        # Bolt checks this too, but takes the body apart before.
        if not verifier.is_valid_request(body.decode("utf-8", errors="replace"), request.headers):
            return JSONResponse({"error": "invalid request"}, status_code=401)
        try:
            bolt_request = to_bolt_request(request, body)
        except (ValueError, TypeError, AttributeError):
            return JSONResponse({"error": "unreadable request"}, status_code=400)
        # Dispatching waits for the ack: on the event loop it would hold every other request up.
        return to_starlette_response(await run_in_threadpool(app.dispatch, bolt_request))

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        app.room.start()
        try:
            yield
        finally:
            await run_in_threadpool(app.room.stop)

    routes = [Route(PATH, slack, methods=["POST"])]
    return Starlette(routes=routes + (_watching(app, lambda: True) if watched else []), lifespan=lifespan)


def watching_app(app: SlackApp, connected: Callable[[], bool]) -> Starlette:
    """`/healthz` for whoever restarts the process, `/metrics` for Prometheus: numbers and ids of adapters, no words."""
    return Starlette(routes=_watching(app, connected))


def _watching(app: SlackApp, connected: Callable[[], bool]) -> list[Route]:
    async def healthz(_: Request) -> Response:
        wrong = await run_in_threadpool(problems, app.room, connected)
        state = {"ok": not wrong, "waiting": len(app.room.inference)}
        return JSONResponse({**state, "why": wrong} if wrong else state, status_code=503 if wrong else 200)

    async def measured(_: Request) -> Response:
        def now() -> Iterable[metrics.Figure]:
            return figures(app.room, connected)

        return Response(await run_in_threadpool(metrics.page, now), media_type=PROMETHEUS)

    return [Route("/healthz", healthz), Route("/metrics", measured)]


def _refusal(request: Request) -> Response | None:
    """What no request of Slack's looks like; None where it may be one."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in CONTENT_TYPES:
        return Response("unsupported media type", status_code=415)
    length = request.headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > MOST_BYTES:
        return Response("too large", status_code=413)
    # slack-sdk takes it for a number, whatever it is.
    if not _TIMESTAMP.fullmatch(request.headers.get("x-slack-request-timestamp", "")):
        return JSONResponse({"error": "invalid request"}, status_code=401)
    return None


async def _body(request: Request) -> bytes | None:
    """The body; None as soon as it is too long, whatever its header says."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            return None
    return bytes(body)
