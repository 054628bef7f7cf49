"""The demo's templates: the specification's call for a broadcast is taken as it stands."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from broadcast.api.broadcasts import CREATE_EXAMPLE
from demo.senders import FOOTER, OFFER, TEMPLATES
from tenants.models import Tenant
from tests.factories import ContactFactory, WhatsAppSenderFactory
from wallet.models import Wallet

pytestmark = pytest.mark.django_db


@pytest.fixture
def create(owner: APIClient, tenant: Tenant, rich: Wallet) -> Callable[..., Any]:
    """Posts the specification's call, in a tenant with the demo's templates."""
    sender = WhatsAppSenderFactory.create(tenant=tenant, is_default=True)
    for name, fields in TEMPLATES.items():
        body = {"app": str(sender.pk), "name": name, "language": "en", "footer": FOOTER, **fields}
        template = owner.post("/templates/", body).json()
        owner.post(f"/templates/{template['id']}/status/", {"status": "APPROVED"})
    phones = ("+491701234567", "+491701234568")
    contacts = [str(ContactFactory.create(tenant=tenant, phone=phone).pk) for phone in phones]
    return lambda **more: owner.post(
        "/broadcast/", {**CREATE_EXAMPLE.value, "recipients": contacts, **more}
    )


def test_the_specifications_call_is_taken_as_it_stands(create: Callable[..., Any]) -> None:
    answer = create()

    assert (answer.status_code, answer.json()["status"]) == (201, "SCHEDULED"), answer.json()


def test_the_other_template_shows_parameters(create: Callable[..., Any]) -> None:
    refused = create(template_name=OFFER).json()["errors"][0]
    taken = create(template_name=OFFER, template_params={"2": "https://shop.example/"})

    assert refused["data"] == {"missing": ["2"], "surplus": [], "required": ["1", "2"]}
    assert taken.status_code == 201
    assert taken.json()["default_params"] == {"1": "{{first_name|there}}"}
