"""Other libraries verify and parse our sandbox's calls; we verify other libraries' signatures."""

import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlencode
from uuid import uuid4

import httpx
import pytest
from pywa import WhatsApp
from pywa.types import Message, MessageStatus
from pywa.types.user_preferences import UserMarketingPreferences
from pywa.utils import webhook_updates_validator
from twilio.request_validator import RequestValidator

from channels.port.http_calls import WebhookSecrets
from channels.providers.google_rbm.adapter import GoogleRbm
from channels.providers.meta.adapter import MetaCloud
from channels.providers.twilio.adapter import Twilio
from sandbox.behaviour.magic import Behaviour
from sandbox.books.witness import Provider, Record, Status
from sandbox.webhooks import twilio
from sandbox.webhooks.bodies import headers_for, statuses
from sandbox.webhooks.inbound import INBOUND
from tests.channels.providers.protocols import load
from tests.channels.providers.samples import call

Proven = Callable[[str, str], None]
PHONE_ID = "106540352242922"
SECRET = "a-secret"


def record(provider: Provider, account: str, to: str = "14155230001") -> Record:
    return Record(
        provider=provider,
        account=account,
        to=to,
        message_id="wamid.1",
        our_id=str(uuid4()),
        content_hash="",
        behaviour=Behaviour.DELIVERS,
        final=None,
        seq=1,
    )


# --- vectors ------------------------------------------------------------------------------------


def test_metas_vectors(proven: Proven) -> None:
    for case in load("vectors/meta_x_hub_signature_256.json")["cases"]:
        webhook_call = call(
            case["raw_body"].encode(), x_hub_signature_256=case["X-Hub-Signature-256"]
        )
        secrets = WebhookSecrets({"app_secret": case["app_secret"]})
        assert MetaCloud().webhook.verify(secrets, webhook_call) is case["valid"]
        proven("meta_cloud", "signature vectors")


def test_twilios_vectors(proven: Proven) -> None:
    for case in load("vectors/twilio_x_twilio_signature.json")["official"]:
        is_json = "body" in case
        body = case["body"] if is_json else urlencode(case["params"])
        kind = "application/json" if is_json else "application/x-www-form-urlencoded"
        webhook_call = call(
            body.encode(), url=case["url"], x_twilio_signature=case["sig"], content_type=kind
        )
        assert Twilio().webhook.verify(WebhookSecrets({"auth_token": case["token"]}), webhook_call)
        proven("twilio", "signature vectors")


def test_googles_vectors(proven: Proven) -> None:
    for case in load("vectors/rbm_x_goog_signature.json")["cases"]:
        webhook_call = call(
            json.dumps(case["body"]).encode(), x_goog_signature=case["X-Goog-Signature"]
        )
        assert GoogleRbm().webhook.verify(
            WebhookSecrets({"client_token": case["clientToken"]}), webhook_call
        )
        proven("google_rbm", "signature vectors")


# --- twilio's validator -------------------------------------------------------------------------

URLS = [
    "https://broadcast.test/webhooks/twilio/token?broadcast_message_id=1",
    "https://broadcast.test:8443/webhooks/twilio/token?broadcast_message_id=1",
    "http://127.0.0.1:8000/webhooks/twilio/token",
]


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("to", ["14155230001", "whatsapp:14155230001", "rcs:14155230001"])
@pytest.mark.parametrize("status", Status)
def test_twilios_validator_takes_our_signatures(
    url: str, to: str, status: Status, proven: Proven
) -> None:
    body = twilio.status("AC1", record(Provider.TWILIO, "AC1", to), status)
    signature = headers_for(Provider.TWILIO, SECRET, url, body)["X-Twilio-Signature"]
    form = dict(parse_qsl(body.decode(), keep_blank_values=True))
    assert RequestValidator(SECRET).validate(url, form, signature)
    assert not RequestValidator("another").validate(url, form, signature)
    proven("twilio", "RequestValidator")


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize(
    "form", [{"A": "1", "B": "é €"}, {"Body": "", "a": "b=c&d"}, {"MessageSid": "SM1"}]
)
def test_we_take_the_validators_signatures(url: str, form: dict[str, str], proven: Proven) -> None:
    signature = RequestValidator(SECRET).compute_signature(url, form)
    webhook_call = call(
        urlencode(form).encode(),
        url=url,
        x_twilio_signature=signature,
        content_type="application/x-www-form-urlencoded",
    )
    assert Twilio().webhook.verify(WebhookSecrets({"auth_token": SECRET}), webhook_call)
    proven("twilio", "RequestValidator")


# --- pywa ---------------------------------------------------------------------------------------


@pytest.fixture
def wa() -> WhatsApp:
    transport = httpx.MockTransport(lambda _: httpx.Response(500))
    return WhatsApp(phone_id=PHONE_ID, token="t", session=httpx.Client(transport=transport))


@pytest.mark.parametrize("status", Status)
def test_pywa_reads_our_statuses(wa: WhatsApp, status: Status, proven: Proven) -> None:
    sent = record(Provider.META, PHONE_ID)
    body = statuses((Provider.META, PHONE_ID), [(sent, status)], 1_700_000_000)
    read = MessageStatus.from_update(wa, json.loads(body))
    assert (read.id, read.status.value.lower()) == ("wamid.1", status.value)
    assert read.tracker == sent.our_id
    assert (read.error is None) is (status is not Status.FAILED)
    assert read.metadata.phone_number_id == PHONE_ID
    proven("meta_cloud", "pywa reads webhooks")


def test_pywa_reads_our_replies_and_preferences(wa: WhatsApp, proven: Proven) -> None:
    write = INBOUND[Provider.META, "text"]
    message = Message.from_update(wa, body_of(write(PHONE_ID, "+14155550100", {"text": "Hi"}, 1)))
    assert (message.text, message.from_user.wa_id) == ("Hi", "14155550100")
    proven("meta_cloud", "pywa reads webhooks")
    stop = INBOUND[Provider.META, "user_preferences"](PHONE_ID, "+14155550100", {}, 2)
    preference = UserMarketingPreferences.from_update(wa, body_of(stop))
    assert preference.value.value == "stop"
    proven("meta_cloud", "pywa reads webhooks")


@pytest.mark.parametrize("status", Status)
def test_pywa_takes_our_signatures(status: Status, proven: Proven) -> None:
    body = statuses((Provider.META, PHONE_ID), [(record(Provider.META, PHONE_ID), status)], 1)
    signature = headers_for(Provider.META, SECRET, "", body)["X-Hub-Signature-256"]
    assert webhook_updates_validator(SECRET, body, signature)
    assert not webhook_updates_validator("another", body, signature)
    digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    assert signature == f"sha256={digest}"
    proven("meta_cloud", "pywa takes signatures")


def body_of(raw: bytes) -> Any:
    return json.loads(raw)
