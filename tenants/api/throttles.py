"""Rate limits of log-in attempts.

The attempts are counted in Redis. While Redis does not work, each process counts for itself
(docs/adr/0019): log-in goes on, with a limit for each process.
"""

import hashlib
from collections import OrderedDict
from threading import Lock
from time import monotonic

import structlog
from django.conf import settings
from redis import RedisError
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView

from tenants.client_address import client_network

log = structlog.get_logger(__name__)

REDIS_AWAY_FOR = 5.0
"""Seconds for which Redis is not asked again, so that no log-in waits for its time-out."""
MAX_COUNTED = 100_000
"""Clients that a process counts by itself; the oldest are forgotten."""


class _OwnCounts:
    """The attempts that this process has counted while Redis did not work."""

    def __init__(self) -> None:
        self._times: OrderedDict[str, list[float]] = OrderedDict()
        self._changes = Lock()
        self._away_until = 0.0

    @property
    def are_used(self) -> bool:
        return monotonic() < self._away_until

    def use(self) -> None:
        self._away_until = monotonic() + REDIS_AWAY_FOR

    def add(self, client: str, *, at: float, since: float, most: int) -> list[float]:
        """Count an attempt, unless there are `most` since then; returns the earlier attempts."""
        with self._changes:
            earlier = [time for time in self._times.pop(client, []) if time > since]
            self._times[client] = [at, *earlier] if len(earlier) < most else earlier
            if len(self._times) > MAX_COUNTED:
                self._times.popitem(last=False)
            return earlier


_own_counts = _OwnCounts()


class LoginThrottle(SimpleRateThrottle):
    """Limits attempts per client and e-mail, against guessing one user's password.

    If Redis does not work, this process counts; the lock-out counts in PostgreSQL anyway.
    """

    scope = "token"

    def allow_request(self, request: Request, view: APIView) -> bool:
        if not _own_counts.are_used:
            try:
                return bool(super().allow_request(request, view))
            except (RedisError, OSError) as error:
                log.warning("log_ins_counted_without_redis", error_type=type(error).__name__)
                _own_counts.use()
        return self._allow_by_own_counts(self.get_cache_key(request, view))

    def _allow_by_own_counts(self, client: str) -> bool:
        self.now = self.timer()
        number, seconds = self.parse_rate(self.get_rate())
        most, since = number or 0, self.now - (seconds or 0)
        self.history = _own_counts.add(client, at=self.now, since=since, most=most)
        return len(self.history) < most

    def get_rate(self) -> str:
        return str(getattr(settings, "TOKEN_THROTTLE_RATE", "10/min"))

    def get_cache_key(self, request: Request, view: APIView) -> str:
        return self._key(f"{self.get_ident(request)} {_email(request)}")

    def get_ident(self, request: Request) -> str:
        return client_network(request) or ""

    def _key(self, client: str) -> str:
        digest = hashlib.sha256(client.encode(errors="replace")).hexdigest()
        return self.cache_format % {"scope": self.scope, "ident": digest}


class AddressThrottle(LoginThrottle):
    """Limits attempts per client, against trying one password on many e-mails."""

    scope = "token-address"

    def get_rate(self) -> str:
        return str(getattr(settings, "TOKEN_ADDRESS_THROTTLE_RATE", "100/min"))

    def get_cache_key(self, request: Request, view: APIView) -> str:
        return self._key(self.get_ident(request))


def _email(request: Request) -> str:
    data = request.data
    return str(data.get("email", "")).strip().lower() if isinstance(data, dict) else ""
