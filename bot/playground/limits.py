"""How often the bot may call: Slack's tiers, each with the bursts that Slack lets pass.

A tier allows so many calls a minute to each method; what wasn't used is saved up to a minute's worth. Posting is counted
for each channel: one message a second, and short bursts. (Slack's documentation, "Rate limits"; how large a burst may be
isn't documented.)
"""

import math
import time
from collections.abc import Callable

from bot.playground.arguments import Arguments

TIER = {1: 1, 2: 20, 3: 50, 4: 100}  # calls a minute
LEAST_BURST = 10
POSTS_A_MINUTE = 60
POST_BURST = 30
POSTING = ("chat.postMessage", "files.completeUploadExternal")
METHODS = {
    "apps.connections.open": 1,
    "conversations.list": 2,
    "pins.add": 2,
    "pins.list": 2,
    "pins.remove": 2,
    "reactions.remove": 2,
    "users.list": 2,
    "canvases.getContent": 3,
    "chat.delete": 3,
    "chat.update": 3,
    "conversations.history": 3,
    "conversations.info": 3,
    "conversations.join": 3,
    "conversations.open": 3,
    "conversations.replies": 3,
    "files.delete": 3,
    "files.list": 3,
    "reactions.add": 3,
    "reactions.get": 3,
    "team.info": 3,
    "users.conversations": 3,
    "chat.postEphemeral": 4,
    "conversations.members": 4,
    "files.getUploadURLExternal": 4,
    "files.info": 4,
    "users.info": 4,
    "views.open": 4,
    "views.publish": 4,
    "views.push": 4,
    "views.update": 4,
}


class Limits:
    """Counts calls. `wait` says how many whole seconds a call comes too early; 0: it may pass, and is counted."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._saved: dict[tuple[str, str], tuple[float, float]] = {}

    def wait(self, method: str, given: Arguments) -> int:
        if method in POSTING:
            place = (method, given.text("channel") or given.text("channel_id"))
            return self._take(place, POSTS_A_MINUTE, POST_BURST)
        if method not in METHODS:
            return 0
        rate = TIER[METHODS[method]]
        return self._take((method, ""), rate, max(rate, LEAST_BURST))

    def _take(self, place: tuple[str, str], a_minute: int, burst: int) -> int:
        now = self._clock()
        saved, since = self._saved.get(place, (float(burst), now))
        saved = min(float(burst), saved + (now - since) * a_minute / 60)
        if saved < 1:
            self._saved[place] = (saved, now)
            return max(1, math.ceil((1 - saved) * 60 / a_minute))
        self._saved[place] = (saved - 1, now)
        return 0
