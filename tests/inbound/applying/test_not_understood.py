"""A call with values that nobody knows is applied in part, counted, shown and replayed."""

from datetime import UTC, datetime

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from channels.models import ProviderApp
from contacts.models import Contact, Suppression
from inbound.applying.applying import apply_block
from inbound.models import ProviderEvent, ReceivedMessage
from tests.inbound.applying.replies import PHONE, message, receive
from tests.inbound.webhooks.calls import body_of

pytestmark = pytest.mark.django_db

PREFERENCE = {
    "wa_id": PHONE.removeprefix("+"),
    "category": "marketing_messages",
    "value": "signup",
    "timestamp": 1764300721,
}
LIST = "/admin/inbound/providerevent/"


def preference(value: str) -> bytes:
    metadata = {"phone_number_id": "106540352242922"}
    preferences = [PREFERENCE | {"value": value}]
    return body_of({"metadata": metadata, "user_preferences": preferences})


def test_a_preference_that_nobody_knows_suppresses_nobody(
    anonymous: APIClient, app: ProviderApp
) -> None:
    receive(anonymous, app, preference("snooze"))
    event = ProviderEvent.objects.get()
    assert (event.status, event.not_understood) == (
        "PARTLY",
        ["preference: marketing_messages snooze"],
    )
    assert not Suppression.objects.exists()


def test_a_sign_up_lifts_a_marketing_opt_out(anonymous: APIClient, app: ProviderApp) -> None:
    receive(anonymous, app, preference("stop").replace(b"1764300721", b"1764300720"))
    assert Suppression.objects.get().scope == "MARKETING"
    receive(anonymous, app, preference("signup"))
    assert not Suppression.objects.exists()
    assert set(ProviderEvent.objects.values_list("status", flat=True)) == {"APPLIED"}


def test_an_unknown_part_takes_nothing_with_it_and_is_named_once(
    anonymous: APIClient, app: ProviderApp, contact: Contact
) -> None:
    hologram = {"type": "hologram", "hologram": {"text": "STOP"}}
    statuses = [{"id": "wamid.1", "status": "teleported", "timestamp": "1"}] * 2
    receive(anonymous, app, message(hologram), body_of({"statuses": statuses}))
    notes = ProviderEvent.objects.order_by("id").values_list("not_understood", flat=True)
    assert list(notes) == [["message: hologram"], ["status: teleported"]]
    assert ReceivedMessage.objects.get().kind == "unknown"
    assert Suppression.objects.count() == 1


def test_a_malformed_call_keeps_its_notes(anonymous: APIClient, app: ProviderApp) -> None:
    statuses = [{"id": "wamid.1", "status": "teleported", "timestamp": "1"}, {"status": "sent"}]
    receive(anonymous, app, body_of({"statuses": statuses}))
    event = ProviderEvent.objects.get()
    assert (event.status, event.not_understood) == ("FAILED", ["status: teleported"])


def test_the_command_replays_what_was_partly_understood(
    anonymous: APIClient, app: ProviderApp
) -> None:
    receive(anonymous, app, preference("snooze"))
    call_command("replay_events", "--partly", verbosity=0)
    event = ProviderEvent.objects.get()
    assert (event.status, event.not_understood) == ("STORED", [])
    apply_block(now=timezone.now())
    event.refresh_from_db()
    assert event.status == "PARTLY"


def test_the_metrics_count_calls_by_provider_and_part(
    anonymous: APIClient, app: ProviderApp
) -> None:
    receive(anonymous, app, preference("snooze"), preference("pause"))
    name = "broadcast_events_partly_understood"
    line = f'{name}{{part="preference",provider="meta_cloud"}} 2.0'
    assert line in Client().get("/metrics").text.splitlines()


def test_operators_find_them_without_naming_an_app(superuser: Client, app: ProviderApp) -> None:
    event = ProviderEvent.objects.create(
        app=app,
        body=b"{}",
        status="PARTLY",
        not_understood=["status: teleported"],
        received_at=datetime.now(UTC),
    )
    page = superuser.get(f"{LIST}?event_status=PARTLY").text
    assert str(event.pk) in page
    assert "status: teleported" in page
