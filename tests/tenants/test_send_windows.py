"""Send windows: days, hours, zones, midnight and summer time; a refusal names the wrong field."""

from datetime import UTC, datetime
from typing import Any

import pytest

from api.errors import InvalidInput
from tenants.send_windows import SendWindow, next_opening, read_send_window

WORKDAYS = {"days": [1, 2, 3, 4, 5], "from": "09:00", "to": "20:00"}


def window(**changes: object) -> SendWindow:
    read = read_send_window({**WORKDAYS, **changes})
    assert read is not None
    return read


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def opening(*windows: SendWindow, at: str, zone: str = "UTC", own: str = "") -> str | None:
    """The time at which the windows are open together, from `at` on. 2026-06-01 is a Monday."""
    opens_at = next_opening(windows, at=utc(at), default_zone=zone, own_zone=own)
    return None if opens_at is None else opens_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M")


@pytest.mark.parametrize(
    ("at", "opens"),
    [
        ("2026-06-01T08:59:59", "2026-06-01T09:00"),
        ("2026-06-01T09:00", "2026-06-01T09:00"),
        ("2026-06-01T19:59", "2026-06-01T19:59"),
        ("2026-06-01T20:00", "2026-06-02T09:00"),
        ("2026-06-05T20:00", "2026-06-08T09:00"),
        ("2026-06-06T12:00", "2026-06-08T09:00"),
    ],
)
def test_a_window_is_open_from_its_first_minute_to_before_its_last(at: str, opens: str) -> None:
    assert opening(window(), at=at) == opens


@pytest.mark.parametrize(
    ("at", "opens"),
    [
        ("2026-06-05T21:00", "2026-06-05T22:00"),
        ("2026-06-06T01:59", "2026-06-06T01:59"),
        ("2026-06-06T02:00", "2026-06-12T22:00"),
        ("2026-06-06T22:30", "2026-06-12T22:00"),
    ],
)
def test_a_window_over_midnight_belongs_to_the_day_on_which_it_opens(at: str, opens: str) -> None:
    assert opening(window(days=[5], **{"from": "22:00", "to": "02:00"}), at=at) == opens


def test_the_recipients_zone_comes_before_the_windows_and_that_before_the_tenants() -> None:
    at = "2026-06-01T07:30"
    assert opening(window(), at=at, zone="Europe/Berlin") == at
    assert opening(window(time_zone="UTC"), at=at, zone="Europe/Berlin") == "2026-06-01T09:00"
    tokyo = opening(window(time_zone="UTC"), at="2026-06-01T12:00", own="Asia/Tokyo")
    assert tokyo == "2026-06-02T00:00"
    assert opening(window(), at=at, zone="Europe/Berlin", own="Mars/Olympus") == at


def test_several_windows_are_open_together() -> None:
    mornings = window(days=[1, 3], to="12:00")
    lunch = window(**{"from": "11:00", "to": "14:00"})
    assert opening(window(), mornings, lunch, at="2026-06-01T10:00") == "2026-06-01T11:00"
    assert opening(window(), mornings, lunch, at="2026-06-01T12:00") == "2026-06-03T11:00"


def test_windows_that_never_meet_have_no_opening() -> None:
    assert opening(window(), window(days=[6, 7]), at="2026-06-01T10:00") is None
    assert opening(window(to="12:00"), window(**{"from": "12:00"}), at="2026-06-01T10:00") is None


def test_without_windows_sending_is_always_open() -> None:
    assert opening(at="2026-06-06T03:00") == "2026-06-06T03:00"


@pytest.mark.parametrize(
    ("at", "opens"),
    [
        # Sunday 29 March 2026: Berlin skips 02:00 to 03:00.
        ("2026-03-29T00:30", "2026-03-29T07:00"),
        # Sunday 25 October 2026: Berlin has 02:00 to 03:00 twice.
        ("2026-10-25T00:30", "2026-10-25T08:00"),
    ],
)
def test_the_hours_are_those_of_the_wall_clock(at: str, opens: str) -> None:
    daily = window(days=[1, 2, 3, 4, 5, 6, 7])
    assert opening(daily, at=at, zone="Europe/Berlin") == opens


def test_hours_that_summer_time_leaves_out_or_doubles() -> None:
    night = window(days=[7], **{"from": "02:15", "to": "02:45"})
    # A skipped hour is shifted as Python shifts it; the window keeps its length.
    assert opening(night, at="2026-03-29T00:00", zone="Europe/Berlin") == "2026-03-29T01:15"
    # Of a doubled hour, the first one counts.
    assert opening(night, at="2026-10-25T00:00", zone="Europe/Berlin") == "2026-10-25T00:15"
    assert opening(night, at="2026-10-25T01:20", zone="Europe/Berlin") == "2026-11-01T01:15"
    both = window(days=[7], **{"from": "01:30", "to": "03:30"})
    assert opening(both, at="2026-10-25T02:20", zone="Europe/Berlin") == "2026-10-25T02:20"


@pytest.mark.parametrize(
    ("value", "attr"),
    [
        ([], "send_window"),
        ("09:00-20:00", "send_window"),
        ({**WORKDAYS, "until": "20:00"}, "send_window"),
        ({**WORKDAYS, "days": []}, "send_window.days"),
        ({**WORKDAYS, "days": None}, "send_window.days"),
        ({**WORKDAYS, "days": [0]}, "send_window.days"),
        ({**WORKDAYS, "days": [True]}, "send_window.days"),
        ({**WORKDAYS, "days": [1, 1]}, "send_window.days"),
        ({**WORKDAYS, "days": [[1]]}, "send_window.days"),
        ({**WORKDAYS, "from": "9:00"}, "send_window.from"),
        ({**WORKDAYS, "from": "24:00"}, "send_window.from"),
        ({**WORKDAYS, "to": "20:00\n"}, "send_window.to"),
        ({**WORKDAYS, "to": "٢٠:00"}, "send_window.to"),
        ({**WORKDAYS, "to": 20}, "send_window.to"),
        ({**WORKDAYS, "to": "09:00"}, "send_window.to"),
        ({**WORKDAYS, "time_zone": "Berlin"}, "send_window.time_zone"),
        ({**WORKDAYS, "time_zone": ["UTC"]}, "send_window.time_zone"),
        ({**WORKDAYS, "time_zone": "../../etc/passwd"}, "send_window.time_zone"),
    ],
)
def test_what_is_no_window_is_refused_by_the_name_of_its_part(value: Any, attr: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        read_send_window(value)
    assert refusal.value.attr == attr


def test_null_is_no_window() -> None:
    assert read_send_window(None) is None
