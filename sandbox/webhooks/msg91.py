"""The webhook calls of MSG91: delivery reports of several requests, as a form (version 2)."""

import json
import time
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlencode

from sandbox.books.witness import Record, Status

STATUSES: Final = {Status.DELIVERED: ("1", "DELIVERED"), Status.FAILED: ("2", "FAILED")}
INDIA: Final = 5.5 * 3600
"""Seconds ahead of UTC: reports hold the local time, without an offset."""


def reports(account: str, due: Sequence[tuple[Record, Status]], at: float) -> bytes:
    by_request: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for record, status in due:
        request_id, _, number = record.message_id.partition(":")
        code, words = STATUSES[status]
        by_request[request_id].append(
            {
                "date": time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(at + INDIA)),
                "number": number,
                "CRQID": record.our_id or "0",
                "status": code,
                "desc": words,
                "credit": "1",
                "failedReason": "" if status is Status.DELIVERED else "Absent subscriber",
            }
        )
    data = [
        {
            "senderId": account,
            "requestId": request_id,
            "report": report,
            "userId": "27",
            "campaignName": "API",
        }
        for request_id, report in by_request.items()
    ]
    return urlencode({"data": json.dumps(data)}).encode()
