"""The bytes of a webhook call, and the headers that prove its sender."""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sandbox.books.witness import Provider, Record, Status
from sandbox.webhooks import gupshup, msg91, rbm, twilio, vonage

FORM: Final = "application/x-www-form-urlencoded; charset=utf-8"
BUSINESS_ACCOUNT: Final = "100000000000001"
DISPLAY_NUMBER: Final = "15550009999"
UNDELIVERABLE: Final = {
    "code": 131026,
    "title": "Message undeliverable",
    "message": "Message undeliverable",
    "error_data": {"details": "Message Undeliverable."},
    "href": "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/",
}
ONE_A_CALL: Final = frozenset({Provider.TWILIO, Provider.RBM, Provider.VONAGE, Provider.GUPSHUP})
"""Providers that report one status per call."""


def statuses(
    account: tuple[Provider, str], reports: Sequence[tuple[Record, Status]], at: float
) -> bytes:
    """The body that reports these statuses, as the account's provider writes it."""
    provider, name = account
    match provider:
        case Provider.TWILIO:
            return twilio.status(name, *reports[0])
        case Provider.RBM:
            return rbm.status(name, *reports[0], at)
        case Provider.VONAGE:
            return vonage.status(name, *reports[0], at)
        case Provider.GUPSHUP:
            return gupshup.status(*reports[0], at)
        case Provider.MSG91:
            return msg91.reports(name, reports, at)
    return meta_statuses(name, reports, int(at))


FORMS: Final = frozenset({Provider.TWILIO, Provider.VONAGE, Provider.MSG91})
"""Providers that post forms; the others post JSON."""


def signed_body(provider: Provider, secret: str, body: bytes) -> bytes:
    """The body, signed if the provider puts the signature into the body (Vonage)."""
    return vonage.signed(secret, body) if provider is Provider.VONAGE and secret else body


def headers_for(provider: Provider, secret: str, url: str, body: bytes) -> dict[str, str]:
    kind = FORM if provider in FORMS else "application/json"
    headers = {"Content-Type": kind}
    if not secret:
        return headers
    match provider:
        case Provider.META:
            headers["X-Hub-Signature-256"] = f"sha256={signature(secret, body)}"
        case Provider.TELEGRAM:
            headers["X-Telegram-Bot-Api-Secret-Token"] = secret
        case Provider.TWILIO:
            headers["X-Twilio-Signature"] = twilio.signature(secret, url, body)
        case Provider.RBM:
            headers["X-Goog-Signature"] = rbm.signature(secret, body)
    return headers


def signature(secret: str, body: bytes) -> str:
    """Hex HMAC-SHA256 over the exact bytes that are sent."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def encoded(payload: Mapping[str, Any]) -> bytes:
    return json.dumps(payload, separators=(",", ":"), ensure_ascii=False).encode()


def meta_statuses(account: str, reports: Sequence[tuple[Record, Status]], at: int) -> bytes:
    recipients = dict.fromkeys(record.to for record, _ in reports)
    contacts = [contact(to) for to in recipients]
    statuses = [_status(record, status, at) for record, status in reports]
    return meta_change(account, "messages", {"contacts": contacts, "statuses": statuses})


def contact(to: str) -> dict[str, Any]:
    """A contact with `user_id`, by which Meta identifies a user independently of the number."""
    profile = {"name": "Sandbox"}
    if not to.isdecimal():
        return {"profile": profile | {"username": "sandbox"}, "user_id": to}
    return {"profile": profile, "wa_id": to, "user_id": f"US.{to}"}


def meta_change(account: str, field: str, value: Mapping[str, Any]) -> bytes:
    metadata = {"display_phone_number": DISPLAY_NUMBER, "phone_number_id": account}
    whole = {"messaging_product": "whatsapp", "metadata": metadata, **value}
    change = {"value": whole, "field": field}
    entry = {"id": BUSINESS_ACCOUNT, "changes": [change]}
    return encoded({"object": "whatsapp_business_account", "entry": [entry]})


def _status(record: Record, status: Status, at: int) -> dict[str, Any]:
    item: dict[str, Any] = {
        "id": record.message_id,
        "status": status,
        "timestamp": str(at),
    }
    if record.to.isdecimal():
        item |= {"recipient_id": record.to, "recipient_user_id": f"US.{record.to}"}
    else:
        item |= {"recipient_user_id": record.to}
    if record.our_id:
        item["biz_opaque_callback_data"] = record.our_id
    if status is Status.FAILED:
        return item | {"errors": [UNDELIVERABLE]}
    conversation = {"id": record.message_id[-32:], "origin": {"type": "marketing"}}
    pricing = {"billable": True, "pricing_model": "PMP", "category": "marketing"}
    return item | {"conversation": conversation, "pricing": pricing}
