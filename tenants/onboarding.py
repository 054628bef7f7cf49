"""Creates a tenant and its owner in one transaction."""

from dataclasses import dataclass
from typing import Any

from django.db import transaction

from api.errors import Conflict
from tenants.models import Membership, Role, Tenant, User


@dataclass(frozen=True, slots=True)
class OnboardingResult:
    tenant: Tenant
    owner: User
    tenant_created: bool
    owner_created: bool


@transaction.atomic
def create_tenant(
    *, slug: str, owner_email: str, password: str, tenant_fields: dict[str, Any]
) -> OnboardingResult:
    """Creates the tenant, the user and the OWNER membership, unless they exist.

    A repeated call changes nothing: an existing user keeps the password, an existing tenant keeps
    its fields. Raises Conflict if the tenant has members, but this user is not its owner.
    """
    tenant, tenant_created = Tenant.objects.get_or_create(slug=slug, defaults=tenant_fields)
    owner, owner_created = _user(owner_email, password)
    _make_owner(tenant, owner)
    return OnboardingResult(tenant, owner, tenant_created, owner_created)


def _user(email: str, password: str) -> tuple[User, bool]:
    user = User.objects.filter(email=email.lower()).first()
    if user is not None:
        return user, False
    return User.objects.create_user(email, password), True


def _make_owner(tenant: Tenant, user: User) -> None:
    locked = Tenant.objects.select_for_update().get(pk=tenant.pk)
    members = Membership.objects.filter(tenant=locked)
    if members.filter(user=user, role=Role.OWNER).exists():
        return
    if members.exists():
        raise Conflict(f"Tenant {tenant.slug} already exists, and {user.email} is not its owner.")
    Membership.objects.create(tenant=locked, user=user, role=Role.OWNER)
