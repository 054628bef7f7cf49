"""A reply is stored once and attributed to its contact and message."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from broadcast.models import BroadcastMessage
from channels.models import ProviderApp
from channels.platforms import Platform
from contacts.chat_links import link_for, payload_for
from contacts.models import Contact, Suppression
from inbound.applying.applying import apply_block
from inbound.applying.replaying import replay
from inbound.models import ProviderEvent, ReceivedMessage
from tenants.models import Tenant
from tests.factories import (
    BroadcastFactory,
    BroadcastMessageFactory,
    ContactFactory,
    ProviderAppFactory,
)
from tests.inbound.applying.bot import bot, say
from tests.inbound.applying.replies import AT, PHONE, receive, reply

pytestmark = pytest.mark.django_db


def test_a_reply_is_kept_once_and_seen_on_the_contact(
    anonymous: APIClient, app: ProviderApp, contact: Contact
) -> None:
    receive(anonymous, app, reply("Hello 👋"), reply("Hello 👋"))
    message = ReceivedMessage.objects.get()
    assert (message.text, message.contact, message.at) == ("Hello 👋", contact, AT)
    contact.refresh_from_db()
    assert contact.last_reply_at == AT
    assert contact.whatsapp_window_until == AT + timedelta(hours=24)


def test_an_older_reply_does_not_move_the_last_one_back(
    anonymous: APIClient, app: ProviderApp, contact: Contact
) -> None:
    receive(anonymous, app, reply("new"), reply("old", number=2, at=AT - timedelta(days=1)))
    contact.refresh_from_db()
    assert contact.last_reply_at == AT


def test_a_reply_answers_what_it_quotes_or_else_the_last_message(
    anonymous: APIClient, app: ProviderApp, contact: Contact
) -> None:
    older, newer = (
        BroadcastMessageFactory.create(
            tenant=app.tenant,
            contact=contact,
            broadcast=BroadcastFactory.create(tenant=app.tenant, platform=Platform.WHATSAPP),
            status="SENT",
            sent_at=AT - timedelta(hours=hours),
            provider_message_id=f"wamid.out{hours}",
        )
        for hours in (20, 2)
    )
    receive(anonymous, app, reply("a", quoting="wamid.out20"), reply("b", number=2))
    message_ids_by_text = dict(ReceivedMessage.objects.values_list("text", "message_id"))
    assert message_ids_by_text == {"a": older.pk, "b": newer.pk}


def test_another_tenants_message_is_never_the_one_answered(
    anonymous: APIClient, app: ProviderApp, contact: Contact
) -> None:
    foreign = BroadcastMessageFactory.create(status="SENT", provider_message_id="wamid.out1")
    receive(anonymous, app, reply("a", quoting="wamid.out1"))
    assert ReceivedMessage.objects.get().message_id is None
    assert BroadcastMessage.objects.get(pk=foreign.pk).status == "SENT"


@pytest.mark.parametrize(("text", "stored_text"), [("STOP\x00", "STOP"), ("STOP \ud800", "STOP ?")])
def test_what_no_text_column_takes_does_not_take_the_reply_with_it(
    anonymous: APIClient, app: ProviderApp, contact: Contact, text: str, stored_text: str
) -> None:
    receive(anonymous, app, reply(text))
    assert ReceivedMessage.objects.get().text == stored_text
    assert Suppression.objects.count() == 1


def test_start_with_our_payload_links_the_chat(anonymous: APIClient) -> None:
    app = bot()
    contact = ContactFactory.create(tenant=app.tenant)
    before = ContactFactory.create(tenant=app.tenant, telegram_chat_id=77)
    assert link_for(contact, bot="@shop_bot").startswith("https://t.me/shop_bot?start=")
    assert len(payload_for(contact)) <= 64
    assert say(anonymous, app, f"/start {payload_for(contact)}") == 200
    apply_block(now=timezone.now())
    contact.refresh_from_db()
    before.refresh_from_db()
    assert (contact.telegram_chat_id, before.telegram_chat_id) == (77, None)


def test_a_link_that_is_applied_again_does_not_take_the_chat_back(anonymous: APIClient) -> None:
    app = bot()
    contact = ContactFactory.create(tenant=app.tenant)
    assert say(anonymous, app, f"/start {payload_for(contact)}") == 200
    apply_block(now=timezone.now())
    Contact.objects.filter(pk=contact.pk).update(telegram_chat_id=88)
    replay(ProviderEvent.objects.all())
    apply_block(now=timezone.now())
    contact.refresh_from_db()
    assert contact.telegram_chat_id == 88


def test_a_payload_of_another_tenant_or_of_nobody_links_nothing(anonymous: APIClient) -> None:
    app = bot()
    foreign = ContactFactory.create()
    for number, payload in enumerate((payload_for(foreign), "A" * 43, "%%%", "é" * 20), start=1):
        assert say(anonymous, app, f"/start {payload}", update_id=number) == 200
    apply_block(now=timezone.now())
    assert not Contact.objects.exclude(telegram_chat_id=None).exists()


def test_the_api_shows_what_a_contact_wrote(
    anonymous: APIClient, viewer: APIClient, tenant: Tenant
) -> None:
    app = ProviderAppFactory.create(tenant=tenant)
    contact = ContactFactory.create(tenant=app.tenant, phone=PHONE)
    receive(anonymous, app, reply("Hi"))
    answer = viewer.get(f"/contacts/{contact.pk}/messages/").json()
    assert [message["text"] for message in answer["results"]] == ["Hi"]


def test_a_reply_that_no_column_takes_is_set_aside_at_once(
    anonymous: APIClient, app: ProviderApp
) -> None:
    body = reply("Hi").replace(PHONE.removeprefix("+").encode(), b"4" * 200)
    receive(anonymous, app, body)
    event = ProviderEvent.objects.get()
    assert (event.status, event.error, event.attempts) == ("FAILED", "DataError", 1)


def test_a_near_miss_opts_nobody_out_and_is_found_by_a_person(
    anonymous: APIClient, viewer: APIClient, superuser: Client, tenant: Tenant
) -> None:
    app = ProviderAppFactory.create(tenant=tenant)
    contact = ContactFactory.create(tenant=tenant, phone=PHONE)
    receive(anonymous, app, reply("Hi"), reply("We have got to STOP this bill", number=2))
    assert not Suppression.objects.exists()
    for path in ("/replies/", f"/contacts/{contact.pk}/messages/"):
        answer = viewer.get(f"{path}?may_want_out=true").json()
        assert [message["text"] for message in answer["results"]] == [
            "We have got to STOP this bill"
        ]
    flagged = ReceivedMessage.objects.get(may_want_out=True)
    page = superuser.get("/admin/inbound/receivedmessage/?may_want_out=true").text
    assert str(flagged.pk) in page
    assert str(ReceivedMessage.objects.get(may_want_out=False).pk) not in page


def test_replies_are_filtered_by_contact_and_broadcast(
    anonymous: APIClient, viewer: APIClient, tenant: Tenant
) -> None:
    app = ProviderAppFactory.create(tenant=tenant)
    contact, other = ContactFactory.create(tenant=tenant, phone=PHONE), ContactFactory.create()
    receive(anonymous, app, reply("Hi"))
    answers = [
        viewer.get(f"/replies/?{query}").json()["results"]
        for query in (f"contact={contact.pk}", f"contact={other.pk}", f"broadcast={other.pk}")
    ]
    assert [len(replies) for replies in answers] == [1, 0, 0]
    assert answers[0][0]["contact"] == str(contact.pk)
