"""The next lane belongs to the tenant that was served longest ago; in real transactions."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol

import pytest
from django.db import connection, transaction

from broadcast.lanes.turns import lanes_overdue, take_next_lane
from broadcast.models import Lane
from channels.models import Sender
from tenants.models import Tenant
from tests.factories import BroadcastFactory, SenderFactory, TenantFactory


class MakeLane(Protocol):
    def __call__(
        self,
        tenant: Tenant,
        *,
        due: datetime | None = ...,
        served: datetime | None = ...,
        **fields: object,
    ) -> Lane: ...


SECOND = timedelta(seconds=1)

pytestmark = pytest.mark.django_db


@pytest.fixture
def lane(now: datetime) -> MakeLane:
    """`lane(tenant, served=now)`: a due lane; `fields` are those of its new sender."""

    def make(
        tenant: Tenant,
        *,
        due: datetime | None = now,
        served: datetime | None = None,
        **fields: object,
    ) -> Lane:
        sender = SenderFactory.create(tenant=tenant, batch_delay=Decimal(5), **fields)
        broadcast = BroadcastFactory.create(tenant=tenant, sender=sender, status="SENDING")
        return Lane.objects.create(broadcast=broadcast, n=1, next_batch_at=due, served_at=served)

    return make


def taken(now: datetime) -> list[int]:
    """The ids of all due lanes, in the order in which they are served."""
    ids = []
    while turn := take_next_lane(now=now):
        ids.append(turn.lane_id)
    return ids


def test_the_lane_is_due_again_after_its_delay(lane: MakeLane, now: datetime) -> None:
    served = lane(TenantFactory.create())
    turn = take_next_lane(now=now)
    assert turn is not None
    assert (turn.lane_id, turn.following) == (served.pk, now + 5 * SECOND)
    served.refresh_from_db()
    assert (served.next_batch_at, served.served_at) == (now + 5 * SECOND, now)
    assert take_next_lane(now=now) is None
    assert take_next_lane(now=now + 5 * SECOND) is not None


def test_one_broadcast_does_not_wait_behind_anothers_many(lane: MakeLane, now: datetime) -> None:
    big, small = TenantFactory.create_batch(2)
    of_big = [lane(big, due=now - n * SECOND) for n in range(9)]
    of_small = lane(small)
    order = taken(now)
    assert order.index(of_small.pk) == 1
    assert set(order) == {of_small.pk, *(big_lane.pk for big_lane in of_big)}


def test_tenants_take_turns_whatever_their_number_of_lanes(lane: MakeLane, now: datetime) -> None:
    one, other = TenantFactory.create_batch(2)
    lanes = {lane(one).pk: "one", lane(one).pk: "one", lane(other).pk: "other"}
    Sender.objects.update(batch_delay=0)
    order = [
        lanes[turn.lane_id] for n in range(6) if (turn := take_next_lane(now=now + n * SECOND / 10))
    ]
    assert order in (["one", "other"] * 3, ["other", "one"] * 3)


@pytest.mark.parametrize("served_ago", [None, timedelta(minutes=1)])
def test_who_was_served_longest_ago_comes_first(
    lane: MakeLane, now: datetime, served_ago: timedelta | None
) -> None:
    later, earlier = TenantFactory.create_batch(2)
    second = lane(later, served=now - SECOND, due=now - 9 * SECOND)
    first = lane(earlier, served=now - served_ago if served_ago else None)
    assert taken(now) == [first.pk, second.pk]


def test_what_may_not_be_sent_is_not_served(lane: MakeLane, now: datetime) -> None:
    tenant = TenantFactory.create()
    lane(tenant, due=now + SECOND)
    lane(tenant, due=None)
    lane(tenant, held_until=now + SECOND)
    paused, expired, over = (lane(tenant).broadcast for _ in range(3))
    type(paused).objects.filter(pk=paused.pk).update(paused_at=now)
    type(expired).objects.filter(pk=expired.pk).update(expires_at=now)
    type(over).objects.filter(pk=over.pk).update(status="SENT")
    assert taken(now) == []
    assert lanes_overdue(before=now) == 0
    assert lanes_overdue(before=now + SECOND) == 2
    assert len(taken(now + SECOND)) == 2


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_get_a_lane_each(lane: MakeLane, now: datetime) -> None:
    tenant = TenantFactory.create()
    lanes = {lane(tenant).pk for _ in range(8)}

    def work(_: int) -> list[int]:
        try:
            return taken(now)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as workers:
        served = [lane_id for ids in workers.map(work, range(4)) for lane_id in ids]
    assert sorted(served) == sorted(lanes)


@pytest.mark.django_db(transaction=True)
def test_a_lane_that_is_locked_holds_up_nobody(lane: MakeLane, now: datetime) -> None:
    first, second = (lane(TenantFactory.create()).pk for _ in range(2))

    def work() -> list[int]:
        try:
            return taken(now)
        finally:
            connection.close()

    with transaction.atomic(), ThreadPoolExecutor(1) as worker:
        held = Lane.objects.select_for_update().get(pk=first)
        assert worker.submit(work).result(timeout=10) == [second]
        assert held.served_at is None
