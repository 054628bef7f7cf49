"""A reply such as STOP or START suppresses an address or lifts the suppression."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from channels.models import ProviderApp
from channels.platforms import Platform
from contacts.models import Contact, Suppression, SuppressionScope, SuppressionSource
from contacts.opting.suppressions import suppress
from inbound.applying.applying import apply_block
from inbound.applying.replaying import replay
from inbound.models import ProviderEvent, ReceivedMessage
from tests.factories import (
    BroadcastFactory,
    ContactFactory,
)
from tests.inbound.applying.bot import bot, say
from tests.inbound.applying.replies import AT, PHONE, receive, reply
from tests.inbound.sent_messages import sent_message
from tests.inbound.webhooks.calls import status_body

pytestmark = pytest.mark.django_db


def suppress_by_a_user(app: ProviderApp, *, at: datetime) -> None:
    suppress(
        tenant_id=app.tenant_id,
        platform=Platform.WHATSAPP,
        address=PHONE,
        scope=SuppressionScope.ALL,
        source=SuppressionSource.USER,
        reason="asked by phone",
        now=at,
    )


def the_suppression() -> tuple[str, str, str]:
    suppression = Suppression.objects.get()
    return suppression.platform, suppression.address, suppression.scope


def test_stop_suppresses_with_the_event_and_start_lifts_it(
    anonymous: APIClient, app: ProviderApp, contact: Contact
) -> None:
    receive(anonymous, app, reply("Stop!"))
    assert the_suppression() == ("WHATSAPP", PHONE, "ALL")
    suppression = Suppression.objects.get()
    assert (suppression.source, suppression.created_at) == ("RECIPIENT", AT)
    assert suppression.event_id is not None
    receive(anonymous, app, reply("START", number=2, at=AT + timedelta(minutes=1)))
    assert not Suppression.objects.exists()


def test_the_button_that_stops_promotions_stops_marketing_alone(
    anonymous: APIClient, app: ProviderApp, contact: Contact
) -> None:
    receive(anonymous, app, reply("Stop promotions"))
    assert the_suppression() == ("WHATSAPP", PHONE, "MARKETING")


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
    suppress_by_a_user(app, at=AT + timedelta(minutes=1))
    receive(anonymous, app, reply("START", number=2, at=AT + timedelta(minutes=2)))
    assert Suppression.objects.get().source == "USER"


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
    sent_message(
        tenant=app.tenant,
        contact=contact,
        broadcast=BroadcastFactory.create(tenant=app.tenant, platform=Platform.WHATSAPP),
        address=PHONE,
        provider_message_id="wamid.1",
    )
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
    suppress_by_a_user(app, at=AT - timedelta(days=1))
    receive(anonymous, app, reply("START"))
    assert Suppression.objects.count() == 1


def test_a_tenants_own_word_opts_out(
    anonymous: APIClient, app: ProviderApp, contact: Contact
) -> None:
    app.tenant.opt_out_words = ["genug"]
    app.tenant.save()
    receive(anonymous, app, reply("GENUG"))
    assert Suppression.objects.get().reason == "reply: GENUG"
