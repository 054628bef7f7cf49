"""Send windows: days and hours at which messages may be sent, and the next common opening.

A window over midnight belongs to the day on which it opens. Times are wall-clock times, so a
window moves with summer time. A time within the hour that is skipped in spring counts as an hour
later. If a time occurs twice in autumn, its first occurrence counts.
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
SEARCH_HORIZON = timedelta(days=9)
"""How far to search: windows repeat weekly; two more days cover time zones and summer time."""


@dataclass(frozen=True, slots=True)
class SendWindow:
    """Days and hours of one window.

    If `time_zone` is None, the tenant's zone counts. If the recipient's own zone is known, it
    counts instead of both.
    """

    days: frozenset[int]
    start: time
    end: time
    time_zone: str | None = None

    def opens_at(self, *, at: datetime, zone: tzinfo) -> datetime | None:
        """Returns `at` if the window is open then, else the next opening.

        None if the window does not open within LOOKED_AHEAD.
        """
        today = at.astimezone(zone).date()
        for ahead in range(-1, SEARCH_HORIZON.days):
            day = today + timedelta(days=ahead)
            if day.isoweekday() in self.days:
                opens, closes = self._on(day, zone)
                if at < closes and opens < closes:
                    return max(at, opens)
        return None

    def _on(self, day: date, zone: tzinfo) -> tuple[datetime, datetime]:
        """Returns the opening and closing time of a day in UTC.

        Python compares two times of the same zone by their clock times, which is wrong across a
        change of summer time.
        """
        last = day if self.start < self.end else day + timedelta(days=1)
        opens = datetime.combine(day, self.start, zone)
        closes = datetime.combine(last, self.end, zone)
        return opens.astimezone(UTC), closes.astimezone(UTC)


def read_send_window(value: Any, *, attr: str = "send_window") -> SendWindow | None:
    """Parses JSON like {"days": [1, 5], "from": "09:00", "to": "20:00"} into a window.

    None stays None. Raises InvalidInput, whose `attr` names the wrong part.
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
    has_numbers = isinstance(value, list) and value and all(type(day) is int for day in value)
    if not has_numbers or not EVERY_DAY.issuperset(value) or len(set(value)) < len(value):
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
    """Returns the first time from `at` on at which all windows are open; None if there is none.

    `own_zone` is the recipient's zone, which replaces each window's zone.
    """
    own = zone_named(own_zone)
    zones = [own or zone_named(window.time_zone or default_zone) or UTC for window in windows]
    moment, until = at, at + SEARCH_HORIZON
    while moment < until:
        candidate = moment
        for window, zone in zip(windows, zones, strict=True):
            opens = window.opens_at(at=candidate, zone=zone)
            if opens is None:
                return None
            candidate = opens
        if candidate == moment:
            return moment
        moment = candidate
    return None


@lru_cache(maxsize=1024)
def zone_named(name: str) -> tzinfo | None:
    """Returns the zone, or None for an unknown name: old contacts may have a removed name."""
    try:
        return ZoneInfo(name) if name else None
    except (KeyError, ValueError, OSError):
        return None
