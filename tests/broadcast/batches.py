"""Answers to a claimed batch, settled as its worker would."""

from collections.abc import Sequence
from datetime import datetime

from broadcast.engine.settling import settle
from broadcast.models import Batch
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
