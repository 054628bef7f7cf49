"""One WhatsApp line is written to once, however its number is spelt."""

from datetime import datetime

import pytest

from broadcast import planning
from channels.models import Sender
from channels.platforms import Platform
from tenants.models import Tenant
from tests.factories import BroadcastFactory, ContactFactory, SenderFactory

pytestmark = pytest.mark.django_db

PHONES = (
    *("+525512345678", "+5215512345678"),
    *("+5491158749895", "+541158749895"),
    *("+552187654321", "+5521987654321"),
    *("+552133334444", "+5521933334444", "+491701234567", "+52551234567"),
)


@pytest.mark.parametrize(
    ("platform", "duplicates"), [(Platform.WHATSAPP, {2, 4, 6}), (Platform.SMS, set())]
)
def test_of_two_spellings_the_first_is_written_to(
    tenant: Tenant, now: datetime, platform: Platform, duplicates: set[int]
) -> None:
    contacts = [ContactFactory.create(tenant=tenant, phone=each) for each in PHONES]
    sender: Sender = SenderFactory.create(tenant=tenant, platform=platform, provider="twilio")
    broadcast = BroadcastFactory.create(tenant=tenant, platform=platform, sender=sender)
    recipients = [planning.RecipientRef(contact=each.pk) for each in contacts]
    planning.set_recipients(broadcast=broadcast, recipients=recipients, now=now)

    planning.plan(broadcast=broadcast, now=now)

    rows = broadcast.messages.order_by("seq").values_list("seq", "error_code", "address")
    assert list(rows) == [
        (seq, "duplicate", None) if seq in duplicates else (seq, "", phone)
        for seq, phone in enumerate(PHONES, start=1)
    ]
