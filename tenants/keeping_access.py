"""Refuses changes after which nobody could administer a tenant or the whole installation."""

from uuid import UUID

from api.errors import Conflict
from tenants.models import Membership, Role, Tenant, User


class LastOwner(Conflict):
    """The tenant has no other active owner."""

    code = "last_owner"


class LastSuperuser(Conflict):
    """There is no other active superuser."""

    code = "last_superuser"


def require_another_owner(membership: Membership) -> None:
    """Check before the membership is deleted or loses the role OWNER.

    Locks the tenant, so call it in the transaction of the change. Raises LastOwner.
    """
    if membership.role == Role.OWNER and membership.user.is_active:
        _require_owner_besides(membership.user_id, tenant_id=membership.tenant_id)


def require_user_replaceable(user: User, *, is_active: bool, is_superuser: bool) -> None:
    """Check before a user gets these values. Raises LastOwner, LastSuperuser.

    `user` is as stored. Locks the other superusers and the user's tenants, so call it in the
    transaction of the change.
    """
    if user.is_active and user.is_superuser and not (is_active and is_superuser):
        active = User.objects.filter(is_active=True, is_superuser=True).order_by("pk")
        if not [
            pk for pk in active.select_for_update().values_list("pk", flat=True) if pk != user.pk
        ]:
            raise LastSuperuser(
                "This is the last active superuser; make another user a superuser first."
            )
    if user.is_active and not is_active:
        owned = Membership.objects.filter(user=user, role=Role.OWNER, tenant__is_active=True)
        for tenant_id in owned.order_by("tenant").values_list("tenant", flat=True):
            _require_owner_besides(user.pk, tenant_id=tenant_id)


def _require_owner_besides(user_id: UUID, *, tenant_id: UUID) -> None:
    tenant = Tenant.objects.select_for_update().get(pk=tenant_id)
    owners = Membership.objects.filter(tenant=tenant, role=Role.OWNER, user__is_active=True)
    if not owners.exclude(user=user_id).exists():
        raise LastOwner(f"{tenant} has no other active owner; make another member an owner first.")
