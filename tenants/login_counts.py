"""Logs every log-in and counts it for the metrics: at which door, with which result.

The counts are kept in Redis, as those of refused webhook calls are: a stranger's attempts must not
fill a table. If Redis is emptied, they start again at zero.
"""

from contextlib import suppress
from functools import cache
from typing import cast

import redis
import structlog
from django.conf import settings
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from tenants.client_address import client_address

SUCCEEDED = "succeeded"
FAILED = "failed"
LOCKED_OUT = "locked_out"

ADMIN = "/admin/"
TIMEOUT = 0.5
"""Seconds. A slow Redis must not delay the answer."""

log = structlog.get_logger(__name__)


def note_login(request: HttpRequest, *, account: str, result: str) -> None:
    """Log and count one log-in. The log names the account by a digest, never by its e-mail."""
    door = "admin" if request.path.startswith(ADMIN) else "api"
    digest = salted_hmac("tenants.login_counts", account).hexdigest()[:16]
    write = log.info if result == SUCCEEDED else log.warning
    write(f"login_{result}", door=door, account=digest, client_ip=client_address(request))
    with suppress(redis.RedisError):
        _client().hincrby(_key(), f"{door} {result}", 1)


def login_counts() -> dict[tuple[str, str], int]:
    """The counts by door and result. Raises redis.RedisError."""
    counts = cast("dict[bytes, bytes]", _client().hgetall(_key()))
    logins = {}
    for name, count in counts.items():
        door, _, result = name.decode().partition(" ")
        logins[door, result] = int(count)
    return logins


def _key() -> str:
    return f"{settings.REDIS_KEY_PREFIX}logins"


@cache
def _client() -> redis.Redis:
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT
    )
