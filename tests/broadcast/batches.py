"""What a worker does with a batch: runs it as a whole, or settles given answers."""

from collections.abc import Sequence
from datetime import datetime

from django.utils import timezone

from broadcast.engine.batch import run_batch
from broadcast.engine.settling import settle
from broadcast.models import Batch, Broadcast
from channels.port.outcomes import Outcome


def answer_batch(batch: Batch, outcomes: Sequence[Outcome], *, now: datetime) -> None:
    """Settles the batch's first messages with these outcomes in turn."""
    assert batch.broadcast.sender is not None
    settle(
        broadcast=batch.broadcast,
        sender=batch.broadcast.sender,
        batch_id=batch.pk,
        outcomes=list(zip(batch.message_ids, outcomes, strict=False)),
        is_last=True,
        now=now,
    )


def run_next_batch_of(broadcast: Broadcast) -> None:
    """Claims, sends and settles the next batch of the broadcast's only lane, now."""
    run_batch(lane_id=broadcast.lanes.get().pk, clock=timezone.now)
