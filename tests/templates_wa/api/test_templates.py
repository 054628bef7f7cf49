"""`/templates/` as clients see them."""

from typing import Any

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


@pytest.fixture
def app(tenant: Tenant) -> TenantWAApp:
    return WhatsAppSenderFactory.create(tenant=tenant)


def sale(app: TenantWAApp, /, **fields: Any) -> dict[str, Any]:
    return {
        "app": str(app.pk),
        "name": "summer_sale",
        "language": "en_US",
        "category": "MARKETING",
        "header_format": "TEXT",
        "header_text": "Hello {{1}}",
        "body": "Dear {{1}}, {{2}} % off today.",
        "footer": "Our shop",
        "buttons": [
            {"type": "URL", "text": "Shop", "url": "https://shop.example/{{1}}"},
            {"type": "QUICK_REPLY", "text": "Stop"},
        ],
        "examples": {"header_1": "Ana", "1": "Ana", "2": "20", "button_0": "sale"},
        **fields,
    }


def test_a_manager_writes_a_draft(manager: APIClient, app: TenantWAApp) -> None:
    answer = manager.post("/templates/", sale(app))

    assert answer.status_code == 201, answer.json()
    assert answer.json()["status"] == "DRAFT"
    assert answer.json()["parameters"] == ["header_1", "1", "2", "button_0"]
    assert WhatsAppTemplate.objects.get().tenant == app.tenant


def test_a_status_cannot_be_written_as_a_field(owner: APIClient, app: TenantWAApp) -> None:
    answer = owner.post("/templates/", sale(app, status="APPROVED", provider_template_id="7"))

    assert (answer.json()["status"], answer.json()["provider_template_id"]) == ("DRAFT", "")


@pytest.mark.parametrize(
    ("change", "attr"),
    [
        ({"name": "Summer Sale"}, "name"),
        ({"name": "x" * 600}, "name"),
        ({"language": "english"}, "language"),
        ({"language": "x" * 30}, "language"),
        ({"category": "NEWS"}, "category"),
        ({"body": ""}, "body"),
        ({"body": "{{1}} begins"}, "body"),
        ({"body": "ends with {{1}}"}, "body"),
        ({"body": "a {{1}} and {{3}} gap"}, "body"),
        ({"body": "a {{1}} and {{name}} mix"}, "body"),
        ({"body": "a {{name}} by name"}, "body"),
        ({"body": "a {{1} broken"}, "body"),
        ({"body": "a {{ 1 }} apart"}, "body"),
        ({"body": "a {{0}} from nought"}, "body"),
        ({"body": "a {{Name}} in capitals"}, "body"),
        ({"body": "x" * 1025}, "body"),
        ({"parameter_format": "NAMED"}, "header_text"),
        ({"header_text": "Two {{1}} {{2}}"}, "header_text"),
        ({"header_text": "A\nbreak"}, "header_text"),
        ({"header_text": "Sale \U0001f389"}, "header_text"),
        ({"header_text": ""}, "header_text"),
        ({"header_format": "IMAGE"}, "header_text"),
        ({"footer": "Dear {{1}}"}, "footer"),
        ({"footer": "x" * 61}, "footer"),
        ({"footer": "Bye\nnow"}, "footer"),
        ({"footer": "Bye \u2764\ufe0f"}, "footer"),
        ({"buttons": [{"type": "FLOW", "text": "Go"}]}, "buttons.0.type"),
        ({"buttons": [{"text": "Go"}]}, "buttons.0.type"),
        ({"buttons": [{"type": "QUICK_REPLY", "text": ""}]}, "buttons.0.text"),
        ({"buttons": [{"type": "QUICK_REPLY", "text": "x" * 26}]}, "buttons.0.text"),
        ({"buttons": [{"type": "QUICK_REPLY", "text": "Yes\nor no"}]}, "buttons.0.text"),
        ({"buttons": [{"type": "QUICK_REPLY", "text": "Yes \U0001f44d"}]}, "buttons.0.text"),
        ({"buttons": [{"type": "QUICK_REPLY", "text": "a", "url": "b"}]}, "buttons.0"),
        ({"buttons": [{"type": "URL", "text": "a", "url": "shop"}]}, "buttons.0.url"),
        ({"buttons": [{"type": "URL", "text": "a", "url": "https://[::1"}]}, "buttons.0.url"),
        (
            {"buttons": [{"type": "URL", "text": "a", "url": "https://a.b/{{1}}/c"}]},
            "buttons.0.url",
        ),
        ({"buttons": [{"type": "PHONE_NUMBER", "text": "a"}]}, "buttons.0.phone_number"),
        ({"buttons": [{"type": "URL", "text": "a", "url": "https://a.b"}] * 3}, "buttons"),
        (
            {
                "buttons": [
                    {"type": "QUICK_REPLY", "text": "a"},
                    {"type": "URL", "text": "b", "url": "https://a.b"},
                    {"type": "QUICK_REPLY", "text": "c"},
                ]
            },
            "buttons",
        ),
        ({"buttons": [{"type": "QUICK_REPLY", "text": "a"}] * 11}, "buttons"),
        ({"examples": {"1": "x" * 1025}}, "examples.1"),
        ({"app": "0197a000-0000-7000-8000-000000000000"}, "app"),
    ],
)
def test_what_meta_would_reject_is_refused(
    owner: APIClient, app: TenantWAApp, change: dict[str, Any], attr: str
) -> None:
    answer = owner.post("/templates/", sale(app, **change))

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["attr"] == attr
    assert not WhatsAppTemplate.objects.exists()


@pytest.mark.parametrize(
    "nonsense",
    [
        {"buttons": [[]]},
        {"buttons": [{"type": {"a": 1}}]},
        {"buttons": {"type": "URL"}},
        {"buttons": None},
        {"examples": []},
        {"examples": {"1": {"a": []}}},
        {"body": None},
        {"app": {}},
    ],
)
def test_nonsense_is_refused(owner: APIClient, app: TenantWAApp, nonsense: dict[str, Any]) -> None:
    assert owner.post("/templates/", sale(app, **nonsense)).status_code == 400


def test_all_problems_are_listed_at_once(owner: APIClient, app: TenantWAApp) -> None:
    answer = owner.post("/templates/", sale(app, name="Ä", footer="{{1}}"))

    problems = answer.json()["errors"][0]["data"]["problems"]
    assert [problem["attr"] for problem in problems] == ["name", "footer"]


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
