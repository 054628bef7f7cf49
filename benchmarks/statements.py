"""Counts the SQL statements per message at the connection, including BEGIN and COMMIT."""

from functools import partial

from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from benchmarks.scene import Case, planned, send, sender_for, tenant_with
from broadcast.engine.batch import run_next_batch
from broadcast.models import Broadcast, BroadcastCounters

BATCHES = 10


def per_message(case: Case, *, stub_url: str) -> float:
    """Statements per message of whole batches amid a broadcast; Valkey's commands do not count."""
    size = settings.BROADCAST_BATCH_SIZE
    tenant = tenant_with((BATCHES + 2) * size)
    sender = sender_for(case, tenant=tenant, stub_url=stub_url, lanes=1)
    broadcast = planned(case, sender=sender)
    send(broadcast)
    run_next = partial(run_next_batch, clock=timezone.now, lanes={})  # as in a task
    run_next()
    before = _sent(broadcast)
    with CaptureQueriesContext(connection) as queries:
        for _ in range(BATCHES):
            run_next()
    return len(queries.captured_queries) / float(_sent(broadcast) - before)


def _sent(broadcast: Broadcast) -> int:
    return BroadcastCounters.objects.get(pk=broadcast.pk).sent
