"""Authentication: reads the bearer token's membership from the database on every request."""

from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.exceptions import InvalidToken
from rest_framework_simplejwt.tokens import Token
from structlog.contextvars import bind_contextvars

from tenants.models import Membership, User
from tenants.tokens import TokenNoLongerValid, membership_of

SCHEME = b"Bearer"


class TenantJWTAuthentication(BaseAuthentication):
    """Sets `request.user` to the User and `request.auth` to its Membership with the tenant."""

    def __init__(self) -> None:
        self.tokens = JWTAuthentication()

    def authenticate(self, request: Request) -> tuple[User, Membership] | None:
        header: bytes | None = self.tokens.get_header(request)  # annotated without None
        raw = self.tokens.get_raw_token(_as_expected(header)) if header is not None else None
        if raw is None:
            return None
        membership = membership_of(self._token(raw))
        bind_contextvars(tenant_id=str(membership.tenant_id))
        return membership.user, membership

    def _token(self, raw: bytes) -> Token:
        try:
            return self.tokens.get_validated_token(raw)
        except InvalidToken as error:  # its text repeats the error for each kind of token tried
            raise TokenNoLongerValid(
                "This access token is not valid or has expired. Get a new one from "
                "/token/refresh/, or log in again."
            ) from error

    def authenticate_header(self, request: Request) -> str:
        return self.tokens.authenticate_header(request)


def _as_expected(header: bytes) -> bytes:
    """The scheme in the library's spelling: RFC 9110 ignores its case, the library does not."""
    scheme, space, credentials = header.partition(b" ")
    return SCHEME + space + credentials if scheme.lower() == SCHEME.lower() else header
