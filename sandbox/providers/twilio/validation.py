"""Checks a message's form as Twilio does; gives the error code of the first problem."""

import json
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

MAX_BODY: Final = 1600
MAX_VALIDITY: Final = 36_000
"""Seconds."""
TO: Final = re.compile(
    r"(?:whatsapp:|rcs:)?\+[1-9][0-9]{6,14}|whatsapp:[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{1,128}"
)
FROM: Final = re.compile(r"(?:whatsapp:)?\+[1-9][0-9]{4,14}|rcs:[\w.+-]+|[A-Za-z0-9 ]{1,11}")
CONTENT: Final = re.compile(r"HX[0-9a-fA-F]{32}")
SERVICE: Final = re.compile(r"MG[0-9a-fA-F]{32}")
KNOWN: Final = frozenset(
    {"To", "From", "MessagingServiceSid", "Body", "MediaUrl", "ContentSid", "ContentVariables"}
    | {"StatusCallback", "ValidityPeriod"}
)
CODES: Final = {
    20001: "Unknown parameters",
    21211: "Invalid 'To' Phone Number",
    21212: "Invalid From Number (caller ID)",
    21603: "A 'From' phone number is required",
    21604: "A 'To' phone number is required",
    21609: "The 'StatusCallback' URL is not a valid URL",
    21617: "The concatenated message body exceeds the 1600 character limit",
    21619: "A text message body or media urls must be specified",
    21620: "Invalid media URL(s)",
    21624: "Invalid validity period value",
    21655: "The ContentSid is Invalid",
    21656: "The ContentVariables Parameter is invalid",
    21705: "The Messaging Service Sid is invalid",
    21910: "'To' and 'From' must be of the same channel",
}


def message_problem(form: Mapping[str, str]) -> int:
    """Twilio's code of the form's first problem; 0 if it has none."""
    if set(form) - KNOWN:
        return 20001
    return _to(form) or _from(form) or _content(form) or _validity(form) or _callback(form)


def _to(form: Mapping[str, str]) -> int:
    if not form.get("To"):
        return 21604
    return 0 if TO.fullmatch(form["To"]) else 21211


def _from(form: Mapping[str, str]) -> int:
    service, sender = form.get("MessagingServiceSid"), form.get("From")
    if service:
        return 0 if SERVICE.fullmatch(service) else 21705
    if not sender:
        return 21603
    if not FROM.fullmatch(sender):
        return 21212
    return 0 if _channel(sender) == _channel(form["To"]) else 21910


def _channel(address: str) -> str:
    return address.partition(":")[0] if ":" in address else ""


def _content(form: Mapping[str, str]) -> int:
    if "ContentSid" in form:
        return _template(form)
    if not form.get("Body") and not form.get("MediaUrl"):
        return 21619
    if len(form.get("Body", "")) > MAX_BODY:
        return 21617
    return 0 if _is_url(form.get("MediaUrl", "https://a.test")) else 21620


def _template(form: Mapping[str, str]) -> int:
    if not CONTENT.fullmatch(form["ContentSid"]):
        return 21655
    try:
        values = json.loads(form.get("ContentVariables", "{}"))
    except ValueError:
        return 21656
    return 0 if isinstance(values, dict) and all(map(_is_value, values.values())) else 21656


def _is_value(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _validity(form: Mapping[str, str]) -> int:
    seconds = form.get("ValidityPeriod", "1")
    return 0 if seconds.isdecimal() and 1 <= int(seconds[:9]) <= MAX_VALIDITY else 21624


def _callback(form: Mapping[str, str]) -> int:
    return 0 if _is_url(form.get("StatusCallback", "https://a.test")) else 21609


def _is_url(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in ("http", "https") and bool(parts.hostname)
