"""Telegram's calls are stored once; /stop opts out; old parked receipts are dropped."""

from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from channels.port.events import ReceiptStatus
from contacts.models import OptIn, Suppression
from contacts.opting.suppressions import opt_back_in
from inbound.applying.applying import apply_block
from inbound.applying.parking import KEPT_FOR, apply_parked
from inbound.applying.purging import purge_events
from inbound.models import ParkedReceipt, ProviderEvent
from tests.factories import ProviderAppFactory
from tests.inbound.applying.bot import bot, say

pytestmark = pytest.mark.django_db


def test_stop_opts_out_and_start_back_in(anonymous: APIClient) -> None:
    app = bot()
    assert say(anonymous, app, "/stop") == 200
    apply_block(now=timezone.now())
    suppression = Suppression.objects.get(tenant=app.tenant)
    assert (suppression.platform, suppression.address) == ("TELEGRAM", "77")
    assert say(anonymous, app, "/start", update_id=2) == 200
    apply_block(now=timezone.now())
    assert not Suppression.objects.exists()


@pytest.mark.parametrize(
    ("before", "after", "stopped"), [("/start", "/stop", True), ("/stop", "/start", False)]
)
def test_what_is_dated_in_the_future_was_said_by_now(
    anonymous: APIClient, before: str, after: str, *, stopped: bool
) -> None:
    app, now = bot(), int(timezone.now().timestamp())
    assert say(anonymous, app, before, at=now + 10**8) == 200
    assert say(anonymous, app, after, update_id=2, at=now + 1) == 200
    apply_block(now=timezone.now())
    assert Suppression.objects.exists() is stopped


def test_a_repeated_call_is_stored_once(anonymous: APIClient) -> None:
    app = bot()
    assert [say(anonymous, app, "/stop") for _ in range(2)] == [200, 200]
    assert ProviderEvent.objects.count() == 1


def test_an_opt_in_is_forgotten_with_the_calls_of_its_time() -> None:
    app, now = ProviderAppFactory.create(), timezone.now()
    for address, days in (("77", 29), ("78", 31)):
        opt_back_in(
            tenant_id=app.tenant_id,
            platform="TELEGRAM",
            address=address,
            at=now - timedelta(days=days),
        )
    purge_events(now=now)
    assert [opt_in.address for opt_in in OptIn.objects.all()] == ["77"]


def test_a_parked_receipt_is_dropped_after_seven_days() -> None:
    now = timezone.now()
    for number, age in enumerate((KEPT_FOR - timedelta(hours=1), KEPT_FOR + timedelta(hours=1))):
        ParkedReceipt.objects.create(
            app=ProviderAppFactory.create(),
            provider_message_id=f"wamid.{number}",
            status=ReceiptStatus.READ.value,
            at=now,
            parked_at=now - age,
            tried_at=now - age,
        )
    assert apply_parked(now=now) == 0
    assert [receipt.provider_message_id for receipt in ParkedReceipt.objects.all()] == ["wamid.0"]
