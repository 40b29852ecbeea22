"""The other way to the bot: signed requests to its URL, as Slack sends them to apps without Socket Mode."""

import asyncio
import hashlib
import hmac
import json
import time
import urllib.error
import urllib.parse
import urllib.request

from bot.playground.faults import Faults
from bot.playground.records import Json
from bot.playground.socket_mode import RETRIES, Undelivered


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Slack's request signature, version 0: HMAC-SHA256 over version, time and body."""
    return (
        "v0="
        + hmac.new(secret.encode(), b"v0:" + timestamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    )


class HttpMode:
    """Posts every payload to one request URL."""

    def __init__(
        self, request_url: str, signing_secret: str, faults: Faults, ack_seconds: float = 3.0
    ) -> None:
        self._faults = faults
        self._url = request_url
        self._secret = signing_secret
        self._seconds = ack_seconds
        self._deliveries: set[asyncio.Task[None]] = set()

    @property
    def connected(self) -> bool:
        # Nothing tells whether the URL answers until something is sent to it.
        return True

    def send_event(self, payload: Json) -> None:
        task = asyncio.get_running_loop().create_task(self._deliver(payload))
        self._deliveries.add(task)
        task.add_done_callback(self._deliveries.discard)

    async def _deliver(self, payload: Json) -> None:
        body = json.dumps(payload).encode()
        for attempt in range(RETRIES + 1):
            headers = {"Content-Type": "application/json"}
            if attempt:
                headers |= {"X-Slack-Retry-Num": str(attempt), "X-Slack-Retry-Reason": "http_timeout"}
            try:
                await asyncio.to_thread(self._post, body, headers)
                return
            except OSError:
                await asyncio.sleep(attempt)

    async def interact(self, kind: str, payload: Json) -> Json:
        form = payload if kind == "slash_commands" else {"payload": json.dumps(payload)}
        body = urllib.parse.urlencode(form).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        try:
            answer = await asyncio.to_thread(self._post, body, headers)
        except OSError:
            raise Undelivered("dispatch_failed") from None
        try:
            acknowledged = json.loads(answer) if answer else {}
        except ValueError:
            return {"text": answer}
        return acknowledged if isinstance(acknowledged, dict) else {"text": answer}

    def _post(self, body: bytes, headers: dict[str, str]) -> str:
        timestamp = str(int(time.time()))
        signed = {
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": signature(self._secret, timestamp, body),
        }
        request = urllib.request.Request(self._url, body, headers | signed, method="POST")
        with urllib.request.urlopen(request, timeout=self._seconds) as answer:
            acknowledged = str(answer.read().decode())
        if self._faults.loses(self._faults.lost_acks):
            raise TimeoutError("the acknowledgement was lost on purpose")
        return acknowledged

    async def close(self) -> None:
        for task in list(self._deliveries):
            task.cancel()
