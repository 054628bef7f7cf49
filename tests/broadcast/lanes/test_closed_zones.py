"""Time zones in which it is too early or too late, by the windows of tenant, sender, broadcast."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from broadcast.lanes.closed_zones import CHECK_AGAIN_AFTER, ClosedZones, closed_zones
from broadcast.models import Broadcast
from tests.factories import BroadcastFactory, ContactFactory, SenderFactory

pytestmark = pytest.mark.django_db

EVERY_DAY = [1, 2, 3, 4, 5, 6, 7]
BY_DAY = {"days": EVERY_DAY, "from": "09:00", "to": "20:00"}
MONDAY_NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def broadcast() -> Broadcast:
    sender = SenderFactory.create()
    return BroadcastFactory.create(tenant=sender.tenant, sender=sender)


def closed(broadcast: Broadcast, at: datetime = MONDAY_NOON) -> ClosedZones:
    assert broadcast.sender is not None
    return closed_zones(broadcast=broadcast, sender=broadcast.sender, now=at)


def test_without_a_window_nothing_is_closed_and_nothing_asked(broadcast: Broadcast) -> None:
    with CaptureQueriesContext(connection) as queries:
        zones = closed(broadcast)
    assert (zones.until, zones.everywhere, len(queries)) == ({}, None, 0)


def test_a_window_that_is_open_closes_nothing(broadcast: Broadcast) -> None:
    broadcast.send_window = BY_DAY
    zones = closed(broadcast)
    assert (zones.until, zones.everywhere) == ({"": None}, None)


@pytest.mark.parametrize("owner", ["tenant", "sender", "broadcast"])
def test_the_window_of_every_owner_counts(broadcast: Broadcast, owner: str) -> None:
    owners = {"tenant": broadcast.tenant, "sender": broadcast.sender, "broadcast": broadcast}
    owners[owner].send_window = {**BY_DAY, "from": "15:00"}  # type: ignore[union-attr]
    zones = closed(broadcast)
    assert zones.until == {"": MONDAY_NOON + 3 * HOUR}
    assert zones.everywhere == MONDAY_NOON + 3 * HOUR


def test_every_zone_of_the_tenants_contacts_is_judged_by_its_own_clock(
    broadcast: Broadcast,
) -> None:
    broadcast.tenant.send_window = BY_DAY
    for zone in ("Asia/Tokyo", "Asia/Tokyo", "America/New_York", "Mars/Olympus"):
        ContactFactory.create(tenant=broadcast.tenant, time_zone=zone)
    ContactFactory.create(time_zone="Asia/Kolkata")
    zones = closed(broadcast)
    assert zones.until == {
        "": None,
        "Asia/Tokyo": MONDAY_NOON + 12 * HOUR,
        "America/New_York": MONDAY_NOON + 2 * HOUR,
        "Mars/Olympus": None,
    }
    assert zones.everywhere is None
    broadcast.tenant.send_window = {**BY_DAY, "time_zone": "Asia/Kolkata", "to": "17:00"}
    assert closed(broadcast).everywhere == MONDAY_NOON + 2 * HOUR


@pytest.mark.parametrize("written", [{"days": [1]}, ["09:00"], {**BY_DAY, "days": [2]}])
def test_what_never_opens_or_cannot_be_read_is_not_sent(
    broadcast: Broadcast, written: object
) -> None:
    broadcast.send_window = written
    broadcast.tenant.send_window = {**BY_DAY, "days": [1]}
    assert closed(broadcast).everywhere == MONDAY_NOON + CHECK_AGAIN_AFTER
