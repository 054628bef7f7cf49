"""Receipts of a broadcast that a foreign session keeps locked wait; the others are applied."""

import time
from datetime import timedelta

import pytest
from django.utils import timezone

from broadcast.models import BroadcastMessage
from channels.models import ProviderApp
from inbound.applying.applying import MAX_ATTEMPTS, apply_block
from inbound.models import ProviderEvent
from inbound.webhooks.storing import store
from tests.factories import ProviderAppFactory, name_message
from tests.foreign_session import locked_elsewhere
from tests.inbound.sent_messages import sent_message
from tests.inbound.webhooks.calls import body_of, status_body

SOON = 5.0
LATER = timedelta(minutes=1)

pytestmark = pytest.mark.django_db(transaction=True)


def report(app: ProviderApp, status: str, provider_id: str) -> None:
    body = status_body(status, id=provider_id)
    store(app=app, event_key=f"{provider_id} {status}", body=body, now=timezone.now())


def named_message(app: ProviderApp, provider_id: str) -> BroadcastMessage:
    """A message of the app's tenant, in a broadcast of its own."""
    message = sent_message(tenant=app.tenant)
    name_message(message, provider_id)
    return message


def status(message: BroadcastMessage) -> str:
    message.refresh_from_db()
    return message.status


@pytest.mark.parametrize("table", ["broadcastcounters", "broadcastmessage"])
def test_receipts_of_other_broadcasts_go_on_and_the_locked_ones_follow(table: str) -> None:
    app = ProviderAppFactory.create()
    held, *free = (named_message(app, f"wamid.{n}") for n in range(4))
    for n in range(4):
        report(app, "delivered", f"wamid.{n}")
        report(app, "read", f"wamid.{n}")
    lock = f"SELECT FROM broadcast_{table} WHERE broadcast_id = %s", held.broadcast_id
    began = time.monotonic()
    with locked_elsewhere(lock):
        for n in range(MAX_ATTEMPTS + 1):
            apply_block(now=timezone.now() + n * LATER)
        assert time.monotonic() - began < SOON
        assert list(map(status, free)) == ["READ"] * 3
        waiting = ProviderEvent.objects.filter(status="STORED")
        assert list(waiting.values_list("attempts", flat=True)) == [0, 0]
    apply_block(now=timezone.now() + (MAX_ATTEMPTS + 2) * LATER)
    assert status(held) == "READ"
    assert not ProviderEvent.objects.exclude(status="APPLIED").exists()


def test_one_call_about_two_broadcasts_is_applied_in_parts() -> None:
    app = ProviderAppFactory.create()
    held, free = (named_message(app, f"wamid.{n}") for n in range(2))
    receipts = [
        {"id": f"wamid.{n}", "status": "delivered", "timestamp": "1700000000"} for n in range(2)
    ]
    store(app=app, event_key="both", body=body_of({"statuses": receipts}), now=timezone.now())
    lock = "SELECT FROM broadcast_broadcastcounters WHERE broadcast_id = %s", held.broadcast_id
    with locked_elsewhere(lock):
        apply_block(now=timezone.now())
        assert (status(held), status(free)) == ("SENT", "DELIVERED")
    apply_block(now=timezone.now() + LATER)
    assert (status(held), ProviderEvent.objects.get().status) == ("DELIVERED", "APPLIED")


def test_another_apps_events_do_not_wait_for_those_of_a_locked_tenant() -> None:
    """Parking a receipt needs the app's row, so no event of the locked app can be applied."""
    held, free = ProviderAppFactory.create(), ProviderAppFactory.create()
    for n in range(30):
        report(held, "delivered", f"unknown.{n}")
    message = named_message(free, "wamid.free")
    report(free, "delivered", "wamid.free")
    lock = "SELECT FROM channels_providerapp WHERE id = %s", held.pk
    began = time.monotonic()
    with locked_elsewhere(lock):
        now = timezone.now()
        while apply_block(now=now):
            pass
        assert status(message) == "DELIVERED"
        assert time.monotonic() - began < SOON
    apply_block(now=now + LATER)
    assert not ProviderEvent.objects.exclude(status="APPLIED").exists()
