"""Requests, answers and calls of Google's RCS Business Messaging."""

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import jsonschema
import pytest

from channels.port.events import (
    InboundEvent,
    OptChange,
    Receipt,
    ReceiptStatus,
    Reply,
    ReplyKind,
)
from channels.port.http_calls import WebhookSecrets
from channels.port.messages import (
    Button,
    ButtonKind,
    Media,
    OutboundMessage,
    ParameterKind,
    TemplateContent,
    TextContent,
)
from channels.port.outcomes import FailureCause, Outcome, OutcomeKind
from channels.providers.google_rbm.adapter import GoogleRbm
from tests.channels.providers.protocols import load
from tests.channels.providers.samples import MESSAGE_ID, account, call, response, template, text

RBM = GoogleRbm()
SENDER = account("google_rbm")
AT = datetime(2026, 1, 2, 3, 4, 5, 123456, tzinfo=UTC)
WEBHOOK = GoogleRbm.webhook
TOLD = {
    "senderPhoneNumber": "+12223334444",
    "eventId": "e1",
    "messageId": str(MESSAGE_ID),
    "sendTime": "2026-01-02T03:04:05.123456Z",
    "agentId": "brand_abc_agent@rbm.goog",
}
BUTTONS = (
    Button(ButtonKind.URL, "Shop", "https://shop.test"),
    Button(ButtonKind.REPLY, "Yes", "yes-1"),
    Button(ButtonKind.CALL, "Call", "+14155550100"),
)
CARD = Media(ParameterKind.IMAGE, "https://cdn.test/sale.jpg")
PDF = Media(ParameterKind.DOCUMENT, "https://cdn.test/menu.pdf")


def message_of(content: TextContent) -> OutboundMessage:
    return replace(text(to="+12223334444"), content=content)


def test_a_text() -> None:
    request = RBM.send_request(SENDER, text("Hi", to="+12223334444"))
    assert request.url == (
        "https://provider.test/v1/phones/+12223334444/agentMessages"
        f"?messageId={MESSAGE_ID}&agentId=brand_abc_agent"
    )
    assert request.headers == {"Authorization": "Bearer ya29.secret"}
    assert request.json == {"contentMessage": {"text": "Hi"}, "ttl": "86400s"}


def test_buttons_are_suggestions() -> None:
    body = RBM.send_request(SENDER, message_of(TextContent("Hi", buttons=BUTTONS))).json
    assert body["contentMessage"]["suggestions"] == [
        {
            "action": {
                "text": "Shop",
                "postbackData": "Shop",
                "openUrlAction": {"url": "https://shop.test"},
            }
        },
        {"reply": {"text": "Yes", "postbackData": "yes-1"}},
        {
            "action": {
                "text": "Call",
                "postbackData": "Call",
                "dialAction": {"phoneNumber": "+14155550100"},
            }
        },
    ]


def test_media_makes_a_card() -> None:
    body = RBM.send_request(SENDER, message_of(TextContent("Sale", media=CARD))).json
    card = body["contentMessage"]["richCard"]["standaloneCard"]["cardContent"]
    assert card == {
        "media": {"height": "MEDIUM", "contentInfo": {"fileUrl": "https://cdn.test/sale.jpg"}},
        "description": "Sale",
    }


def test_a_document_is_a_message_of_its_own() -> None:
    body = RBM.send_request(SENDER, message_of(TextContent("", media=PDF))).json
    assert body["contentMessage"] == {"contentInfo": {"fileUrl": "https://cdn.test/menu.pdf"}}
    with pytest.raises(ValueError, match="without a text"):
        RBM.send_request(SENDER, message_of(TextContent("Hi", media=PDF)))


@pytest.mark.parametrize(
    "content",
    [
        TextContent("Hi"),
        TextContent("Hi", buttons=BUTTONS),
        TextContent("Hi", media=CARD, buttons=BUTTONS),
        TextContent("", media=CARD),
        TextContent("", media=PDF, buttons=BUTTONS),
    ],
)
def test_requests_keep_to_the_published_schema(content: TextContent) -> None:
    spec = load("specs/google_rbm_v1.json")
    body = RBM.send_request(SENDER, message_of(content)).json
    root = {"components": spec["components"], "$ref": "#/components/schemas/AgentMessageInput"}
    jsonschema.Draft202012Validator(root).validate(body)


def test_templates_are_not_built() -> None:
    with pytest.raises(TypeError):
        RBM.send_request(SENDER, template(TemplateContent("t", "en")))


def test_accepted() -> None:
    name = f"phones/+12223334444/agentMessages/{MESSAGE_ID}"
    outcome = RBM.send_outcome(response(200, {"name": name, "sendTime": "2026-01-02T03:04:05Z"}))
    assert outcome == Outcome(OutcomeKind.ACCEPTED, provider_message_id=str(MESSAGE_ID))


@pytest.mark.parametrize(
    ("status", "word", "kind", "cause", "code"),
    [
        (400, "INVALID_ARGUMENT", "permanent", "content", "content_refused"),
        (401, "UNAUTHENTICATED", "permanent", "config", "sender_unauthorized"),
        (403, "PERMISSION_DENIED", "permanent", "route", "route_refused"),
        (404, "NOT_FOUND", "permanent", "recipient", "recipient_unreachable"),
        (429, "RESOURCE_EXHAUSTED", "limited", "", "rate_limited"),
        (500, "INTERNAL", "unknown", "", "provider_unavailable"),
        (503, "UNAVAILABLE", "unknown", "", "provider_unavailable"),
        (400, "OUT_OF_RANGE", "permanent", "", "provider_error_unmapped"),
    ],
)
def test_every_row_of_the_error_map(
    status: int, word: str, kind: str, cause: str, code: str
) -> None:
    body = {"error": {"code": status, "message": "the words", "status": word}}
    outcome = RBM.send_outcome(response(status, body))
    assert (outcome.kind, outcome.cause, outcome.code) == (kind, cause, code)
    assert outcome.provider_code == word


def test_an_id_that_google_has_already_was_accepted() -> None:
    """An earlier request of the same message was accepted, but its answer was lost."""
    error = {"error": {"code": 409, "message": "…", "status": "ALREADY_EXISTS"}}
    assert RBM.send_outcome(response(409, error)).kind is OutcomeKind.ACCEPTED
    assert RBM.send_outcome(response(409, b"")).kind is OutcomeKind.PERMANENT


def test_check_asks_whether_a_number_of_fiction_has_rcs() -> None:
    request = RBM.check_request(SENDER)
    assert request.url == "https://provider.test/v1/users:batchGet"
    assert request.json == {"agentId": "brand_abc_agent", "users": ["+12025550100"]}
    assert RBM.check_outcome(response(200, {})).kind is OutcomeKind.ACCEPTED
    refused = {"error": {"code": 403, "message": "", "status": "PERMISSION_DENIED"}}
    assert RBM.check_outcome(response(403, refused)).cause is FailureCause.CONFIG


# --- calls --------------------------------------------------------------------------------------


def test_vectors_are_verified() -> None:
    for case in load("vectors/rbm_x_goog_signature.json")["cases"]:
        secrets = WebhookSecrets({"client_token": case["clientToken"]})
        body, signature = json.dumps(case["body"]).encode(), case["X-Goog-Signature"]
        assert WEBHOOK.verify(secrets, call(body, x_goog_signature=signature)) is True
        assert (
            WEBHOOK.verify(secrets, call(body, x_goog_signature=signature[:-4] + "AA==")) is False
        )
        strangers = WebhookSecrets({"client_token": "x"})
        assert WEBHOOK.verify(strangers, call(body, x_goog_signature=signature)) is False
        (receipt,) = WEBHOOK.parse(body, received_at=AT)
        assert isinstance(receipt, Receipt)
        assert (receipt.status, receipt.at) == (case["expect"], AT)
        assert str(receipt.message_id) == receipt.provider_message_id


def test_the_set_up_call_gets_its_secret_back() -> None:
    vector = load("vectors/rbm_x_goog_signature.json")["handshake"]
    body = json.dumps(vector["request"]).encode()
    ours = WebhookSecrets({"client_token": vector["request"]["clientToken"]})
    assert WEBHOOK.handshake(ours, call(body)) == vector["response_body"]
    assert WEBHOOK.handshake(WebhookSecrets({"client_token": "x"}), call(body)) is None


def test_what_the_server_revoked_has_failed() -> None:
    (receipt,) = events({"eventType": "TTL_EXPIRATION_REVOKED"})
    assert isinstance(receipt, Receipt)
    assert (receipt.status, receipt.code) == (ReceiptStatus.FAILED, "expired")
    assert receipt.provider_code == "TTL_EXPIRATION_REVOKED"
    assert receipt.message_id == MESSAGE_ID


@pytest.mark.parametrize("kind", ["IS_TYPING"])
def test_what_proves_nothing_is_passed_over(kind: str) -> None:
    assert events({"eventType": kind}) == []


def test_an_event_that_nobody_knows_is_named() -> None:
    (event,) = events({"eventType": "WAVED"})
    assert str(event) == "call: WAVED"


@pytest.mark.parametrize(("kind", "opted_out"), [("UNSUBSCRIBE", True), ("SUBSCRIBE", False)])
def test_subscriptions(kind: str, opted_out: bool) -> None:
    reason = f"rbm_{kind.lower()}"
    assert events({"eventType": kind}) == [
        OptChange("brand_abc_agent", "+12223334444", opted_out, False, AT, reason)
    ]


def test_replies() -> None:
    expected = Reply("brand_abc_agent", "+12223334444", str(MESSAGE_ID), "Hello", AT)
    assert events({"text": "Hello"}) == [expected]
    tapped = {"suggestionResponse": {"postbackData": "yes-1", "text": "Yes"}}
    button = replace(expected, text="Yes", payload="yes-1", kind=ReplyKind.BUTTON)
    assert events(tapped) == [button]


def file_of(media_type: str) -> dict[str, Any]:
    return {"userFile": {"payload": {"mimeType": media_type, "fileUri": "https://x.test/1"}}}


@pytest.mark.parametrize(
    ("content", "kind", "text"),
    [
        ({"location": {"latitude": 1.5, "longitude": 2}}, "location", "1.5,2"),
        (file_of("image/png"), "image", ""),
        (file_of("video/mp4"), "video", ""),
        (file_of("audio/ogg"), "audio", ""),
        (file_of("application/pdf"), "document", ""),
        (file_of("text/vcard"), "contacts", ""),
        ({"suggestionResponse": {"postbackData": "share"}}, "button", ""),
    ],
)
def test_a_message_of_every_type_is_a_reply(content: dict[str, Any], kind: str, text: str) -> None:
    (reply,) = events(content)
    assert isinstance(reply, Reply)
    assert (reply.kind, reply.text) == (kind, text)


def test_an_unknown_type_is_kept_and_named() -> None:
    reply, event = events({"hologram": {}})
    assert isinstance(reply, Reply)
    assert reply.kind == "unknown"
    assert str(event).startswith("message: ")


@pytest.mark.parametrize(
    "time",
    [None, 7, "2026-01-02T03:04:05", "0001-01-01T00:00:00+14:00", "yesterday"],
)
def test_an_event_without_a_readable_time_has_the_time_of_publishing(time: Any) -> None:
    event = {"eventType": "UNSUBSCRIBE", "senderPhoneNumber": "+491701234567", "agentId": "A"}
    event |= {} if time is None else {"sendTime": time}
    published = json.loads(wrapped(event))
    published["message"]["publishTime"] = "2026-01-02T03:00:00Z"
    (change,) = WEBHOOK.parse(json.dumps(published).encode(), received_at=AT)
    assert change.at == datetime(2026, 1, 2, 3, tzinfo=UTC)
    (change,) = WEBHOOK.parse(wrapped(event), received_at=AT)
    assert change.at == AT


def test_nine_decimals_of_a_second() -> None:
    (receipt,) = events({"eventType": "READ", "sendTime": "2026-01-02T03:04:05.123456789Z"})
    assert isinstance(receipt, Receipt)
    assert receipt.at == AT


@pytest.mark.parametrize(
    "changed",
    [
        {"senderPhoneNumber": "+" + "1" * 80},
        {"senderPhoneNumber": None},
    ],
)
def test_what_cannot_be_kept_is_a_value_error(changed: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        events({"eventType": "UNSUBSCRIBE", **changed})


def test_an_event_is_known_by_its_id() -> None:
    assert WEBHOOK.event_key(wrapped(TOLD)) == "e1"
    assert WEBHOOK.event_key(wrapped({"messageId": "m1", "text": "Hi"})) == "m1"


def test_two_events_of_one_message_without_ids_of_their_own_are_two() -> None:
    told = [wrapped({"messageId": "m1", "eventType": kind}) for kind in ("DELIVERED", "READ")]
    assert [WEBHOOK.event_key(body) for body in told] == ["m1:DELIVERED", "m1:READ"]


@pytest.mark.parametrize("changed", [{"senderPhoneNumber": "12223334444"}, {"agentId": None}])
def test_an_opt_out_counts_whatever_is_missing_beside_it(changed: dict[str, Any]) -> None:
    (change,) = events({"eventType": "unsubscribe"} | changed)
    assert isinstance(change, OptChange)
    assert (change.address, change.opted_out) == ("+12223334444", True)
    assert change.account_id in {"", "brand_abc_agent"}


def test_a_message_without_an_id_has_the_id_of_its_call() -> None:
    told = {name: value for name, value in TOLD.items() if name != "messageId"}
    (reply,) = WEBHOOK.parse(wrapped(told | {"text": "STOP"}), received_at=AT)
    assert isinstance(reply, Reply)
    assert (reply.provider_message_id, reply.text) == ("1", "STOP")


@pytest.mark.parametrize("content", [{"text": None}, {"suggestionResponse": "stop"}])
def test_words_that_are_not_found_are_named(content: dict[str, Any]) -> None:
    _, event = events(content)
    assert str(event) == f"message: {next(iter(content))} without words"


def wrapped(event: dict[str, Any]) -> bytes:
    data = base64.b64encode(json.dumps(event).encode()).decode()
    return json.dumps({"message": {"data": data, "messageId": "1"}}).encode()


def events(changed: dict[str, Any]) -> list[InboundEvent]:
    return list(WEBHOOK.parse(wrapped(TOLD | changed), received_at=AT))
