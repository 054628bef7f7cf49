"""What follows from receipts of failures: the same pauses and holds that answers bring about.

A receipt comes after the hand-over, so its message has failed and does not wait for a repair. All
other messages of the sender, the template or the broadcast do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import OuterRef, Subquery
from django.db.models.functions import Coalesce

from broadcast.control.auto_pausing import (
    hold_sender,
    pause_for_config,
    pause_if_too_many_fail,
)
from broadcast.models import Batch, Broadcast, BroadcastMessage
from broadcast.states import BroadcastStatus, MessageStatus
from channels.models import Sender
from channels.port.events import Receipt
from channels.port.outcomes import FailureCause

TELLS_FOR = timedelta(days=1)
"""How long after a message was sent its failure still says something about the sender's state."""
ONGOING = (BroadcastStatus.QUEUED, BroadcastStatus.SENDING)


@dataclass(frozen=True, slots=True)
class _Failure:
    receipt: Receipt
    batch_id: UUID | None
    sent_at: datetime
    """When its batch was claimed: a late answer, or the receipt itself, may date its `sent_at`."""


def act_on_failures(
    broadcast: Broadcast, receipts: Mapping[UUID, Receipt], *, now: datetime
) -> None:
    """Pause and hold what the failures of these messages ask for. The caller holds no lock.

    The failure of a message that was sent before the broadcast was resumed, or before the sender
    was checked successfully, changes nothing: the repair may have come between. Safe to repeat.
    """
    failures = _recent(broadcast, receipts, now=now)
    if failures:
        _hold_sender(broadcast, failures)
        _pause_for_config(broadcast, failures, now=now)
        _pause_for_share(broadcast, failures, now=now)


def _recent(
    broadcast: Broadcast, receipts: Mapping[UUID, Receipt], *, now: datetime
) -> list[_Failure]:
    """The failures of messages that are FAILED by them, and were sent lately."""
    since = now - TELLS_FOR
    if broadcast.resumed_at is not None:
        since = max(since, broadcast.resumed_at)
    claimed_at = Batch.objects.filter(pk=OuterRef("batch_id")).values("claimed_at")[:1]
    rows = (
        BroadcastMessage.objects.filter(
            broadcast=broadcast, pk__in=receipts, status=MessageStatus.FAILED
        )
        .annotate(handed_at=Coalesce(Subquery(claimed_at), "sent_at"))
        .values_list("pk", "batch_id", "handed_at")
    )
    failures = (
        _Failure(receipts[pk], batch_id, at or receipts[pk].at) for pk, batch_id, at in rows
    )
    return [failure for failure in failures if failure.sent_at > since]


def _hold_sender(broadcast: Broadcast, failures: Sequence[_Failure]) -> None:
    until = [
        failure.receipt.at + timedelta(seconds=failure.receipt.holds_sender_for)
        for failure in failures
        if failure.receipt.holds_sender_for
    ]
    if until and broadcast.sender_id is not None:
        hold_sender(sender_id=broadcast.sender_id, until=max(until))


def _pause_for_config(broadcast: Broadcast, failures: Sequence[_Failure], *, now: datetime) -> None:
    refused = [failure for failure in failures if failure.receipt.cause == FailureCause.CONFIG]
    if not refused or broadcast.sender_id is None:
        return
    worked_at = Sender.objects.values_list("worked_at", flat=True).get(pk=broadcast.sender_id)
    newest = max(refused, key=lambda failure: failure.sent_at)
    if worked_at is None or newest.sent_at > worked_at:
        pause_for_config(
            broadcast, code=newest.receipt.code, message=newest.receipt.message, now=now
        )


def _pause_for_share(broadcast: Broadcast, failures: Sequence[_Failure], *, now: datetime) -> None:
    """Judge the messages up to the oldest and up to the newest batch of these failures.

    Up to the oldest batch most receipts have come; the newest one counts if there were few before.
    """
    batches = sorted(
        failure.batch_id
        for failure in failures
        if failure.batch_id is not None and failure.receipt.cause != FailureCause.CAPPED
    )
    if batches and broadcast.status in ONGOING:
        for batch_id in {batches[0], batches[-1]}:
            pause_if_too_many_fail(broadcast, now=now, up_to=batch_id)
