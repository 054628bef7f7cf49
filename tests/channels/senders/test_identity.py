"""A sender that was used keeps its number and account, in the API and in the admin."""

from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from channels.models import Sender
from tenants.models import Tenant
from tests.backoffice.forms import form_of
from tests.factories import BroadcastFactory, WhatsAppSenderFactory

CHANGES = [
    {"address": "+15550001111"},
    {"account_id": "77"},
    {"business_account_id": "88"},
]


@pytest.fixture
def sender(tenant: Tenant) -> Sender:
    return WhatsAppSenderFactory.create(tenant=tenant)


def identity(sender: Sender) -> tuple[str, str, str]:
    sender.refresh_from_db()
    return sender.address, sender.account_id, sender.business_account_id


def save(client: Client, sender: Sender, **fields: Any) -> Any:
    form = form_of(sender, app="", address=sender.address, account_id=sender.account_id)
    form |= {"business_account_id": sender.business_account_id, **fields}
    return client.post(f"/admin/channels/sender/{sender.pk}/change/", form)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("status", ["QUEUED", "SENT"])
def test_a_used_sender_keeps_its_identity(
    superuser: Client,
    owner: APIClient,
    tenant: Tenant,
    sender: Sender,
    change: dict[str, str],
    status: str,
) -> None:
    BroadcastFactory.create(tenant=tenant, platform="WHATSAPP", sender=sender, status=status)
    before = identity(sender)

    answer = owner.patch(f"/senders/{sender.pk}/", change)
    error = answer.json()["errors"][0]
    assert (answer.status_code, error["code"]) == (409, "sender_in_use")
    assert [error["attr"]] == list(change)
    save(superuser, sender, **change, name="Renamed")

    assert identity(sender) == before
    assert sender.name == "Renamed"
    assert owner.patch(f"/senders/{sender.pk}/", {"address": before[0]}).status_code == 200


@pytest.mark.parametrize("change", CHANGES)
def test_a_sender_of_drafts_may_be_corrected(
    superuser: Client, tenant: Tenant, sender: Sender, change: dict[str, str]
) -> None:
    BroadcastFactory.create(tenant=tenant, platform="WHATSAPP", sender=sender)
    assert save(superuser, sender, **change).status_code == 302
    assert next(iter(change.values())) in identity(sender)
