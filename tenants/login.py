"""Log-in: checks the password and chooses the membership."""

from datetime import datetime

from axes.handlers.proxy import AxesProxyHandler
from django.contrib.auth import authenticate
from django.db.models import QuerySet
from django.http import HttpRequest

from api.errors import DomainError
from tenants.lockout import refuse_if_locked_out
from tenants.models import Membership, User


class InvalidCredentials(DomainError):
    """The e-mail is unknown, the password wrong or the user inactive; the answer hides which."""

    code = "invalid_credentials"
    status = 401


class NoTenant(DomainError):
    """The user is not a member of any active tenant, or not of the requested tenant."""

    code = "no_tenant"
    status = 403


class TenantRequired(DomainError):
    """The user has several tenants, and the request names none."""

    code = "tenant_required"
    status = 400


def log_in(
    request: HttpRequest, *, email: str, password: str, tenant: str = "", now: datetime
) -> Membership:
    """Returns the membership to log in to; `tenant` is an id or a slug.

    Raises LockedOut, InvalidCredentials, NoTenant and TenantRequired (data: the tenants to choose
    from). The request says where the client is; failed log-ins are counted by it.
    """
    # authenticate() takes equally long for unknown e-mails, so its time reveals no e-mail.
    user = authenticate(request, username=email.lower(), password=password)
    if not isinstance(user, User):
        refuse_if_locked_out(request, account=email, now=now)
        raise InvalidCredentials("Wrong e-mail or password.")
    AxesProxyHandler.user_logged_in(User, request=request, user=user)
    memberships = [
        membership
        for membership in active_memberships(user)
        if not tenant or _is_of(membership, tenant)
    ]
    if not memberships:
        raise NoTenant("You are not a member of this tenant." if tenant else "You have no tenant.")
    if len(memberships) > 1:
        raise TenantRequired(
            "You have several tenants: name one.",
            attr="tenant",
            data={"tenants": [_choice(membership) for membership in memberships]},
        )
    return memberships[0]


def active_memberships(user: User) -> QuerySet[Membership]:
    return (
        Membership.objects.filter(user=user, tenant__is_active=True)
        .select_related("tenant", "user")
        .order_by("tenant__name", "id")
    )


def _is_of(membership: Membership, tenant: str) -> bool:
    return tenant.lower() in {str(membership.tenant_id), membership.tenant.slug}


def _choice(membership: Membership) -> dict[str, str]:
    return {"id": str(membership.tenant_id), "name": membership.tenant.name}
