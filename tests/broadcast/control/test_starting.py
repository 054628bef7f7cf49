"""A scheduled broadcast starts only while its tenant and its sender may still send."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from api.errors import DomainError
from broadcast import lifecycle
from broadcast.control.promoting import promote_due
from broadcast.engine.batch import run_next_batch
from broadcast.errors import SenderBroken
from broadcast.models import Broadcast
from broadcast.tasks import pause_for_templates
from channels.models import Sender
from channels.senders.choosing import NoSender
from tenants.models import Tenant
from tenants.tokens import TenantInactive
from tests.broadcast.books import statuses
from tests.fixtures.types import MakeBroadcast, MakePeople
from wallet.models import Wallet

pytestmark = pytest.mark.django_db

STOPS: dict[type[DomainError], Callable[[], object]] = {
    NoSender: lambda: Sender.objects.update(is_active=False),
    SenderBroken: lambda: Sender.objects.update(broken_at=timezone.now(), broken_reason="Revoked."),
    TenantInactive: lambda: Tenant.objects.update(is_active=False),
}


@pytest.fixture
def scheduled(
    rich: Wallet, tenant: Tenant, people: MakePeople, draft: MakeBroadcast, now: datetime
) -> Broadcast:
    return lifecycle.schedule(
        tenant=tenant, broadcast_id=draft(people(1)).pk, at=now + timedelta(minutes=5), now=now
    )


@pytest.mark.parametrize("refusal", STOPS)
def test_it_waits_with_the_reason_and_starts_when_resumed(
    scheduled: Broadcast, tenant: Tenant, now: datetime, refusal: type[DomainError]
) -> None:
    STOPS[refusal]()
    due = now + timedelta(minutes=5)
    with pytest.raises(refusal):
        lifecycle.send(tenant=tenant, broadcast_id=scheduled.pk, now=now)
    assert promote_due(now=due) == 0
    scheduled.refresh_from_db()
    assert (scheduled.status, scheduled.paused_at) == ("SCHEDULED", due)
    assert scheduled.pause_reason
    with pytest.raises(refusal):
        lifecycle.resume(tenant=tenant, broadcast_id=scheduled.pk, now=due)
    Tenant.objects.update(is_active=True)
    Sender.objects.update(is_active=True, broken_at=None, broken_reason="")
    resumed = lifecycle.resume(tenant=tenant, broadcast_id=scheduled.pk, now=due)
    assert (resumed.status, resumed.paused_at) == ("QUEUED", None)


def test_what_a_deactivated_tenant_is_sending_is_paused(
    rich: Wallet, tenant: Tenant, people: MakePeople, draft: MakeBroadcast, now: datetime
) -> None:
    broadcast = lifecycle.send(tenant=tenant, broadcast_id=draft(people(1)).pk, now=now)
    Tenant.objects.update(is_active=False)
    pause_for_templates()
    assert run_next_batch(clock=timezone.now) is None
    broadcast.refresh_from_db()
    assert (statuses(broadcast), broadcast.pause_reason) == (
        ["PENDING"],
        "The tenant is not active.",
    )


def test_what_is_being_sent_over_a_deactivated_sender_goes_on(
    rich: Wallet, tenant: Tenant, people: MakePeople, draft: MakeBroadcast, now: datetime
) -> None:
    broadcast = lifecycle.send(tenant=tenant, broadcast_id=draft(people(1)).pk, now=now)
    Sender.objects.update(is_active=False)
    lifecycle.pause(tenant=tenant, broadcast_id=broadcast.pk, now=now)
    lifecycle.resume(tenant=tenant, broadcast_id=broadcast.pk, now=now)
    run_next_batch(clock=timezone.now)
    assert statuses(broadcast) == ["SENT"]
