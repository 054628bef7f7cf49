"""A block with receipts under an alias of a message locks all counters before any wallet."""

import json
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
from tests.races.blocking import DEADLINE, wait_until_blocked
from wallet.models import Wallet

pytestmark = pytest.mark.django_db(transaction=True)


def report(app: ProviderApp, kind: str, message_id: str) -> None:
    payload: dict[str, Any] = {"id": message_id, "type": kind, "payload": {"ts": 1751370000}}
    event = {"type": "message-event", "timestamp": 1751370000123, "payload": payload}
    store(app=app, event_key="", body=json.dumps(event).encode(), now=timezone.now())


def apply() -> None:
    try:
        apply_block(now=timezone.now())
    finally:
        connection.close()


def test_money_comes_after_the_counters_of_an_alias(
    rich: Wallet,
    tenant: Tenant,
    people: MakePeople,
    sent: SendBroadcast,
) -> None:
    app: ProviderApp = ProviderAppFactory.create(tenant=tenant, provider="gupshup", secrets={})
    failed, read = (sent(people(1)).messages.get() for _ in range(2))
    for message, name in ((failed, "first"), (read, "second")):
        name_message(message, name)
    MessageAlias.objects.create(
        app=app, alias="other", provider_message_id="second", created_at=timezone.now()
    )
    report(app, "failed", "first")
    report(app, "read", "other")
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            lock_counters(read.broadcast_id)
            applied = pool.submit(apply)
            wait_until_blocked()
            Wallet.objects.select_for_update(nowait=True).get(pk=rich.pk)
        applied.result(timeout=DEADLINE)
    failed.refresh_from_db()
    read.refresh_from_db()
    assert (failed.status, failed.charge_state, read.status) == ("FAILED", "REFUNDED", "READ")
