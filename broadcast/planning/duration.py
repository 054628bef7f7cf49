"""How long sending a broadcast takes."""

from datetime import datetime, timedelta
from decimal import Decimal
from math import ceil

from broadcast.models import Broadcast
from broadcast.states import BroadcastStatus
from channels.models import Sender


def expected_finish_at(broadcast: Broadcast, *, now: datetime) -> datetime | None:
    """When the remaining messages will have been sent, by batch size, delay and rate limit.

    None if the broadcast is paused, because the end of the pause is unknown, or if it is over.
    """
    sender = broadcast.sender
    if (
        sender is None
        or broadcast.paused_at is not None
        or broadcast.status
        not in {
            BroadcastStatus.SCHEDULED,
            BroadcastStatus.QUEUED,
            BroadcastStatus.SENDING,
        }
    ):
        return None
    remaining = broadcast.counters.pending + broadcast.counters.sending
    seconds = sending_seconds(sender, messages=remaining)
    start = max(broadcast.scheduled_at or now, now)
    return start + timedelta(seconds=seconds)


def sending_seconds(sender: Sender, *, messages: int, segments: int | None = None) -> float:
    """The minimum time for these messages; each segment of an SMS counts towards the rate limit."""
    batches = ceil(messages / (sender.effective_batch_size * sender.lanes))
    seconds = max(batches - 1, 0) * sender.effective_batch_delay
    if sender.messages_per_second:
        seconds = max(seconds, Decimal(segments or messages) / sender.messages_per_second)
    return float(seconds)
