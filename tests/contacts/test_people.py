"""Addresses of one person: an opt-out of one holds for all, and a new address takes it over."""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from channels.platforms import Platform
from contacts.known_addresses import addresses_of, contact_of
from contacts.models import AddressPair, Contact, Suppression, SuppressionScope, SuppressionSource
from contacts.opting.suppressions import lift, opt_back_in, suppress
from contacts.people import move_chat, move_number, remember
from tenants.models import Tenant
from tests.factories import ContactFactory, TenantFactory

pytestmark = pytest.mark.django_db

PHONE, USER_ID, PARENT = "+5215512345678", "MX.13491208655302741918", "MX.ENT.118157992128868448"
SPELLED = "+525512345678"


def stop(
    tenant: Tenant,
    address: str,
    *,
    at: datetime,
    platform: str = Platform.WHATSAPP,
    source: SuppressionSource = SuppressionSource.RECIPIENT,
) -> None:
    suppress(
        tenant_id=tenant.pk,
        platform=platform,
        address=address,
        scope=SuppressionScope.ALL,
        source=source,
        reason="",
        now=at,
    )


def stopped(tenant: Tenant) -> set[str]:
    return set(Suppression.objects.for_tenant(tenant).values_list("address", flat=True))


def test_all_addresses_are_found_from_each(tenant: Tenant, now: datetime) -> None:
    remember(tenant_id=tenant.pk, people=[(PHONE, USER_ID), (USER_ID, PARENT)], now=now)

    for address in (PHONE, SPELLED, USER_ID, PARENT):
        found = addresses_of(tenant_id=tenant.pk, address=address)
        assert set(found) == {PHONE, SPELLED, USER_ID, PARENT}
        assert found[0] == address
    stranger: Tenant = TenantFactory.create()
    assert addresses_of(tenant_id=stranger.pk, address=USER_ID) == (USER_ID,)


@pytest.mark.parametrize("address", [PHONE, SPELLED, USER_ID])
@pytest.mark.parametrize("platform", ["", Platform.WHATSAPP])
@pytest.mark.parametrize("pair_first", [True, False])
def test_an_opt_out_holds_for_all_addresses_whichever_came_first(
    tenant: Tenant, now: datetime, address: str, platform: str, *, pair_first: bool
) -> None:
    if not pair_first:
        stop(tenant, address, at=now, platform=platform)
    remember(tenant_id=tenant.pk, people=[(PHONE, USER_ID)], now=now)
    if pair_first:
        stop(tenant, address, at=now, platform=platform)

    assert stopped(tenant) == {PHONE, SPELLED, USER_ID}
    lift(tenant_id=tenant.pk, platform=platform, address=USER_ID, now=now)
    assert stopped(tenant) == set()


def test_an_opt_out_by_sms_is_not_one_by_whatsapp(tenant: Tenant, now: datetime) -> None:
    remember(tenant_id=tenant.pk, people=[(PHONE, USER_ID)], now=now)

    stop(tenant, PHONE, at=now, platform=Platform.SMS)

    assert stopped(tenant) == {PHONE, SPELLED}


def test_who_opted_back_in_stays_opted_in_when_the_pair_is_learnt(
    tenant: Tenant, now: datetime
) -> None:
    stop(tenant, PHONE, at=now)
    opt_back_in(
        tenant_id=tenant.pk,
        platform=Platform.WHATSAPP,
        address=USER_ID,
        at=now + timedelta(minutes=1),
    )

    remember(tenant_id=tenant.pk, people=[(PHONE, USER_ID)], now=now)

    assert USER_ID not in stopped(tenant)


def test_the_contact_with_the_number_gets_the_user_id(tenant: Tenant, now: datetime) -> None:
    contact = ContactFactory.create(tenant=tenant, phone=SPELLED)
    ContactFactory.create(phone=PHONE)

    remember(tenant_id=tenant.pk, people=[(PHONE, USER_ID), (PHONE, PARENT)], now=now)

    contact.refresh_from_db()
    assert contact.whatsapp_user_id == USER_ID
    assert Contact.objects.exclude(whatsapp_user_id=None).count() == 1
    assert contact_of(tenant_id=tenant.pk, address=USER_ID) == contact
    assert contact_of(tenant_id=tenant.pk, address=PARENT) == contact


def test_a_user_id_stays_with_the_contact_that_has_it(tenant: Tenant, now: datetime) -> None:
    ContactFactory.create(tenant=tenant, whatsapp_user_id=USER_ID)
    with_number = ContactFactory.create(tenant=tenant, phone=PHONE)

    remember(tenant_id=tenant.pk, people=[(PHONE, USER_ID)], now=now)

    with_number.refresh_from_db()
    assert with_number.whatsapp_user_id is None


@pytest.mark.parametrize(
    "people", [[("nobody", USER_ID)], [(PHONE, SPELLED)], [("", PHONE)], [(USER_ID,)], [()]]
)
def test_what_is_no_pair_is_not_kept(
    tenant: Tenant, now: datetime, people: list[tuple[str, ...]]
) -> None:
    assert remember(tenant_id=tenant.pk, people=people, now=now) == 0
    assert not AddressPair.objects.exists()


def test_pairs_cost_the_same_however_many_they_are(tenant: Tenant, now: datetime) -> None:
    def statements(count: int, start: int) -> int:
        numbers = range(start, start + count)
        people = [(f"+49170{1000000 + n}", f"DE.{n}") for n in numbers]
        with CaptureQueriesContext(
            connection,
        ) as made:
            assert remember(tenant_id=tenant.pk, people=people, now=now) == 2 * count
        with CaptureQueriesContext(connection) as known:
            assert remember(tenant_id=tenant.pk, people=people, now=now) == 0
        assert len(known) == 1
        return len(made)

    assert statements(1, 0) == statements(300, 1000)


# --- moves ----------------------------------------------------------------------------------------

OLD, NEW = "+491701234567", "+491761234567"


def test_a_new_number_is_the_contacts_and_keeps_the_opt_outs(tenant: Tenant, now: datetime) -> None:
    contact = ContactFactory.create(tenant=tenant, phone=OLD, country="DE")
    stop(tenant, OLD, at=now, platform=Platform.SMS)
    stop(tenant, OLD, at=now, source=SuppressionSource.USER)

    for _ in range(2):
        move_number(tenant_id=tenant.pk, old=OLD, new="+4366012345678", now=now)

    contact.refresh_from_db()
    assert (contact.phone, contact.country) == ("+4366012345678", "AT")
    rows = Suppression.objects.filter(address="+4366012345678").order_by("platform")
    assert list(rows.values_list("platform", "source")) == [
        ("SMS", "RECIPIENT"),
        ("WHATSAPP", "USER"),
    ]


def test_a_number_that_another_contact_has_is_not_given_twice(
    tenant: Tenant, now: datetime
) -> None:
    contact = ContactFactory.create(tenant=tenant, phone=OLD)
    other = ContactFactory.create(tenant=tenant, phone=NEW)

    move_number(tenant_id=tenant.pk, old=OLD, new=NEW, now=now)

    contact.refresh_from_db()
    other.refresh_from_db()
    assert (contact.phone, other.phone) == (None, NEW)


def test_a_chat_moves_with_its_opt_outs(tenant: Tenant, now: datetime) -> None:
    contact = ContactFactory.create(tenant=tenant, telegram_chat_id=-42)
    stop(tenant, "-42", at=now, platform=Platform.TELEGRAM)

    move_chat(tenant_id=tenant.pk, old=-42, new=-1001234567890, now=now)

    contact.refresh_from_db()
    assert contact.telegram_chat_id == -1001234567890
    assert stopped(tenant) == {"-42", "-1001234567890"}


def test_a_contacts_own_addresses_are_one_person_without_any_call(
    tenant: Tenant, now: datetime
) -> None:
    ContactFactory.create(tenant=tenant, phone=SPELLED, whatsapp_user_id=USER_ID)
    stop(tenant, PHONE, at=now)
    assert stopped(tenant) == {PHONE, SPELLED, USER_ID}
    opt_back_in(
        tenant_id=tenant.pk, platform=Platform.WHATSAPP, address=USER_ID, at=now + timedelta(1)
    )
    assert stopped(tenant) == set()
