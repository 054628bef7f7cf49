"""A template is submitted to its provider over real HTTP, against the sandbox."""

from datetime import timedelta

from django.utils import timezone
from rest_framework.test import APIClient

from channels.models import TenantWAApp
from templates_wa.models import WhatsAppTemplate
from tenants.models import Tenant
from tests.factories import TemplateFactory
from tests.templates_wa.provider.lifecycle import draft, reviewed, submit


def test_a_template_is_submitted_reviewed_and_approved(
    manager: APIClient, app: TenantWAApp
) -> None:
    template = draft(app)

    submitted = submit(manager, template).json()
    assert (submitted["status"], submitted["rejection_reason"]) == ("PENDING", "")
    assert submitted["provider_template_id"]
    assert submit(manager, template).status_code == 409

    approved = reviewed(manager, template)
    assert (approved["status"], approved["approved_at"] is None) == ("APPROVED", False)


def test_a_rejection_comes_with_its_reason_and_can_be_mended(
    owner: APIClient, app: TenantWAApp
) -> None:
    template = draft(app, name="reject_me")
    first = submit(owner, template).json()["provider_template_id"]

    rejected = reviewed(owner, template)
    assert (rejected["status"], rejected["rejection_reason"]) == ("REJECTED", "INVALID_FORMAT")

    owner.patch(f"/templates/{template.pk}/", {"body": "Better, {{1}}, and mended."})
    again = submit(owner, template).json()
    assert (again["status"], again["provider_template_id"]) == ("PENDING", first)


def test_without_samples_nothing_is_submitted(owner: APIClient, app: TenantWAApp) -> None:
    template = draft(app, examples={})

    answer = submit(owner, template)

    assert (answer.status_code, answer.json()["errors"][0]["attr"]) == (400, "examples")
    template.refresh_from_db()
    assert (template.status, template.submitted_at) == ("DRAFT", None)


def test_a_parameter_may_be_named_like_a_button_that_is_not_there(
    owner: APIClient, app: TenantWAApp
) -> None:
    template = draft(
        app,
        body="Hi {{button_5}}, welcome.",
        parameter_format="NAMED",
        examples={"button_5": "Ana, who is no code of 15"},
    )

    assert submit(owner, template).json()["status"] == "PENDING"


def test_a_refusal_is_said_and_leaves_a_draft(owner: APIClient, app: TenantWAApp) -> None:
    first = draft(app, name="twice")
    submit(owner, first)
    first.delete()
    template = draft(app, name="twice")

    answer = submit(owner, template)

    assert answer.status_code == 422
    error = answer.json()["errors"][0]
    assert (error["code"], error["data"]["provider_code"]) == ("provider_refused", "2388024")
    template.refresh_from_db()
    assert template.status == "DRAFT"


def test_an_unreachable_provider_is_said_and_leaves_a_draft(
    owner: APIClient, app: TenantWAApp
) -> None:
    template = draft(app)
    TenantWAApp.objects.filter(pk=app.pk).update(base_url="http://127.0.0.1:9")

    answer = submit(owner, template)

    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (503, "provider_unreachable")
    template.refresh_from_db()
    assert template.status == "DRAFT"


def test_an_approved_template_is_edited_once_a_day(owner: APIClient, tenant: Tenant) -> None:
    template = TemplateFactory.create(
        tenant=tenant,
        status="APPROVED",
        provider_template_id="7",
        edits=[(timezone.now() - timedelta(hours=23)).isoformat()],
    )

    answer = owner.patch(f"/templates/{template.pk}/", {"footer": "Bye"})

    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (
        409,
        "template_not_editable",
    )
    yesterday = [(timezone.now() - timedelta(hours=25)).isoformat()]
    WhatsAppTemplate.objects.update(edits=yesterday)
    assert owner.patch(f"/templates/{template.pk}/", {"footer": "Bye"}).status_code == 200
