"""Labels, times and holds on the operators' pages."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib import admin
from django.test import Client
from django.utils import timezone

from backoffice.pages import AdminPage
from channels.models import Sender
from tenants.models import Tenant
from tests.factories import BroadcastFactory, SenderFactory


def test_abbreviations_are_in_capitals(superuser: Client, tenant: Tenant) -> None:
    broadcast = BroadcastFactory.create(tenant=tenant)

    assert "Tracked URLs" in superuser.get("/admin/tracking/").text
    assert "UI status" in superuser.get(f"/admin/broadcast/broadcast/{broadcast.pk}/change/").text


ABBREVIATED = re.compile(r"\b(ids?|urls?|apis?|sms|rcs|csv|json|whatsapp|telegram)\b")


def test_no_label_has_an_abbreviation_in_small_letters() -> None:
    names = {
        f"{model._meta.label}.{field.name}": str(field.verbose_name)
        for model, page in admin.site._registry.items()
        if isinstance(page, AdminPage)
        for field in model._meta.fields
    }
    assert {name: label for name, label in names.items() if ABBREVIATED.search(label)} == {}
    assert names["channels.Sender.base_url"] == "base URL"
    assert names["broadcast.BroadcastMessage.provider_message_id"] == "provider message ID"


def test_a_label_stands_on_the_page(superuser: Client, tenant: Tenant) -> None:
    sender = SenderFactory.create(tenant=tenant)

    page = superuser.get(f"/admin/channels/sender/{sender.pk}/change/").text

    assert "Base URL" in page
    assert "Business account ID" in page


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


def test_senders_that_the_provider_refuses_are_found(superuser: Client, tenant: Tenant) -> None:
    SenderFactory.create(tenant=tenant, name="Fine")
    SenderFactory.create(tenant=tenant, name="Revoked", broken_at=timezone.now())

    page = superuser.get("/admin/channels/sender/?broken_at__isempty=0").text

    assert "Revoked" in page
    assert "Fine" not in page
