"""A window of the week in which faults may be injected: ``mon-fri 09:00-17:00 Europe/Berlin``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from chaos.options.kinds import RefusedError

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TEXT = re.compile(
    r"((?P<days>[a-z]{3}(?:-[a-z]{3})?(?:,[a-z]{3}(?:-[a-z]{3})?)*)\s+)?"
    r"(?P<begin>\d\d:\d\d)-(?P<end>\d\d:\d\d)(\s+(?P<zone>[A-Za-z0-9_+/-]+))?"
)
_FORM = "must be [DAYS] HH:MM-HH:MM [ZONE], such as 'mon-fri 09:00-17:00 Europe/Berlin'"


@dataclass(frozen=True, slots=True)
class Window:
    """Hours of some days.

    Attributes:
        days: in which it begins, 0 is Monday.
        begin: the first instant that is in it.
        end: the first that is not any more; one that is not after `begin` is of the next day.
        zone: IANA time zone that all of it is in.
    """

    days: frozenset[int]
    begin: time
    end: time
    zone: str = "UTC"

    @classmethod
    def parse(cls, text: str) -> Window:
        """Read one.

        Raises:
            RefusedError: says what it must be.
        """
        found = _TEXT.fullmatch(text.strip())
        if found is None:
            raise RefusedError(_FORM)
        zone = found["zone"] or "UTC"
        try:
            ZoneInfo(zone)
        except (ValueError, OSError, LookupError) as exc:
            raise RefusedError(f"names a time zone {zone} that is not known here; UTC is always") from exc
        days = frozenset(range(7)) if found["days"] is None else _days(found["days"])
        return cls(days, _time(found["begin"]), _time(found["end"]), zone)

    def holds(self, at: datetime) -> bool:
        """Whether an instant, which knows its zone, is in it."""
        local = at.astimezone(ZoneInfo(self.zone))
        now = local.time().replace(tzinfo=None)
        yesterday = (local - timedelta(days=1)).weekday()
        if self.begin < self.end:
            return local.weekday() in self.days and self.begin <= now < self.end
        return (local.weekday() in self.days and now >= self.begin) or (yesterday in self.days and now < self.end)


def _days(text: str) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        for name in (first, last or first):
            if name not in _DAYS:
                raise RefusedError(f"names a day {name}; they are {', '.join(_DAYS)}")
        begin, end = _DAYS.index(first), _DAYS.index(last or first)
        found |= {day % 7 for day in range(begin, end + 1 if end >= begin else end + 8)}
    return frozenset(found)


def _time(text: str) -> time:
    try:
        return time.fromisoformat(text)
    except ValueError as exc:
        raise RefusedError(f"names a time {text}, and a day has 00:00 to 23:59") from exc
