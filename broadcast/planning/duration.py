"""How long a broadcast will take."""

from datetime import datetime, timedelta
from decimal import Decimal
from math import ceil

from broadcast.models import Broadcast
from broadcast.states import BroadcastStatus
from channels.models import Sender


def expected_finish_at(broadcast: Broadcast, *, now: datetime) -> datetime | None:
    """From its start, or from now, by what is left, the batches' size and delay, and the limit.

    None while it is paused: nobody knows for how long.
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
    left = broadcast.counters.pending + broadcast.counters.sending
    seconds = sending_seconds(sender, messages=left)
    start = max(broadcast.scheduled_at or now, now)
    return start + timedelta(seconds=seconds)


def sending_seconds(sender: Sender, *, messages: int, segments: int | None = None) -> float:
    """How long they take at least; an SMS costs its sender's limit as much as its segments."""
    batches = ceil(messages / (sender.effective_batch_size * sender.lanes))
    seconds = max(batches - 1, 0) * sender.effective_batch_delay
    if sender.messages_per_second:
        seconds = max(seconds, Decimal(segments or messages) / sender.messages_per_second)
    return float(seconds)
