"""A WhatsApp user id that changed moves to the contact, with the opt-outs of the former one."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from channels.models import ProviderApp
from contacts.models import Contact, Suppression
from inbound.models import ProviderEvent, ReceivedMessage
from tests.factories import ContactFactory
from tests.inbound.applying.replies import message, receive

pytestmark = pytest.mark.django_db

OLD, NEW = "US.13491208655302741918", "US.24502319766413852029"


def text(words: str, user_id: str, **fields: Any) -> dict[str, Any]:
    return {"from": "", "from_user_id": user_id, "type": "text", "text": {"body": words}, **fields}


def changed() -> dict[str, Any]:
    system = {"type": "user_changed_user_id", "user_id": NEW, "previous_user_id": OLD}
    return {"from": "", "type": "system", "system": system}


def test_a_changed_user_id_moves_with_its_opt_outs(anonymous: APIClient, app: ProviderApp) -> None:
    contact = ContactFactory.create(tenant=app.tenant, phone=None, whatsapp_user_id=OLD)
    receive(anonymous, app, message(text("STOP", OLD)), message(changed(), number=2))
    contact.refresh_from_db()
    assert contact.whatsapp_user_id == NEW
    suppressed = set(Suppression.objects.values_list("address", flat=True))
    assert suppressed == {OLD, NEW}
    receive(anonymous, app, message(text("Hi", NEW), number=3))
    assert ReceivedMessage.objects.latest("id").contact == contact
    assert set(ProviderEvent.objects.values_list("status", flat=True)) == {"APPLIED"}


def test_a_user_id_that_another_contact_has_stays_there(
    anonymous: APIClient, app: ProviderApp
) -> None:
    former, other = (
        ContactFactory.create(tenant=app.tenant, whatsapp_user_id=user_id) for user_id in (OLD, NEW)
    )
    receive(anonymous, app, message(changed()))
    by_id = dict(Contact.objects.values_list("pk", "whatsapp_user_id"))
    assert by_id == {former.pk: None, other.pk: NEW}


PHONE, NEW_PHONE = "+491701234567", "+491751234567"


@pytest.mark.parametrize("writer", [{"from": NEW_PHONE[1:]}, {"from": "", "from_user_id": OLD}])
@pytest.mark.parametrize("told", [{"from": PHONE[1:]}, {"from": "", "from_user_id": OLD}])
@pytest.mark.parametrize("has_number", [True, False])
def test_a_changed_number_stays_with_its_user_id(
    anonymous: APIClient,
    app: ProviderApp,
    writer: dict[str, str],
    told: dict[str, str],
    *,
    has_number: bool,
) -> None:
    contact = ContactFactory.create(
        tenant=app.tenant,
        phone=PHONE if has_number else None,
        whatsapp_user_id=None if has_number else OLD,
    )
    pair = text("Hi", OLD) | {"from": PHONE[1:]}
    system = {"type": "user_changed_number", "wa_id": NEW_PHONE[1:]}
    receive(anonymous, app, message(pair), message(told | {"type": "system", "system": system}))
    receive(anonymous, app, message(text("STOP", "") | writer, number=3))
    contact.refresh_from_db()
    assert contact.phone == (NEW_PHONE if has_number else None)
    assert {NEW_PHONE, OLD} <= set(Suppression.objects.values_list("address", flat=True))
    assert ReceivedMessage.objects.latest("id").contact == contact


def test_a_new_number_comes_with_its_new_user_id(anonymous: APIClient, app: ProviderApp) -> None:
    contact = ContactFactory.create(tenant=app.tenant, phone=PHONE, whatsapp_user_id=OLD)
    system = {"type": "user_changed_number", "wa_id": NEW_PHONE[1:], "user_id": NEW}
    told = {"from": PHONE[1:], "type": "system", "system": system}
    receive(anonymous, app, message(told))
    contact.refresh_from_db()
    assert (contact.phone, contact.whatsapp_user_id) == (NEW_PHONE, NEW)
