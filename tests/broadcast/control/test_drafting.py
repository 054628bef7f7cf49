"""Editing a scheduled broadcast: it must stay launchable, and a paused one stays paused."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from api.errors import InvalidInput
from broadcast import lifecycle
from broadcast.engine.batch import sweep_batches
from broadcast.engine.claiming import shut_fence
from broadcast.errors import AlreadyHandedOver
from broadcast.models import Broadcast
from channels.models import Sender
from contacts.models import Tag
from tenants.models import Tenant
from tests.broadcast.books import claimed_batch
from tests.fixtures.types import MakeBroadcast, MakePeople
from wallet.models import Wallet

pytestmark = pytest.mark.django_db

MONDAYS = {"days": [1], "from": "09:00", "to": "20:00"}
SUNDAYS = {"days": [7], "from": "09:00", "to": "20:00"}
HOUR = timedelta(hours=1)


@pytest.fixture
def scheduled(
    rich: Wallet, tenant: Tenant, people: MakePeople, draft: MakeBroadcast, now: datetime
) -> Broadcast:
    """Scheduled in an hour; expires in three hours."""
    Sender.objects.update(send_window=MONDAYS)
    broadcast = draft(people(2), expires_at=now + 3 * HOUR)
    return lifecycle.schedule(tenant=tenant, broadcast_id=broadcast.pk, at=now + HOUR, now=now)


def edit(broadcast: Broadcast, fields: Mapping[str, Any], *, now: datetime) -> Broadcast:
    """An audience takes the place of the recipients."""
    return lifecycle.edit(
        tenant=broadcast.tenant,
        broadcast_id=broadcast.pk,
        fields=fields,
        recipients=() if "audience" in fields else None,
        now=now,
    )


@pytest.mark.parametrize(
    ("change", "attr"),
    [
        (lambda now: {"expires_at": now + HOUR}, "expires_at"),
        (lambda now: {"expires_at": now - HOUR}, "expires_at"),
        (lambda now: {"scheduled_at": now + 3 * HOUR}, "expires_at"),
        (lambda now: {"send_window": SUNDAYS}, "send_window"),
    ],
)
def test_a_time_at_which_it_could_not_be_sent_is_refused(
    scheduled: Broadcast, now: datetime, change: Callable[[datetime], dict[str, Any]], attr: str
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        edit(scheduled, change(now), now=now)
    assert refusal.value.attr == attr
    scheduled.refresh_from_db()
    assert (scheduled.scheduled_at, scheduled.expires_at) == (now + HOUR, now + 3 * HOUR)
    assert scheduled.send_window is None


def test_a_time_at_which_it_can_be_sent_is_taken(scheduled: Broadcast, now: datetime) -> None:
    changed = edit(scheduled, {"expires_at": now + 2 * HOUR, "send_window": MONDAYS}, now=now)
    assert (changed.expires_at, changed.send_window) == (now + 2 * HOUR, MONDAYS)


def test_what_was_halted_stays_halted_when_it_is_corrected(
    scheduled: Broadcast, tenant: Tenant, now: datetime
) -> None:
    lifecycle.pause(tenant=tenant, broadcast_id=scheduled.pk, reason="Wrong price", now=now)
    changed = edit(scheduled, {"text": "The right price"}, now=now)
    assert (changed.status, changed.paused_at) == ("SCHEDULED", now)
    assert (changed.pause_reason, changed.resumed_at) == ("Wrong price", None)


def test_a_pause_stays_while_the_audience_is_planned_anew(
    scheduled: Broadcast, tenant: Tenant, now: datetime
) -> None:
    edit(scheduled, {"audience": {"all": True}}, now=now)
    lifecycle.finish_planning(broadcast_id=scheduled.pk, now=now)
    lifecycle.pause(tenant=tenant, broadcast_id=scheduled.pk, reason="Wrong price", now=now)
    edit(scheduled, {"text": "The right price"}, now=now)
    lifecycle.finish_planning(broadcast_id=scheduled.pk, now=now)
    scheduled.refresh_from_db()
    assert (scheduled.status, scheduled.paused_at) == ("SCHEDULED", now)


def refuse_plan(broadcast: Broadcast, now: datetime) -> None:
    lifecycle.finish_planning(broadcast_id=broadcast.pk, now=now)


def unschedule(broadcast: Broadcast, now: datetime) -> None:
    lifecycle.unschedule(tenant=broadcast.tenant, broadcast_id=broadcast.pk, now=now)


@pytest.mark.parametrize("end_plan", [refuse_plan, unschedule])
def test_a_draft_is_not_paused_when_its_new_plan_comes_to_nothing(
    scheduled: Broadcast,
    tenant: Tenant,
    now: datetime,
    end_plan: Callable[[Broadcast, datetime], None],
) -> None:
    lifecycle.pause(tenant=tenant, broadcast_id=scheduled.pk, now=now)
    tag = Tag.objects.create(tenant=tenant, name="vip")
    edit(scheduled, {"audience": {"tags": {"any": [tag.name]}}}, now=now)
    end_plan(scheduled, now)
    scheduled.refresh_from_db()
    assert (scheduled.status, scheduled.planning_at, scheduled.paused_at) == ("DRAFT", None, None)
    assert scheduled.pause_reason == ""


def test_what_may_have_been_taken_is_not_deleted(
    rich: Wallet,
    tenant: Tenant,
    bot: Sender,
    people: MakePeople,
    draft: MakeBroadcast,
    now: datetime,
) -> None:
    """The answer was lost, and the message waited to be sent again when it was cancelled."""
    broadcast = draft(people(1), unknown_policy="RESEND")
    assert shut_fence(batch_id=claimed_batch(tenant, broadcast, bot, now).pk)
    sweep_batches(now=now + HOUR)
    lifecycle.cancel(tenant=tenant, broadcast_id=broadcast.pk, now=now)
    with pytest.raises(AlreadyHandedOver):
        lifecycle.delete(tenant=tenant, broadcast_id=broadcast.pk, now=now)
    assert broadcast.messages.count() == 1
