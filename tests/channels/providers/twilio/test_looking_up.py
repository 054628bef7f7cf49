"""A message with a lost answer is looked up in Twilio's list of messages."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import pytest

from channels.platforms import Platform
from channels.port.events import HandedOver, Receipt, ReceiptStatus
from channels.port.messages import (
    SenderAccount,
    TemplateContent,
)
from channels.providers.twilio.adapter import Twilio
from tests.channels.providers.samples import MESSAGE_ID, account, response, template, text

TWILIO = Twilio()
SENDER = account("twilio")
TEMPLATE = TemplateContent("summer_sale", "en_US", provider_template_id="HX" + "b" * 32)


SINCE = datetime(2026, 11, 24, 18, 30, tzinfo=UTC)


ASKED = HandedOver(text("Hi", to="+491701234567"), since=SINCE, until=SINCE + timedelta(minutes=2))


SM = "SM" + "d" * 32


LISTED = {
    "sid": SM,
    "status": "delivered",
    "direction": "outbound-api",
    "to": "+491701234567",
    "from": "+14155552345",
    "messaging_service_sid": None,
    "body": "Hi",
    "num_media": "0",
    "error_code": None,
    "date_created": "Tue, 24 Nov 2026 18:30:05 +0000",
    "date_updated": "Tue, 24 Nov 2026 18:30:09 +0000",
}


def look_up(
    *listed: Any, sender: SenderAccount = SENDER, more: str | None = None, status: int = 200
) -> list[Receipt]:
    answer = response(status, {"messages": list(listed), "next_page_uri": more})
    return list(TWILIO.look_up_receipts(sender, ASKED, answer))


def test_a_look_up_asks_for_the_recipients_messages_of_the_day() -> None:
    request = TWILIO.look_up_request(SENDER, ASKED)
    assert request is not None
    assert request.method == "GET"
    path, _, query = request.url.partition("?")
    assert path == TWILIO.send_request(SENDER, ASKED.message).url
    assert dict(parse_qsl(query)) == {
        "To": "+491701234567",
        "From": "+14155552345",
        "DateSent>": "2026-11-24T00:00:00Z",
        "PageSize": "100",
    }


def test_what_a_template_says_is_not_looked_up() -> None:
    asked = replace(ASKED, message=template(TEMPLATE))
    assert TWILIO.look_up_request(replace(SENDER, platform=Platform.WHATSAPP), asked) is None


def test_a_listed_message_is_a_receipt() -> None:
    assert look_up(LISTED) == [
        Receipt(
            status=ReceiptStatus.DELIVERED,
            at=datetime(2026, 11, 24, 18, 30, 9, tzinfo=UTC),
            provider_message_id=SM,
            message_id=MESSAGE_ID,
        )
    ]


@pytest.mark.parametrize(
    ("status", "code", "status_and_code"),
    [
        ("queued", None, ("SENT", "")),
        ("accepted", None, ("SENT", "")),
        ("read", None, ("READ", "")),
        ("undelivered", 30005, ("FAILED", "recipient_unreachable")),
        ("failed", None, ("FAILED", "delivery_failed")),
    ],
)
def test_a_listed_messages_status(
    status: str, code: int | None, status_and_code: tuple[str, str]
) -> None:
    (receipt,) = look_up({**LISTED, "status": status, "error_code": code})
    assert (receipt.status, receipt.code) == status_and_code


@pytest.mark.parametrize(
    "other",
    [
        {"to": "+491701234568"},
        {"from": "+14155552346"},
        {"body": "Hi "},
        {"body": None},
        {"num_media": "1"},
        {"direction": "outbound-reply"},
        {"direction": "inbound"},
        {"date_created": "Tue, 24 Nov 2026 18:29:59 +0000"},
        {"date_created": "Tue, 24 Nov 2026 18:32:01 +0000"},
        {"date_created": None},
        {"date_created": "yesterday"},
        {"sid": ""},
        {"status": None},
    ],
)
def test_another_message_is_none_of_ours(other: dict[str, Any]) -> None:
    assert look_up({**LISTED, **other}) == []
    assert len(look_up({**LISTED, **other}, LISTED)) == 1


def test_a_messaging_service_is_known_by_its_own_id() -> None:
    service = "MG" + "c" * 32
    sender = replace(SENDER, account_id=service)
    chosen = {**LISTED, "from": "+14155559999", "messaging_service_sid": service}
    assert len(look_up(chosen, sender=sender)) == 1
    assert look_up(LISTED, sender=sender) == []


def test_of_a_list_that_goes_on_nothing_is_concluded() -> None:
    assert look_up(LISTED, more="/2010-04-01/Accounts/AC/Messages.json?Page=1") == []
    assert look_up(LISTED, status=500) == []
