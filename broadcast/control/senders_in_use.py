"""Senders over which nothing more may go out: refused by their provider, or taken out of use."""

from datetime import datetime
from uuid import UUID

from broadcast.errors import NoSender, SenderBroken
from broadcast.models import Broadcast
from channels.models import Sender
from tenants.tokens import TenantInactive

MAX_REASON = 200


def require_working(broadcast: Broadcast) -> None:
    """Raises SenderBroken, with the provider's reason, until a good check clears it."""
    sender = broadcast.sender
    if sender is not None and sender.broken_at is not None:
        raise SenderBroken(
            f"The sender does not work: {sender.broken_reason} Repair it and check it first.",
            data={"sender": str(sender.pk), "reason": sender.broken_reason},
        )


def require_in_use(broadcast: Broadcast) -> None:
    """Before it starts, as much may have happened since it was scheduled.

    Raises NoSender where its sender was deactivated, TenantInactive.
    """
    if not broadcast.tenant.is_active:
        raise TenantInactive("This tenant is not active.")
    if broadcast.sender is not None and not broadcast.sender.is_active:
        raise NoSender("Its sender is not active any more; name another one.", attr="sender")


def mark_broken(*, sender_id: UUID, reason: str, now: datetime) -> None:
    """The first reason stays: what follows it is often only its consequence."""
    Sender.objects.filter(pk=sender_id, broken_at=None).update(
        broken_at=now, broken_reason=reason[:MAX_REASON]
    )
