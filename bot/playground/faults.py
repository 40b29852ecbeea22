"""What goes wrong here on purpose: the fault panel's switches, for a bot that has to live with a real Slack.

Every switch is off at first. What is lost is drawn by chance, at the share that was set; 1.0 loses everything.
"""

import random
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

from bot.playground.records import Change, Json
from bot.playground.refused import Refused
from bot.playground.workspace import Workspace

SLOWEST_S = 30.0


@dataclass
class Faults:
    """`slow_s` delays each answer of the Web API. `lost_acks` and `lost_answers` are shares from 0 to 1: of the bot's
    acknowledgements that never arrive, and of the Web API's answers that get lost after the call was done. With
    `duplicate` every event comes twice. Without `feedback_buttons` this workspace refuses them, as older ones do.
    """

    slow_s: float = 0.0
    lost_acks: float = 0.0
    lost_answers: float = 0.0
    duplicate: bool = False
    feedback_buttons: bool = True
    uninstalled: bool = False
    limited_until: float = 0.0

    def limit(self, seconds: float) -> None:
        """Refuse every call for a while, as after far too many of them."""
        self.limited_until = time.monotonic() + seconds

    @property
    def limited_s(self) -> float:
        """For how many seconds calls are refused still."""
        return max(0.0, self.limited_until - time.monotonic())

    def shown(self) -> Json:
        shape = asdict(self) | {"limited_s": round(self.limited_s, 1)}
        return {name: value for name, value in shape.items() if name != "limited_until"}

    def change(self, given: Json) -> None:
        """Takes over the switches that are named, all or none of them. Raises Refused where a value makes no sense."""
        fresh: Json = {}
        for name, value in given.items():
            check = CHECKS.get(name)
            if check is None:
                raise Refused("invalid_arguments", f"{name} is no fault; there are {', '.join(CHECKS)}")
            if not check(value):
                raise Refused("invalid_arguments", f"{name} can't be {value!r}")
            fresh[name] = value
        for name, value in fresh.items():
            setattr(self, name, value)

    def reset(self) -> None:
        for name, value in asdict(Faults()).items():
            setattr(self, name, value)

    def loses(self, share: float) -> bool:
        return random.random() < share


def _between(least: float, most: float) -> Callable[[object], bool]:
    return lambda value: (
        isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most
    )


def _switch(value: object) -> bool:
    return isinstance(value, bool)


CHECKS: dict[str, Callable[[object], bool]] = {
    "slow_s": _between(0, SLOWEST_S),
    "lost_acks": _between(0, 1),
    "lost_answers": _between(0, 1),
    "duplicate": _switch,
    "feedback_buttons": _switch,
}


def tell(workspace: Workspace, faults: Faults) -> None:
    """Shows every page that is open how things stand."""
    workspace.tell(Change("faults", None, {"faults": faults.shown()}))
