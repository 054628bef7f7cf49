"""A template is deleted at its provider first, and only if no broadcast needs it."""

import time
from dataclasses import dataclass
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from channels.models import TenantWAApp
from channels.port.template_port import Submitted
from sandbox.running import RunningSandbox
from templates_wa.models import WhatsAppTemplate
from templates_wa.provider import submitting
from templates_wa.provider.deleting import TemplateInUse, delete, remove
from tenants.models import Tenant
from tests.factories import BroadcastFactory, WhatsAppSenderFactory
from tests.sandbox.client import Client
from tests.templates_wa.provider.lifecycle import draft, reviewed, submit


@dataclass
class AtMeta:
    client: Client
    waba: str

    @property
    def names(self) -> list[tuple[str, str]]:
        path = f"/v23.0/{self.waba}/message_templates"
        page = self.client.call("GET", path, headers={"Authorization": "Bearer x"})[1]
        return [(listed["name"], listed["language"]) for listed in page["data"]]


@pytest.fixture
def at_meta(app: TenantWAApp, sandbox: RunningSandbox) -> AtMeta:
    return AtMeta(Client(sandbox.base_url), app.business_account_id)


def test_what_is_deleted_is_gone_at_the_provider_too(
    owner: APIClient, app: TenantWAApp, at_meta: AtMeta
) -> None:
    english, german = draft(app, name="twice"), draft(app, name="twice", language="de")
    for template in (english, german):
        submit(owner, template)
        reviewed(owner, template)

    assert owner.delete(f"/templates/{english.pk}/").status_code == 204

    assert at_meta.names == [("twice", "de")]
    assert WhatsAppTemplate.objects.get() == german
    assert owner.delete(f"/templates/{english.pk}/").status_code == 404
    # Meta blocks the name for a month.
    again = submit(owner, draft(app, name="twice"))
    assert again.json()["errors"][0]["data"] == {"provider_code": "2388023"}


@pytest.mark.parametrize("status", ["DRAFT", "SCHEDULED", "QUEUED", "SENDING"])
def test_a_template_that_a_broadcast_needs_is_not_deleted(
    owner: APIClient, app: TenantWAApp, at_meta: AtMeta, status: str
) -> None:
    template = draft(app)
    submit(owner, template)
    BroadcastFactory.create(
        tenant=app.tenant,
        platform="WHATSAPP",
        template=template,
        status=status,
        scheduled_at=timezone.now(),
    )

    answer = owner.delete(f"/templates/{template.pk}/")

    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "template_in_use")
    assert at_meta.names == [(template.name, "en")]
    template.refresh_from_db()
    assert template.status == "PENDING"


@pytest.mark.parametrize("status", ["SENT", "PARTIALLY_SENT", "FAILED", "CANCELLED"])
def test_a_finished_broadcast_keeps_its_name(
    owner: APIClient, app: TenantWAApp, status: str
) -> None:
    template = draft(app)
    submit(owner, template)
    broadcast = BroadcastFactory.create(
        tenant=app.tenant,
        platform="WHATSAPP",
        template=template,
        template_name=template.name,
        status=status,
    )

    assert owner.delete(f"/templates/{template.pk}/").status_code == 204

    broadcast.refresh_from_db()
    assert (broadcast.template, broadcast.template_name) == (None, template.name)


def test_a_template_stays_if_its_provider_refuses_the_deletion(
    owner: APIClient, app: TenantWAApp, at_meta: AtMeta
) -> None:
    template = draft(app)
    submit(owner, template)
    reviewed(owner, template)
    before = WhatsAppTemplate.objects.values().get()
    TenantWAApp.objects.filter(pk=app.pk).update(credentials={"access_token": "revoked"})

    answer = owner.delete(f"/templates/{template.pk}/")

    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "provider_refused")
    after = WhatsAppTemplate.objects.values().get()
    assert {**after, "updated_at": None} == {**before, "updated_at": None}
    assert at_meta.names == [(template.name, "en")]


def test_a_template_stays_if_its_provider_is_unreachable(
    owner: APIClient, app: TenantWAApp
) -> None:
    template = draft(app, status="APPROVED", provider_template_id="7")
    TenantWAApp.objects.filter(pk=app.pk).update(base_url="http://127.0.0.1:9")

    answer = owner.delete(f"/templates/{template.pk}/")

    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (503, "provider_unreachable")
    template.refresh_from_db()
    assert (template.status, template.rejection_reason) == ("APPROVED", "")


@pytest.mark.parametrize("status", ["APPROVED", "DISABLED"])
def test_what_the_provider_knows_no_more_is_deleted_after_a_sync(
    owner: APIClient, app: TenantWAApp, status: str
) -> None:
    template = draft(app, status=status, provider_template_id="7")

    assert owner.delete(f"/templates/{template.pk}/").status_code == 422
    assert reviewed(owner, template)["status"] == "DISABLED"
    assert owner.delete(f"/templates/{template.pk}/").status_code == 204


def test_what_is_on_its_way_to_the_provider_is_not_deleted_under_it(
    owner: APIClient, app: TenantWAApp
) -> None:
    on_its_way = draft(app, status="PENDING", submitted_at=timezone.now())
    by_hand = draft(app, status="PENDING")

    refused = owner.delete(f"/templates/{on_its_way.pk}/")

    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (
        409,
        "template_being_submitted",
    )
    assert owner.delete(f"/templates/{by_hand.pk}/").status_code == 204
    assert WhatsAppTemplate.objects.get() == on_its_way


def test_a_broadcast_that_began_meanwhile_keeps_the_row(app: TenantWAApp) -> None:
    template = draft(app, status="DISABLED", provider_template_id="7")
    fields = {"tenant": app.tenant, "platform": "WHATSAPP", "template": template}
    sent = BroadcastFactory.create(**fields, status="SENT")
    BroadcastFactory.create(**fields, status="SENDING")

    with pytest.raises(TemplateInUse):
        remove(app.tenant, template.pk)

    sent.refresh_from_db()
    assert (sent.template, WhatsAppTemplate.objects.get()) == (template, template)


def test_another_tenants_template_stays(outsider: APIClient, app: TenantWAApp) -> None:
    template = draft(app)

    assert outsider.delete(f"/templates/{template.pk}/").status_code == 404
    assert WhatsAppTemplate.objects.exists()


# --- Gupshup: by name alone ---


@pytest.fixture
def at_gupshup(tenant: Tenant, sandbox: RunningSandbox) -> TenantWAApp:
    return WhatsAppSenderFactory.create(
        tenant=tenant,
        provider="gupshup",
        base_url=sandbox.base_url,
        credentials={"api_key": "k", "app_id": f"app-{time.time_ns()}", "app_name": "A"},
    )


def test_gupshup_deletes_by_name(owner: APIClient, at_gupshup: TenantWAApp) -> None:
    template = draft(at_gupshup)
    assert submit(owner, template).json()["status"] == "PENDING"

    assert owner.delete(f"/templates/{template.pk}/").status_code == 204

    synced = owner.post("/templates/sync/", {"app": str(at_gupshup.pk)})
    assert synced.json() == {"created": 0, "updated": 0, "skipped": 0}


def test_gupshup_would_take_other_languages_along(
    owner: APIClient, at_gupshup: TenantWAApp
) -> None:
    english, german = draft(at_gupshup, name="a"), draft(at_gupshup, name="a", language="de")
    for template in (english, german):
        submit(owner, template)

    answer = owner.delete(f"/templates/{english.pk}/")

    assert (answer.status_code, answer.json()["errors"][0]["data"]) == (409, {"languages": ["de"]})


def test_gupshup_takes_a_one_time_password(owner: APIClient, at_gupshup: TenantWAApp) -> None:
    otp = {"type": "OTP", "otp_type": "COPY_CODE", "text": "Copy code"}
    body = "*{{1}}* is your verification code."
    template = draft(at_gupshup, category="AUTHENTICATION", body=body, buttons=[otp])

    assert submit(owner, template).json()["status"] == "PENDING"
    url = f"/templates/{template.pk}/sync/"
    synced = [owner.post(url).json() for _ in range(2)][-1]

    assert (synced["status"], synced["buttons"]) == ("APPROVED", [otp])
    assert synced["parameters"] == ["1"]


def test_gupshup_is_not_asked_for_what_it_makes_at_its_own_pages(
    owner: APIClient, at_gupshup: TenantWAApp
) -> None:
    card = {"header_format": "IMAGE", "body": "", "buttons": []}
    samples = {f"card_{index}_header_media": "4::aW1h" for index in range(2)}
    template = draft(at_gupshup, body="New.", cards=[card, card], examples=samples)

    answer = submit(owner, template)

    assert (answer.status_code, answer.json()["errors"][0]["attr"]) == (422, "cards")
    template.refresh_from_db()
    assert template.status == "DRAFT"


def test_a_template_that_is_deleted_while_it_is_submitted_is_a_404(
    owner: APIClient, app: TenantWAApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    template, ask = draft(app), submitting._ask

    def deleted_meanwhile(asked: WhatsAppTemplate) -> Submitted:
        template.delete()
        return ask(asked)

    monkeypatch.setattr(submitting, "_ask", deleted_meanwhile)

    assert submit(owner, template).status_code == 404


def test_of_two_deletions_at_once_one_is_a_404(
    owner: APIClient, app: TenantWAApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = draft(app)

    def second(**options: Any) -> None:
        delete(**options)
        delete(**options)

    monkeypatch.setattr("templates_wa.api.views.delete", second)

    assert owner.delete(f"/templates/{template.pk}/").status_code == 404
    assert not WhatsAppTemplate.objects.exists()
