"""Planning prices recipients in sets: each price equals that of the pure functions."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broadcast import lifecycle
from broadcast.content.checking import content_of
from broadcast.content.rendering import Renderer
from broadcast.control.launching import OUT_OF_RANGE
from broadcast.models import Broadcast, BroadcastMessage
from broadcast.planning import plan as planning
from channels.models import Sender
from channels.port.messages import TextContent
from contacts.models import Contact
from contacts.phones import country_of
from tenants.models import Tenant
from tests.broadcast.recipients import refs_of
from tests.factories import BroadcastFactory, SenderFactory
from wallet.errors import CurrencyMismatch
from wallet.models import Rate
from wallet.pricing.pricing import message_type_of
from wallet.pricing.segments import segments_of
from wallet.rates import tariff_for

pytestmark = pytest.mark.django_db

PHONES = [
    "+491701234567",
    "+33612345678",
    "+12125550123",
    "+12425550123",
    "+447400123456",
    "+919812345678",
    "+881612345678",
]
NAMES = ["Ana", "", "Zoë", "Жанна", "😀" * 20, "{€}" * 30, "x" * 200]
TEXTS = [
    "Hello {{first_name|there}}, " + "a" * 100,
    "{{first_name|you}} see https://shop.example/sale and {{unsubscribe_url}}" + "b" * 60,
    "No variables at all: 100 % sure",
    "é" * 155 + "{{first_name|ab}}",
]
RATES = st.lists(
    st.fixed_dictionaries(
        {
            "category": st.sampled_from(["", "MARKETING", "UTILITY"]),
            "place": st.sampled_from(
                [("", ""), ("DE", ""), ("US", ""), ("", "1"), ("", "1242"), ("", "49"), ("", "881")]
            ),
            "message_type": st.sampled_from(["", "BASIC", "SINGLE"]),
            "price": st.decimals(0, 2, places=6),
            "own": st.booleans(),
            "age": st.integers(-2, 5),
            "ended": st.booleans(),
        }
    ),
    max_size=8,
)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("platform", ["SMS", "RCS"])
@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rates=RATES, text=st.sampled_from(TEXTS), rich=st.booleans())
def test_each_row_costs_what_the_pure_functions_say(
    tenant: Tenant, platform: str, rates: list[dict[str, Any]], text: str, rich: bool
) -> None:
    with transaction.atomic():
        _compare(tenant, platform, rates, text, rich=rich)
        transaction.set_rollback(True)


def _compare(
    tenant: Tenant, platform: str, rates: list[dict[str, Any]], text: str, *, rich: bool
) -> None:
    now = timezone.now()
    sender = SenderFactory.create(
        tenant=tenant, platform=platform, provider="twilio", marketing_price=Decimal("0.04")
    )
    for rate in rates:
        country, calling_code = rate["place"]
        begins = now - timedelta(hours=rate["age"])
        Rate.objects.create(
            sender=sender if rate["own"] else None,
            platform=platform,
            category=rate["category"],
            country=country,
            calling_code=calling_code,
            message_type=rate["message_type"] if platform == "RCS" else "",
            price=rate["price"],
            currency="EUR",
            valid_from=begins,
            valid_to=begins + timedelta(hours=1) if rate["ended"] else None,
        )
    broadcast = planned(
        tenant,
        sender,
        text=text,
        media={"kind": "image", "url": "https://x.example/"}
        if rich and platform == "RCS"
        else None,
    )
    tariff = tariff_for(sender=sender, category="MARKETING", at=now)
    for message in broadcast.messages.select_related("contact"):
        written = rendered(broadcast, message)
        segments = segments_of(written) if platform == "SMS" else 1
        price = tariff.price(
            country=message.country,
            phone=message.contact.phone or "",
            message_type=message_type_of(platform=platform, text=written, is_rich=rich),
        )
        assert message.segments == segments
        assert (message.price, message.rate_id) == (price.of(segments), price.rate_id)


def test_a_suppressed_recipient_costs_nothing_and_has_no_rate(tenant: Tenant) -> None:
    sender = SenderFactory.create(tenant=tenant, platform="SMS", provider="twilio")
    Rate.objects.create(
        platform="SMS", price=1, currency="EUR", valid_from=timezone.now() - timedelta(days=1)
    )
    Contact.objects.create(tenant=tenant, first_name="No phone", external_id="none")
    broadcast = planned(tenant, sender, text="Hello")
    suppressed = broadcast.messages.get(status="SUPPRESSED")
    assert (suppressed.price, suppressed.rate_id) == (Decimal(0), None)
    assert suppressed.segments == 1


def test_a_rate_in_another_currency_is_none_of_ours(tenant: Tenant) -> None:
    sender = SenderFactory.create(tenant=tenant, platform="SMS", provider="twilio")
    Rate.objects.create(
        platform="SMS", price=1, currency="USD", valid_from=timezone.now() - timedelta(days=1)
    )
    broadcast = planned(tenant, sender, text="Hello")
    assert set(broadcast.messages.values_list("price", flat=True)) == {0}


def test_a_sender_in_another_currency_than_the_wallet_is_refused(tenant: Tenant) -> None:
    sender = SenderFactory.create(tenant=tenant, platform="SMS", provider="twilio", currency="USD")
    with pytest.raises(CurrencyMismatch):
        planned(tenant, sender, text="Hello")


def planned(tenant: Tenant, sender: Sender, **fields: Any) -> Broadcast:
    """A broadcast planned for all contacts of the tenant: one for every phone and name."""
    for phone, name in zip(PHONES, NAMES, strict=True):
        Contact.objects.get_or_create(
            tenant=tenant,
            phone=phone,
            defaults={"first_name": name, "country": country_of(phone)},
        )
    broadcast = BroadcastFactory.create(
        tenant=tenant, platform=sender.platform, sender=sender, **fields
    )
    contacts = Contact.objects.filter(tenant=tenant)
    now = timezone.now()
    planning.set_recipients(broadcast=broadcast, recipients=refs_of(contacts), now=now)
    planning.plan(content_of(broadcast), now=now)
    return broadcast


def rendered(broadcast: Broadcast, message: BroadcastMessage) -> str:
    """The text that this message's recipient gets."""
    renderer = Renderer(content_of(broadcast))
    variables = message.variables
    content = renderer.message(
        message_id=message.pk,
        address=message.address or "",
        token=message.token,
        variables=json.loads(variables) if isinstance(variables, str) else variables,
    ).content
    assert isinstance(content, TextContent)
    return content.text


def test_a_plan_that_cannot_be_stored_ends_and_says_why(tenant: Tenant) -> None:
    dear = Decimal(999_999)
    SenderFactory.create(tenant=tenant, platform="SMS", provider="twilio", marketing_price=dear)
    Contact.objects.create(tenant=tenant, phone="+491701234567", country="DE")
    now = timezone.now()
    fields = {"name": "N", "platform": "SMS", "text": "x" * 400, "audience": {"all": True}}
    broadcast = lifecycle.create(tenant=tenant, actor=None, fields=fields, recipients=None, now=now)
    lifecycle.send(tenant=tenant, broadcast_id=broadcast.pk, now=now)
    lifecycle.finish_planning(broadcast_id=broadcast.pk, now=now)
    broadcast.refresh_from_db()
    assert (broadcast.status, broadcast.planning_at) == ("DRAFT", None)
    assert broadcast.status_reason == OUT_OF_RANGE
