"""A block with receipts under a second id locks all counters before any wallet."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from broadcast.moves.messages import lock_counters
from channels.models import ProviderApp
from inbound.applying.applying import apply_block
from inbound.models import MessageAlias
from inbound.webhooks.storing import store
from tenants.models import Tenant
from tests.factories import ProviderAppFactory, name_message
from tests.fixtures.types import MakePeople, SendBroadcast
from wallet.models import Wallet

pytestmark = pytest.mark.django_db(transaction=True)

WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"
DEADLINE = 30.0


def tell(app: ProviderApp, kind: str, known_as: str) -> None:
    payload: dict[str, Any] = {"id": known_as, "type": kind, "payload": {"ts": 1751370000}}
    event = {"type": "message-event", "timestamp": 1751370000123, "payload": payload}
    store(app=app, event_key="", body=json.dumps(event).encode(), now=timezone.now())


def apply() -> None:
    try:
        apply_block(now=timezone.now())
    finally:
        connection.close()


def wait_for_a_waiter() -> None:
    until = time.monotonic() + DEADLINE
    while time.monotonic() < until:
        with connection.cursor() as cursor:
            cursor.execute(WAITING)
            if cursor.fetchone()[0]:
                return
        time.sleep(0.02)
    raise AssertionError("Nobody waits.")


def test_money_comes_after_the_counters_of_an_alias(
    rich: Wallet,
    tenant: Tenant,
    people: MakePeople,
    sent: SendBroadcast,
) -> None:
    app: ProviderApp = ProviderAppFactory.create(tenant=tenant, provider="gupshup", secrets={})
    one, two = (sent(people(1)).messages.get() for _ in range(2))
    for message, name in ((one, "first"), (two, "second")):
        name_message(message, name)
    MessageAlias.objects.create(
        app=app, alias="other", provider_message_id="second", created_at=timezone.now()
    )
    tell(app, "failed", "first")
    tell(app, "read", "other")
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            lock_counters(two.broadcast_id)
            applied = pool.submit(apply)
            wait_for_a_waiter()
            Wallet.objects.select_for_update(nowait=True).get(pk=rich.pk)
        applied.result(timeout=DEADLINE)
    one.refresh_from_db()
    two.refresh_from_db()
    assert (one.status, one.charge_state, two.status) == ("FAILED", "REFUNDED", "READ")
