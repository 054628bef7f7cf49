"""Batches that a worker holds, and the steps that may compete for the same rows."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from broadcast import lifecycle
from broadcast.engine.claiming import claim, shut_fence
from broadcast.engine.settling import settle
from broadcast.engine.sweeping import sweep
from broadcast.models import Batch, Broadcast
from broadcast.moves.messages import Moved
from channels.port.outcomes import Outcome, OutcomeKind
from tests.races.blocking import DEADLINE

KINDS = (OutcomeKind.ACCEPTED, OutcomeKind.PASSING, OutcomeKind.LIMITED, OutcomeKind.UNKNOWN)


def handed_over(broadcast: Broadcast) -> list[Batch]:
    """Sends the broadcast, claims a batch on each of its lanes and shuts their fences."""
    now = timezone.now()
    lifecycle.send(tenant=broadcast.tenant, broadcast_id=broadcast.pk, now=now)
    Broadcast.objects.filter(pk=broadcast.pk).update(status="SENDING")
    broadcast.refresh_from_db()
    assert broadcast.sender is not None
    batches = []
    for lane in broadcast.lanes.order_by("n"):
        claimed = claim(broadcast=broadcast, lane=lane, sender=broadcast.sender, now=now)
        assert claimed is not None
        assert shut_fence(batch_id=claimed.batch_id)
        batches.append(Batch.objects.get(pk=claimed.batch_id))
    return batches


def settle_batch(batch: Batch, kinds: Sequence[OutcomeKind] = KINDS) -> Moved:
    """Settles the batch; its messages get these outcomes in turn."""
    broadcast = Broadcast.objects.select_related("tenant", "sender").get(pk=batch.broadcast_id)
    assert broadcast.sender is not None
    outcomes: list[tuple[UUID, Outcome]] = [
        (message_id, Outcome(kind=kinds[n % len(kinds)], retry_after=0.0))
        for n, message_id in enumerate(batch.message_ids)
    ]
    return settle(
        broadcast=broadcast,
        sender=broadcast.sender,
        batch_id=batch.pk,
        outcomes=outcomes,
        is_last=True,
        now=timezone.now(),
    )


def sweep_batch(batch: Batch) -> Moved | None:
    """Sweeps the batch as if its lease had expired."""
    expired = Batch.objects.select_related("broadcast__tenant", "broadcast__sender").get(
        pk=batch.pk
    )
    return sweep(batch=expired, now=timezone.now() + timedelta(hours=1))


def cancel(broadcast: Broadcast) -> Broadcast:
    return lifecycle.cancel(tenant=broadcast.tenant, broadcast_id=broadcast.pk, now=timezone.now())


def at_once(*steps: Callable[[], Any]) -> list[Any]:
    """Runs the steps together, each in its own thread and transaction; returns their results."""
    start = Barrier(len(steps))

    def run(step: Callable[[], Any]) -> Any:
        try:
            start.wait(DEADLINE)
            return step()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(steps)) as threads:
        running: list[Future[Any]] = [threads.submit(run, step) for step in steps]
        return [future.result(DEADLINE) for future in running]
