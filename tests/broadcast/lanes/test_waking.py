"""A limit that is raised or a window that is widened: what waits by the old one is due soon."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from broadcast import lifecycle
from broadcast.engine.batch import run_batch
from broadcast.lanes.waking import wake_what_waits
from broadcast.models import Broadcast, Lane
from channels.models import Sender
from contacts.models import Contact
from tenants.models import Tenant
from tests.backoffice.forms import form_of
from tests.broadcast.books import assert_books_balance, statuses
from tests.factories import UserFactory
from wallet.models import Wallet

pytestmark = pytest.mark.django_db

People = Callable[..., list[Contact]]
MakeBroadcast = Callable[..., Broadcast]
SOON = timedelta(seconds=6)
"""When beat has looked after the change, and no worker knows the old limit any more."""


def run(broadcast: Broadcast, *, after: timedelta = timedelta()) -> None:
    """What beat and a worker do."""
    now = timezone.now() + after
    wake_what_waits(now=now)
    run_batch(lane_id=broadcast.lanes.get().pk, clock=lambda: now)


@pytest.fixture
def waiting(
    rich: Wallet, tenant: Tenant, people: People, draft: MakeBroadcast, now: datetime
) -> Broadcast:
    """Two of five are SENT; the others wait for tomorrow, and its lane sleeps."""
    Sender.objects.update(daily_limit=2, updated_at=now - timedelta(hours=1))
    broadcast = lifecycle.send(tenant=tenant, broadcast_id=draft(people(5)).pk, now=now)
    run(broadcast)
    assert statuses(broadcast) == ["SENT"] * 2 + ["PENDING"] * 3
    return broadcast


@pytest.mark.parametrize("limit", [5, None], ids=["raised", "removed"])
def test_a_daily_limit_that_is_lifted_lets_them_go(
    waiting: Broadcast, manager: APIClient, bot: Sender, limit: int | None
) -> None:
    changed = manager.patch(f"/senders/{bot.pk}/", {"daily_limit": limit}, format="json")
    assert changed.status_code == 200
    run(waiting, after=SOON)
    assert statuses(waiting) == ["SENT"] * 5
    assert_books_balance(waiting)


def test_raised_by_one_it_lets_one_go(waiting: Broadcast, manager: APIClient, bot: Sender) -> None:
    manager.patch(f"/senders/{bot.pk}/", {"daily_limit": 3}, format="json")
    for look in range(1, 5):
        run(waiting, after=look * SOON)
    assert statuses(waiting) == ["SENT"] * 3 + ["PENDING"] * 2


def test_a_broadcast_that_cannot_be_woken_holds_up_no_other(
    waiting: Broadcast, tenant: Tenant, people: People, draft: MakeBroadcast, now: datetime
) -> None:
    other = lifecycle.send(tenant=tenant, broadcast_id=draft(people(1)).pk, now=now)
    run(other)
    Sender.objects.update(daily_limit=None, updated_at=timezone.now())
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(
            "ALTER TABLE broadcast_lane ADD CONSTRAINT stuck CHECK (id <> %s) NOT VALID",
            [waiting.lanes.get().pk],
        )
    assert wake_what_waits(now=timezone.now() + SOON) == 1
    due = other.lanes.get().next_batch_at
    assert due is not None
    assert due < timezone.now() + SOON + SOON


def test_nothing_is_woken_where_nothing_changed(waiting: Broadcast) -> None:
    lane = Lane.objects.get(broadcast=waiting)
    long_after = timezone.now() + timedelta(minutes=5)
    assert wake_what_waits(now=long_after) == 0
    assert Lane.objects.get(broadcast=waiting).next_batch_at == lane.next_batch_at


def test_a_lane_that_nobody_has_served_yet_is_left_alone(
    rich: Wallet, tenant: Tenant, people: People, draft: MakeBroadcast, now: datetime
) -> None:
    broadcast = lifecycle.send(tenant=tenant, broadcast_id=draft(people(1)).pk, now=now)
    assert wake_what_waits(now=timezone.now() + SOON) == 0
    Lane.objects.filter(broadcast=broadcast).update(next_batch_at=None)
    assert wake_what_waits(now=timezone.now() + SOON) == 0


def test_it_is_found_also_when_beat_was_away(
    waiting: Broadcast, manager: APIClient, bot: Sender
) -> None:
    manager.patch(f"/senders/{bot.pk}/", {"daily_limit": None}, format="json")
    run(waiting, after=timedelta(minutes=10))
    assert statuses(waiting) == ["SENT"] * 5


def test_a_worker_that_knew_the_old_limit_puts_them_off_for_seconds_only(
    waiting: Broadcast, tenant: Tenant
) -> None:
    """It read the sender before the change, and claims after it."""
    Sender.objects.get().save(update_fields=["updated_at"])
    Lane.objects.update(served_at=timezone.now() + timedelta(seconds=1))
    waiting.messages.filter(status="PENDING").update(
        status_at=timezone.now() + timedelta(seconds=1)
    )
    Sender.objects.update(daily_limit=None)
    run(waiting, after=SOON)
    assert statuses(waiting) == ["SENT"] * 5


def test_what_waits_after_a_failure_keeps_its_time(
    rich: Wallet, tenant: Tenant, people: People, draft: MakeBroadcast, now: datetime
) -> None:
    """9005: the sandbox is busy once."""
    broadcast = lifecycle.send(
        tenant=tenant, broadcast_id=draft(people(1, ending=9005)).pk, now=now
    )
    run(broadcast)
    later = timezone.now() + timedelta(hours=1)
    assert broadcast.messages.filter(status="PENDING").update(next_attempt_at=later) == 1
    Lane.objects.update(next_batch_at=later)
    Sender.objects.get().save(update_fields=["updated_at"])
    wake_what_waits(now=timezone.now() + SOON)
    assert broadcast.messages.get().next_attempt_at == later


def test_a_window_that_is_widened_lets_them_go(
    rich: Wallet, tenant: Tenant, people: People, draft: MakeBroadcast, now: datetime
) -> None:
    """It is noon for half of them, and two in the night for the others."""
    noon = now.replace(hour=12, minute=0) + timedelta(days=1)
    by_day = {"days": [1, 2, 3, 4, 5, 6, 7], "from": "09:00", "to": "20:00"}
    Tenant.objects.filter(pk=tenant.pk).update(time_zone="UTC")
    Sender.objects.update(send_window=by_day)
    here, there = people(2), people(2)
    Contact.objects.filter(pk__in=[each.pk for each in there]).update(time_zone="Etc/GMT+10")
    made = draft([*here, *there])
    broadcast = lifecycle.send(tenant=tenant, broadcast_id=made.pk, now=noon)
    lane = broadcast.lanes.get()
    run_batch(lane_id=lane.pk, clock=lambda: noon)
    run_batch(lane_id=lane.pk, clock=lambda: noon + timedelta(minutes=1))
    assert statuses(broadcast) == ["SENT"] * 2 + ["PENDING"] * 2
    changed_at = noon + timedelta(minutes=2)
    Sender.objects.update(send_window=None, updated_at=changed_at)
    assert wake_what_waits(now=changed_at + SOON) == 1
    run_batch(lane_id=lane.pk, clock=lambda: changed_at + SOON)
    assert statuses(broadcast) == ["SENT"] * 4


def test_the_admin_lifts_it_too(waiting: Broadcast, bot: Sender) -> None:
    admin = Client()
    admin.force_login(UserFactory.create(is_staff=True, is_superuser=True))
    form = {**form_of(bot), "batch_delay": "0", "app": "", "base_url": bot.base_url}
    form |= {"daily_limit": "5", "currency": bot.currency}
    answer = admin.post(f"/admin/channels/sender/{bot.pk}/change/", form)
    assert answer.status_code == 302
    run(waiting, after=SOON)
    assert statuses(waiting) == ["SENT"] * 5
