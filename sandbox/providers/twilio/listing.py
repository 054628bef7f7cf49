"""Twilio's list of an account's messages: its filters, and how it shows a message."""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Final

from sandbox.books.times import iso
from sandbox.books.witness import Record, Status
from sandbox.webhooks.twilio import STATUSES, UNDELIVERABLE

SHOWN: Final = ("To", "From", "MessagingServiceSid", "Body", "MediaUrl")
"""The fields of a message's form that the list repeats."""
KNOWN: Final = frozenset({"To", "From", "DateSent", "DateSent<", "DateSent>", "PageSize", "Page"})
MOST: Final = 1000
NUMBER: Final = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Filters:
    """`after` and `before` are days in GMT, both included; ISO 8601 texts sort like dates."""

    to: str
    sender: str
    after: str
    before: str
    page_size: int

    def matches(self, record: Record, shown: Mapping[str, str]) -> bool:
        day = iso(record.accepted_at)[:10]
        return (
            self.to in ("", shown["To"])
            and self.sender in ("", shown.get("From", ""))
            and self.after <= day
            and (not self.before or day <= self.before)
        )


def filters_of(query: Mapping[str, str]) -> Filters | None:
    """The filters of a query; None if one is unknown or cannot be parsed."""
    if set(query) - KNOWN:
        return None
    size = query.get("PageSize", "50")
    days = {name: day_of(query[name]) for name in query if name.startswith("DateSent")}
    if not NUMBER.fullmatch(size) or not 1 <= int(size) <= MOST or None in days.values():
        return None
    exact = days.get("DateSent") or ""
    return Filters(
        to=query.get("To", ""),
        sender=query.get("From", ""),
        after=days.get("DateSent>") or exact,
        before=days.get("DateSent<") or exact,
        page_size=int(size),
    )


def day_of(value: str) -> str | None:
    with suppress(ValueError):
        return datetime.fromisoformat(value).date().isoformat()
    return None


def message(account: str, record: Record, shown: Mapping[str, str]) -> dict[str, Any]:
    """A message as Twilio shows it when it is created and in the list."""
    status = STATUSES[record.reported[-1]] if record.reported else "queued"
    failed = Status.FAILED in record.reported
    at = format_datetime(datetime.fromtimestamp(int(record.accepted_at), UTC))
    return {
        "sid": record.message_id,
        "account_sid": account,
        "api_version": "2010-04-01",
        "status": status,
        "to": shown["To"],
        "from": shown.get("From"),
        "messaging_service_sid": shown.get("MessagingServiceSid"),
        "body": shown.get("Body", ""),
        "direction": "outbound-api",
        "num_segments": str(record.segments),
        "num_media": "1" if "MediaUrl" in shown else "0",
        "price": None,
        "price_unit": None,
        "error_code": int(UNDELIVERABLE) if failed else None,
        "error_message": None,
        "date_created": at,
        "date_updated": at,
        "date_sent": at if record.reported else None,
        "uri": f"/2010-04-01/Accounts/{account}/Messages/{record.message_id}.json",
    }
