"""A provider's second id of a message is stored, and finds the message when it comes alone."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from broadcast.models import BroadcastMessage
from channels.models import ProviderApp
from inbound.applying.aliases import KEPT_FOR, purge_aliases
from inbound.applying.applying import apply_block
from inbound.models import MessageAlias, ParkedReceipt
from inbound.webhooks.storing import store
from tests.factories import ProviderAppFactory
from tests.inbound.sent_messages import sent_message

pytestmark = pytest.mark.django_db
OURS, WHATSAPPS = "ee4a68a0-1203-4c85-8dc3-49d0b3226a35", "gBEGkYaYVSEEAgnZxQ3JmKK6Wvg"


@pytest.fixture
def app() -> ProviderApp:
    made: ProviderApp = ProviderAppFactory.create(provider="gupshup", secrets={})
    return made


@pytest.fixture
def message(app: ProviderApp) -> BroadcastMessage:
    return sent_message(tenant=app.tenant, provider_message_id=OURS)


def tell(app: ProviderApp, kind: str, **ids: str) -> None:
    payload: dict[str, Any] = {**ids, "type": kind, "payload": {"ts": 1751370000}}
    event = {"type": "message-event", "timestamp": 1751370000123, "payload": payload}
    store(app=app, event_key="", body=json.dumps(event).encode(), now=timezone.now())
    apply_block(now=timezone.now())


def test_a_late_event_with_the_other_id_alone_finds_its_message(
    app: ProviderApp, message: BroadcastMessage
) -> None:
    tell(app, "delivered", id=WHATSAPPS, gsId=OURS)
    tell(app, "read", id=WHATSAPPS)
    message.refresh_from_db()
    assert (message.status, message.provider_message_id) == ("READ", OURS)
    assert not ParkedReceipt.objects.exists()


def test_an_id_that_nobody_told_of_waits(app: ProviderApp, message: BroadcastMessage) -> None:
    tell(app, "read", id=WHATSAPPS)
    message.refresh_from_db()
    assert message.status == "SENT"
    assert ParkedReceipt.objects.get().provider_message_id == WHATSAPPS


def test_another_apps_alias_is_not_looked_at(app: ProviderApp, message: BroadcastMessage) -> None:
    tell(app, "delivered", id=WHATSAPPS, gsId=OURS)
    other: ProviderApp = ProviderAppFactory.create(provider="gupshup", secrets={})
    tell(other, "read", id=WHATSAPPS)
    message.refresh_from_db()
    assert message.status == "DELIVERED"
    assert ParkedReceipt.objects.get().app_id == other.pk


def test_repeats_are_harmless_and_the_old_are_purged(
    app: ProviderApp, message: BroadcastMessage
) -> None:
    for _ in range(2):
        tell(app, "delivered", id=WHATSAPPS, gsId=OURS)
    assert MessageAlias.objects.count() == 1
    assert purge_aliases(now=timezone.now()) == 0
    assert purge_aliases(now=timezone.now() + KEPT_FOR + timedelta(minutes=1)) == 1
