"""A provider's calls change a template's status, quality and category."""

import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from channels.models import TenantWAApp
from inbound.applying.applying import apply_block
from inbound.models import ProviderEvent
from templates_wa.models import WhatsAppTemplate
from tests.channels.providers.meta.template_calls import call
from tests.factories import TemplateFactory
from tests.templates_wa.provider.lifecycle import draft


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


def report(
    client: APIClient, app: TenantWAApp, template: WhatsAppTemplate, event: str, *, at: int
) -> str:
    body = call("message_template_status_update", **names_of(template), event=event, reason="NONE")
    post(client, app, body.replace(b"1751247548", str(at).encode()))
    template.refresh_from_db()
    return template.status


@pytest.mark.parametrize("before", ["APPROVED", "PAUSED", "PENDING", "REJECTED"])
def test_an_unarchived_template_has_the_status_from_before(
    anonymous: APIClient, app: TenantWAApp, before: str
) -> None:
    template = draft(app, status=before, provider_template_id="77")
    assert report(anonymous, app, template, "ARCHIVED", at=1751247548) == "DISABLED"
    assert report(anonymous, app, template, "ARCHIVED", at=1751247549) == "DISABLED"
    assert report(anonymous, app, template, "UNARCHIVED", at=1751247550) == before
    assert template.archived_from == ""


@pytest.mark.parametrize(
    ("before", "event"),
    [
        ("PAUSED", "FROZEN"),
        ("PAUSED", "FLAGGED"),
        ("DISABLED", "UNARCHIVED"),
        ("REJECTED", "PAUSED"),
        ("REJECTED", "UNPAUSED"),
        ("DISABLED", "UNLOCKED"),
        ("PENDING", "UNPAUSED"),
    ],
)
def test_an_event_that_cannot_follow_the_status_changes_nothing(
    anonymous: APIClient, app: TenantWAApp, before: str, event: str
) -> None:
    template = draft(app, status=before, provider_template_id="77")
    assert report(anonymous, app, template, event, at=1751247548) == before
    noted = [] if event == "FLAGGED" else [f"template: {event}"]
    assert ProviderEvent.objects.get().not_understood == noted


@pytest.mark.parametrize(
    ("before", "event", "after"),
    [
        ("PAUSED", "UNPAUSED", "APPROVED"),
        ("APPROVED", "LOCKED", "PAUSED"),
        ("DISABLED", "REINSTATED", "APPROVED"),
        ("REJECTED", "IN_APPEAL", "PENDING"),
    ],
)
def test_an_event_moves_the_status(
    anonymous: APIClient, app: TenantWAApp, before: str, event: str, after: str
) -> None:
    template = draft(app, status=before, provider_template_id="77")
    assert report(anonymous, app, template, event, at=1751247548) == after
