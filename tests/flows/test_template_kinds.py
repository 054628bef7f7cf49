"""Every kind of template: made by the API, approved by a webhook, sent, read by the provider."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from itertools import count
from typing import Any, Protocol

import pytest
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer
from rest_framework.test import APIClient

from broadcast.engine.batch import run_batch
from broadcast.models import Broadcast
from channels.models import TenantWAApp
from inbound.applying.applying import apply_block
from inbound.models import ProviderEvent
from sandbox.running import RunningSandbox
from templates_wa.models import WhatsAppTemplate
from tenants.models import Tenant
from tests.factories import ContactFactory, ProviderAppFactory, WhatsAppSenderFactory
from tests.sandbox.client import Client
from tests.sandbox.receiver import until
from wallet.models import Wallet

pytestmark = pytest.mark.django_db(transaction=True)
PHONES = count(14_155_230_100)


class MakeTemplate(Protocol):
    def __call__(self, **fields: object) -> str: ...


class SendTemplate(Protocol):
    def __call__(self, **fields: object) -> dict[str, Any]: ...


@pytest.fixture
def far_end(sandbox: RunningSandbox) -> Client:
    return Client(sandbox.base_url)


@pytest.fixture
def app(
    tenant: Tenant,
    rich: Wallet,
    open_limiter: None,
    live_server: LiveServer,
    sandbox: RunningSandbox,
    far_end: Client,
) -> Iterator[TenantWAApp]:
    endpoint = ProviderAppFactory.create(tenant=tenant)
    app = WhatsAppSenderFactory.create(
        tenant=tenant,
        app=endpoint,
        base_url=sandbox.base_url,
        batch_delay=Decimal(0),
        marketing_price=Decimal("0.05"),
        authentication_price=Decimal("0.03"),
        currency=tenant.currency,
    )
    far_end.control(
        "webhooks",
        {
            "provider": "meta",
            "account": app.account_id,
            "url": f"{live_server.url}{endpoint.webhook_path}",
            "secret": endpoint.secrets["app_secret"],
        },
    )
    yield app
    far_end.control("reset", {"account": app.account_id, "webhooks": True})


@pytest.fixture
def approved(owner: APIClient, app: TenantWAApp, far_end: Client) -> MakeTemplate:
    """`approved(name=…, …)`: makes and submits a template, approves it by a webhook; its id."""

    def make(**fields: object) -> str:
        made = owner.post("/templates/", {"app": str(app.pk), "language": "en_US", **fields})
        assert made.status_code == 201, made.json()
        pk = str(made.json()["id"])
        submitted = owner.post(f"/templates/{pk}/submit/").json()
        assert submitted["status"] == "PENDING", submitted
        review = {"account": app.account_id, "id": submitted["provider_template_id"]}
        far_end.control("templates", {**review, "status": "APPROVED"})
        until(ProviderEvent.objects.exists)
        apply_block(now=timezone.now())
        assert WhatsAppTemplate.objects.get(pk=pk).status == "APPROVED"
        return pk

    return make


@pytest.fixture
def read(owner: APIClient, tenant: Tenant, far_end: Client) -> SendTemplate:
    """`read(template_name=…, …)`: sends a template to Ana; returns it as the provider read it."""

    def make(**fields: object) -> dict[str, Any]:
        ana = ContactFactory.create(tenant=tenant, first_name="Ana", phone=f"+{next(PHONES)}")
        draft = {"name": "A", "platform": "WHATSAPP", "recipients": [str(ana.pk)], **fields}
        made = owner.post("/broadcast/", draft)
        assert made.status_code == 201, made.json()
        pk = made.json()["id"]
        estimated = owner.get(f"/broadcast/{pk}/estimate/")
        assert estimated.status_code == 200, estimated.json()
        assert estimated.json()["to_send"] == 1
        assert owner.post(f"/broadcast/{pk}/send/").status_code == 200
        broadcast = Broadcast.objects.get(pk=pk)
        run_batch(lane_id=broadcast.lanes.get().pk, clock=timezone.now)
        (message,) = owner.get(f"/broadcast/messages/?broadcast={pk}").json()["results"]
        assert message["status"] == "SENT", message
        (seen,) = far_end.get(f"message/{message['id']}")["results"]
        template: dict[str, Any] = seen["body"]["template"]
        return template

    return make


def card(plant: str) -> dict[str, Any]:
    return {
        "header_format": "IMAGE",
        "body": f"{plant} for {{{{1}}}}",
        "buttons": [
            {"type": "QUICK_REPLY", "text": "Not for me"},
            {"type": "URL", "text": "Look", "url": "https://shop.example/{{1}}"},
        ],
    }


CAROUSEL: dict[str, Any] = {
    "name": "plants",
    "body": "Hello {{1}}, this is new.",
    "cards": [card("Aloe"), card("Cactus")],
    "examples": {
        "1": "Ana",
        **{f"card_{n}_header_media": "4::aW1hZ2U=" for n in range(2)},
        **{f"card_{n}_1": "10 €" for n in range(2)},
        **{f"card_{n}_button_1": "aloe" for n in range(2)},
    },
}
VALUES = {
    "1": "{{first_name}}",
    "card_0_header_media": "https://cdn.example/aloe.jpg",
    "card_0_1": "{{price|9 €}}",
    "card_0_button_1": "aloe?of={{first_name}}",
    "card_1_header_media": "https://cdn.example/cactus.jpg",
    "card_1_1": "7 €",
    "card_1_button_1": "cactus",
}


def sent_card(index: int, media: str, price: str, suffix: str) -> dict[str, Any]:
    link = {"link": f"https://cdn.example/{media}.jpg"}
    button = {"type": "button", "sub_type": "url", "index": "1"}
    return {
        "card_index": index,
        "components": [
            {"type": "header", "parameters": [{"type": "image", "image": link}]},
            {"type": "body", "parameters": [{"type": "text", "text": price}]},
            {**button, "parameters": [{"type": "text", "text": suffix}]},
        ],
    }


def test_a_carousel_goes_all_the_way(approved: MakeTemplate, read: SendTemplate) -> None:
    approved(**CAROUSEL)

    template = read(template_name="plants", template_params=VALUES)

    assert template["components"] == [
        {"type": "body", "parameters": [{"type": "text", "text": "Ana"}]},
        {
            "type": "carousel",
            "cards": [
                sent_card(0, "aloe", "9 €", "aloe?of=Ana"),
                sent_card(1, "cactus", "7 €", "cactus"),
            ],
        },
    ]


def test_whoever_lacks_a_cards_variable_is_not_written_to(
    approved: MakeTemplate, owner: APIClient, tenant: Tenant, now: datetime
) -> None:
    approved(**CAROUSEL)
    nobody = ContactFactory.create(tenant=tenant, first_name="Bo", phone=f"+{next(PHONES)}")
    params = VALUES | {"card_1_header_media": "https://cdn.example/{{picture}}.jpg"}

    answer = owner.post(
        "/broadcast/estimate/",
        {
            "name": "A",
            "platform": "WHATSAPP",
            "template_name": "plants",
            "template_params": params,
            "recipients": [str(nobody.pk)],
        },
    )

    assert answer.status_code == 200, answer.json()
    assert answer.json()["suppressed"] == {"missing_variable": 1}


def test_a_broadcast_without_a_cards_medium_is_refused(
    approved: MakeTemplate, owner: APIClient
) -> None:
    approved(**CAROUSEL)
    params = {key: value for key, value in VALUES.items() if key != "card_1_header_media"}

    answer = owner.post(
        "/broadcast/estimate/",
        {
            "name": "A",
            "platform": "WHATSAPP",
            "template_name": "plants",
            "template_params": params,
            "audience": {"all": True},
        },
    )

    error = answer.json()["errors"][0]
    assert (answer.status_code, error["attr"]) == (400, "template_params")
    assert error["data"]["missing"] == ["card_1_header_media"]


def test_a_one_time_password_goes_all_the_way(
    approved: MakeTemplate, read: SendTemplate, owner: APIClient
) -> None:
    pk = approved(
        name="login_code",
        category="AUTHENTICATION",
        add_security_recommendation=True,
        code_expiration_minutes=5,
        buttons=[{"type": "OTP", "otp_type": "COPY_CODE", "text": "Copy code"}],
    )
    assert owner.get(f"/templates/{pk}/").json()["parameters"] == ["1"]

    template = read(template_name="login_code", template_params={"1": "4711"})

    code = [{"type": "text", "text": "4711"}]
    assert template["components"] == [
        {"type": "body", "parameters": code},
        {"type": "button", "sub_type": "url", "index": "0", "parameters": code},
    ]
