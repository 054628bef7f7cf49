"""When messages may go out: days and hours in a zone, and when those of several windows next open.

A window over midnight belongs to the day on which it opens. Times are of the wall clock, so a
window moves with summer time. A time in the hour that is left out in spring counts as an hour
later; of one that comes twice in autumn, the first counts.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from api.errors import InvalidInput

KEYS = frozenset({"days", "from", "to", "time_zone"})
EVERY_DAY = frozenset(range(1, 8))
TIME_OF_DAY = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d", re.ASCII)
LOOKED_AHEAD = timedelta(days=9)
"""Windows repeat every week; two days more for zones apart and summer time."""


@dataclass(frozen=True, slots=True)
class SendWindow:
    """`time_zone` None: the tenant's. Where the recipient's own is known, that one counts."""

    days: frozenset[int]
    start: time
    end: time
    time_zone: str | None = None

    def opens_at(self, *, at: datetime, zone: tzinfo) -> datetime | None:
        """`at` itself while it is open, else its next opening; None if there is none for days."""
        today = at.astimezone(zone).date()
        for ahead in range(-1, LOOKED_AHEAD.days):
            day = today + timedelta(days=ahead)
            if day.isoweekday() in self.days:
                opens, closes = self._on(day, zone)
                if at < closes and opens < closes:
                    return max(at, opens)
        return None

    def _on(self, day: date, zone: tzinfo) -> tuple[datetime, datetime]:
        """In UTC: times of one zone are compared by their clocks, not by when they are."""
        last = day if self.start < self.end else day + timedelta(days=1)
        opens = datetime.combine(day, self.start, zone)
        closes = datetime.combine(last, self.end, zone)
        return opens.astimezone(UTC), closes.astimezone(UTC)


def read_send_window(value: Any, *, attr: str = "send_window") -> SendWindow | None:
    """The window that JSON like {"days": [1, 5], "from": "09:00", "to": "20:00"} stands for.

    None for none. Raises InvalidInput; its `attr` names the part that is wrong.
    """
    if value is None:
        return None
    if not isinstance(value, dict) or not value.keys() <= KEYS:
        raise InvalidInput("Give an object with days, from, to and time_zone.", attr=attr)
    start = _time_of_day(value.get("from"), attr=f"{attr}.from")
    end = _time_of_day(value.get("to"), attr=f"{attr}.to")
    if start == end:
        raise InvalidInput("Give two different times.", attr=f"{attr}.to")
    return SendWindow(
        days=_days(value.get("days"), attr=f"{attr}.days"),
        start=start,
        end=end,
        time_zone=_time_zone(value.get("time_zone"), attr=f"{attr}.time_zone"),
    )


def _days(value: Any, *, attr: str) -> frozenset[int]:
    right = isinstance(value, list) and value and all(type(each) is int for each in value)
    if not right or not EVERY_DAY.issuperset(value) or len(set(value)) < len(value):
        raise InvalidInput("Give numbers from 1 (Monday) to 7 (Sunday), each once.", attr=attr)
    return frozenset(value)


def _time_of_day(value: Any, *, attr: str) -> time:
    if not isinstance(value, str) or not TIME_OF_DAY.fullmatch(value):
        raise InvalidInput("Give a time of day such as 09:00.", attr=attr)
    return time.fromisoformat(value)


def _time_zone(value: Any, *, attr: str) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or value not in available_timezones():
        raise InvalidInput("Give an IANA name such as Europe/Berlin.", attr=attr)
    return value


def next_opening(
    windows: Sequence[SendWindow], *, at: datetime, default_zone: str, own_zone: str = ""
) -> datetime | None:
    """When all of these windows are open together: `at` itself if they are now.

    `own_zone`: the recipient's, before any window's. None if they never are.
    """
    own = zone_named(own_zone)
    zones = [own or zone_named(each.time_zone or default_zone) or UTC for each in windows]
    moment, until = at, at + LOOKED_AHEAD
    while moment < until:
        found = moment
        for window, zone in zip(windows, zones, strict=True):
            opens = window.opens_at(at=found, zone=zone)
            if opens is None:
                return None
            found = opens
        if found == moment:
            return moment
        moment = found
    return None


@lru_cache(maxsize=1024)
def zone_named(name: str) -> tzinfo | None:
    """None for a name that nobody knows (any more), as old contacts may have."""
    try:
        return ZoneInfo(name) if name else None
    except (KeyError, ValueError, OSError):
        return None
