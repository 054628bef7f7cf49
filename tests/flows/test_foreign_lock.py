"""A row that a foreign session keeps locked stops its own tenant at most, and loses no answer."""

import time
from collections.abc import Callable
from datetime import datetime

import pytest
from django.utils import timezone

from broadcast import lifecycle
from broadcast.models import Batch, Broadcast
from broadcast.planning.plan import RecipientRef
from broadcast.tasks import serve
from channels.models import Sender
from channels.platforms import Platform
from contacts.models import Contact
from sandbox.running import RunningSandbox
from tests.broadcast.books import assert_books_balance, statuses
from tests.factories import SenderFactory, TenantFactory
from tests.fixtures.sending import PLENTY, PRICE
from tests.fixtures.types import StartWorker
from tests.flows.accepted import assert_accepted_once
from tests.flows.waiting import wait_for
from tests.foreign_session import Lock, locked_elsewhere
from wallet.ledger import ledger

MANY = 200
FEW = 100
SIZE = 10
SOON = 10.0
"""Seconds for the other tenant's messages. `benchmarks.foreign_lock` measures the bar of 5 s."""

pytestmark = pytest.mark.django_db(transaction=True)

ROWS: dict[str, Callable[[Broadcast], Lock]] = {
    "broadcast": lambda many: ("SELECT FROM broadcast_broadcast WHERE id = %s", many.pk),
    "counters": lambda many: (
        "SELECT FROM broadcast_broadcastcounters WHERE broadcast_id = %s",
        many.pk,
    ),
    "messages": lambda many: (
        "SELECT FROM broadcast_broadcastmessage WHERE broadcast_id = %s",
        many.pk,
    ),
    "lanes": lambda many: ("SELECT FROM broadcast_lane WHERE broadcast_id = %s", many.pk),
    "batches": lambda many: ("SELECT FROM broadcast_batch WHERE broadcast_id = %s", many.pk),
    "hold": lambda many: ("SELECT FROM wallet_hold WHERE reference = %s", many.subject),
    "wallet": lambda many: ("SELECT FROM wallet_wallet WHERE tenant_id = %s", many.tenant_id),
    "sender": lambda many: ("SELECT FROM channels_sender WHERE id = %s", many.sender_id),
    "tenant": lambda many: ("SELECT FROM tenants_tenant WHERE id = %s", many.tenant_id),
}


def another_tenants(bot: Sender, *, number: int, now: datetime) -> Broadcast:
    """A draft of a new tenant, over a sender of its own, to so many contacts."""
    tenant = TenantFactory.create()
    ledger.top_up(tenant=tenant, amount=PLENTY, reference="start", actor="test", reason="", now=now)
    sender = SenderFactory.create(
        tenant=tenant,
        base_url=bot.base_url,
        batch_delay=0,
        batch_size=SIZE,
        lanes=2,
        is_default=True,
        marketing_price=PRICE,
    )
    contacts = Contact.objects.bulk_create(
        Contact(tenant=tenant, telegram_chat_id=900_001_000 + n) for n in range(number)
    )
    return lifecycle.create(
        tenant=tenant,
        actor=None,
        fields={"name": "News", "platform": Platform.TELEGRAM, "text": "Hello", "sender": sender},
        recipients=[RecipientRef(contact=contact.pk) for contact in contacts],
        now=now,
    )


def begin(broadcast: Broadcast) -> None:
    lifecycle.send(tenant=broadcast.tenant, broadcast_id=broadcast.pk, now=timezone.now())
    broadcast.refresh_from_db()


def is_sent(broadcast: Broadcast) -> bool:
    return Broadcast.objects.get(pk=broadcast.pk).status == "SENT"


def is_under_way(broadcast: Broadcast) -> bool:
    return Batch.objects.filter(broadcast=broadcast, settled_at__isnull=False).exists()


def serve_until(condition: Callable[[], bool]) -> None:
    """As beat does, hints at lanes now and then."""

    def holds_after_a_hint() -> bool:
        serve.delay()
        return condition()

    wait_for(holds_after_a_hint)


@pytest.mark.parametrize("rows", [["counters"], ["wallet"], list(ROWS)], ids=" ".join)
def test_another_tenants_messages_do_not_wait(
    celery_worker_process: StartWorker,
    bot: Sender,
    sandbox: RunningSandbox,
    now: datetime,
    rows: list[str],
) -> None:
    """Each row is of another tenant, whose broadcast is under way."""
    locked = {row: another_tenants(bot, number=MANY, now=now) for row in rows}
    few = another_tenants(bot, number=FEW, now=now)
    celery_worker_process(queues="sending", pool="prefork", concurrency=2)
    for broadcast in locked.values():
        begin(broadcast)
    serve_until(lambda: all(map(is_under_way, locked.values())))
    with locked_elsewhere(*(ROWS[row](broadcast) for row, broadcast in locked.items())):
        time.sleep(1)  # the workers come to the locked rows
        began = time.monotonic()
        begin(few)
        serve_until(lambda: is_sent(few))
        assert time.monotonic() - began < SOON
    serve_until(lambda: all(map(is_sent, locked.values())))
    for broadcast in locked.values():
        assert broadcast.sender is not None
        assert_accepted_once(sandbox, broadcast.sender, MANY)
        assert statuses(broadcast) == ["SENT"] * MANY
        assert_books_balance(broadcast)
