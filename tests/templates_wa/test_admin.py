"""Operators edit templates in the admin, by the same rules as in the API."""

import json
from typing import Any

import pytest
from django.test import Client

from templates_wa.models import WhatsAppTemplate
from tenants.models import Tenant
from tests.factories import BroadcastFactory, TemplateFactory


def save(client: Client, template: WhatsAppTemplate, **fields: Any) -> Any:
    page = f"/admin/templates_wa/whatsapptemplate/{template.pk}/change/"
    form = client.get(page).context["adminform"].form
    initial = {name: form.get_initial_for_field(form.fields[name], name) for name in form.fields}
    form_data = {name: "" if value is None else value for name, value in initial.items()}
    for name in ("buttons", "cards", "examples"):
        form_data[name] = json.dumps(form_data[name])
    form_data.pop("add_security_recommendation")  # the form of an unticked box omits its field
    return client.post(page, {**form_data, **fields})


def test_a_text_is_changed(superuser: Client, tenant: Tenant) -> None:
    template = TemplateFactory.create(tenant=tenant)

    answer = save(superuser, template, footer="Bye")

    assert answer.status_code == 302, answer.context["errors"]
    template.refresh_from_db()
    assert template.footer == "Bye"


@pytest.mark.parametrize("cards", ["[1]", "5", '{"a": 1}', '[{"header_format": "IMAGE"}]'])
@pytest.mark.parametrize("field", ["cards", "buttons"])
def test_what_could_not_be_rendered_is_refused(
    superuser: Client, tenant: Tenant, field: str, cards: str
) -> None:
    template = TemplateFactory.create(tenant=tenant)

    answer = save(superuser, template, **{field: cards})

    assert answer.status_code == 200
    assert field in answer.context["adminform"].form.errors
    template.refresh_from_db()
    assert getattr(template, field) == []


LIST = "/admin/templates_wa/whatsapptemplate/"


@pytest.mark.parametrize("status", ["APPROVED", "PENDING", "PAUSED", "DISABLED"])
def test_a_text_that_was_submitted_is_not_changed(
    superuser: Client, tenant: Tenant, status: str
) -> None:
    template = TemplateFactory.create(tenant=tenant, status=status)
    superuser.post(f"{LIST}{template.pk}/change/", {"body": "Another text", "status": "DRAFT"})
    template.refresh_from_db()
    assert template.body == "Hello {{1}}, the sale has begun."
    assert template.status == status


def test_a_draft_at_the_provider_keeps_its_name(superuser: Client, tenant: Tenant) -> None:
    template = TemplateFactory.create(tenant=tenant, provider_template_id="7")
    assert save(superuser, template, name="other", footer="Bye").status_code == 302
    template.refresh_from_db()
    assert (template.name.startswith("sale_"), template.footer) == (True, "Bye")


def test_the_providers_status_is_the_providers(superuser: Client, tenant: Tenant) -> None:
    template = TemplateFactory.create(
        tenant=tenant, status="PAUSED", provider_template_id="1234567890"
    )
    answer = superuser.post(f"{LIST}{template.pk}/status/", {"status": "APPROVED"})
    assert "Only the provider sets the status of this template." in answer.text
    template.refresh_from_db()
    assert template.status == "PAUSED"


def test_a_status_is_set_on_its_own_page(superuser: Client, tenant: Tenant) -> None:
    template = TemplateFactory.create(tenant=tenant)
    answer = superuser.post(f"{LIST}{template.pk}/status/", {"status": "APPROVED"})
    assert answer.status_code == 302
    template.refresh_from_db()
    assert template.status == "APPROVED"
    assert template.approved_at is not None


def test_a_template_in_use_is_not_deleted(superuser: Client, tenant: Tenant) -> None:
    template = TemplateFactory.create(tenant=tenant)
    broadcast = BroadcastFactory.create(tenant=tenant, platform="WHATSAPP", template=template)
    page = f"{LIST}{template.pk}/delete-at-provider/"
    assert "A broadcast that is not finished uses this template." in superuser.post(page).text

    broadcast.delete()
    assert superuser.post(page).status_code == 302
    assert not WhatsAppTemplate.objects.exists()
