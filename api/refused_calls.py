"""Counts refused webhook calls by the provider in their path and by reason, for the metrics.

The counts are kept in Redis, not in rows, because a stranger's calls must not fill a table. If
Redis is emptied, they start again at zero.
"""

from contextlib import suppress
from functools import cache
from typing import cast

import redis
from django.conf import settings

NOT_SIGNED = "not_signed"
UNKNOWN_ENDPOINT = "unknown_endpoint"
TOO_LARGE = "too_large"
UNREADABLE = "unreadable"

TIMEOUT = 0.5
"""Seconds. A slow Redis must not delay the refusal."""


def count_refused(*, provider: str, reason: str) -> None:
    """Count one call. `provider` must be a known name: a stranger must not create metric series."""
    with suppress(redis.RedisError):
        _client().hincrby(_key(), f"{provider} {reason}", 1)


def refused_calls() -> dict[tuple[str, str], int]:
    """The counts by provider and reason. Raises redis.RedisError."""
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
