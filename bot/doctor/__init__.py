"""What is configured, reachable and missing, and how to mend it. Looks only; changes nothing."""

from __future__ import annotations

from bot.doctor import machine, slack
from bot.doctor.check import Check
from bot.errors import LorebotError
from bot.settings import load_settings

__all__ = ["Check", "examine"]


def examine() -> list[Check]:
    """Every check, in the order in which a newcomer would mend them."""
    try:
        settings = load_settings()
    except LorebotError as error:
        return [Check("settings", False, str(error), "correct it in the environment or .env")]
    return [
        Check("settings", True, "all values can be used"),
        *machine.checks(settings),
        *slack.checks(settings),
    ]
