"""A limit defers messages: it fails no message, spends no attempt, and the books balance."""

from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
import redis
from django.conf import settings
from django.db.models import Min
from django.utils import timezone

from broadcast import lifecycle
from broadcast.engine.batch import run_batch
from broadcast.engine.pipeline import serve_lanes
from broadcast.models import Broadcast
from channels.models import Sender, SenderDay
from tenants.models import Tenant
from tests.broadcast.books import assert_books_balance, statuses
from tests.fixtures.engine import set_serving_time
from tests.fixtures.types import MakeBroadcast, MakePeople
from wallet.models import Wallet

pytestmark = pytest.mark.django_db


def attempts(broadcast: Broadcast) -> list[int]:
    return list(broadcast.messages.order_by("seq").values_list("attempts", flat=True))


def test_what_the_limit_does_not_let_go_soon_stays_where_it_is(
    rich: Wallet, tenant: Tenant, people: MakePeople, draft: MakeBroadcast
) -> None:
    Sender.objects.update(messages_per_second=Decimal(2))
    before = timezone.now()
    broadcast = lifecycle.send(tenant=tenant, broadcast_id=draft(people(9)).pk, now=before)
    lane = broadcast.lanes.get()
    following = run_batch(lane_id=lane.pk, clock=timezone.now)
    assert statuses(broadcast) == ["SENT"] * 4 + ["PENDING"] * 5
    assert attempts(broadcast) == [1] * 4 + [0] * 5
    lane.refresh_from_db()
    assert following is not None
    assert following == lane.next_batch_at
    assert following > before + timedelta(seconds=1)
    assert_books_balance(broadcast)


def test_a_day_of_a_zone_that_nobody_knows_is_utcs(
    rich: Wallet, tenant: Tenant, people: MakePeople, draft: MakeBroadcast
) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(time_zone="Europe/Berln")
    Sender.objects.update(daily_limit=1)
    now = timezone.now()
    broadcast = lifecycle.send(tenant=tenant, broadcast_id=draft(people(2)).pk, now=now)
    run_batch(lane_id=broadcast.lanes.get().pk, clock=lambda: now)
    assert statuses(broadcast) == ["SENT", "PENDING"]
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    assert broadcast.messages.get(seq=2).next_attempt_at == midnight


def test_beyond_the_days_limit_they_wait_for_the_next(
    rich: Wallet, tenant: Tenant, people: MakePeople, draft: MakeBroadcast
) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(time_zone="Asia/Kolkata")
    Sender.objects.update(daily_limit=3)
    now = timezone.now()
    broadcast = lifecycle.send(tenant=tenant, broadcast_id=draft(people(5)).pk, now=now)
    lane = broadcast.lanes.get()
    run_batch(lane_id=lane.pk, clock=timezone.now)
    assert statuses(broadcast) == ["SENT"] * 3 + ["PENDING"] * 2
    assert attempts(broadcast) == [1] * 3 + [0] * 2
    local = now.astimezone(ZoneInfo("Asia/Kolkata"))
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    waiting = broadcast.messages.filter(status="PENDING").values_list("next_attempt_at", flat=True)
    assert set(waiting) == {midnight}
    assert SenderDay.objects.get().taken == 3
    assert_books_balance(broadcast)

    assert run_batch(lane_id=lane.pk, clock=lambda: midnight - timedelta(minutes=1)) is None
    run_batch(lane_id=lane.pk, clock=lambda: midnight)
    assert statuses(broadcast) == ["SENT"] * 5
    assert Broadcast.objects.get(pk=broadcast.pk).status == "SENT"
    assert_books_balance(broadcast)


def test_a_batch_that_was_put_off_as_a_whole_is_announced_for_its_time(
    rich: Wallet,
    tenant: Tenant,
    people: MakePeople,
    draft: MakeBroadcast,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A limiter without its epoch sends nothing; beat alone would find the lane seconds late."""
    set_serving_time(monkeypatch, 30.0)
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.delete(f"{settings.REDIS_KEY_PREFIX}pace:epoch")
    broadcast = lifecycle.send(tenant=tenant, broadcast_id=draft(people(2)).pk, now=timezone.now())
    announced: list[datetime] = []
    serve_lanes(clock=timezone.now, announce=announced.append)
    assert statuses(broadcast) == ["PENDING"] * 2
    assert announced == [broadcast.lanes.get().next_batch_at]
    earliest = broadcast.messages.aggregate(at=Min("next_attempt_at"))["at"]
    assert announced == [earliest]
