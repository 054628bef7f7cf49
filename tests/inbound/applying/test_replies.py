"""What recipients write: kept once, attributed, obeyed."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from broadcast.models import BroadcastMessage
from channels.models import ProviderApp
from channels.platforms import Platform
from contacts.chat_links import link_for, payload_for
from contacts.models import Contact, Suppression, SuppressionScope, SuppressionSource
from contacts.opting.suppressions import suppress
from inbound.applying.applying import apply_block
from inbound.applying.replaying import replay
from inbound.models import ProviderEvent, ReceivedMessage
from tenants.models import Tenant
from tests.factories import (
    BroadcastFactory,
    BroadcastMessageFactory,
    ContactFactory,
    ProviderAppFactory,
    SenderFactory,
)
from tests.inbound.applying.test_opt_outs_and_age import bot, say
from tests.inbound.webhooks.test_webhooks import post, status_body

pytestmark = pytest.mark.django_db

PHONE = "+491701234567"
AT = datetime(2026, 7, 1, 12, tzinfo=UTC)


@pytest.fixture
def app() -> ProviderApp:
    app = ProviderAppFactory.create()
    SenderFactory.create(
        tenant=app.tenant,
        app=app,
        platform=Platform.WHATSAPP,
        provider="meta_cloud",
        account_id="106540352242922",
        credentials={"access_token": "made-up"},
    )
    return app


@pytest.fixture
def contact(app: ProviderApp) -> Contact:
    return ContactFactory.create(tenant=app.tenant, phone=PHONE)


def reply(text: str, *, number: int = 1, at: datetime = AT, quoting: str = "") -> bytes:
    message = {
        "from": PHONE.removeprefix("+"),
        "id": f"wamid.in{number}",
        "timestamp": str(int(at.timestamp())),
        "type": "text",
        "text": {"body": text},
        **({"context": {"id": quoting}} if quoting else {}),
    }
    metadata = {"display_phone_number": "15550000000", "phone_number_id": "106540352242922"}
    value = {"messaging_product": "whatsapp", "metadata": metadata, "messages": [message]}
    change = {"field": "messages", "value": value}
    whole = {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]}
    return json.dumps(whole).encode()


def receive(client: APIClient, app: ProviderApp, *bodies: bytes) -> None:
    for body in bodies:
        assert post(client, app, body) == 200
    apply_block(now=timezone.now())


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


def test_stop_suppresses_with_the_event_and_start_lifts_it(
    anonymous: APIClient, app: ProviderApp, contact: Contact
) -> None:
    receive(anonymous, app, reply("Stop!"))
    suppression = Suppression.objects.get()
    assert (suppression.platform, suppression.address, suppression.scope) == (
        "WHATSAPP",
        PHONE,
        "ALL",
    )
    assert (suppression.source, suppression.created_at) == ("RECIPIENT", AT)
    assert suppression.event_id is not None
    receive(anonymous, app, reply("START", number=2, at=AT + timedelta(minutes=1)))
    assert not Suppression.objects.exists()


def test_the_button_that_stops_promotions_stops_marketing_alone(
    anonymous: APIClient, app: ProviderApp, contact: Contact
) -> None:
    receive(anonymous, app, reply("Stop promotions"))
    suppression = Suppression.objects.get()
    assert (suppression.platform, suppression.address, suppression.scope) == (
        "WHATSAPP",
        PHONE,
        "MARKETING",
    )


def test_a_start_that_was_written_before_the_stop_lifts_nothing(
    anonymous: APIClient, app: ProviderApp, contact: Contact
) -> None:
    receive(anonymous, app, reply("STOP"))
    receive(anonymous, app, reply("START", number=2, at=AT - timedelta(minutes=1)))
    assert Suppression.objects.count() == 1


def test_a_start_between_two_stops_lifts_nothing_when_it_comes_last(
    anonymous: APIClient, app: ProviderApp, contact: Contact
) -> None:
    receive(anonymous, app, reply("STOP"))
    receive(anonymous, app, reply("STOP", number=2, at=AT + timedelta(minutes=2)))
    receive(anonymous, app, reply("START", number=3, at=AT + timedelta(minutes=1)))
    assert Suppression.objects.get().created_at == AT + timedelta(minutes=2)


def test_start_does_not_lift_what_a_user_entered_after_a_stop(
    anonymous: APIClient, app: ProviderApp, contact: Contact
) -> None:
    receive(anonymous, app, reply("STOP"))
    suppress(
        tenant_id=app.tenant_id,
        platform=Platform.WHATSAPP,
        address=PHONE,
        scope=SuppressionScope.ALL,
        source=SuppressionSource.USER,
        reason="asked by phone",
        now=AT + timedelta(minutes=1),
    )
    receive(anonymous, app, reply("START", number=2, at=AT + timedelta(minutes=2)))
    assert Suppression.objects.get().source == "USER"


@pytest.mark.parametrize(("text", "stored_text"), [("STOP\x00", "STOP"), ("STOP \ud800", "STOP ?")])
def test_what_no_text_column_takes_does_not_take_the_reply_with_it(
    anonymous: APIClient, app: ProviderApp, contact: Contact, text: str, stored_text: str
) -> None:
    receive(anonymous, app, reply(text))
    assert ReceivedMessage.objects.get().text == stored_text
    assert Suppression.objects.count() == 1


def test_a_stop_that_was_written_before_the_start_stops_nothing(
    anonymous: APIClient, app: ProviderApp, contact: Contact
) -> None:
    receive(anonymous, app, reply("START"))
    receive(anonymous, app, reply("STOP", number=2, at=AT - timedelta(minutes=1)))
    assert not Suppression.objects.exists()
    receive(anonymous, app, reply("STOP", number=3, at=AT + timedelta(minutes=1)))
    assert Suppression.objects.count() == 1


def test_an_opt_out_that_is_applied_again_does_not_undo_the_opt_in(anonymous: APIClient) -> None:
    app = bot()
    assert say(anonymous, app, "/stop", at=1700000000) == 200
    assert say(anonymous, app, "/start", update_id=2, at=1700000060) == 200
    apply_block(now=timezone.now())
    assert replay(ProviderEvent.objects.filter(event_key="1")) == 1
    apply_block(now=timezone.now())
    assert not Suppression.objects.exists()


def test_an_opt_out_in_a_receipt_that_is_applied_again_does_not_undo_the_opt_in(
    anonymous: APIClient, app: ProviderApp, contact: Contact
) -> None:
    message = BroadcastMessageFactory.create(
        tenant=app.tenant,
        contact=contact,
        broadcast=BroadcastFactory.create(tenant=app.tenant, platform=Platform.WHATSAPP),
        address=PHONE,
        status="SENT",
        provider_message_id="wamid.1",
    )
    message.broadcast.counters.__class__.objects.update(total=1, sent=1)
    fields = {"timestamp": str(int(AT.timestamp())), "errors": [{"code": 131050}]}
    receive(anonymous, app, status_body("failed", **fields))
    assert Suppression.objects.get().created_at == AT
    receive(anonymous, app, reply("START", at=AT + timedelta(minutes=1)))
    assert not Suppression.objects.exists()
    replay(ProviderEvent.objects.all())
    apply_block(now=timezone.now())
    assert not Suppression.objects.exists()


@pytest.mark.parametrize(
    ("phone", "known_to_whatsapp"),
    [
        ("+525512345678", "5215512345678"),
        ("+5521987654321", "552187654321"),
        ("+541158749895", "5491158749895"),
    ],
)
def test_whatsapp_may_spell_a_number_otherwise(
    anonymous: APIClient, app: ProviderApp, phone: str, known_to_whatsapp: str
) -> None:
    contact = ContactFactory.create(tenant=app.tenant, phone=phone)
    spelling = PHONE.removeprefix("+").encode(), known_to_whatsapp.encode()
    receive(anonymous, app, reply("STOP").replace(*spelling))
    assert ReceivedMessage.objects.get().contact == contact
    assert Suppression.objects.filter(platform="WHATSAPP", address=phone).count() == 1
    later = AT + timedelta(minutes=1)
    receive(anonymous, app, reply("START", number=2, at=later).replace(*spelling))
    assert not Suppression.objects.exists()


def test_start_does_not_lift_what_a_user_entered(
    anonymous: APIClient, app: ProviderApp, contact: Contact
) -> None:
    suppress(
        tenant_id=app.tenant_id,
        platform=Platform.WHATSAPP,
        address=PHONE,
        scope=SuppressionScope.ALL,
        source=SuppressionSource.USER,
        reason="asked by phone",
        now=AT - timedelta(days=1),
    )
    receive(anonymous, app, reply("START"))
    assert Suppression.objects.count() == 1


def test_a_tenants_own_word_opts_out(
    anonymous: APIClient, app: ProviderApp, contact: Contact
) -> None:
    app.tenant.opt_out_words = ["genug"]
    app.tenant.save()
    receive(anonymous, app, reply("GENUG"))
    assert Suppression.objects.get().reason == "reply: GENUG"


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
