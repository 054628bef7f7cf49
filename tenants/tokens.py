"""Bearer tokens: issues them, and finds the membership of a token.

A token names a user, a tenant and a fingerprint of the user's password; never a role.
"""

from uuid import UUID

from django.utils.crypto import constant_time_compare
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.tokens import RefreshToken, Token

from api.errors import DomainError
from tenants.models import Membership, User

TENANT_CLAIM = "tenant_id"
PASSWORD_CLAIM = "pwd"  # noqa: S105 - a claim's name
FINGERPRINT_LENGTH = 16


class TokenNoLongerValid(DomainError):
    """The token is malformed or expired, or its user, membership or password has changed."""

    code = "token_not_valid"
    status = 401


class TenantInactive(DomainError):
    """The tenant has been deactivated."""

    code = "tenant_inactive"
    status = 403


def issue(membership: Membership) -> RefreshToken:
    """Issues a refresh token for a membership; its `.access_token` carries the same claims."""
    token: RefreshToken = RefreshToken.for_user(membership.user)
    token[TENANT_CLAIM] = str(membership.tenant_id)
    token[PASSWORD_CLAIM] = _fingerprint(membership.user)
    return token


def membership_of(token: Token) -> Membership:
    """Reads the token's current membership from the database in one statement.

    Raises TokenNoLongerValid (user or membership gone or inactive, password changed) and
    TenantInactive.
    """
    membership = _find(token)
    if membership is None or not constant_time_compare(
        str(token.get(PASSWORD_CLAIM)), _fingerprint(membership.user)
    ):
        raise TokenNoLongerValid("This token is no longer valid. Please log in again.")
    if not membership.tenant.is_active:
        raise TenantInactive("This tenant is not active.")
    return membership


def _find(token: Token) -> Membership | None:
    try:
        user_id = UUID(str(token.get(api_settings.USER_ID_CLAIM)))
        tenant_id = UUID(str(token.get(TENANT_CLAIM)))
    except ValueError:
        return None
    members = Membership.objects.select_related("tenant", "user")
    return members.filter(user_id=user_id, tenant_id=tenant_id, user__is_active=True).first()


def _fingerprint(user: User) -> str:
    """A fingerprint that changes with the password, so that a new password ends all tokens."""
    return user.get_session_auth_hash()[:FINGERPRINT_LENGTH]
