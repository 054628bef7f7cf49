"""Reads MSG91's delivery reports, as a form (version 2) or as JSON (version 3).

A report names the request and the recipient's number; version 4 names neither and is not supported.
A report also carries our message id (CRQID), so it finds its message even if the request's answer
was lost. Its time has no time zone, so the time of receipt is used.

Source: msg91.com/help/how-can-i-get-the-delivery-reports-on-my-webhook-url.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import parse_qs

from channels.port.events import InboundEvent, NotUnderstood, Part, Receipt, ReceiptStatus
from channels.providers.echoed_id import our_id
from channels.providers.error_rules import receipt_of
from channels.providers.json_values import code_text_in
from channels.providers.msg91.errors import failed
from channels.providers.partly_read import all_or_partly_read, read_each
from channels.providers.url_token import UrlTokenWebhook

NOT_AS_DOCUMENTED = "Not a report as MSG91 documents it."

STATUSES = {
    # Submitted, pending: a proof of acceptance, also if the answer was lost.
    "0": ReceiptStatus.SENT,
    "5": ReceiptStatus.SENT,
    "6": ReceiptStatus.SENT,
    "8": ReceiptStatus.SENT,
    "1": ReceiptStatus.DELIVERED,
    "2": ReceiptStatus.FAILED,
    "9": ReceiptStatus.FAILED,
    "16": ReceiptStatus.FAILED,
    "17": ReceiptStatus.FAILED,
    "25": ReceiptStatus.FAILED,
}

OUR_ID = "CRQID"
"""MSG91's name for the caller's own id; "0" in a report if the request had none."""


def message_id(request_id: str, number: str) -> str:
    """Our id for one message: MSG91 gives an id to the request, but none to its recipients."""
    return f"{request_id}:{number.removeprefix('+')}"


class Msg91Webhook(UrlTokenWebhook):
    """Reads MSG91's delivery reports."""

    def parse(self, body: bytes, *, received_at: datetime) -> Sequence[InboundEvent]:
        """The receipts in a stored call.

        Raises ValueError if the call is malformed, and PartlyRead if a part of it is.
        """
        try:
            requests = _requests(body)
        except (TypeError, RecursionError) as error:
            raise ValueError(NOT_AS_DOCUMENTED) from error
        if not requests:
            raise ValueError("A call without a report.")
        return all_or_partly_read(
            read_each(partial(_reports, at=received_at), requests), message=NOT_AS_DOCUMENTED
        )


def _requests(body: bytes) -> list[dict[str, Any]]:
    """The reported requests: the JSON text in the form's `data`, or the JSON body."""
    form = parse_qs(body.decode(errors="replace"))
    parsed = json.loads(form["data"][0]) if "data" in form else json.loads(body)
    return parsed if isinstance(parsed, list) else [parsed]


def _reports(request: dict[str, Any], *, at: datetime) -> Iterator[InboundEvent | None]:
    read = partial(_report, request_id=str(request["requestId"]), at=at)
    reports = request.get("report") or request
    return read_each(read, reports if isinstance(reports, list) else [reports])


def _report(report: dict[str, Any], *, request_id: str, at: datetime) -> Iterator[InboundEvent]:
    word = code_text_in(report["status"])
    if word in STATUSES:
        yield _receipt(STATUSES[word], word, request_id, report, at)
    else:
        yield NotUnderstood(Part.STATUS, word, at)


def _receipt(
    status: ReceiptStatus, provider_code: str, request_id: str, report: dict[str, Any], at: datetime
) -> Receipt:
    msg91_id = message_id(request_id, str(report["number"]))
    ours = our_id(report.get(OUR_ID))
    if status is not ReceiptStatus.FAILED:
        return Receipt(status=status, at=at, provider_message_id=msg91_id, message_id=ours)
    reason = failed(provider_code)
    return receipt_of(reason, at=at, provider_message_id=msg91_id, message_id=ours)
