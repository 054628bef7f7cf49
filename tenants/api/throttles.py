"""Rate limits of log-in attempts."""

import hashlib

import redis
import structlog
from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView

from tenants.client_address import client_network

log = structlog.get_logger(__name__)


class LoginThrottle(SimpleRateThrottle):
    """Limits attempts per client and e-mail, against guessing one user's password.

    If Redis does not answer, the throttle lets the request in: the lock-out counts in PostgreSQL.
    """

    scope = "token"

    def get_rate(self) -> str:
        return str(getattr(settings, "TOKEN_THROTTLE_RATE", "10/min"))

    def allow_request(self, request: Request, view: APIView) -> bool:
        try:
            return super().allow_request(request, view)
        except (redis.RedisError, OSError) as error:
            log.warning("throttle_without_redis", error_type=type(error).__name__)
            return True

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
