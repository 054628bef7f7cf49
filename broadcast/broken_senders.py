"""Senders whose configuration their provider refuses: nothing more goes out over them."""

from datetime import datetime
from uuid import UUID

from broadcast.errors import SenderBroken
from broadcast.models import Broadcast
from channels.models import Sender

MAX_REASON = 200


def require_working(broadcast: Broadcast) -> None:
    """Raises SenderBroken, with the provider's reason, until a good check clears it."""
    sender = broadcast.sender
    if sender is not None and sender.broken_at is not None:
        raise SenderBroken(
            f"The sender does not work: {sender.broken_reason} Repair it and check it first.",
            data={"sender": str(sender.pk), "reason": sender.broken_reason},
        )


def mark_broken(*, sender_id: UUID, reason: str, now: datetime) -> None:
    """The first reason stays: what follows it is often only its consequence."""
    Sender.objects.filter(pk=sender_id, broken_at=None).update(
        broken_at=now, broken_reason=reason[:MAX_REASON]
    )
