"""Submitting and syncing over real HTTP, against the sandbox; what webhooks report."""

import hashlib
import hmac
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from api.errors import DomainError
from channels.models import TenantWAApp
from channels.port.template_port import RemoteTemplate, TemplateSpec
from inbound.applying.applying import apply_block
from sandbox.running import RunningSandbox
from templates_wa.models import WhatsAppTemplate
from templates_wa.provider import syncing
from templates_wa.provider.syncing import sync
from tenants.models import Tenant
from tests.channels.providers.meta.test_templates import call
from tests.factories import ProviderAppFactory, TemplateFactory, WhatsAppSenderFactory

ACCOUNTS = count(int(time.time()) * 1000)
REVIEWED = 0.4
"""A little longer than the sandbox's reviewers take."""


@pytest.fixture
def app(tenant: Tenant, sandbox: RunningSandbox) -> TenantWAApp:
    return WhatsAppSenderFactory.create(
        tenant=tenant,
        base_url=sandbox.base_url,
        business_account_id=str(next(ACCOUNTS)),
        app=ProviderAppFactory.create(tenant=tenant),
    )


def draft(app: TenantWAApp, **fields: Any) -> WhatsAppTemplate:
    return TemplateFactory.create(tenant=app.tenant, app=app, **fields)


def submit(client: APIClient, template: WhatsAppTemplate) -> Any:
    return client.post(f"/templates/{template.pk}/submit/")


def reviewed(client: APIClient, template: WhatsAppTemplate) -> Any:
    time.sleep(REVIEWED)
    return client.post(f"/templates/{template.pk}/sync/").json()


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


def test_a_submission_whose_answer_was_lost_is_found_by_its_name(
    owner: APIClient, app: TenantWAApp
) -> None:
    template = draft(app)
    number = submit(owner, template).json()["provider_template_id"]
    WhatsAppTemplate.objects.update(status="DRAFT", provider_template_id="")

    assert reviewed(owner, template)["provider_template_id"] == number
    template.refresh_from_db()
    assert template.status == "APPROVED"


def test_a_submission_that_never_arrived_is_a_draft_again(app: TenantWAApp) -> None:
    now = timezone.now()
    lost = draft(app, status="PENDING", submitted_at=now - timedelta(minutes=11))
    fresh = draft(app, status="PENDING", submitted_at=now)

    sync(app=app, now=now)

    lost.refresh_from_db()
    fresh.refresh_from_db()
    assert (lost.status, fresh.status) == ("DRAFT", "PENDING")


def test_templates_made_at_the_provider_are_taken_over(owner: APIClient, app: TenantWAApp) -> None:
    template = draft(app, name="made_there")
    submit(owner, template)
    template.delete()
    time.sleep(REVIEWED)

    answer = owner.post("/templates/sync/", {"app": str(app.pk)})
    again = owner.post("/templates/sync/", {"app": str(app.pk)})

    assert answer.json() == {"created": 1, "updated": 0, "skipped": 0}
    assert again.json() == {"created": 0, "updated": 1, "skipped": 0}
    made = WhatsAppTemplate.objects.get()
    assert (made.name, made.status, made.examples) == ("made_there", "APPROVED", {"1": "Ana"})


def test_a_template_that_is_listed_twice_is_taken_over_once(
    owner: APIClient, app: TenantWAApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = draft(app, name="made_there")
    submit(owner, template)
    template.delete()
    time.sleep(REVIEWED)
    read = syncing._read
    monkeypatch.setattr(syncing, "_read", lambda app: read(app) * 2)

    answer = owner.post("/templates/sync/", {"app": str(app.pk)})

    assert answer.json() == {"created": 1, "updated": 0, "skipped": 1}
    assert WhatsAppTemplate.objects.get().name == "made_there"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"header_format": "TEXT", "header_text": "a" * 61}, "header_text: Ensure this value has"),
        ({"footer": "a" * 61}, "footer: Ensure this value has at most 60 characters"),
        ({"code_expiration_minutes": 10**9}, "code_expiration_minutes: Ensure"),
        ({"parameter_format": "OF_ANOTHER_KIND"}, "parameter_format: Value 'OF_ANOTHER_KIND'"),
        ({}, "provider_template_id: Ensure this value has at most 64 characters"),
    ],
)
def test_what_no_column_can_hold_is_left_out_and_said(
    app: TenantWAApp, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any], reason: str
) -> None:
    before = draft(app, name="known", status="PENDING", provider_template_id="1")
    listed = [
        RemoteTemplate(
            id=number,
            name=name,
            language="en",
            status="APPROVED",
            category="MARKETING",
            spec=replace(TemplateSpec(name, "en", "MARKETING", "Hi there."), **spec),
        )
        for name, number, spec in (
            ("known", "1" if change else "1" * 65, change),
            ("new", "2" if change else "2" * 65, change),
            ("fine", "3", {}),
        )
    ]
    monkeypatch.setattr(syncing, "_read", lambda app: listed)

    assert sync(app=app, now=timezone.now()) == syncing.Synced(created=1, updated=1, skipped=1)

    assert WhatsAppTemplate.objects.get(name="fine").status == "APPROVED"
    assert not WhatsAppTemplate.objects.filter(name="new").exists()
    after = WhatsAppTemplate.objects.get(pk=before.pk)
    assert (after.status, after.body) == ("APPROVED", before.body)
    assert after.provider_template_id == before.provider_template_id
    assert after.rejection_reason.startswith(f"Not taken over: {reason}")


def test_a_draft_is_not_said_to_lack_what_is_not_taken_over_anyway(
    app: TenantWAApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = draft(app, name="known", provider_template_id="1")
    spec = TemplateSpec("known", "en", "MARKETING", "Hi there.", footer="a" * 61)
    listed = RemoteTemplate("1", "known", "en", "APPROVED", "MARKETING", spec=spec)
    monkeypatch.setattr(syncing, "_read", lambda app: [listed])

    sync(app=app, now=timezone.now())

    changed.refresh_from_db()
    assert (changed.status, changed.rejection_reason) == ("DRAFT", "")


def test_what_the_provider_knows_no_more_is_disabled(app: TenantWAApp) -> None:
    gone = draft(app, status="APPROVED", provider_template_id="1")
    local = draft(app, status="APPROVED")

    sync(app=app, now=timezone.now())

    gone.refresh_from_db()
    local.refresh_from_db()
    assert (gone.status, local.status) == ("DISABLED", "APPROVED")


def test_a_change_that_was_not_submitted_survives_a_sync(
    owner: APIClient, app: TenantWAApp
) -> None:
    template = draft(app)
    submit(owner, template)
    reviewed(owner, template)
    owner.patch(f"/templates/{template.pk}/", {"body": "Changed, {{1}}, not submitted."})

    synced = reviewed(owner, template)

    assert (synced["status"], synced["body"]) == ("DRAFT", "Changed, {{1}}, not submitted.")


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


def test_another_tenants_app_is_not_synced(outsider: APIClient, app: TenantWAApp) -> None:
    assert outsider.post("/templates/sync/", {"app": str(app.pk)}).status_code == 400


@pytest.mark.parametrize("fields", [{"business_account_id": ""}, {"provider": "twilio"}])
def test_what_cannot_be_asked_is_refused(app: TenantWAApp, fields: dict[str, str]) -> None:
    for name, value in fields.items():
        setattr(app, name, value)

    with pytest.raises(DomainError):
        sync(app=app, now=timezone.now())


# --- webhooks ---


def post(client: APIClient, app: TenantWAApp, body: bytes) -> None:
    endpoint = app.app
    assert endpoint is not None
    digest = hmac.new(endpoint.secrets["app_secret"].encode(), body, hashlib.sha256).hexdigest()
    answer = client.post(
        endpoint.webhook_path,
        body,
        content_type="application/json",
        headers={"X-Hub-Signature-256": f"sha256={digest}"},
    )
    assert answer.status_code == 200
    apply_block(now=timezone.now())


def names_of(template: WhatsAppTemplate) -> dict[str, Any]:
    return {
        "message_template_id": int(template.provider_template_id),
        "message_template_name": template.name,
        "message_template_language": template.language,
    }


def test_status_quality_and_category_are_followed(anonymous: APIClient, app: TenantWAApp) -> None:
    template = draft(app, status="APPROVED", provider_template_id="77")
    paused = {"event": "PAUSED", "reason": "NONE", "other_info": {"description": "Low quality"}}

    post(anonymous, app, call("message_template_status_update", **names_of(template), **paused))
    post(
        anonymous,
        app,
        call("message_template_quality_update", **names_of(template), new_quality_score="RED"),
    )
    post(
        anonymous,
        app,
        call("template_category_update", **names_of(template), new_category="UTILITY"),
    )

    template.refresh_from_db()
    assert (template.status, template.rejection_reason) == ("PAUSED", "Low quality")
    assert (template.quality, template.category) == ("RED", "UTILITY")


def test_an_older_status_does_not_undo_a_younger_one(
    anonymous: APIClient, app: TenantWAApp
) -> None:
    younger = datetime.fromtimestamp(1751247549, tz=UTC)
    template = draft(app, status="APPROVED", provider_template_id="77", status_at=younger)

    post(
        anonymous,
        app,
        call("message_template_status_update", **names_of(template), event="PAUSED", reason="NONE"),
    )

    template.refresh_from_db()
    assert template.status == "APPROVED"


def test_another_tenants_template_is_not_touched(anonymous: APIClient, app: TenantWAApp) -> None:
    foreign = TemplateFactory.create(status="APPROVED", provider_template_id="77")

    post(
        anonymous,
        app,
        call(
            "message_template_status_update", **names_of(foreign), event="DISABLED", reason="NONE"
        ),
    )

    foreign.refresh_from_db()
    assert foreign.status == "APPROVED"
