"""Looks up a message whose answer was lost, in Twilio's list of the recipient's messages.

The list does not contain our ids, so a message is identified by recipient, sender, text and time of
creation. A template message is not looked up, because only Twilio knows its text.

Source: twilio.com/docs/messaging/api/message-resource, "read multiple Message resources".
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode

from channels.port.events import HandedOver, Receipt, ReceiptStatus
from channels.providers.error_rules import receipt_of
from channels.providers.twilio.errors import failed
from channels.providers.twilio.webhook import STATUSES

PAGE_SIZE = 100
"""Covers one recipient's messages of a day or two; a longer list proves nothing."""


def query(form: Mapping[str, str], *, since: datetime) -> str | None:
    """The list's filters for the message that this form sent; None if it has no text."""
    if not form.get("Body"):
        return None
    day = since.astimezone(UTC).strftime("%Y-%m-%dT00:00:00Z")
    filters = {"To": form["To"], "DateSent>": day, "PageSize": PAGE_SIZE}
    return urlencode(filters | ({"From": form["From"]} if "From" in form else {}))


def receipts(
    body: Mapping[str, Any], form: Mapping[str, str], asked: HandedOver
) -> Sequence[Receipt]:
    """A receipt for every listed message that can be the message that this form sent."""
    match body:
        case {"messages": list(messages), "next_page_uri": None}:
            return [_receipt(listed, asked) for listed in messages if _can_be(listed, form, asked)]
    return ()


def _can_be(listed: Any, form: Mapping[str, str], asked: HandedOver) -> bool:
    match listed:
        case {"sid": str(sid), "status": str(), "date_created": str(at)} if sid:
            created = _time(at)
            is_alike = all(listed.get(name) == value for name, value in _expected(form).items())
            return is_alike and created is not None and asked.since <= created <= asked.until
    return False


def _expected(form: Mapping[str, str]) -> dict[str, str]:
    """The fields that the listed message must have. A messaging service chooses its own number."""
    sender = {"from": form["From"]} if "From" in form else {}
    service = "MessagingServiceSid"
    return {
        "direction": "outbound-api",
        "to": form["To"],
        "body": form["Body"],
        "num_media": "1" if "MediaUrl" in form else "0",
        **(sender or {"messaging_service_sid": form[service]}),
    }


def _receipt(listed: Mapping[str, Any], asked: HandedOver) -> Receipt:
    """A message that Twilio lists but has not sent yet counts as SENT."""
    status = STATUSES.get(listed["status"], ReceiptStatus.SENT)
    when = "date_created" if status is ReceiptStatus.SENT else "date_updated"
    at = _time(listed.get(when)) or asked.until
    sid, message_id = listed["sid"], asked.message.id
    if status is not ReceiptStatus.FAILED:
        return Receipt(status=status, at=at, provider_message_id=sid, message_id=message_id)
    reason = failed(str(listed.get("error_code") or ""))
    return receipt_of(reason, at=at, provider_message_id=sid, message_id=message_id)


def _time(value: Any) -> datetime | None:
    """Reads RFC 2822, whole seconds in GMT; None for any other text."""
    try:
        time = parsedate_to_datetime(value)
    except (ValueError, TypeError):
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)
