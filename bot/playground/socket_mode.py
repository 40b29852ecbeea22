"""Socket Mode: how what happens in the workspace reaches the bot, and how its acknowledgements come back.

The promises are Slack's, because the bot relies on them: a payload goes to one of the open connections; an
event that isn't acknowledged in three seconds comes again, up to three times, with the same `event_id`; an
interaction comes once. While no connection is open, events wait in the order they happened.
"""

import asyncio
import json
import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Protocol

from starlette.websockets import WebSocket, WebSocketDisconnect

from bot.playground.faults import Faults
from bot.playground.records import Json
from bot.playground.teams import APP_ID

RETRIES = 3
TICKET_SECONDS = 30.0

log = logging.getLogger(__name__)


class Undelivered(Exception):
    """An interaction that nobody took in time. `code` is the word that Slack shows for it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Line(Protocol):
    """The way to the bot: Socket Mode here, signed requests in `http_mode.py`."""

    @property
    def connected(self) -> bool: ...

    def send_event(self, payload: Json) -> None:
        """Deliver an Events API payload, again if need be; returns at once."""
        ...

    async def interact(self, kind: str, payload: Json) -> Json:
        """Deliver a slash command or an interaction; the bot's acknowledgement. Raises Undelivered."""
        ...

    async def close(self) -> None: ...


@dataclass(eq=False)
class Connection:
    socket: WebSocket
    unacknowledged: set[str] = field(default_factory=set)

    async def send(self, message: Json) -> None:
        await self.socket.send_text(json.dumps(message))


class SocketMode:
    """The server side of Socket Mode. `on_presence` hears whenever the bot appears or goes."""

    def __init__(self, faults: Faults, ack_seconds: float = 3.0) -> None:
        self.faults = faults
        self.ack_seconds = ack_seconds
        self.on_presence: list[Callable[[bool], None]] = []
        self._connections: list[Connection] = []
        self._tickets: dict[str, float] = {}
        self._waiting: dict[str, asyncio.Future[Json]] = {}
        self._someone = asyncio.Event()
        self._turn = count()
        self._deliveries: set[asyncio.Task[None]] = set()

    @property
    def connected(self) -> bool:
        return bool(self._connections)

    def ticket(self) -> str:
        """A ticket for one connection, as the URL of `apps.connections.open` carries it."""
        now = time.monotonic()
        self._tickets = {ticket: until for ticket, until in self._tickets.items() if until > now}
        ticket = secrets.token_urlsafe(16)
        self._tickets[ticket] = now + TICKET_SECONDS
        return ticket

    # The bot's end

    async def serve(self, socket: WebSocket) -> None:
        """One WebSocket connection, from its ticket to its end."""
        if self._tickets.pop(socket.query_params.get("ticket", ""), 0.0) < time.monotonic():
            await socket.close(code=1008, reason="this link needs a fresh ticket of apps.connections.open")
            return
        await socket.accept()
        connection = Connection(socket)
        hello: Json = {
            "type": "hello",
            "num_connections": len(self._connections) + 1,
            "debug_info": {"host": "playground", "approximate_connection_time": 18060},
            "connection_info": {"app_id": APP_ID},
        }
        await connection.send(hello)
        self._connections.append(connection)
        self._presence()
        try:
            while True:
                self._take(connection, await socket.receive_text())
        except (WebSocketDisconnect, RuntimeError):
            # RuntimeError: it was closed from this side while we waited.
            log.debug("a connection of the bot ended")
        finally:
            self._forget(connection)

    def _take(self, connection: Connection, text: str) -> None:
        try:
            message = json.loads(text)
        except ValueError:
            return
        if not isinstance(message, dict) or self.faults.loses(self.faults.lost_acks):
            return
        envelope = str(message.get("envelope_id", ""))
        connection.unacknowledged.discard(envelope)
        waiting = self._waiting.pop(envelope, None)
        if waiting is not None and not waiting.done():
            payload = message.get("payload")
            waiting.set_result(payload if isinstance(payload, dict) else {})

    def _forget(self, connection: Connection) -> None:
        if connection in self._connections:
            self._connections.remove(connection)
        for envelope in connection.unacknowledged:
            # Nobody will acknowledge these any more: let their senders go on at once.
            waiting = self._waiting.pop(envelope, None)
            if waiting is not None and not waiting.done():
                waiting.set_exception(ConnectionError("the connection was closed"))
        self._presence()

    def _presence(self) -> None:
        if self._connections:
            self._someone.set()
        else:
            self._someone.clear()
        for listener in self.on_presence:
            listener(self.connected)

    async def refresh(self) -> None:
        """Ask every connection to reconnect, then close it, as Slack does every few hours."""
        for connection in list(self._connections):
            await connection.send({"type": "disconnect", "reason": "refresh_requested", "debug_info": {}})
        await self.cut()

    async def cut(self) -> None:
        """Close every connection without a word, as a bad network does."""
        for connection in list(self._connections):
            await connection.socket.close()
            self._forget(connection)

    # The workspace's end

    def send_event(self, payload: Json) -> None:
        task = asyncio.get_running_loop().create_task(self._deliver(payload))
        self._deliveries.add(task)
        task.add_done_callback(self._deliveries.discard)

    async def _deliver(self, payload: Json) -> None:
        for attempt in range(RETRIES + 1):
            retry: Json = {"retry_attempt": attempt, "retry_reason": "timeout" if attempt else ""}
            while not self._connections:
                await self._someone.wait()
            try:
                await self._exchange("events_api", payload, accepts=False, extra=retry)
                return
            except (TimeoutError, ConnectionError):
                continue

    async def interact(self, kind: str, payload: Json) -> Json:
        if not self._connections:
            raise Undelivered("not_connected")
        try:
            return await self._exchange(kind, payload, accepts=True)
        except (TimeoutError, ConnectionError):
            raise Undelivered("operation_timeout") from None

    async def _exchange(self, kind: str, payload: Json, *, accepts: bool, extra: Json | None = None) -> Json:
        connection = self._connections[next(self._turn) % len(self._connections)]
        envelope = secrets.token_hex(16)
        waiting: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._waiting[envelope] = waiting
        connection.unacknowledged.add(envelope)
        message: Json = {"envelope_id": envelope, "type": kind, "accepts_response_payload": accepts}
        try:
            await connection.send(message | {"payload": payload} | (extra or {}))
            return await asyncio.wait_for(waiting, self.ack_seconds)
        except (WebSocketDisconnect, RuntimeError) as error:
            self._forget(connection)
            raise ConnectionError(str(error)) from None
        finally:
            self._waiting.pop(envelope, None)
            connection.unacknowledged.discard(envelope)

    async def close(self) -> None:
        for task in list(self._deliveries):
            task.cancel()
        for connection in list(self._connections):
            await connection.socket.close(code=1001)
