"""How many webhook calls were refused, by whom they claimed to be and why: for the metrics alone.

In Redis, not in rows: a stranger's calls must not fill a table. Emptied, the counts begin anew.
"""

from contextlib import suppress
from functools import cache
from typing import cast

import redis
from django.conf import settings

NOT_SIGNED = "not_signed"
UNKNOWN_ENDPOINT = "unknown_endpoint"
TOO_LARGE = "too_large"

TIMEOUT = 0.5
"""Seconds. A call is refused with or without Redis."""


def count_refused(*, provider: str, reason: str) -> None:
    """`provider` is one that is known: a name from a stranger's path would make a series of it."""
    with suppress(redis.RedisError):
        _client().hincrby(_key(), f"{provider} {reason}", 1)


def refused_calls() -> dict[tuple[str, str], int]:
    """By provider and reason. Raises redis.RedisError."""
    counts = cast("dict[bytes, bytes]", _client().hgetall(_key()))
    refused = {}
    for name, count in counts.items():
        provider, _, reason = name.decode().partition(" ")
        refused[provider, reason] = int(count)
    return refused


def _key() -> str:
    return f"{settings.REDIS_KEY_PREFIX}refused-calls"


@cache
def _client() -> redis.Redis:
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT
    )
