"""MSG91's delivery reports: by request and number, as a form (version 2) or as JSON (version 3).

Version 4 names neither and cannot be used. Each carries what the request gave as CRQID: our message
id, so that also a report of a request whose answer was lost finds its row. Reports carry a time
without its zone: what counts is when they come.

Source: msg91.com/help/how-can-i-get-the-delivery-reports-on-my-webhook-url.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import parse_qs

from channels.port.events import InboundEvent, Receipt, ReceiptStatus
from channels.providers.echoed_id import our_id
from channels.providers.msg91.errors import explain
from channels.providers.partly_read import read_each, whole
from channels.providers.url_token import UrlTokenWebhook

NOT_AS_DOCUMENTED = "Not a report as MSG91 documents it."

# Others (submitted, pending) say nothing that the accepted request has not said.
STATUSES = {
    "1": ReceiptStatus.DELIVERED,
    "2": ReceiptStatus.FAILED,
    "9": ReceiptStatus.FAILED,
    "16": ReceiptStatus.FAILED,
    "17": ReceiptStatus.FAILED,
    "25": ReceiptStatus.FAILED,
}

OUR_ID = "CRQID"
"""MSG91's name for an id of the caller's; "0" in a report where none was given."""


def message_id(request_id: str, number: str) -> str:
    """The id of one message of a request: a request has one, its recipients none."""
    return f"{request_id}:{number.removeprefix('+')}"


class Msg91Webhook(UrlTokenWebhook):
    """Reads MSG91's delivery reports."""

    def parse(self, body: bytes, *, received_at: datetime) -> Sequence[InboundEvent]:
        """The reports of a stored call.

        Raises ValueError for another shape; PartlyRead where a part of it has another shape.
        """
        try:
            told = _told(body)
        except (TypeError, RecursionError) as error:
            raise ValueError(NOT_AS_DOCUMENTED) from error
        if not told:
            raise ValueError("A call without a report.")
        return whole(read_each(partial(_reports, at=received_at), told), message=NOT_AS_DOCUMENTED)


def _told(body: bytes) -> list[dict[str, Any]]:
    """The form's `data` is a JSON text; without a form, the body is."""
    form = parse_qs(body.decode(errors="replace"))
    told = json.loads(form["data"][0]) if "data" in form else json.loads(body)
    return told if isinstance(told, list) else [told]


def _reports(request: dict[str, Any], *, at: datetime) -> Iterator[InboundEvent | None]:
    read = partial(_report, request_id=str(request["requestId"]), at=at)
    return read_each(read, request.get("report", [request]))


def _report(report: dict[str, Any], *, request_id: str, at: datetime) -> Iterator[Receipt]:
    status = STATUSES.get(str(report["status"]))
    if status is not None:
        yield _receipt(status, str(report["status"]), request_id, report, at)


def _receipt(
    status: ReceiptStatus, told: str, request_id: str, report: dict[str, Any], at: datetime
) -> Receipt:
    failed = status is ReceiptStatus.FAILED
    code, message = explain(told) if failed else ("", "")
    return Receipt(
        status=status,
        at=at,
        provider_message_id=message_id(request_id, str(report["number"])),
        message_id=our_id(report.get(OUR_ID)),
        code=code,
        provider_code=told if failed else "",
        message=message,
    )
