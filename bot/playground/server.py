"""The playground's server: `build` wires it as an application, `start` runs one in a thread of its own.

    with start(port=0, folder=Path("handbook"), samples=["How much leave do I get?"]) as playground:
        client = WebClient(token=playground.bot_token, base_url=playground.api_url)

It listens on 127.0.0.1 only, and refuses requests that name another host: what people say in it stays on the
machine.
"""

import asyncio
import errno
import secrets
import socket
import threading
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from bot.errors import LorebotError
from bot.playground import page_api
from bot.playground.documents import documents
from bot.playground.events import EventFeed
from bot.playground.faults import Faults
from bot.playground.http_mode import HttpMode
from bot.playground.interactivity import ResponseUrls, Triggers
from bot.playground.limits import Limits
from bot.playground.manifest import Manifest
from bot.playground.opening import open_workspace
from bot.playground.page_state import Live
from bot.playground.parts import Parts
from bot.playground.records import Change
from bot.playground.shelf import Shelf
from bot.playground.socket_mode import Line, SocketMode
from bot.playground.uploads import download, receive
from bot.playground.web_api import response_url, web_api

HOST = "127.0.0.1"
PAGE = Path(__file__).parent / "page"
HANDBOOK = Path(__file__).parent / "handbook"
POLICY = (
    "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
STOP_SECONDS = 5.0


def fresh_bot_token() -> str:
    return f"xoxb-playground-{secrets.token_hex(12)}"


def fresh_app_token() -> str:
    return f"xapp-playground-{secrets.token_hex(12)}"


class Guarded:
    """Tells browsers to run nothing here but the page's own files."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_policy(message: Any) -> None:
            if message["type"] == "http.response.start":
                headers = [
                    (b"content-security-policy", POLICY.encode()),
                    (b"x-content-type-options", b"nosniff"),
                    (b"referrer-policy", b"no-referrer"),
                ]
                message["headers"] = [*message.get("headers", []), *headers]
            await send(message)

        await self._app(scope, receive, with_policy)


def build(
    folder: Path | None,
    *,
    bot_token: str,
    app_token: str,
    signing_secret: str,
    url: str = f"http://{HOST}:3000",
    samples: Sequence[str] = (),
    manifest: Mapping[str, Any] | None = None,
    workspace_name: str = "Larkfield",
    request_url: str | None = None,
    ack_seconds: float = 3.0,
) -> Starlette:
    """The application of one playground, to be served at `url`.

    folder: the handbook's pages; None for a playground without. samples: questions a newcomer can click.
    manifest: the app's Slack manifest, parsed; commands, shortcuts, events and scopes are then as it says.
    request_url: where the bot takes signed requests; without one the bot connects by Socket Mode.
    """
    declared = Manifest.read(manifest) if manifest is not None else Manifest()
    workspace = open_workspace(workspace_name, declared.bot_name)
    faults = Faults()
    socket_mode = SocketMode(faults, ack_seconds)
    line: Line = HttpMode(request_url, signing_secret, faults, ack_seconds) if request_url else socket_mode
    url = url.rstrip("/")
    parts = Parts(
        url=url,
        folder=folder,
        bot_token=bot_token,
        app_token=app_token,
        signing_secret=signing_secret,
        manifest=declared,
        samples=tuple(samples),
        workspace=workspace,
        line=line,
        socket_mode=socket_mode,
        feed=EventFeed(workspace, line, declared, faults, url),
        triggers=Triggers(),
        response_urls=ResponseUrls(),
        uploads=Shelf(),
        faults=faults,
        limits=Limits(),
    )
    socket_mode.on_presence.append(
        lambda here: workspace.tell(Change("connected", None, {"connected": here}))
    )
    live = Live(parts)

    async def index(request: Request) -> Response:
        return FileResponse(PAGE / "index.html", headers={"Cache-Control": "no-cache"})

    async def page(request: Request) -> Response:
        return documents(parts, request)

    async def link(websocket: WebSocket) -> None:
        await socket_mode.serve(websocket)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        app.state.loop = asyncio.get_running_loop()
        yield
        live.close()
        await line.close()

    app = Starlette(
        routes=[
            Route("/", index),
            Route("/archives/{channel}/{message}", index),
            Route("/api/{method:path}", web_api(parts), methods=["GET", "POST"]),
            Route("/response/{key}", response_url(parts), methods=["POST"]),
            Route("/upload/{id}", receive(parts), methods=["POST"]),
            Route("/files-pri/{key}/{path:path}", download(parts)),
            WebSocketRoute("/link/", link),
            Route("/documents", page),
            Route("/documents/{path:path}", page),
            *page_api.routes(parts, live),
            Mount("/assets", StaticFiles(directory=PAGE)),
        ],
        middleware=[
            Middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"]),
            Middleware(Guarded),
        ],
        lifespan=lifespan,
    )
    app.state.parts = parts
    app.state.live = live
    return app


@dataclass(frozen=True)
class RunningPlayground:
    """A playground that is being served. `stop` ends it; so does leaving a `with` block."""

    url: str
    bot_token: str
    app_token: str
    signing_secret: str
    app: Starlette
    _server: uvicorn.Server
    _thread: threading.Thread

    @property
    def api_url(self) -> str:
        """The `base_url` for slack-sdk's clients, and what `SLACK_API_URL` is set to."""
        return f"{self.url}/api/"

    def drop_connections(self) -> None:
        """Make the bot reconnect, as Slack does every few hours."""
        parts: Parts = self.app.state.parts
        asyncio.run_coroutine_threadsafe(parts.socket_mode.refresh(), self.app.state.loop).result(
            STOP_SECONDS
        )

    def stop(self) -> None:
        if not self._thread.is_alive():
            return
        asyncio.run_coroutine_threadsafe(self._hang_up(), self.app.state.loop).result(STOP_SECONDS)
        self._server.should_exit = True
        self._thread.join(STOP_SECONDS)

    async def _hang_up(self) -> None:
        # Before the server waits for its connections to end: these never would by themselves.
        self.app.state.live.close()
        await self.app.state.parts.line.close()

    def __enter__(self) -> "RunningPlayground":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start(
    port: int = 0,
    *,
    folder: Path | None = HANDBOOK,
    bot_token: str | None = None,
    app_token: str | None = None,
    signing_secret: str | None = None,
    samples: Sequence[str] = (),
    manifest: Mapping[str, Any] | None = None,
    workspace_name: str = "Larkfield",
    request_url: str | None = None,
    ack_seconds: float = 3.0,
) -> RunningPlayground:
    """Serve a playground from a background thread; port 0 takes any free one. See `build` for the rest."""
    listener = _listen(port)
    url = f"http://{HOST}:{listener.getsockname()[1]}"
    bot_token = bot_token or fresh_bot_token()
    app_token = app_token or fresh_app_token()
    signing_secret = signing_secret or secrets.token_hex(16)
    app = build(
        folder,
        bot_token=bot_token,
        app_token=app_token,
        signing_secret=signing_secret,
        url=url,
        samples=samples,
        manifest=manifest,
        workspace_name=workspace_name,
        request_url=request_url,
        ack_seconds=ack_seconds,
    )
    config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=2)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener],), name="playground", daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.01)
        if not thread.is_alive():
            raise LorebotError("the playground's server didn't start: see the log above for the reason")
    return RunningPlayground(url, bot_token, app_token, signing_secret, app, server, thread)


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except (OSError, OverflowError) as error:
        listener.close()
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            raise LorebotError(
                f"port {port} is taken; expected a free one: stop what uses it, or choose another"
            ) from None
        raise LorebotError(
            f"port {port} can't be opened ({error}); expected a free one from 1024 to 65535, or 0 for any"
        ) from None
    return listener
