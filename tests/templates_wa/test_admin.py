"""Operators edit templates in the admin, by the same rules as in the API."""

import json
from typing import Any

import pytest
from django.test import Client

from templates_wa.models import WhatsAppTemplate
from tenants.models import Tenant
from tests.factories import TemplateFactory


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
