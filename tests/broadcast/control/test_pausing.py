"""Pause and resume: no message is claimed meanwhile, and none is lost."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from broadcast import lifecycle
from broadcast.control.promoting import promote_due
from broadcast.engine.batch import run_batch
from broadcast.errors import IllegalMove
from broadcast.models import Broadcast
from channels.models import Sender
from tenants.models import Tenant
from tests.broadcast.books import statuses
from tests.fixtures.types import MakeBroadcast, MakePeople
from wallet.models import Wallet

pytestmark = pytest.mark.django_db


@pytest.fixture
def going(
    rich: Wallet, tenant: Tenant, people: MakePeople, draft: MakeBroadcast, now: datetime
) -> Broadcast:
    """Three recipients in batches of one; the first batch is sent."""
    Sender.objects.update(batch_size=1)
    broadcast = lifecycle.send(tenant=tenant, broadcast_id=draft(people(3)).pk, now=now)
    run_batch(lane_id=broadcast.lanes.get().pk, clock=timezone.now)
    return Broadcast.objects.get(pk=broadcast.pk)


def test_nothing_is_sent_while_it_is_paused(
    going: Broadcast, tenant: Tenant, now: datetime
) -> None:
    paused = lifecycle.pause(tenant=tenant, broadcast_id=going.pk, reason="Wrong price", now=now)
    assert (paused.status, paused.paused_at, paused.pause_reason) == ("SENDING", now, "Wrong price")
    assert run_batch(lane_id=going.lanes.get().pk, clock=timezone.now) is None
    assert statuses(going) == ["SENT", "PENDING", "PENDING"]


def test_resume_goes_on_where_it_stopped(going: Broadcast, tenant: Tenant, now: datetime) -> None:
    lifecycle.pause(tenant=tenant, broadcast_id=going.pk, now=now)
    resumed = lifecycle.resume(tenant=tenant, broadcast_id=going.pk, now=now)
    assert (resumed.paused_at, resumed.pause_reason, resumed.resumed_at) == (None, "", now)
    for _ in range(2):
        run_batch(lane_id=going.lanes.get().pk, clock=timezone.now)
    assert statuses(going) == ["SENT"] * 3
    assert Broadcast.objects.get(pk=going.pk).status == "SENT"


def test_a_second_pause_keeps_the_first_reason(
    going: Broadcast, tenant: Tenant, now: datetime
) -> None:
    lifecycle.pause(tenant=tenant, broadcast_id=going.pk, reason="First", now=now)
    again = lifecycle.pause(tenant=tenant, broadcast_id=going.pk, reason="Second", now=now)
    assert again.pause_reason == "First"


def test_a_paused_broadcast_can_be_cancelled(
    going: Broadcast, tenant: Tenant, rich: Wallet, now: datetime
) -> None:
    lifecycle.pause(tenant=tenant, broadcast_id=going.pk, now=now)
    lifecycle.cancel(tenant=tenant, broadcast_id=going.pk, now=now)
    assert statuses(going) == ["SENT", "CANCELLED", "CANCELLED"]
    assert set(going.messages.filter(status="CANCELLED").values_list("error_code", flat=True)) == {
        "cancelled"
    }
    rich.refresh_from_db()
    assert rich.held == 0


def test_a_scheduled_one_that_is_paused_is_not_promoted_and_starts_when_resumed(
    rich: Wallet, tenant: Tenant, people: MakePeople, draft: MakeBroadcast, now: datetime
) -> None:
    broadcast = draft(people(1))
    due = now + timedelta(minutes=5)
    lifecycle.schedule(tenant=tenant, broadcast_id=broadcast.pk, at=due, now=now)
    lifecycle.pause(tenant=tenant, broadcast_id=broadcast.pk, now=now)
    assert promote_due(now=due) == 0
    resumed = lifecycle.resume(tenant=tenant, broadcast_id=broadcast.pk, now=due)
    assert (resumed.status, resumed.paused_at) == ("QUEUED", None)
    assert resumed.lanes.count() == 1


def test_one_that_is_found_long_after_its_time_pauses_and_asks(
    rich: Wallet, tenant: Tenant, people: MakePeople, draft: MakeBroadcast, now: datetime
) -> None:
    broadcast = draft(people(1))
    due = now + timedelta(minutes=5)
    lifecycle.schedule(tenant=tenant, broadcast_id=broadcast.pk, at=due, now=now)
    found_at = due + timedelta(hours=1, seconds=1)
    for _ in range(2):
        assert promote_due(now=found_at) == 0
    broadcast.refresh_from_db()
    assert (broadcast.status, broadcast.paused_at) == ("SCHEDULED", found_at)
    assert "1 h" in broadcast.pause_reason
    resumed = lifecycle.resume(tenant=tenant, broadcast_id=broadcast.pk, now=found_at)
    assert resumed.status == "QUEUED"


def test_one_that_is_a_little_late_just_starts(
    rich: Wallet, tenant: Tenant, people: MakePeople, draft: MakeBroadcast, now: datetime
) -> None:
    broadcast = draft(people(1))
    due = now + timedelta(minutes=5)
    lifecycle.schedule(tenant=tenant, broadcast_id=broadcast.pk, at=due, now=now)
    assert promote_due(now=due + timedelta(hours=1)) == 1
    assert Broadcast.objects.get(pk=broadcast.pk).status == "QUEUED"


@pytest.mark.parametrize("move", [lifecycle.pause, lifecycle.resume])
def test_a_draft_is_neither_paused_nor_resumed(
    bot: Sender,
    tenant: Tenant,
    people: MakePeople,
    draft: MakeBroadcast,
    now: datetime,
    move: Callable[..., Broadcast],
) -> None:
    broadcast = draft(people(1))
    with pytest.raises(IllegalMove):
        move(tenant=tenant, broadcast_id=broadcast.pk, now=now)
    assert Broadcast.objects.get(pk=broadcast.pk).paused_at is None


def test_over_the_api_by_those_who_may_send(
    going: Broadcast, manager: APIClient, viewer: APIClient, outsider: APIClient
) -> None:
    url = f"/broadcast/{going.pk}"
    assert viewer.post(f"{url}/pause/").status_code == 403
    assert outsider.post(f"{url}/pause/").status_code == 404
    paused = manager.post(f"{url}/pause/", {"reason": "Wrong price"})
    assert (paused.status_code, paused.data["pause_reason"]) == (200, "Wrong price")
    assert paused.data["ui_status"] == "Ongoing"
    assert viewer.post(f"{url}/resume/").status_code == 403
    assert outsider.post(f"{url}/resume/").status_code == 404
    resumed = manager.post(f"{url}/resume/")
    assert (resumed.status_code, resumed.data["paused_at"]) == (200, None)


def test_a_broken_sender_is_repaired_before_it_goes_on(
    going: Broadcast, tenant: Tenant, manager: APIClient, now: datetime
) -> None:
    lifecycle.pause(tenant=tenant, broadcast_id=going.pk, now=now)
    Sender.objects.update(broken_at=now, broken_reason="The token was revoked.")
    answer = manager.post(f"/broadcast/{going.pk}/resume/")
    assert answer.status_code == 409
    error = answer.json()["errors"][0]
    assert (error["code"], error["data"]["reason"]) == ("sender_broken", "The token was revoked.")
    Sender.objects.update(broken_at=None, broken_reason="")
    assert manager.post(f"/broadcast/{going.pk}/resume/").status_code == 200
