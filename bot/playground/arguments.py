"""The arguments of a request, whichever way they came.

Bodies are form-encoded, JSON or multipart, and structured arguments objects or JSON inside a string: slack-
sdk sends all of these.
"""

import json
from collections.abc import Iterator, Mapping
from email import message_from_bytes
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request

from bot.playground.records import Json
from bot.playground.refused import Refused


class Arguments(Mapping[str, Any]):
    """The arguments of one call, whichever way they were encoded."""

    def __init__(self, given: Json) -> None:
        self._given = given

    def __getitem__(self, name: str) -> Any:
        return self._given[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._given)

    def __len__(self) -> int:
        return len(self._given)

    def text(self, name: str, default: str = "") -> str:
        value = self._given.get(name)
        return default if value is None else str(value)

    def required(self, name: str, code: str = "invalid_arguments") -> str:
        value = self.text(name)
        if not value:
            raise Refused(code, f"missing required field: {name}")
        return value

    def flag(self, name: str) -> bool:
        return self.text(name).lower() in ("1", "true")

    def number(self, name: str, default: int) -> int:
        try:
            return int(self.text(name) or default)
        except ValueError:
            raise Refused("invalid_arguments", f"{name} must be a number") from None

    def structure(self, name: str, code: str = "invalid_arguments") -> Any:
        value = self._given.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value) if value else None
        except ValueError:
            raise Refused(code, f"{name} must be valid JSON") from None


async def read_body(request: Request) -> Json:
    """The arguments of a request: its query and its body together."""
    given: Json = dict(request.query_params)
    body = await request.body()
    kind = request.headers.get("content-type", "")
    if not body:
        return given
    if kind.startswith("application/json"):
        try:
            content = json.loads(body)
        except ValueError:
            raise Refused("invalid_json") from None
        if not isinstance(content, dict):
            raise Refused("json_not_object")
        return given | content
    if kind.startswith("multipart/form-data"):
        parts = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
        for part in parts.walk():
            name = part.get_param("name", header="content-disposition")
            content = part.get_payload(decode=True)
            if isinstance(name, str) and isinstance(content, bytes) and not part.get_filename():
                given[name] = content.decode(errors="replace")
        return given
    return given | dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True))
