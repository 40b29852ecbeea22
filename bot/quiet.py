"""Quiet hours: when no retraining that nobody asked for may run, so that the working day has the machine to itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta

_RANGE = re.compile(r"\s*([01]?\d|2[0-3]):([0-5]\d)\s*-\s*([01]?\d|2[0-3]):([0-5]\d)\s*")


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From `begin` up to, not including, `end`, every day in local time; over midnight where `end` is earlier."""

    begin: time
    end: time

    def hold(self, moment: datetime) -> bool:
        """Whether it is quiet at a local moment."""
        now = moment.time()
        if self.begin < self.end:
            return self.begin <= now < self.end
        return now >= self.begin or now < self.end

    def over_at(self, moment: datetime) -> datetime:
        """The first moment from then on at which it isn't quiet."""
        if not self.hold(moment):
            return moment
        over = moment.replace(hour=self.end.hour, minute=self.end.minute, second=0, microsecond=0)
        return over if over > moment else over + timedelta(days=1)


def quiet_hours(text: str) -> QuietHours | None:
    """The hours that a setting such as "08:00-19:00" names; None where it is empty.

    Raises ValueError where it is neither.
    """
    if not text.strip():
        return None
    found = _RANGE.fullmatch(text)
    if found is None:
        raise ValueError("expected two times of day such as 08:00-19:00, or nothing for none")
    hours = [int(part) for part in found.groups()]
    begin, end = time(hours[0], hours[1]), time(hours[2], hours[3])
    if begin == end:
        raise ValueError("expected two different times of day such as 08:00-19:00, or nothing for none")
    return QuietHours(begin, end)
