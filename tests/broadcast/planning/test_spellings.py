"""A line gets one message, also if its number is written in two ways."""

from collections.abc import Callable
from datetime import datetime

import pytest

from broadcast.content.checking import content_of
from broadcast.content.unsubscribing import unsubscribe
from broadcast.models import BroadcastMessage
from broadcast.moves.opt_outs import record_opt_outs
from broadcast.planning import plan as planning
from channels.models import Sender
from channels.platforms import Platform
from contacts.models import Suppression
from tenants.models import Tenant
from tests.broadcast.recipients import refs_of
from tests.factories import (
    BroadcastFactory,
    BroadcastMessageFactory,
    ContactFactory,
    SenderFactory,
)

pytestmark = pytest.mark.django_db

PHONES = (
    *("+525512345678", "+5215512345678"),
    *("+5491158749895", "+541158749895"),
    *("+552187654321", "+5521987654321"),
    *("+552133334444", "+5521933334444", "+491701234567", "+52551234567"),
)


@pytest.mark.parametrize("platform", [Platform.WHATSAPP, Platform.SMS, Platform.RCS])
def test_of_two_spellings_the_first_is_written_to(
    tenant: Tenant, now: datetime, platform: Platform
) -> None:
    contacts = [ContactFactory.create(tenant=tenant, phone=phone) for phone in PHONES]
    sender: Sender = SenderFactory.create(tenant=tenant, platform=platform, provider="twilio")
    broadcast = BroadcastFactory.create(tenant=tenant, platform=platform, sender=sender)
    planning.set_recipients(broadcast=broadcast, recipients=refs_of(contacts), now=now)

    planning.plan(content_of(broadcast), now=now)

    rows = broadcast.messages.order_by("seq").values_list("seq", "error_code", "address")
    assert list(rows) == [
        (seq, "duplicate", None) if seq in {2, 4, 6} else (seq, "", phone)
        for seq, phone in enumerate(PHONES, start=1)
    ]


def by_link(message: BroadcastMessage, now: datetime) -> None:
    unsubscribe(message=message, now=now)


def by_provider(message: BroadcastMessage, now: datetime) -> None:
    record_opt_outs(broadcast=message.broadcast, reported_at={message.pk: now})


@pytest.mark.parametrize("opt_out", [by_link, by_provider])
@pytest.mark.parametrize("platform", [Platform.WHATSAPP, Platform.SMS, Platform.RCS])
def test_who_opts_out_does_so_in_all_spellings(
    now: datetime,
    opt_out: Callable[[BroadcastMessage, datetime], None],
    platform: Platform,
) -> None:
    message = BroadcastMessageFactory.create(
        broadcast=BroadcastFactory.create(platform=platform), address="+525512345678"
    )
    for _ in range(2):
        opt_out(message, now)
    suppressed = Suppression.objects.filter(platform=platform)
    assert sorted(suppressed.values_list("address", flat=True)) == [
        "+5215512345678",
        "+525512345678",
    ]
