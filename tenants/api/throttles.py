"""Rate limits of log-in attempts."""

import hashlib

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView


class LoginThrottle(SimpleRateThrottle):
    """Limits attempts per IP address and e-mail, against guessing one user's password."""

    scope = "token"

    def get_rate(self) -> str:
        return str(getattr(settings, "TOKEN_THROTTLE_RATE", "10/min"))

    def get_cache_key(self, request: Request, view: APIView) -> str:
        return self._key(f"{self.get_ident(request)} {_email(request)}")

    def _key(self, client: str) -> str:
        digest = hashlib.sha256(client.encode(errors="replace")).hexdigest()
        return self.cache_format % {"scope": self.scope, "ident": digest}


class AddressThrottle(LoginThrottle):
    """Limits attempts per IP address, against trying one password on many e-mails."""

    scope = "token-address"

    def get_rate(self) -> str:
        return str(getattr(settings, "TOKEN_ADDRESS_THROTTLE_RATE", "100/min"))

    def get_cache_key(self, request: Request, view: APIView) -> str:
        return self._key(self.get_ident(request) or "")


def _email(request: Request) -> str:
    data = request.data
    return str(data.get("email", "")).strip().lower() if isinstance(data, dict) else ""
