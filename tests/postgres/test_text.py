"""Characters that PostgreSQL cannot store are taken out of a provider's texts."""

import json
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from channels.delivery.looking_up import look_up_messages
from channels.port.events import HandedOver
from channels.providers.storable import storable_object
from postgres.text import storable
from templates_wa.models import WhatsAppTemplate
from templates_wa.provider.syncing import sync
from tenants.models import Tenant
from tests.channels.http.far_end import FarEnd, answer, replies
from tests.channels.providers.samples import account, text
from tests.factories import SenderFactory, TemplateFactory, WhatsAppSenderFactory

ODD, KEPT = "\x00\ud800\U0001f600é", "?\U0001f600é"


def says(far_end: FarEnd, body: dict[str, Any], status: str = "200 OK") -> None:
    far_end.behaviour = replies(answer(status, json.dumps(body).encode()))


def test_a_text_loses_what_postgresql_cannot_store() -> None:
    assert [storable(value) for value in (ODD, "plain\n", "")] == [KEPT, "plain\n", ""]


def test_an_object_loses_it_at_any_depth_and_in_keys() -> None:
    odd = {f"a{ODD}": [ODD, {"b": ODD, "c": None}], "\\u0000": [1, 2.5, True]}
    kept = {f"a{KEPT}": [KEPT, {"b": KEPT, "c": None}], "\\u0000": [1, 2.5, True]}
    assert storable_object(json.dumps(odd).encode()) == kept


@pytest.mark.parametrize("depth", [400, 900, 100_000])
def test_whatever_is_nested_too_deeply_says_nothing(depth: int) -> None:
    body = b'{"a": ' + b"[" * depth + b"]" * depth + b"}"
    assert storable_object(body).keys() <= {"a"}


@pytest.mark.django_db
def test_metas_templates_are_taken_over(tenant: Tenant, far_end: FarEnd) -> None:
    app = WhatsAppSenderFactory.create(
        tenant=tenant, base_url=far_end.url, business_account_id="1001"
    )
    template = TemplateFactory.create(
        tenant=tenant, app=app, provider_template_id="7", status="APPROVED"
    )
    button = {"type": "URL", "text": f"Shop{ODD}", "url": "https://shop.test/"}
    listed = {
        "id": "7",
        "name": template.name,
        "language": template.language,
        "status": "REJECTED",
        "category": "MARKETING",
        "rejected_reason": f"BAD{ODD}",
        "components": [
            {"type": "BODY", "text": f"Hi{ODD}"},
            {"type": "BUTTONS", "buttons": [button]},
        ],
    }
    made = {**listed, "id": "8\x00", "name": "made\x00_there", "status": "APPROVED"}
    says(far_end, {"data": [listed, made]})

    assert sync(app=app, now=timezone.now()).created == 1

    template.refresh_from_db()
    assert (template.status, template.rejection_reason) == ("REJECTED", f"BAD{KEPT}")
    assert (template.body, template.buttons[0]["text"]) == (f"Hi{KEPT}", f"Shop{KEPT}")
    new = WhatsAppTemplate.objects.exclude(pk=template.pk).get()
    assert (new.name, new.provider_template_id) == ("made_there", "8")


@pytest.mark.django_db
def test_gupshups_templates_are_taken_over(tenant: Tenant, far_end: FarEnd) -> None:
    app = WhatsAppSenderFactory.create(
        tenant=tenant,
        provider="gupshup",
        base_url=far_end.url,
        credentials={"api_key": "key", "app_id": "app", "app_name": "Shop"},
    )
    template = TemplateFactory.create(
        tenant=tenant, app=app, provider_template_id="7", status="APPROVED"
    )
    listed = {
        "id": "7",
        "elementName": template.name,
        "languageCode": template.language,
        "status": "REJECTED",
        "category": "MARKETING",
        "reason": f"BAD{ODD}",
        "templateType": "TEXT",
        "containerMeta": json.dumps({"data": f"Hi{ODD}"}),
    }
    says(far_end, {"status": "success", "templates": [listed]})

    sync(app=app, now=timezone.now())

    template.refresh_from_db()
    assert (template.rejection_reason, template.body) == (f"BAD{KEPT}", f"Hi{KEPT}")


@pytest.mark.django_db
def test_a_submitted_template_gets_its_id(
    owner: APIClient, tenant: Tenant, far_end: FarEnd
) -> None:
    app = WhatsAppSenderFactory.create(
        tenant=tenant, base_url=far_end.url, business_account_id="1001"
    )
    template = TemplateFactory.create(tenant=tenant, app=app)
    says(far_end, {"id": f"7{ODD}", "status": "PENDING", "category": f"A_WORD_OF_ITS_OWN{ODD}"})

    submitted = owner.post(f"/templates/{template.pk}/submit/").json()

    assert (submitted["status"], submitted["provider_template_id"]) == ("PENDING", f"7{KEPT}")
    assert submitted["category"] == "MARKETING"


@pytest.mark.django_db
def test_a_check_is_noted(owner: APIClient, tenant: Tenant, far_end: FarEnd) -> None:
    sender = SenderFactory.create(tenant=tenant, base_url=far_end.url)
    says(far_end, {"ok": True, "result": {"id": 1, "username": f"shop{ODD}"}})

    answered = owner.post(f"/senders/{sender.pk}/check/").json()

    sender.refresh_from_db()
    assert (answered["works"], sender.check_result) == (True, f"@shop{KEPT} (1)")


def test_a_look_up_finds_an_id(far_end: FarEnd) -> None:
    now = timezone.now().replace(microsecond=0)
    sent = text("Hi", to="+14155230001")
    listed = {
        "sid": f"SM1{ODD}",
        "status": "sent",
        "date_created": now.strftime("%a, %d %b %Y %H:%M:%S +0000"),
        "direction": "outbound-api",
        "to": sent.to,
        "from": "+14155552345",
        "body": "Hi",
        "num_media": "0",
    }
    says(far_end, {"messages": [listed], "next_page_uri": None})

    receipts = look_up_messages(
        account=account("twilio", base_url=far_end.url),
        asked=[HandedOver(sent, now, now)],
        timeout=5,
    )

    assert receipts[sent.id].provider_message_id == f"SM1{KEPT}"
