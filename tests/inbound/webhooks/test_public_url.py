"""PUBLIC_URL gives the signed URL, whatever the request's host; Google's set-up is a POST."""

import base64
import hmac
import json
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import override_settings
from django.utils import timezone
from rest_framework.test import APIClient

from broadcast.models import BroadcastMessage
from channels.models import ProviderApp
from inbound.applying.applying import apply_block
from inbound.models import ProviderEvent
from tests.factories import ProviderAppFactory
from tests.inbound.sent_messages import sent_message

pytestmark = pytest.mark.django_db
TOKEN = "an-auth-token"


@pytest.fixture
def twilio() -> ProviderApp:
    return ProviderAppFactory.create(provider="twilio", secrets={"auth_token": TOKEN})


def post(
    client: APIClient, app: ProviderApp, *, signed_for: str, query: str = "", **more: Any
) -> int:
    form = {"MessageSid": "SM1", "MessageStatus": "delivered"}
    signed = signed_for + "".join(f"{key}{value}" for key, value in sorted(form.items()))
    digest = hmac.new(TOKEN.encode(), signed.encode(), "sha1").digest()
    return client.post(
        f"{app.webhook_path.rstrip('/')}{query}",
        urlencode(form),
        content_type="application/x-www-form-urlencoded",
        headers={"X-Twilio-Signature": base64.b64encode(digest).decode(), **more},
    ).status_code


@override_settings(PUBLIC_URL="https://broadcast.example")
def test_the_public_url_is_what_was_signed(anonymous: APIClient, twilio: ProviderApp) -> None:
    path = twilio.webhook_path.rstrip("/")
    good, bad = f"https://broadcast.example{path}", f"http://testserver{path}"
    assert post(anonymous, twilio, signed_for=good) == 200
    assert post(anonymous, twilio, signed_for=bad) == 403
    assert post(anonymous, twilio, signed_for=bad, Host="testserver") == 403
    assert ProviderEvent.objects.count() == 1


def test_a_receipt_finds_its_message_by_the_query(
    anonymous: APIClient, twilio: ProviderApp
) -> None:
    message = sent_message(tenant=twilio.tenant)
    query = f"?broadcast_message_id={message.pk}"
    url = f"{twilio.webhook_url}{query}"
    assert post(anonymous, twilio, signed_for=url, query=query) == 200
    assert apply_block(now=timezone.now()) == 1
    row = BroadcastMessage.objects.get(pk=message.pk)
    assert (row.status, row.provider_message_id) == ("DELIVERED", "SM1")


def test_another_query_is_another_url(anonymous: APIClient, twilio: ProviderApp) -> None:
    url = f"{twilio.webhook_url}?broadcast_message_id=1"
    query = "?broadcast_message_id=2"
    assert post(anonymous, twilio, signed_for=url, query=query) == 403
    assert not ProviderEvent.objects.exists()


def test_googles_set_up_is_answered_and_not_stored(anonymous: APIClient) -> None:
    app = ProviderAppFactory.create(provider="google_rbm", secrets={"client_token": TOKEN})
    body = {"clientToken": TOKEN, "secret": "1234567890"}
    answer = anonymous.post(app.webhook_path, json.dumps(body), content_type="application/json")
    assert (answer.status_code, answer.content) == (200, b"1234567890")
    assert answer["Content-Type"].startswith("text/plain")
    wrong = json.dumps(body | {"clientToken": "another"})
    assert anonymous.post(app.webhook_path, wrong, content_type="application/json").status_code == (
        403
    )
    assert not ProviderEvent.objects.exists()
