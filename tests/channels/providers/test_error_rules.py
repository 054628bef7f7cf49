"""A provider may ask for a wait of at most a day."""

import math
from typing import Any

import pytest

from channels.providers.error_rules import retry_after, seconds
from tests.channels.providers.samples import response


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (7, 7.0),
        (0.5, 0.5),
        (0, 0.0),
        (10**400, 86400.0),
        (math.inf, 86400.0),
        (math.nan, None),
        (-1, None),
        ("7", None),
        (None, None),
        (True, None),
    ],
)
def test_seconds(value: Any, expected: float | None) -> None:
    assert seconds(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [("12", 12.0), ("9" * 8000, 86400.0), ("-1", None), ("", None), ("soon", None), ("٣", None)],
)
def test_retry_after(value: str, expected: float | None) -> None:
    assert retry_after(response(429, Retry_After=value)) == expected


def test_a_date_without_the_answers_date_says_nothing() -> None:
    assert retry_after(response(429, Retry_After="Thu, 01 Jan 2026 00:01:30 GMT")) is None
