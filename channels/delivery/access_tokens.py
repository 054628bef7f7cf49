"""Fetches bearer tokens for senders with a service account and keeps them in the process.

Only this step of sending calls another address than the provider's API; adapters stay pure.
"""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

from google.auth.exceptions import GoogleAuthError, RefreshError, TransportError
from google.auth.transport import Request, Response
from google.oauth2.service_account import Credentials

from channels.http.client import start
from channels.http.transport import Failure
from channels.port.adapter import Adapter, TokenGrant
from channels.port.http_calls import HttpRequest, HttpResponse
from channels.port.messages import SenderAccount
from channels.port.outcomes import FailureCause, Outcome, OutcomeKind

TOKEN_SECONDS = 5.0
"""Time-out of one try. On server errors google-auth makes up to three, some seconds apart."""

KEPT = 256
"""How many service accounts' tokens a process keeps."""


class NoToken(Exception):
    """There is no token, so nothing of the batch was sent; `outcome` applies to each message."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.code)
        self.outcome = outcome


@dataclass(frozen=True, slots=True)
class Authorized:
    """An account with all credentials that its adapter needs; `is_old`: its token was kept."""

    account: SenderAccount
    holder: "_Holder | None" = None
    is_old: bool = False

    def judged(self, outcome: Outcome) -> Outcome:
        """The outcome, except that a refused old token is dropped: the retry fetches a new one."""
        if self.holder is None or not self.is_old or outcome.code != _REFUSED.code:
            return outcome
        self.holder.forget(self.account.credentials["access_token"])
        return _EXPIRED


def authorized(account: SenderAccount, adapter: Adapter) -> Authorized:
    """The account, with `access_token` added to its credentials if its adapter needs one.

    Raises NoToken.
    """
    grant = adapter.token_grant
    if grant is None:
        return Authorized(account)
    holder = _holder(account, adapter, grant)
    token, is_old = holder.token()
    credentials = {**account.credentials, "access_token": token}
    return Authorized(replace(account, credentials=credentials), holder, is_old)


def _holder(account: SenderAccount, adapter: Adapter, grant: TokenGrant) -> "_Holder":
    is_default = account.base_url == adapter.default_base_url
    url = grant.token_url if is_default else f"{account.base_url}{grant.path}"
    return _holders(account.credentials.get(grant.key, ""), grant.scopes, url)


class _Holder:
    """Holds one service account's token. Under its lock one thread fetches, the others wait."""

    def __init__(self, service_account: str, scopes: tuple[str, ...], token_url: str) -> None:
        self._service_account = (service_account, scopes, token_url)
        self._lock = threading.Lock()
        self._credentials: Credentials | None = None

    def token(self) -> tuple[str, bool]:
        """The token, and whether it was kept from before. Raises NoToken."""
        with self._lock:
            try:
                if self._credentials is None:
                    self._credentials = _credentials(*self._service_account)
                is_old = bool(self._credentials.valid)
                if not is_old:
                    self._credentials.refresh(_Transport())  # type: ignore[no-untyped-call]  # see below
            except (TransportError, TimeoutError):
                raise NoToken(_UNREACHABLE) from None
            except RefreshError as error:
                raise NoToken(_UNREACHABLE if error.retryable else _REFUSED) from None
            except (GoogleAuthError, ValueError, TypeError, KeyError, AttributeError):
                # Not chained: the error's text may quote the key.
                raise NoToken(_MALFORMED) from None
            return str(self._credentials.token), is_old

    def forget(self, token: str) -> None:
        """Drop this token, unless another thread has fetched a new one already."""
        with self._lock:
            if self._credentials is not None and self._credentials.token == token:
                self._credentials = None


@lru_cache(maxsize=KEPT)
def _holders(service_account: str, scopes: tuple[str, ...], token_url: str) -> _Holder:
    return _Holder(service_account, scopes, token_url)


def _credentials(service_account: str, scopes: tuple[str, ...], token_url: str) -> Credentials:
    info = {**json.loads(service_account), "token_uri": token_url}
    credentials: Credentials = Credentials.from_service_account_info(info, scopes=list(scopes))  # type: ignore[no-untyped-call]  # google-auth is typed in part
    return credentials


class _Transport(Request):
    """Sends google-auth's requests through our own client: pooled, no proxies, no redirects."""

    def __call__(
        self,
        url: str,
        method: str = "GET",
        body: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        **_: Any,
    ) -> Response:
        raw = body.decode() if isinstance(body, bytes) else body or ""
        request = HttpRequest(method, url, form=dict(parse_qsl(raw)))
        exchange = start(request, timeout=TOKEN_SECONDS).result(timeout=TOKEN_SECONDS + 2)
        if isinstance(exchange, Failure):
            raise TransportError(exchange.reason.value)  # type: ignore[no-untyped-call]  # as above
        return _Answer(exchange)


class _Answer(Response):
    def __init__(self, response: HttpResponse) -> None:
        self._response = response

    @property
    def status(self) -> int:
        return self._response.status

    @property
    def headers(self) -> Mapping[str, str]:
        return self._response.headers

    @property
    def data(self) -> bytes:
        return self._response.body


_UNREACHABLE = Outcome(
    OutcomeKind.PASSING,
    code="token_unavailable",
    message="The provider's token endpoint could not be reached; nothing was sent.",
)
_REFUSED = Outcome(
    OutcomeKind.PERMANENT,
    code="sender_unauthorized",
    message="The provider does not accept the sender's service account.",
    cause=FailureCause.CONFIG,
)
_EXPIRED = Outcome(
    OutcomeKind.PASSING,
    code="token_expired",
    message="The provider did not accept the access token any more; nothing was sent.",
)
_MALFORMED = Outcome(
    OutcomeKind.PERMANENT,
    code="sender_unauthorized",
    message="The sender's service account is not the JSON that the provider gives out.",
    cause=FailureCause.CONFIG,
)
