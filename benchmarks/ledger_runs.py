"""What the ledger's benchmark runs, in this process: threads with a connection each."""

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
from broadcast.models import BroadcastMessage
from channels.platforms import Platform
from channels.port.outcomes import Outcome, OutcomeKind
from tenants.models import Tenant
from wallet.ledger import ledger
from wallet.pricing.amounts import ZERO

PER_BATCH = 50
PRICE = Decimal("0.02")


def settled_per_second(connections: int, *, batches: int) -> float:
    """Batches that so many connections settle on one wallet, each against a hold of its own."""
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
        done = [pool.submit(_settle_all, tenant, each, batches, together) for each in subjects]
        together.wait()
        began = time.perf_counter()
        for each in done:
            each.result()
        seconds = time.perf_counter() - began
    return connections * batches / seconds


def _settle_all(tenant: Tenant, subject: str, batches: int, together: Barrier) -> None:
    connection.ensure_connection()
    together.wait()
    try:
        for n in range(batches):
            ledger.capture_or_release(
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
    """Of settling 50 messages with their counters and money: how much is the wallet.

    One statement does it all; so every other batch is free, and the difference is the wallet's.
    """
    case = Case(Platform.TELEGRAM)
    tenant = tenant_with(PER_BATCH * batches)
    sender = sender_for(case, tenant=tenant, stub_url="http://127.0.0.1:9", lanes=1)
    broadcast = planned(case, sender=sender)
    send(broadcast)
    type(broadcast).objects.filter(pk=broadcast.pk).update(status="SENDING")
    broadcast.refresh_from_db()
    lane = broadcast.lanes.get()
    place = (F("seq") - 1) % (2 * PER_BATCH)
    every_other = BroadcastMessage.objects.alias(place=place).filter(place__lt=PER_BATCH)
    every_other.filter(broadcast=broadcast).update(price=0)
    seconds: dict[bool, list[float]] = {False: [], True: []}
    for _ in range(batches):
        claimed = claim(broadcast=broadcast, lane=lane, sender=sender, now=timezone.now())
        if claimed is None or not claimed.messages:
            break
        lane.refresh_from_db()
        accepted = [
            (each.id, Outcome(kind=OutcomeKind.ACCEPTED, provider_message_id=str(n)))
            for n, each in enumerate(claimed.messages)
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
