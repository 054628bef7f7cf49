"""A tenant's many messages do not delay another tenant's few, on a worker with one thread."""

from datetime import datetime

import pytest
from django.db.models import Max, Min
from django.utils import timezone

from broadcast import lifecycle
from broadcast.models import Batch, Broadcast
from broadcast.planning.plan import RecipientRef
from channels.models import Sender
from channels.platforms import Platform
from contacts.models import Contact
from tenants.models import Tenant
from tests.factories import SenderFactory, TenantFactory
from tests.fixtures.types import MakeBroadcast, MakePeople, StartWorker
from tests.flows.waiting import wait_for
from wallet.models import Wallet

SIZE = 10
FEW = 50


@pytest.fixture
def few(bot: Sender, now: datetime) -> Broadcast:
    """A draft of another tenant; its messages cost nothing."""
    tenant = TenantFactory.create()
    SenderFactory.create(
        tenant=tenant, base_url=bot.base_url, batch_delay=0, batch_size=SIZE, is_default=True
    )
    contacts = Contact.objects.bulk_create(
        Contact(tenant=tenant, telegram_chat_id=900_001_000 + n) for n in range(FEW)
    )
    return lifecycle.create(
        tenant=tenant,
        actor=None,
        fields={"name": "Few", "platform": Platform.TELEGRAM, "text": "Hello"},
        recipients=[RecipientRef(contact=contact.pk) for contact in contacts],
        now=now,
    )


def status(broadcast: Broadcast) -> str:
    return Broadcast.objects.get(pk=broadcast.pk).status


@pytest.mark.django_db(transaction=True)
def test_anothers_many_take_turns_with_ones_few(
    celery_worker_process: StartWorker,
    rich: Wallet,
    tenant: Tenant,
    people: MakePeople,
    draft: MakeBroadcast,
    few: Broadcast,
) -> None:
    Sender.objects.update(batch_size=SIZE)
    many = [draft(people(500)) for _ in range(4)]
    for broadcast in many:
        lifecycle.send(tenant=tenant, broadcast_id=broadcast.pk, now=timezone.now())
    celery_worker_process(queues="sending", concurrency=1)
    wait_for(lambda: Batch.objects.filter(broadcast__tenant=tenant).count() > len(many))
    lifecycle.send(tenant=few.tenant, broadcast_id=few.pk, now=timezone.now())
    wait_for(lambda: status(few) == "SENT")

    period = few.batches.aggregate(first=Min("claimed_at"), last=Max("settled_at"))
    meanwhile = Batch.objects.filter(
        broadcast__tenant=tenant, claimed_at__range=(period["first"], period["last"])
    )
    assert few.batches.count() == FEW // SIZE
    assert FEW // SIZE - 1 <= meanwhile.count() <= FEW // SIZE
    assert "SENDING" in {status(broadcast) for broadcast in many}
