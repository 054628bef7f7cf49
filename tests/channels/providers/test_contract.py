"""The contract of every adapter, whatever its provider."""

import base64
import hashlib
import hmac
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

import pytest

from channels.platforms import Platform
from channels.port.adapter import Adapter, GroupAdapter, LookUpAdapter
from channels.port.events import HandedOver
from channels.port.http_calls import HttpRequest, HttpResponse, WebhookCall, WebhookSecrets
from channels.port.outcomes import FailureCause, Outcome, OutcomeKind
from channels.port.webhook_reader import WebhookAnswer
from channels.providers.registry import ADAPTERS, UnknownProvider, adapter_for, providers_for
from tests.channels.providers.samples import (
    CALLED,
    CREDENTIALS,
    account,
    call,
    registered,
    response,
    text,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
EVERY = pytest.mark.parametrize("adapter", ADAPTERS.values(), ids=ADAPTERS)


def signing_of(adapter: Adapter) -> Any:
    """The module `signing` in the folder of the provider's tests."""
    folder = type(adapter).__module__.split(".")[2]
    return import_module(f"tests.channels.providers.{folder}.signing")


def signed(adapter: Adapter, body: bytes) -> WebhookCall:
    call_of_provider: WebhookCall = signing_of(adapter).signed(body)
    return call_of_provider


SECRETS = {name: signing_of(adapter).SECRETS for name, adapter in ADAPTERS.items()}

STATUSES = [200, 201, 204, 301, 307, 400, 401, 403, 404, 408, 418, 429, 500, 502, 503, 504]
BODIES = [b"", b"null", b"[]", b"{}", b"<html>", b"\xff\xfe", b'{"ok":true}', b'{"messages":[]}']
BODIES += [b'{"error":{"code":"x"}}', b'{"error":null}', b'{"ok":false}', b"[" * 100_000]
BODIES += [b'{"messages":[{"id":null}]}', b'{"ok":true,"result":{"message_id":"7"}}']


@EVERY
def test_attributes(adapter: Adapter) -> None:
    assert adapter.platforms
    assert adapter.default_base_url.startswith("https://")
    assert not adapter.default_base_url.endswith("/")
    assert set(adapter.credential_names) == set(CREDENTIALS[adapter.provider])
    assert adapter.webhook_secret_names
    assert adapter.capabilities.max_recipients >= 1
    assert isinstance(adapter, GroupAdapter) == (adapter.capabilities.max_recipients > 1)
    assert isinstance(adapter, LookUpAdapter) == adapter.capabilities.look_up


@EVERY
@pytest.mark.parametrize("status", STATUSES)
def test_no_answer_to_a_look_up_shows_what_is_not_in_it(adapter: Adapter, status: int) -> None:
    asked = HandedOver(text(), since=NOW, until=NOW)
    for body in BODIES:
        if isinstance(adapter, LookUpAdapter):
            answer = response(status, body)
            assert not adapter.look_up_receipts(account(adapter.provider), asked, answer)


@EVERY
@pytest.mark.parametrize("status", STATUSES)
def test_every_outcome_is_well_formed(adapter: Adapter, status: int) -> None:
    for body in BODIES:
        for outcome in both_outcomes(adapter, response(status, body)):
            if (adapter.provider, body, status // 100) == ("google_rbm", b"{}", 2):
                continue  # Google omits empty fields, so its check accepts an empty object
            assert outcome.kind is not OutcomeKind.ACCEPTED
            assert outcome.code
            assert outcome.message
            assert outcome.kind is OutcomeKind.PERMANENT or outcome.cause is FailureCause.NONE


@EVERY
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (200, OutcomeKind.UNKNOWN),
        (307, OutcomeKind.PERMANENT),
        (400, OutcomeKind.PERMANENT),
        (408, OutcomeKind.UNKNOWN),
        (429, OutcomeKind.LIMITED),
        (500, OutcomeKind.UNKNOWN),
        (503, OutcomeKind.UNKNOWN),
    ],
)
def test_an_answer_without_a_readable_body(
    adapter: Adapter, status: int, kind: OutcomeKind
) -> None:
    assert adapter.send_outcome(response(status, b"<html>")).kind is kind


@EVERY
def test_a_limit_waits_as_long_as_it_is_told(adapter: Adapter) -> None:
    assert adapter.send_outcome(response(429, b"", Retry_After="17")).retry_after == 17.0


@EVERY
def test_a_limit_without_a_time_waits_some_seconds(adapter: Adapter) -> None:
    outcome = adapter.send_outcome(response(429, b"", Retry_After="soon"))
    assert outcome.retry_after == 5.0


@EVERY
def test_a_retry_date_is_read_against_the_answers_own_clock(adapter: Adapter) -> None:
    dates = {
        "Retry_After": "Thu, 01 Jan 2026 00:01:30 GMT",
        "Date": "Thu, 01 Jan 2026 00:00:00 GMT",
    }
    assert adapter.send_outcome(response(429, b"", **dates)).retry_after == 90.0


@EVERY
def test_requests_hide_what_is_secret(adapter: Adapter) -> None:
    sender = account(adapter.provider)
    for request in (adapter.check_request(sender), *requests(adapter)):
        assert "secret" not in repr(request) + repr(sender)
        assert request.url.startswith("https://provider.test/")


@EVERY
@pytest.mark.parametrize("seconds", [1, 600, 10**7])
def test_any_time_that_is_left_can_be_asked_for(adapter: Adapter, seconds: int) -> None:
    sender = account(adapter.provider)
    message = registered() if adapter.capabilities.needs_text_template else text()
    request = adapter.send_request(sender, replace(message, valid_for=seconds))
    assert request.url == adapter.send_request(sender, message).url


@EVERY
def test_a_signed_call_is_verified(adapter: Adapter) -> None:
    assert adapter.webhook.verify(SECRETS[adapter.provider], signed(adapter, b'{"a":1}')) is True


@EVERY
def test_a_call_without_a_signature_is_refused(adapter: Adapter) -> None:
    assert adapter.webhook.verify(SECRETS[adapter.provider], call(b'{"a":1}')) is False


@EVERY
def test_a_call_signed_with_another_secret_is_refused(adapter: Adapter) -> None:
    other = WebhookSecrets(dict.fromkeys(adapter.webhook_secret_names, "other"))
    assert adapter.webhook.verify(other, signed(adapter, b'{"a":1}')) is False


@EVERY
@pytest.mark.parametrize(
    "secret", [{}, {"app_secret": "", "secret_token": "", "signature_secret": ""}]
)
def test_without_a_secret_every_call_is_refused(adapter: Adapter, secret: dict[str, str]) -> None:
    empty = hmac.new(b"", b"", hashlib.sha256).hexdigest()
    unkeyed = hmac.new(b"", b"&timestamp=1", hashlib.sha256).hexdigest()
    forged = call(
        f"timestamp=1&sig={unkeyed}".encode(),
        query={"token": ""},
        x_hub_signature_256=f"sha256={empty}",
        x_telegram_bot_api_secret_token="",
        x_twilio_signature=signature(b"", CALLED.encode(), "sha1"),
    )
    assert adapter.webhook.verify(WebhookSecrets(secret), forged) is False
    assert adapter.webhook.handshake(WebhookSecrets(secret), forged) is None


@EVERY
def test_a_signature_beyond_ascii_is_refused(adapter: Adapter) -> None:
    names = ("hub-signature-256", "telegram-bot-api-secret-token", "twilio-signature")
    signatures = {f"x-{name}": "é" for name in names} | {"x-goog-signature": "é"}
    body = "timestamp=1&sig=" + "é" * 64
    forged = replace(call(body.encode(), query={"token": "é"}), headers=signatures)
    assert adapter.webhook.verify(SECRETS[adapter.provider], forged) is False


@EVERY
@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"{}", b'"x"', b"\xff", b"[" * 100_000])
def test_a_call_of_another_shape_is_a_value_error(adapter: Adapter, body: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        adapter.webhook.parse(body, received_at=NOW)
    assert adapter.webhook.event_key(body) == ""


def test_twilio_is_answered_with_a_document_that_sends_nothing() -> None:
    """Twilio sends any text in our answer to the writer of the message."""
    assert adapter_for("twilio").webhook.answer == WebhookAnswer(200, "text/xml", b"<Response/>")


@pytest.mark.parametrize("provider", sorted(set(ADAPTERS) - {"twilio"}))
def test_every_other_provider_is_answered_with_an_empty_200(provider: str) -> None:
    """Telegram would perform a method named in the answer; Gupshup wants an empty 2xx."""
    assert adapter_for(provider).webhook.answer == WebhookAnswer(200, "", b"")


@EVERY
@pytest.mark.parametrize("status", [400, 401, 403, 404, 413])
def test_a_refusal_says_nothing_that_a_provider_could_forward(
    adapter: Adapter, status: int
) -> None:
    assert adapter.webhook.refusal(status) == WebhookAnswer(status, "", b"")


@pytest.mark.parametrize(
    ("platform", "providers"),
    [
        (Platform.WHATSAPP, ["gupshup", "meta_cloud", "twilio"]),
        (Platform.TELEGRAM, ["telegram_bot"]),
        (Platform.SMS, ["msg91", "twilio", "vonage"]),
        (Platform.RCS, ["google_rbm", "twilio"]),
    ],
)
def test_providers_of_a_platform(platform: Platform, providers: list[str]) -> None:
    assert providers_for(platform) == providers


def test_an_unknown_provider_is_refused_with_the_choices() -> None:
    with pytest.raises(UnknownProvider) as refused:
        adapter_for("pigeon")
    assert refused.value.data == {"choices": sorted(ADAPTERS)}


def signature(key: bytes, text: bytes, digest: str) -> str:
    return base64.b64encode(hmac.new(key, text, digest).digest()).decode()


def both_outcomes(adapter: Adapter, answer: HttpResponse) -> tuple[Outcome, Outcome]:
    return adapter.send_outcome(answer), adapter.check_outcome(answer)


def requests(adapter: Adapter) -> tuple[HttpRequest, ...]:
    message = (
        registered(name="secret") if adapter.capabilities.needs_text_template else text("secret")
    )
    return (adapter.send_request(account(adapter.provider), message),)
