"""Planning suppresses a message that its variables make too long; the message costs nothing."""

from datetime import datetime
from typing import Any, Protocol

import pytest
from rest_framework.test import APIClient

from api.errors import InvalidInput
from broadcast.content import checking as content
from broadcast.content.checking import content_of
from broadcast.models import Broadcast
from broadcast.planning import plan as planning
from channels.platforms import Platform
from contacts.models import Contact
from tenants.models import Tenant
from tests.broadcast.recipients import refs_of
from tests.factories import SenderFactory, TemplateFactory, WhatsAppSenderFactory
from wallet.models import Wallet

pytestmark = pytest.mark.django_db
PROVIDERS = {"TELEGRAM": "telegram_bot", "SMS": "twilio", "RCS": "google_rbm"}
NAME = 200
"""The longest first name, in characters."""
SHOP = {"kind": "image", "url": "https://shop.example/a.png"}


class PlanBroadcast(Protocol):
    def __call__(self, platform: str, **fields: Any) -> Broadcast: ...


@pytest.fixture
def planned(tenant: Tenant, rich: Wallet, now: datetime) -> PlanBroadcast:
    """A broadcast planned for two contacts: one has the longest allowed first name, one has "A"."""

    def make(platform: str, **fields: Any) -> Broadcast:
        sender = fields.pop("sender", None) or SenderFactory.create(
            tenant=tenant, platform=platform, provider=PROVIDERS[platform]
        )
        contacts = [
            Contact.objects.create(
                tenant=tenant, first_name=name, phone=f"+4917012345{n}", telegram_chat_id=n
            )
            for n, name in enumerate(["é" * NAME, "A"], start=10)
        ]
        broadcast = Broadcast.objects.create(
            tenant=tenant, name="News", platform=platform, sender=sender, **fields
        )
        planning.set_recipients(broadcast=broadcast, recipients=refs_of(contacts), now=now)
        planning.plan(content_of(broadcast), now=now)
        return broadcast

    return make


def reasons(broadcast: Broadcast) -> list[tuple[str, str]]:
    """(status, error code) of every message."""
    rows = broadcast.messages.order_by("seq")
    return list(rows.values_list("status", "error_code"))


LONG_FIRST = [("SUPPRESSED", "text_too_long"), ("PENDING", "")]
BOTH = [("PENDING", ""), ("PENDING", "")]

of_every_limit = pytest.mark.parametrize(
    ("platform", "limit", "fields"),
    [
        ("TELEGRAM", 4096, {}),
        ("TELEGRAM", 1024, {"media": SHOP}),
        ("SMS", 1600, {}),
        ("RCS", 3072, {}),
        ("RCS", 2000, {"media": SHOP}),
    ],
)


@of_every_limit
def test_the_platforms_limit_holds_once_variables_are_filled_in(
    planned: PlanBroadcast, platform: str, limit: int, fields: dict[str, Any]
) -> None:
    rest = "x" * (limit - NAME)
    assert reasons(planned(platform, text=f"{rest}{{{{first_name}}}}", **fields)) == BOTH


@of_every_limit
def test_one_character_more_is_not_sent_and_not_paid(
    planned: PlanBroadcast, platform: str, limit: int, fields: dict[str, Any]
) -> None:
    rest = "x" * (limit - NAME + 1)
    broadcast = planned(platform, text=f"{rest}{{{{first_name}}}}", **fields)
    assert reasons(broadcast) == LONG_FIRST
    row = broadcast.messages.get(status="SUPPRESSED")
    assert row.price == 0
    assert (row.charge_state, row.segments) == ("", 1)


def test_a_short_link_counts_as_long_as_it_is(planned: PlanBroadcast) -> None:
    # The short link http://localhost:8000/r/… is longer than the link that it replaces.
    fields = {"text": "x" * 1580 + " http://t.co/abcdef", "track_urls": True}
    assert set(reasons(planned("SMS", **fields))) == {("SUPPRESSED", "text_too_long")}


def test_a_buttons_text_has_its_own_limit(planned: PlanBroadcast) -> None:
    button = {"kind": "reply", "text": "Yes, {{first_name}}", "value": "yes"}
    assert reasons(planned("RCS", text="Hello", buttons=[button])) == LONG_FIRST


def test_a_replys_value_has_its_providers_limit(planned: PlanBroadcast) -> None:
    button = {"kind": "reply", "text": "Yes", "value": "yes {{first_name}}"}
    assert reasons(planned("TELEGRAM", text="Hello", buttons=[button])) == LONG_FIRST


def test_a_coupons_code_has_metas_limit(tenant: Tenant, planned: PlanBroadcast) -> None:
    sender = WhatsAppSenderFactory.create(tenant=tenant)
    template = TemplateFactory.create(
        tenant=tenant,
        app=sender,
        body="Dear {{1}}, take it.",
        buttons=[{"type": "COPY_CODE"}],
        status="APPROVED",
    )
    fields = {
        "sender": sender,
        "template": template,
        "template_name": template.name,
        "template_params": {"1": "a", "button_0": "{{first_name}}"},
    }
    broadcast = planned(Platform.WHATSAPP, **fields)
    assert reasons(broadcast) == LONG_FIRST


@pytest.mark.parametrize(
    ("key", "longest"), [("1", 1024), ("header_1", 60), ("button_0", 15)], ids=str
)
def test_what_is_the_same_for_all_is_refused_when_it_is_too_long(
    tenant: Tenant, key: str, longest: int
) -> None:
    sender = WhatsAppSenderFactory.create(tenant=tenant)
    template = TemplateFactory.create(
        tenant=tenant,
        app=sender,
        body="Dear {{1}}, take it.",
        header_format="TEXT",
        header_text="For {{1}}",
        buttons=[{"type": "COPY_CODE"}],
        status="APPROVED",
    )
    params = {"1": "a", "header_1": "a", "button_0": "a"}
    broadcast = Broadcast(
        tenant=tenant,
        name="News",
        platform=Platform.WHATSAPP,
        sender=sender,
        template_name=template.name,
        template_params=params | {key: "x" * longest},
    )
    content.check_content(broadcast)
    broadcast.template_params = params | {key: "x" * (longest + 1)}
    with pytest.raises(InvalidInput) as refused:
        content.check_content(broadcast)
    assert refused.value.attr == "template_params"


@pytest.mark.parametrize(
    ("body", "header", "params", "expected"),
    [
        ("Dear {{1}}", "", {"1": "x" * 900 + "{{first_name}}"}, BOTH),
        ("Dear {{1}}", "For {{1}}", {"1": "a", "header_1": "{{first_name}}"}, LONG_FIRST),
        (
            "Dear {{1}}",
            "For {{1}}",
            {"1": "x" * 900 + "{{first_name}}", "header_1": "a"},
            LONG_FIRST,
        ),
        # Consecutive blanks become one.
        (
            "Dear {{1}}",
            "For {{1}}",
            {"1": "x" * 800 + " " * 200 + "{{first_name}}", "header_1": "a"},
            BOTH,
        ),
    ],
)
def test_a_templates_parameters_have_metas_limits(
    tenant: Tenant,
    planned: PlanBroadcast,
    body: str,
    header: str,
    params: dict[str, str],
    expected: list[tuple[str, str]],
) -> None:
    sender = WhatsAppSenderFactory.create(tenant=tenant)
    template = TemplateFactory.create(
        tenant=tenant,
        app=sender,
        body=body,
        header_text=header,
        header_format="TEXT" if header else "NONE",
        status="APPROVED",
    )
    broadcast = planned(
        Platform.WHATSAPP,
        sender=sender,
        template=template,
        template_name=template.name,
        template_params=params,
    )
    assert reasons(broadcast) == expected


def test_the_estimate_says_so(manager: APIClient, tenant: Tenant, rich: Wallet) -> None:
    SenderFactory.create(tenant=tenant, platform="SMS", provider="twilio")
    Contact.objects.create(tenant=tenant, first_name="A" * 200, phone="+491701234567")
    Contact.objects.create(tenant=tenant, first_name="A", phone="+491701234568")
    body = {
        "name": "News",
        "platform": "SMS",
        "text": "x" * 1500 + "{{first_name}}",
        "audience": {"all": True},
    }
    answer = manager.post("/broadcast/estimate/", body)
    assert answer.status_code == 200, answer.data
    assert answer.data["suppressed"] == {"text_too_long": 1}
    assert answer.data["to_send"] == 1
