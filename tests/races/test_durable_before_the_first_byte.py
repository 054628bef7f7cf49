"""Only the fence waits for its commit to reach the disk; the claim's commit precedes it there."""

import pytest
from django.db import connection
from django.utils import timezone

from broadcast import lifecycle
from broadcast.engine.claiming import claim, shut_fence
from broadcast.models import Broadcast
from tests.fixtures.types import MakeBroadcast, MakePeople
from wallet.models import Wallet

pytestmark = pytest.mark.django_db(transaction=True)


def value_of(sql: str) -> str:
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
    written = value_of("SELECT pg_current_wal_insert_lsn()")
    assert value_of("SHOW synchronous_commit") == "on"
    assert shut_fence(batch_id=claimed.batch_id) is not None
    assert value_of(f"SELECT pg_current_wal_flush_lsn() >= '{written}'::pg_lsn") == "True"
