"""`/templates/` as clients see them."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from channels.models import TenantWAApp
from templates_wa.models import WhatsAppTemplate
from tenants.models import Tenant
from tests.factories import (
    BroadcastFactory,
    SenderFactory,
    TemplateFactory,
    WhatsAppSenderFactory,
)
from tests.templates_wa.api.bodies import sale


def test_a_manager_writes_a_draft(manager: APIClient, app: TenantWAApp) -> None:
    answer = manager.post("/templates/", sale(app))

    assert answer.status_code == 201, answer.json()
    assert answer.json()["status"] == "DRAFT"
    assert answer.json()["parameters"] == ["header_1", "1", "2", "button_0"]
    assert WhatsAppTemplate.objects.get().tenant == app.tenant


def test_a_status_cannot_be_written_as_a_field(owner: APIClient, app: TenantWAApp) -> None:
    answer = owner.post("/templates/", sale(app, status="APPROVED", provider_template_id="7"))

    assert answer.status_code == 400
    assert {error["attr"] for error in answer.json()["errors"]} == {
        "status",
        "provider_template_id",
    }
    assert not WhatsAppTemplate.objects.exists()


def test_a_template_hangs_on_a_whatsapp_number_of_the_tenant(
    owner: APIClient, tenant: Tenant, app: TenantWAApp
) -> None:
    bot, foreign = SenderFactory.create(tenant=tenant), WhatsAppSenderFactory.create()

    for wrong in (bot, foreign):
        answer = owner.post("/templates/", sale(app, app=str(wrong.pk)))
        assert (answer.status_code, answer.json()["errors"][0]["attr"]) == (400, "app")


def test_a_name_and_language_once_per_app(owner: APIClient, app: TenantWAApp) -> None:
    owner.post("/templates/", sale(app))
    answer = owner.post("/templates/", sale(app))

    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "template_exists")
    assert owner.post("/templates/", sale(app, language="de")).status_code == 201


def test_an_edit_makes_a_draft_again(owner: APIClient, tenant: Tenant) -> None:
    template = TemplateFactory.create(tenant=tenant, status="APPROVED")

    answer = owner.patch(f"/templates/{template.pk}/", {"body": "Good day {{1}}, come in."})

    assert (answer.status_code, answer.json()["status"]) == (200, "DRAFT")


def test_an_edit_that_changes_nothing_leaves_the_status(owner: APIClient, tenant: Tenant) -> None:
    template = TemplateFactory.create(tenant=tenant, status="APPROVED")

    answer = owner.patch(f"/templates/{template.pk}/", {"body": template.body})

    assert answer.json()["status"] == "APPROVED"


@pytest.mark.parametrize("status", ["PENDING", "DISABLED"])
def test_what_is_in_review_or_disabled_is_not_edited(
    owner: APIClient, tenant: Tenant, status: str
) -> None:
    template = TemplateFactory.create(tenant=tenant, status=status)

    answer = owner.patch(f"/templates/{template.pk}/", {"footer": "Bye"})

    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (
        409,
        "template_not_editable",
    )
    template.refresh_from_db()
    assert template.footer == ""


@pytest.mark.parametrize("field", [{"name": "other"}, {"language": "de"}, {"category": "UTILITY"}])
def test_what_the_provider_knows_keeps_name_language_and_category(
    owner: APIClient, tenant: Tenant, field: dict[str, str]
) -> None:
    template = TemplateFactory.create(
        tenant=tenant,
        status="APPROVED",
        provider_template_id="77",
        approved_at="2026-01-01T00:00:00Z",
    )

    assert owner.patch(f"/templates/{template.pk}/", field).status_code == 409


def test_a_template_in_use_is_not_edited(owner: APIClient, tenant: Tenant) -> None:
    template = TemplateFactory.create(tenant=tenant, status="APPROVED")
    BroadcastFactory.create(tenant=tenant, platform="WHATSAPP", template=template, status="SENDING")

    answer = owner.patch(f"/templates/{template.pk}/", {"body": "Another text."})

    assert answer.status_code == 409


def test_until_the_provider_knows_it_its_status_is_set_by_hand(
    manager: APIClient, tenant: Tenant
) -> None:
    template = TemplateFactory.create(tenant=tenant)
    url = f"/templates/{template.pk}/status/"

    assert manager.post(url, {"status": "APPROVED"}).json()["status"] == "APPROVED"
    paused = manager.post(url, {"status": "PAUSED", "reason": "low quality"}).json()
    assert (paused["status"], paused["rejection_reason"]) == ("PAUSED", "low quality")
    assert manager.post(url, {"status": "SENT"}).status_code == 400


def test_once_the_provider_knows_it_only_the_provider_says(
    owner: APIClient, tenant: Tenant
) -> None:
    template = TemplateFactory.create(tenant=tenant, status="PENDING", provider_template_id="77")

    answer = owner.post(f"/templates/{template.pk}/status/", {"status": "APPROVED"})

    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (
        409,
        "status_is_the_providers",
    )
    template.refresh_from_db()
    assert template.status == "PENDING"


def test_a_preview_shows_samples_and_given_values(
    viewer: APIClient, owner: APIClient, app: TenantWAApp
) -> None:
    pk = owner.post("/templates/", sale(app)).json()["id"]

    shown = viewer.post(f"/templates/{pk}/preview/", {"values": {"2": "50"}}).json()

    assert (shown["header"], shown["body"]) == ("Hello Ana", "Dear Ana, 50 % off today.")
    assert shown["buttons"][0]["url"] == "https://shop.example/sale"
    assert shown["missing"] == []


def test_a_preview_names_what_has_no_value(owner: APIClient, tenant: Tenant) -> None:
    template = TemplateFactory.create(tenant=tenant, examples={})

    shown = owner.post(f"/templates/{template.pk}/preview/", {}).json()

    assert (shown["body"], shown["missing"]) == ("Hello {{1}}, the sale has begun.", ["1"])


def test_a_draft_is_deleted_and_a_used_one_is_not(owner: APIClient, tenant: Tenant) -> None:
    unused, used = TemplateFactory.create_batch(2, tenant=tenant)
    BroadcastFactory.create(tenant=tenant, platform="WHATSAPP", template=used)

    assert owner.delete(f"/templates/{unused.pk}/").status_code == 204
    assert owner.delete(f"/templates/{used.pk}/").status_code == 409
    assert set(WhatsAppTemplate.objects.all()) == {used}


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("status__in=DRAFT,PAUSED", 1),
        ("status=DRAFT", 1),
        ("status=APPROVED", 0),
        ("status__in=APPROVED", 0),
        ("language=en", 1),
        ("category=UTILITY", 0),
        ("quality=UNKNOWN", 1),
        ("search=sale", 1),
        ("search=winter", 0),
    ],
)
def test_the_list_is_narrowed(owner: APIClient, tenant: Tenant, query: str, count: int) -> None:
    TemplateFactory.create(tenant=tenant)

    assert owner.get(f"/templates/?{query}").json()["count"] == count


def test_a_page_of_templates_costs_the_same_for_any_number(
    owner: APIClient, tenant: Tenant, app: TenantWAApp
) -> None:
    costs = []
    for more in (2, 20):
        TemplateFactory.create_batch(more, tenant=tenant, app=app)
        with CaptureQueriesContext(connection) as statements:
            assert owner.get("/templates/").status_code == 200
        costs.append(len(statements))
    assert costs[0] == costs[1] <= 4
