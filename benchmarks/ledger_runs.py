"""The runs of the ledger's benchmark, in this process: threads with one connection each."""

import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from statistics import median
from threading import Barrier
from uuid import uuid4

from django.db import connection
from django.db.models import F
from django.utils import timezone

from benchmarks.scene import Case, planned, send, sender_for, tenant_with
from broadcast.engine.claiming import claim
from broadcast.engine.settling import settle
from broadcast.models import Broadcast, BroadcastMessage
from channels.models import Sender
from channels.platforms import Platform
from channels.port.outcomes import Outcome, OutcomeKind
from tenants.models import Tenant
from wallet.ledger import ledger
from wallet.pricing.amounts import ZERO

PER_BATCH = 50
PRICE = Decimal("0.02")


def settled_per_second(connections: int, *, batches: int) -> float:
    """Batches a second that this many connections settle on one wallet, each on its own hold."""
    tenant = tenant_with(0)
    subjects = [f"bench:{n}" for n in range(connections)]
    for subject in subjects:
        ledger.hold(
            tenant=tenant,
            amount=PRICE * PER_BATCH * batches,
            subject=subject,
            revision=1,
            actor="bench",
            now=timezone.now(),
        )
    together = Barrier(connections + 1)
    with ThreadPoolExecutor(connections) as pool:
        futures = [
            pool.submit(_settle_all, tenant, subject, batches, together) for subject in subjects
        ]
        together.wait()
        began = time.perf_counter()
        for future in futures:
            future.result()
        seconds = time.perf_counter() - began
    return connections * batches / seconds


def _settle_all(tenant: Tenant, subject: str, batches: int, together: Barrier) -> None:
    connection.ensure_connection()
    together.wait()
    try:
        for n in range(batches):
            ledger.move_hold(
                tenant_id=tenant.pk,
                subject=subject,
                revision=1,
                captured=PRICE * PER_BATCH,
                released=ZERO,
                reference=f"{subject}:{n}",
                movement_id=uuid4(),
                actor="bench",
                now=timezone.now(),
            )
    finally:
        connection.close()


def share_of_a_batch(*, batches: int) -> dict[str, float]:
    """The wallet's share of settling 50 messages with their counters and money.

    One statement does all of it, so every other batch is made free: the difference is the wallet's.
    """
    broadcast, sender = _half_free(batches)
    lane = broadcast.lanes.get()
    seconds: dict[bool, list[float]] = {False: [], True: []}
    for _ in range(batches):
        claimed = claim(broadcast=broadcast, lane=lane, sender=sender, now=timezone.now())
        if claimed is None or not claimed.messages:
            break
        lane.refresh_from_db()
        accepted = [
            (message.id, Outcome(kind=OutcomeKind.ACCEPTED, provider_message_id=str(n)))
            for n, message in enumerate(claimed.messages)
        ]
        began = time.perf_counter()
        moved = settle(
            broadcast=broadcast,
            sender=sender,
            batch_id=claimed.batch_id,
            outcomes=accepted,
            is_last=True,
            now=timezone.now(),
        )
        seconds[moved.captured > 0].append(time.perf_counter() - began)
    whole, free = median(seconds[True]), median(seconds[False])
    return {
        "settle_ms": 1000 * whole,
        "ledger_ms": 1000 * (whole - free),
        "share": 1 - free / whole,
    }


def _half_free(batches: int) -> tuple[Broadcast, Sender]:
    """A broadcast that is being sent and whose every other batch is free, with its sender."""
    case = Case(Platform.TELEGRAM)
    tenant = tenant_with(PER_BATCH * batches)
    sender = sender_for(case, tenant=tenant, stub_url="http://127.0.0.1:9", lanes=1)
    broadcast = planned(case, sender=sender)
    send(broadcast)
    Broadcast.objects.filter(pk=broadcast.pk).update(status="SENDING")
    broadcast.refresh_from_db()
    place = (F("seq") - 1) % (2 * PER_BATCH)
    every_other = BroadcastMessage.objects.alias(place=place).filter(place__lt=PER_BATCH)
    every_other.filter(broadcast=broadcast).update(price=0)
    return broadcast, sender
