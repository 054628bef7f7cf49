"""May this broadcast start? All conditions of a launch, side by side; each raises its refusal."""

from datetime import datetime
from decimal import Decimal

from api.errors import InvalidInput
from broadcast.content.checking import Checked
from broadcast.control.approving import audience_size, is_approved
from broadcast.errors import (
    ApprovalRequired,
    NoRecipients,
    NotEditable,
    SenderBroken,
)
from broadcast.lanes.closed_zones import never_opens
from broadcast.models import Broadcast, BroadcastCounters
from broadcast.moves.broadcasts import require_move
from broadcast.states import EDITABLE, BroadcastKind, BroadcastStatus
from channels.senders.choosing import NoSender
from tenants.tokens import TenantInactive


def require_may_launch(broadcast: Broadcast, *, to: BroadcastStatus) -> None:
    """The conditions that need no content. Raises IllegalMove, NotEditable and as the functions."""
    require_move(broadcast, to)
    if broadcast.planning_at is not None:
        raise NotEditable(why_not_editable(broadcast))
    require_one_source(broadcast)


def require_may_start(content: Checked, *, at: datetime, now: datetime) -> None:
    """The conditions on a content that starts `at`. Raises as the functions that it calls."""
    require_working(content.broadcast)
    require_opening(content.broadcast, now=now)
    require_time_left(content.broadcast, at=at)


def require_editable(broadcast: Broadcast) -> None:
    """Raises NotEditable unless it is a DRAFT or SCHEDULED and not being planned."""
    if broadcast.status not in EDITABLE or broadcast.planning_at is not None:
        raise NotEditable(why_not_editable(broadcast))


def why_not_editable(broadcast: Broadcast) -> str:
    if broadcast.planning_at is not None:
        return "Its audience is being planned; try again in a moment."
    return f"A broadcast that is {broadcast.status} can no longer be changed."


def require_one_source(broadcast: Broadcast) -> None:
    """Raises InvalidInput for recipients beside an audience, NoRecipients for neither."""
    has_rows = BroadcastCounters.objects.get(pk=broadcast.pk).total > 0
    if broadcast.audience is not None and has_rows and broadcast.planned_at is None:
        raise InvalidInput("Give recipients or an audience, not both.", attr="audience")
    if broadcast.audience is None and not has_rows:
        raise NoRecipients("Give recipients or an audience first.", attr="recipients")


def require_consistent(broadcast: Broadcast, *, names_recipients: bool) -> None:
    """Refuses fields of a draft that contradict each other, before somebody launches it.

    Raises InvalidInput, which names the field and the way out.
    """
    if names_recipients and broadcast.audience is not None:
        raise InvalidInput(
            "Give recipients or an audience, not both. To change from recipients to an audience, "
            'give "recipients": [] beside it; from an audience to recipients, "audience": null.',
            attr="audience",
        )
    sender = broadcast.sender
    if sender is not None and sender.platform != broadcast.platform:
        raise InvalidInput(
            f"This sender sends over {sender.platform}, and the broadcast goes over "
            f"{broadcast.platform}.",
            attr="sender",
        )


def require_later_end(broadcast: Broadcast, *, now: datetime) -> None:
    """Raises InvalidInput if the broadcast has expired before it is launched."""
    if broadcast.expires_at is not None and broadcast.expires_at <= now:
        raise InvalidInput(
            "This time has passed; give one in the future, or null.", attr="expires_at"
        )


def require_future(at: datetime, now: datetime) -> None:
    if at <= now:
        raise InvalidInput(
            "This time has passed; give one in the future, or send now.", attr="scheduled_at"
        )


def require_time_left(broadcast: Broadcast, *, at: datetime) -> None:
    """Raises InvalidInput if the broadcast expires before it starts."""
    if broadcast.expires_at is not None and broadcast.expires_at <= at:
        raise InvalidInput(
            "It expires before it would start; give a later time or none.", attr="expires_at"
        )


def require_opening(broadcast: Broadcast, *, now: datetime) -> None:
    """Raises InvalidInput if the broadcast's send windows are never open together."""
    if never_opens(broadcast=broadcast, now=now):
        raise InvalidInput(
            "The send windows of tenant, sender and broadcast are never open at the same time.",
            attr="send_window",
        )


def require_working(broadcast: Broadcast) -> None:
    """Raises SenderBroken, with the provider's reason, until a check of the sender succeeds."""
    sender = broadcast.sender
    if sender is not None and sender.broken_at is not None:
        raise SenderBroken(
            f"The sender does not work: {sender.broken_reason} Repair it and check it first.",
            data={"sender": str(sender.pk), "reason": sender.broken_reason},
        )


def require_in_use(broadcast: Broadcast) -> None:
    """Checked again at the start, because tenant and sender may have been deactivated meanwhile.

    Raises NoSender, TenantInactive.
    """
    if not broadcast.tenant.is_active:
        raise TenantInactive("This tenant is not active.")
    if broadcast.sender is not None and not broadcast.sender.is_active:
        raise NoSender("Its sender is not active any more; name another one.", attr="sender")


def require_approval(broadcast: Broadcast, *, recipients: int, amount: Decimal) -> None:
    """Raises ApprovalRequired with the figures above the tenant's thresholds.

    Retries need no approval (same content, fewer people). A fallback inherits its parent's; without
    one it is approved on its own.
    """
    tenant = broadcast.tenant
    if broadcast.kind == BroadcastKind.RETRY or is_approved(broadcast, recipients=recipients):
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


def require_approval_of_audience(content: Checked) -> None:
    """Check an audience by its size before a task plans it, so that the refusal is immediate.

    Raises ApprovalRequired.
    """
    broadcast = content.broadcast
    if broadcast.tenant.approval_recipients is None:
        return
    size = audience_size(broadcast)
    if size is not None:
        price = content.sender.price_for(broadcast.category)
        require_approval(broadcast, recipients=size, amount=size * price)
