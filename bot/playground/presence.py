"""What shows that the bot is there: its status in a thread, the thread's title, the questions it suggests."""

import time
from collections.abc import Callable

from bot.playground.records import Change, Channel, Json

STATUS_SECONDS = 120.0


class Presence:
    """`tell` hears of each change, `audience` names who may read along in a channel."""

    def __init__(self, tell: Callable[[Change], None], audience: Callable[[Channel], frozenset[str]]) -> None:
        self._tell, self._audience = tell, audience
        self._statuses: dict[tuple[str, str], tuple[str, float]] = {}
        self.prompts: dict[str, Json] = {}
        self.titles: dict[tuple[str, str], str] = {}

    def set_status(self, room: Channel, thread_ts: str, status: str) -> None:
        if status:
            self._statuses[(room.id, thread_ts)] = (status, time.monotonic() + STATUS_SECONDS)
        else:
            self._statuses.pop((room.id, thread_ts), None)
        data = {"channel": room.id, "thread_ts": thread_ts, "status": status}
        self._tell(Change("status", self._audience(room), data))

    def end_status(self, room: Channel, thread_ts: str | None) -> None:
        """The bot has answered there."""
        for channel, thread in list(self._statuses):
            # In a direct message the answer may come outside a thread: it ends every status there.
            if channel == room.id and (thread == thread_ts or (room.kind == "im" and thread_ts is None)):
                self.set_status(room, thread, "")

    def statuses(self) -> list[Json]:
        now = time.monotonic()
        return [
            {"channel": channel, "thread_ts": thread_ts, "status": status}
            for (channel, thread_ts), (status, until) in self._statuses.items()
            if until > now
        ]

    def set_prompts(self, room: Channel, title: str, prompts: list[Json]) -> None:
        self.prompts[room.id] = {"channel": room.id, "title": title, "prompts": prompts}
        self._tell(Change("prompts", self._audience(room), self.prompts[room.id]))
