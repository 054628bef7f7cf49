"""A second person's yes, where a tenant demands it above a number of recipients or an amount."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import connection, transaction

from broadcast.errors import ApprovalRequired, NotEditable, OwnApproval
from broadcast.models import Broadcast
from broadcast.moves.broadcasts import fresh, locked
from broadcast.planning import audience
from broadcast.states import EDITABLE, BroadcastKind
from tenants.models import Tenant, User

APPROVAL = ("approved_by", "approved_at", "approved_recipients")


def approve(*, tenant: Tenant, broadcast_id: UUID, actor: User, now: datetime) -> Broadcast:
    """Say yes to a broadcast as it stands; any change of its content or audience takes it back.

    One that is approved already is answered as it is, unless its audience has grown since. Raises
    OwnApproval, NotEditable.
    """
    with transaction.atomic():
        broadcast = locked(tenant, broadcast_id)
        everybody = _everybody(broadcast)
        if _is_approved(broadcast, recipients=everybody or 0):
            return fresh(broadcast)
        if broadcast.status not in EDITABLE or broadcast.planning_at is not None:
            raise NotEditable(f"A broadcast that is {broadcast.status} needs no approval any more.")
        if actor.pk in {broadcast.created_by_id, broadcast.edited_by_id, *broadcast.authors}:
            raise OwnApproval("You wrote this; somebody else has to approve it.")
        broadcast.approved_by, broadcast.approved_at = actor, now
        broadcast.approved_recipients = everybody
        broadcast.save(update_fields=(*APPROVAL, "updated_at"))
    return fresh(broadcast)


def withdraw(broadcast: Broadcast) -> None:
    """It is another broadcast than the one that was approved; not saved."""
    broadcast.approved_by = broadcast.approved_at = broadcast.approved_recipients = None


def _is_approved(broadcast: Broadcast, *, recipients: int) -> bool:
    """An audience is found when it is planned, long after somebody said yes to so many."""
    if broadcast.approved_at is None:
        return False
    approved = broadcast.approved_recipients
    return approved is None or recipients <= approved


def _everybody(broadcast: Broadcast) -> int | None:
    """Who is in its audience now; None for recipients by name, which no approval outlives."""
    if broadcast.audience is None:
        return None
    where, params = audience.condition(tenant=broadcast.tenant, audience=broadcast.audience)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM contacts_contact c WHERE {where}", params)
        return int(cursor.fetchone()[0])


def require_approval(broadcast: Broadcast, *, recipients: int, amount: Decimal) -> None:
    """Raises ApprovalRequired with the figures. A retry says the same to some of the same.

    A rung has its parent's approval; without one it has its own price, and as a DRAFT it may have
    been rewritten.
    """
    tenant = broadcast.tenant
    if broadcast.kind == BroadcastKind.RETRY or _is_approved(broadcast, recipients=recipients):
        return
    too_many = tenant.approval_recipients is not None and recipients > tenant.approval_recipients
    too_dear = tenant.approval_amount is not None and amount > tenant.approval_amount
    was_fewer = broadcast.approved_at is not None
    if too_many or too_dear:
        raise ApprovalRequired(
            f"{recipients} recipients for {amount} {tenant.currency}: somebody other than its "
            f"author has to approve this {'again, as it has grown' if was_fewer else 'first'}.",
            data={
                "recipients": recipients,
                "amount": str(amount),
                "currency": tenant.currency,
                "approval_recipients": tenant.approval_recipients,
                "approval_amount": None
                if tenant.approval_amount is None
                else str(tenant.approval_amount),
            },
        )


def require_approval_of_audience(broadcast: Broadcast) -> None:
    """Before an audience is planned, by everybody who is in it: so that the answer is not late."""
    everybody = None if broadcast.tenant.approval_recipients is None else _everybody(broadcast)
    if everybody is None:
        return
    price = broadcast.sender.price_for(broadcast.category) if broadcast.sender else Decimal(0)
    require_approval(broadcast, recipients=everybody, amount=everybody * price)
