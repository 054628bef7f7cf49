"""The claim's commit is not waited for; the fence's is, and the claim's comes before it."""

import pytest
from django.db import connection
from django.utils import timezone

from broadcast import lifecycle
from broadcast.engine.claiming import claim, shut_fence
from broadcast.models import Broadcast
from tests.fixtures.types import MakeBroadcast, MakePeople
from wallet.models import Wallet

pytestmark = pytest.mark.django_db(transaction=True)


def told(sql: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return str(cursor.fetchone()[0])


def test_a_claim_is_on_disk_once_the_fence_is_shut(
    rich: Wallet, people: MakePeople, draft: MakeBroadcast
) -> None:
    broadcast = draft(people(6))
    lifecycle.send(tenant=broadcast.tenant, broadcast_id=broadcast.pk, now=timezone.now())
    Broadcast.objects.update(status="SENDING")
    broadcast.refresh_from_db()
    lane = broadcast.lanes.get()
    assert broadcast.sender is not None
    claimed = claim(broadcast=broadcast, lane=lane, sender=broadcast.sender, now=timezone.now())
    assert claimed is not None
    written = told("SELECT pg_current_wal_insert_lsn()")
    assert told("SHOW synchronous_commit") == "on"
    assert shut_fence(batch_id=claimed.batch_id) is not None
    assert told(f"SELECT pg_current_wal_flush_lsn() >= '{written}'::pg_lsn") == "True"
