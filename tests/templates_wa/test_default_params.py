"""Default values of a template's parameters, which a broadcast need not repeat."""

from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from broadcast import lifecycle
from broadcast.content.checking import content_of
from broadcast.content.rendering import Renderer
from broadcast.models import Broadcast
from channels.models import TenantWAApp
from channels.port.messages import TemplateContent
from templates_wa.models import WhatsAppTemplate
from tenants.models import Tenant
from tests.factories import ContactFactory, TemplateFactory
from wallet.models import Wallet

pytestmark = pytest.mark.django_db
BODY = "Hi {{1}}, our sale: {{2}} See you!"
DEFAULTS = {"1": "{{first_name|there}}", "2": "https://shop.example/"}


@pytest.fixture
def template(rich: Wallet, app: TenantWAApp) -> WhatsAppTemplate:
    return TemplateFactory.create(
        tenant=app.tenant,
        app=app,
        name="summer_sale",
        body=BODY,
        status="APPROVED",
        default_params=DEFAULTS,
    )


def create(owner: APIClient, tenant: Tenant, **fields: Any) -> Any:
    contact = ContactFactory.create(tenant=tenant, phone="+491701234567", first_name="Ada")
    body = {
        "name": "Summer Sale Campaign",
        "platform": "WHATSAPP",
        "template_name": "summer_sale",
        "recipients": [str(contact.pk)],
        "scheduled_at": "2099-07-01T10:00:00Z",
    }
    return owner.post("/broadcast/", {**body, **fields})


def body_values(broadcast_id: str) -> list[str]:
    broadcast = Broadcast.objects.get(pk=broadcast_id)
    message = broadcast.messages.get()
    renderer = Renderer(content_of(broadcast, links={}))
    content = renderer.message(
        message_id=message.pk, address="+491701234567", token=1, variables={"first_name": "Ada"}
    ).content
    assert isinstance(content, TemplateContent)
    return [parameter.value for parameter in content.body]


def test_a_broadcast_need_not_repeat_them(
    owner: APIClient, tenant: Tenant, template: WhatsAppTemplate
) -> None:
    answer = create(owner, tenant)

    assert (answer.status_code, answer.json()["status"]) == (201, "SCHEDULED"), answer.json()
    assert answer.json()["template_params"] == {}
    assert answer.json()["default_params"] == DEFAULTS
    assert body_values(answer.json()["id"]) == ["Ada", "https://shop.example/"]


def test_its_own_values_go_before_them(
    owner: APIClient, tenant: Tenant, template: WhatsAppTemplate
) -> None:
    answer = create(owner, tenant, template_params={"1": "friend"})

    assert answer.json()["default_params"] == {"2": DEFAULTS["2"]}
    assert body_values(answer.json()["id"]) == ["friend", "https://shop.example/"]


def test_the_estimate_and_the_tracked_links_know_them(
    owner: APIClient, tenant: Tenant, template: WhatsAppTemplate
) -> None:
    broadcast_id = create(owner, tenant, scheduled_at=None).json()["id"]

    assert owner.get(f"/broadcast/{broadcast_id}/estimate/").json()["to_send"] == 1
    owner.post(f"/broadcast/{broadcast_id}/send/")
    (link,) = owner.get(f"/broadcast/url-tracking/?broadcast={broadcast_id}").json()["results"]
    assert link["url"] == DEFAULTS["2"]


def test_a_parameter_without_a_default_is_still_required(
    owner: APIClient, tenant: Tenant, template: WhatsAppTemplate
) -> None:
    owner.patch(f"/templates/{template.pk}/", {"default_params": {"2": "https://shop.example/"}})

    (error,) = create(owner, tenant).json()["errors"]

    assert (error["code"], error["data"]["missing"]) == ("template_params_wrong", ["1"])


def test_a_later_change_does_not_reach_a_launched_broadcast(
    owner: APIClient, tenant: Tenant, template: WhatsAppTemplate
) -> None:
    broadcast_id = create(owner, tenant).json()["id"]

    changed = owner.patch(f"/templates/{template.pk}/", {"default_params": {"1": "x", "2": "y"}})

    assert (changed.status_code, changed.json()["status"]) == (200, "APPROVED")
    assert body_values(broadcast_id) == ["Ada", "https://shop.example/"]
    edited = owner.patch(f"/broadcast/{broadcast_id}/", {"category": "UTILITY"})
    assert edited.json()["default_params"] == {"1": "x", "2": "y"}


def test_a_change_after_the_approval_needs_a_new_one(
    owner: APIClient, manager: APIClient, tenant: Tenant, template: WhatsAppTemplate
) -> None:
    Tenant.objects.update(approval_recipients=0)
    url = f"/broadcast/{create(manager, tenant, scheduled_at=None).json()['id']}/"
    assert owner.post(f"{url}approve/").status_code == 200

    manager.patch(f"/templates/{template.pk}/", {"default_params": {"1": "x", "2": "y"}})
    refused = manager.post(f"{url}send/").json()
    assert refused["errors"][0]["code"] == "approval_required"

    assert owner.post(f"{url}approve/").json()["default_params"] == {"1": "x", "2": "y"}
    assert manager.post(f"{url}send/").status_code == 200


def test_another_template_takes_its_own_defaults(
    owner: APIClient, tenant: Tenant, template: WhatsAppTemplate
) -> None:
    TemplateFactory.create(
        tenant=tenant, app=template.app, name="plain", body="Hello", status="APPROVED"
    )
    broadcast_id = create(owner, tenant).json()["id"]

    changed = owner.patch(f"/broadcast/{broadcast_id}/", {"template_name": "plain"})

    assert (changed.status_code, changed.json()["default_params"]) == (200, {})


@pytest.mark.parametrize(
    "wrong",
    [{"3": "x"}, {"1": " "}, {"1": 7, "x": "y"}, {"1": "x" * 1025}, ["1"], {"header_1": "x"}],
)
def test_wrong_defaults_are_refused_by_name(
    owner: APIClient, template: WhatsAppTemplate, wrong: Any
) -> None:
    answer = owner.patch(f"/templates/{template.pk}/", {"default_params": wrong})

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["attr"].startswith("default_params")
    template.refresh_from_db()
    assert template.default_params == DEFAULTS


def test_a_one_time_password_has_no_default(owner: APIClient, app: TenantWAApp) -> None:
    body = {
        "app": str(app.pk),
        "name": "code",
        "language": "en",
        "category": "AUTHENTICATION",
        "buttons": [{"type": "OTP", "otp_type": "COPY_CODE", "text": "Copy"}],
        "default_params": {"1": "000000"},
    }

    assert owner.post("/templates/", body).json()["errors"][0]["attr"] == "default_params"


def test_they_are_created_previewed_and_kept_by_a_new_text(
    owner: APIClient, app: TenantWAApp
) -> None:
    body = {"app": str(app.pk), "name": "sale", "language": "en", "body": BODY}
    made = owner.post("/templates/", {**body, "default_params": {"2": "https://shop.example/"}})
    url = f"/templates/{made.json()['id']}/"

    preview = owner.post(f"{url}preview/", {"values": {"1": "Ada"}}).json()
    edited = owner.patch(url, {"footer": "Our shop"}).json()

    assert (preview["body"], preview["missing"]) == (
        "Hi Ada, our sale: https://shop.example/ See you!",
        [],
    )
    assert edited["default_params"] == {"2": "https://shop.example/"}


def test_a_sync_keeps_them_and_one_without_its_parameter_is_not_used(
    owner: APIClient, tenant: Tenant, template: WhatsAppTemplate
) -> None:
    WhatsAppTemplate.objects.update(body="Hi {{1}}, it is summer.")  # as a sync may write it

    answer = create(owner, tenant)

    assert answer.json()["default_params"] == {"1": DEFAULTS["1"]}
    template.refresh_from_db()
    assert template.default_params == DEFAULTS


def test_a_retry_says_what_its_parent_said(
    owner: APIClient, tenant: Tenant, template: WhatsAppTemplate
) -> None:
    broadcast = Broadcast.objects.get(pk=create(owner, tenant).json()["id"])
    Broadcast.objects.update(status="QUEUED", sender=template.app_id)
    Broadcast.objects.update(status="SENDING")
    Broadcast.objects.update(status="PARTIALLY_SENT")
    broadcast.messages.update(status="FAILED", error_code="provider_error", charge_state="RELEASED")
    WhatsAppTemplate.objects.update(default_params={"1": "x", "2": "y"})

    retry = lifecycle.retry_failed(
        tenant=tenant, broadcast_id=broadcast.pk, actor=None, now=timezone.now()
    )

    assert retry.child.all_params == DEFAULTS
