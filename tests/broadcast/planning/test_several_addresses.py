"""A recipient is a person with several addresses."""

from datetime import datetime

import pytest

from broadcast.content.checking import content_of
from broadcast.engine.claiming import claim
from broadcast.models import Broadcast, BroadcastMessage
from broadcast.planning import plan as planning
from broadcast.planning.plan import RecipientRef
from channels.models import Sender
from channels.platforms import Category, Platform
from contacts.models import Contact, Suppression, SuppressionScope, SuppressionSource
from contacts.people import remember
from tenants.models import Tenant
from tests.broadcast.recipients import refs_of
from tests.factories import BroadcastFactory, ContactFactory, SenderFactory, SuppressionFactory

pytestmark = pytest.mark.django_db

USER_ID = "DE.13491208655302741918"


def planned(
    tenant: Tenant,
    contacts: list[Contact],
    *,
    now: datetime,
    platform: Platform = Platform.WHATSAPP,
    provider: str = "twilio",
    category: Category = Category.MARKETING,
) -> Broadcast:
    sender: Sender = SenderFactory.create(tenant=tenant, platform=platform, provider=provider)
    broadcast: Broadcast = BroadcastFactory.create(
        tenant=tenant, platform=platform, sender=sender, category=category, status="SENDING"
    )
    planning.set_recipients(broadcast=broadcast, recipients=refs_of(contacts), now=now)
    planning.plan(content_of(broadcast), now=now)
    return broadcast


def outcomes(broadcast: Broadcast) -> list[tuple[str, str | None]]:
    return list(broadcast.messages.order_by("seq").values_list("error_code", "address"))


def test_a_number_is_preferred_and_a_user_id_will_do(tenant: Tenant, now: datetime) -> None:
    contacts = [
        ContactFactory.create(tenant=tenant, phone="+491701234567", whatsapp_user_id="DE.1"),
        ContactFactory.create(tenant=tenant, whatsapp_user_id=USER_ID),
        ContactFactory.create(tenant=tenant),
    ]
    broadcast = planned(tenant, contacts, now=now)

    assert outcomes(broadcast) == [("", "+491701234567"), ("", USER_ID), ("no_address", None)]


@pytest.mark.parametrize(
    ("provider", "platform", "category"),
    [
        ("twilio", Platform.SMS, Category.MARKETING),
        ("gupshup", Platform.WHATSAPP, Category.MARKETING),
        ("twilio", Platform.WHATSAPP, Category.AUTHENTICATION),
    ],
)
def test_where_a_user_id_is_no_address_the_contact_has_none(
    tenant: Tenant, now: datetime, provider: str, platform: Platform, category: Category
) -> None:
    contacts = [ContactFactory.create(tenant=tenant, whatsapp_user_id=USER_ID)]
    contacts += [ContactFactory.create(tenant=tenant, phone="+491701234567")]

    broadcast = planned(
        tenant, contacts, now=now, provider=provider, platform=platform, category=category
    )

    assert outcomes(broadcast)[0] == ("no_address", None)


def test_one_person_in_two_contacts_gets_one_message(tenant: Tenant, now: datetime) -> None:
    contacts = [
        ContactFactory.create(tenant=tenant, whatsapp_user_id=USER_ID),
        ContactFactory.create(tenant=tenant, phone="+5215512345678"),
    ]
    remember(tenant_id=tenant.pk, people=[("+525512345678", USER_ID)], now=now)

    assert outcomes(planned(tenant, contacts, now=now)) == [("", USER_ID), ("duplicate", None)]


OPTED_OUT = [
    ("+491701234567", "", Platform.WHATSAPP),
    (USER_ID, "", Platform.SMS),
    (USER_ID, "WHATSAPP", Platform.WHATSAPP),
    ("42", "", Platform.WHATSAPP),
    ("+491701234567", "", Platform.TELEGRAM),
]


@pytest.mark.parametrize(("address", "scope", "platform"), OPTED_OUT)
@pytest.mark.parametrize("late", [False, True])
def test_who_opted_out_by_one_address_is_written_to_by_none(
    tenant: Tenant, now: datetime, address: str, scope: str, platform: Platform, *, late: bool
) -> None:
    contact = ContactFactory.create(
        tenant=tenant, phone="+491701234567", whatsapp_user_id=USER_ID, telegram_chat_id=42
    )

    def opt_out() -> Suppression:
        row: Suppression = SuppressionFactory.create(
            tenant=tenant,
            address=address,
            platform=scope,
            scope=SuppressionScope.ALL,
            source=SuppressionSource.USER,
        )
        return row

    if not late:
        opt_out()
    provider = "telegram_bot" if platform == Platform.TELEGRAM else "twilio"
    broadcast = planned(tenant, [contact], now=now, platform=platform, provider=provider)
    if late:
        opt_out()
        lane = broadcast.lanes.create(n=1, next_batch_at=now)
        assert broadcast.sender is not None
        claim(broadcast=broadcast, lane=lane, sender=broadcast.sender, now=now)

    message = BroadcastMessage.objects.get(broadcast=broadcast)
    assert (message.status, message.error_code) == ("SUPPRESSED", "opted_out")


def test_a_user_id_stays_an_address_when_the_number_becomes_known(
    tenant: Tenant, now: datetime
) -> None:
    contact = ContactFactory.create(tenant=tenant, whatsapp_user_id=USER_ID)
    broadcast = planned(tenant, [contact], now=now)
    Contact.objects.filter(pk=contact.pk).update(phone="+491701234567")
    lane = broadcast.lanes.create(n=1, next_batch_at=now)
    assert broadcast.sender is not None

    claimed = claim(broadcast=broadcast, lane=lane, sender=broadcast.sender, now=now)

    assert claimed is not None
    assert [message.address for message in claimed.messages] == [USER_ID]


@pytest.mark.parametrize(
    ("stored", "named"),
    [("+525512345678", "+5215512345678"), ("+5215512345678", "+525512345678")],
)
def test_a_recipient_is_found_by_another_spelling(
    tenant: Tenant, now: datetime, stored: str, named: str
) -> None:
    contact = ContactFactory.create(tenant=tenant, phone=stored)
    ContactFactory.create(phone=named)
    broadcast: Broadcast = BroadcastFactory.create(tenant=tenant)
    by_user_id = ContactFactory.create(tenant=tenant, whatsapp_user_id=USER_ID)
    refs = [RecipientRef(phone=named), RecipientRef(whatsapp_user_id=USER_ID)]

    planning.set_recipients(broadcast=broadcast, recipients=refs, now=now)

    rows = broadcast.messages.order_by("seq").values_list("contact", flat=True)
    assert list(rows) == [contact.pk, by_user_id.pk]


def test_a_contact_with_the_very_spelling_is_preferred(tenant: Tenant, now: datetime) -> None:
    contacts = [
        ContactFactory.create(tenant=tenant, phone=phone)
        for phone in ("+525512345678", "+5215512345678")
    ]
    broadcast: Broadcast = BroadcastFactory.create(tenant=tenant)

    planning.set_recipients(
        broadcast=broadcast, recipients=[RecipientRef(phone="+5215512345678")], now=now
    )

    assert broadcast.messages.get().contact_id == contacts[1].pk
