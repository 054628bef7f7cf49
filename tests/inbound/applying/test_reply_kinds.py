"""A message of any kind is kept with its words, opens the window, and may opt out."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from channels.models import ProviderApp
from channels.platforms import Platform
from channels.port.events import Reply, ReplyKind
from contacts.models import Contact, Suppression
from inbound.applying.replies import take_reply
from inbound.models import ReceivedMessage
from postgres.ids import new_id
from tenants.models import Tenant
from tests.factories import (
    BroadcastFactory,
    BroadcastMessageFactory,
    ContactFactory,
    ProviderAppFactory,
)
from tests.inbound.applying.replies import AT, PHONE, message, receive, reply

pytestmark = pytest.mark.django_db

STOP_IMAGE = {"type": "image", "image": {"id": "1", "mime_type": "image/jpeg", "caption": "STOP"}}
OTHER_KINDS = [
    {"type": "sticker", "sticker": {"id": "1"}},
    {"type": "audio", "audio": {"id": "1", "voice": True}},
    {"type": "location", "location": {"latitude": 1, "longitude": 2, "name": "Stop"}},
    {"type": "reaction", "reaction": {"message_id": "wamid.out2", "emoji": "👍"}},
    {"type": "contacts", "contacts": [{"name": {"formatted_name": "Stop"}}]},
    {"type": "hologram"},
]


def pressed(text: str, payload: str = "") -> dict[str, Any]:
    return {"type": "button", "button": {"text": text, "payload": payload or text}}


def test_a_caption_opts_out_and_opens_the_window(
    anonymous: APIClient, app: ProviderApp, contact: Contact
) -> None:
    receive(anonymous, app, message(STOP_IMAGE))
    stored = ReceivedMessage.objects.get()
    assert (stored.kind, stored.text, stored.wish) == ("image", "STOP", "opt_out")
    assert Suppression.objects.get().address == PHONE
    contact.refresh_from_db()
    assert contact.whatsapp_window_until == AT + timedelta(hours=24)


@pytest.mark.parametrize("content", OTHER_KINDS)
def test_every_kind_opens_the_window_and_only_typed_words_opt_out(
    anonymous: APIClient, app: ProviderApp, contact: Contact, content: dict[str, Any]
) -> None:
    receive(anonymous, app, message(content))
    assert ReceivedMessage.objects.get().contact == contact
    assert not Suppression.objects.exists()
    contact.refresh_from_db()
    assert contact.last_reply_at == AT


def test_a_message_in_a_group_is_kept_and_is_no_private_message(
    anonymous: APIClient, app: ProviderApp, contact: Contact
) -> None:
    stop = {"type": "text", "text": {"body": "STOP"}, "group_id": "Y2FwaV9ncm91cA"}
    receive(anonymous, app, message(stop))
    stored = ReceivedMessage.objects.get()
    assert (stored.group_id, stored.text, stored.wish) == ("Y2FwaV9ncm91cA", "STOP", "")
    assert not Suppression.objects.exists()
    contact.refresh_from_db()
    assert contact.last_reply_at is None


@pytest.mark.parametrize(
    ("content", "scopes"),
    [
        (pressed("Cancel", "appt-77-cancel"), []),
        (pressed("Cancel"), []),
        (pressed("End tour", "end"), []),
        (pressed("Stop", "route-stop-4"), []),
        (pressed("Stop"), ["ALL"]),
        (pressed("No more news", "STOP"), ["ALL"]),
        (pressed("No more news", "opt_out"), ["ALL"]),
        (pressed("Enough", "genug"), ["ALL"]),
        (pressed("Stop promotions"), ["MARKETING"]),
        (pressed("Detener promociones"), ["MARKETING"]),
        (pressed("Interrompi promozioni"), ["MARKETING"]),
        (
            {
                "type": "interactive",
                "interactive": {"type": "list_reply", "list_reply": {"id": "x", "title": "Quit"}},
            },
            [],
        ),
        (
            {
                "type": "interactive",
                "interactive": {
                    "type": "button_reply",
                    "button_reply": {"id": "UNSUBSCRIBE", "title": "Leave"},
                },
            },
            ["ALL"],
        ),
        ({"type": "text", "text": {"body": "CANCEL"}}, ["ALL"]),
    ],
)
def test_a_button_means_what_the_tenant_says(
    anonymous: APIClient,
    app: ProviderApp,
    contact: Contact,
    content: dict[str, Any],
    scopes: list[str],
) -> None:
    app.tenant.opt_out_words = ["genug"]
    app.tenant.save()
    receive(anonymous, app, message(content))
    assert list(Suppression.objects.values_list("scope", flat=True)) == scopes


def test_a_button_that_subscribes_lifts_the_opt_out(
    anonymous: APIClient, app: ProviderApp, contact: Contact
) -> None:
    receive(anonymous, app, reply("STOP"))
    later = AT + timedelta(minutes=1)
    receive(anonymous, app, message(pressed("Start", "tour-start"), number=2, at=later))
    assert Suppression.objects.count() == 1
    receive(anonymous, app, message(pressed("Back in", "SUBSCRIBE"), number=3, at=later))
    assert not Suppression.objects.exists()


def test_a_reply_that_quotes_an_unknown_message_answers_the_last_one(
    anonymous: APIClient, app: ProviderApp, contact: Contact
) -> None:
    last = BroadcastMessageFactory.create(
        tenant=app.tenant,
        contact=contact,
        broadcast=BroadcastFactory.create(tenant=app.tenant, platform=Platform.WHATSAPP),
        status="SENT",
        sent_at=AT - timedelta(hours=1),
        provider_message_id="wamid.out1",
    )
    receive(anonymous, app, reply("Yes", quoting="wamid.of-another-system"))
    assert ReceivedMessage.objects.get().message_id == last.pk


def test_a_message_of_an_unknown_kind_is_read_again_once_its_kind_is_known(
    app: ProviderApp, contact: Contact
) -> None:
    unknown = Reply(app.senders.get().account_id, PHONE, "wamid.1", "", AT, kind=ReplyKind.UNKNOWN)
    known = Reply(app.senders.get().account_id, PHONE, "wamid.1", "STOP", AT, kind=ReplyKind.IMAGE)
    for event in (unknown, known, unknown):
        take_reply(
            app=app,
            event_id=new_id(),
            reply=event,
            platform=Platform.WHATSAPP,
            now=timezone.now(),
        )
    stored = ReceivedMessage.objects.get()
    assert (stored.kind, stored.text, stored.wish) == ("image", "STOP", "opt_out")
    assert Suppression.objects.count() == 1


def test_the_api_shows_kinds_and_filters_by_them(
    anonymous: APIClient, viewer: APIClient, tenant: Tenant
) -> None:
    contact = ContactFactory.create(tenant=tenant, phone=PHONE)
    app = ProviderAppFactory.create(tenant=tenant)
    receive(anonymous, app, reply("Hi"), message(STOP_IMAGE, number=2))
    path = f"/contacts/{contact.pk}/messages/"
    assert [item["kind"] for item in viewer.get(path).json()["results"]] == ["image", "text"]
    images = viewer.get(f"{path}?kind=image").json()["results"]
    assert [(item["text"], item["group_id"]) for item in images] == [("STOP", "")]
    assert viewer.get(f"{path}?kind=hologram").status_code == 400
