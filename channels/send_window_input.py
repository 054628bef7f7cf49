"""Whether a send window is written as the engine reads it."""

import re
from typing import Any
from zoneinfo import available_timezones

from rest_framework import serializers

KEYS = frozenset({"days", "from", "to", "time_zone"})
TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
DAYS = frozenset(range(1, 8))


def check_send_window(window: Any) -> None:
    """None, or days 1 (Monday) to 7, two different times of day and a zone. For serializers."""
    if window is None:
        return
    if not isinstance(window, dict) or not window.keys() <= KEYS:
        raise serializers.ValidationError("An object with days, from, to and time_zone.")
    _check_days(window.get("days"))
    start, end = window.get("from"), window.get("to")
    for name, value in (("from", start), ("to", end)):
        if not isinstance(value, str) or not TIME.fullmatch(value):
            raise serializers.ValidationError(f"{name}: a time of day such as 09:00.")
    if start == end:
        raise serializers.ValidationError("from and to must be different times.")
    zone = window.get("time_zone", "UTC")
    if not isinstance(zone, str) or zone not in available_timezones():
        raise serializers.ValidationError("time_zone: an IANA name such as Europe/Berlin.")


def _check_days(days: Any) -> None:
    right = isinstance(days, list) and days and all(type(day) is int for day in days)
    if not right or not set(days) <= DAYS or len(set(days)) < len(days):
        raise serializers.ValidationError("days: numbers from 1 (Monday) to 7, each once.")
