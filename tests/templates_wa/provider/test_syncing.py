"""A sync takes over what the provider lists, over real HTTP against the sandbox."""

import json
import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from api.errors import DomainError
from channels.models import TenantWAApp
from channels.port.events import TemplateChange
from channels.port.http_calls import HttpResponse
from channels.port.template_port import RemoteTemplate, TemplateSpec
from channels.providers.meta.templates import MetaTemplates
from templates_wa.models import WhatsAppTemplate
from templates_wa.provider import syncing
from templates_wa.provider.changing import Applied, apply_change
from templates_wa.provider.syncing import sync
from tests.templates_wa.provider.lifecycle import REVIEWED, draft, reviewed, submit


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
    read = syncing._fetch_all
    monkeypatch.setattr(syncing, "_fetch_all", lambda app: read(app) * 2)

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
    monkeypatch.setattr(syncing, "_fetch_all", lambda app: listed)

    assert sync(app=app, now=timezone.now()) == syncing.Synced(created=1, updated=1, skipped=1)

    assert WhatsAppTemplate.objects.get(name="fine").status == "APPROVED"
    assert not WhatsAppTemplate.objects.filter(name="new").exists()
    after = WhatsAppTemplate.objects.get(pk=before.pk)
    assert (after.status, after.body) == ("APPROVED", before.body)
    assert after.provider_template_id == before.provider_template_id
    assert after.rejection_reason.startswith(f"Not copied: {reason}")


def test_a_draft_is_not_said_to_lack_what_is_not_taken_over_anyway(
    app: TenantWAApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = draft(app, name="known", provider_template_id="1")
    spec = TemplateSpec("known", "en", "MARKETING", "Hi there.", footer="a" * 61)
    listed = RemoteTemplate("1", "known", "en", "APPROVED", "MARKETING", spec=spec)
    monkeypatch.setattr(syncing, "_fetch_all", lambda app: [listed])

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


def test_another_tenants_app_is_not_synced(outsider: APIClient, app: TenantWAApp) -> None:
    assert outsider.post("/templates/sync/", {"app": str(app.pk)}).status_code == 400


@pytest.mark.parametrize("fields", [{"business_account_id": ""}, {"provider": "twilio"}])
def test_what_cannot_be_asked_is_refused(app: TenantWAApp, fields: dict[str, str]) -> None:
    for name, value in fields.items():
        setattr(app, name, value)

    with pytest.raises(DomainError):
        sync(app=app, now=timezone.now())


def listed(template: WhatsAppTemplate, status: str) -> RemoteTemplate:
    """The template as Meta's list has it, with a status in Meta's words."""
    word = {
        "id": template.provider_template_id,
        "name": template.name,
        "language": template.language,
        "status": status,
        "category": "MARKETING",
        "components": [],
    }
    body = json.dumps({"data": [word]}).encode()
    return MetaTemplates().list_outcome(HttpResponse(200, {}, body)).templates[0]


def test_a_listed_word_that_nobody_knows_changes_nothing(
    app: TenantWAApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = draft(app, status="APPROVED", quality="GREEN", provider_template_id="1")
    remote = replace(listed(template, "FROZEN"), quality="")
    monkeypatch.setattr(syncing, "_fetch_all", lambda app: [remote])

    sync(app=app, now=timezone.now())

    template.refresh_from_db()
    assert (template.status, template.quality) == ("APPROVED", "GREEN")


def test_a_new_template_with_an_unknown_status_cannot_be_sent(
    app: TenantWAApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = TemplateSpec("new", "en", "MARKETING", "Hi there.")
    remote = RemoteTemplate("2", "new", "en", "", "MARKETING", spec=spec)
    monkeypatch.setattr(syncing, "_fetch_all", lambda app: [remote])

    sync(app=app, now=timezone.now())

    assert WhatsAppTemplate.objects.get().status == "PENDING"


@pytest.mark.parametrize("before", ["APPROVED", "PAUSED"])
def test_an_archive_that_a_sync_found_is_undone_by_the_webhook(
    app: TenantWAApp, monkeypatch: pytest.MonkeyPatch, before: str
) -> None:
    template = draft(app, status=before, provider_template_id="1")
    monkeypatch.setattr(syncing, "_fetch_all", lambda app: [listed(template, "ARCHIVED")])
    now = timezone.now()
    for _ in range(2):
        sync(app=app, now=now)
    template.refresh_from_db()
    assert (template.status, template.archived_from) == ("DISABLED", before)

    unarchived = TemplateChange("1", "1", template.name, "en", now, status="UNARCHIVED")
    assert apply_change(tenant_id=app.tenant_id, change=unarchived) is Applied.APPLIED
    template.refresh_from_db()
    assert (template.status, template.archived_from) == (before, "")
