"""How the operators' pages say things."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from channels.models import Sender
from tenants.models import Tenant
from tests.factories import BroadcastFactory, SenderFactory


def test_abbreviations_are_in_capitals(superuser: Client, tenant: Tenant) -> None:
    broadcast = BroadcastFactory.create(tenant=tenant)

    assert "Tracked URLs" in superuser.get("/admin/tracking/").text
    assert "UI status" in superuser.get(f"/admin/broadcast/broadcast/{broadcast.pk}/change/").text


def test_times_have_seconds_and_a_zone(superuser: Client, tenant: Tenant) -> None:
    sender = SenderFactory.create(tenant=tenant)
    at = datetime(2027, 7, 1, 10, 20, 30, tzinfo=UTC)
    Sender.objects.filter(pk=sender.pk).update(checked_at=at)

    page = superuser.get(f"/admin/channels/sender/{sender.pk}/change/").text

    assert "2027-07-01 10:20:30 UTC" in page


@pytest.mark.parametrize(("seconds", "is_shown"), [(600, True), (-600, False)])
def test_a_hold_is_shown_while_it_lasts(
    superuser: Client, tenant: Tenant, seconds: int, is_shown: bool
) -> None:
    until = timezone.now() + timedelta(seconds=seconds)
    sender = SenderFactory.create(tenant=tenant, held_until=until)

    for page in ("", f"{sender.pk}/change/"):
        answer = superuser.get(f"/admin/channels/sender/{page}")
        assert "Held until" in answer.text
        assert (f"{until:%Y-%m-%d %H:%M:%S}" in answer.text) == is_shown
