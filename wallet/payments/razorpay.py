"""Razorpay payment links: razorpay.com/docs/api/payments/payment-links, …/docs/webhooks."""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import razorpay
import requests
from django.conf import settings

from postgres.text import storable
from wallet.payments.port import CheckoutPage, PaymentEvent, PaymentProviderFailed, uuid_or_none

PAID = "payment_link.paid"
REFUSALS = (
    razorpay.errors.BadRequestError,
    razorpay.errors.GatewayError,
    razorpay.errors.ServerError,
    requests.RequestException,
    ValueError,
)

SIGNATURE_ERRORS = (
    razorpay.errors.SignatureVerificationError,
    AttributeError,
    KeyError,
    OverflowError,
    RecursionError,
    TypeError,
    ValueError,
)
"""Errors of a call that Razorpay has not signed, or whose body Razorpay would not send."""


class RazorpayLinks:
    name = "razorpay"

    def is_configured(self) -> bool:
        return bool(
            settings.RAZORPAY_KEY_ID
            and settings.RAZORPAY_KEY_SECRET
            and settings.RAZORPAY_WEBHOOK_SECRET
        )

    def open_page(
        self, *, top_up_id: UUID, minor_units: int, currency: str, return_url: str
    ) -> CheckoutPage:
        """Open a payment link. Razorpay refuses a second link with the same `reference_id`."""
        body = {
            "amount": minor_units,
            "currency": currency,
            "reference_id": str(top_up_id),
            "description": "Messaging credits",
            "accept_partial": False,
            "callback_url": return_url,
            "callback_method": "get",
        }
        try:
            link = _client().payment_link.create(body, timeout=settings.PAYMENT_TIMEOUT)
            return CheckoutPage(
                provider_id=storable(str(link["id"])), url=storable(str(link["short_url"]))
            )
        except REFUSALS as error:
            raise PaymentProviderFailed(_words(error)) from error
        except KeyError as error:
            raise PaymentProviderFailed("It answered without a link.") from error

    def read(self, *, body: bytes, headers: Mapping[str, str]) -> PaymentEvent | None:
        signature = headers.get("x-razorpay-signature", "")
        event_id = headers.get("x-razorpay-event-id", "")
        if not (self.is_configured() and signature.isascii() and event_id):
            return None
        try:
            text = body.decode()
            _client().utility.verify_webhook_signature(
                text, signature, settings.RAZORPAY_WEBHOOK_SECRET
            )
            event = json.loads(text)
            kind = storable(str(event["event"]))
            if kind != PAID:
                return PaymentEvent(event_id=event_id, kind=kind)
            link = event["payload"]["payment_link"]["entity"]
            return PaymentEvent(
                event_id=event_id,
                kind=kind,
                top_up_id=uuid_or_none(link.get("reference_id")),
                minor_units=int(link.get("amount_paid") or 0),
                currency=str(link.get("currency") or "").upper(),
            )
        except SIGNATURE_ERRORS:
            return None


def _client() -> Any:
    """A Razorpay client; `Any`, because the library has no types."""
    options = {"base_url": settings.RAZORPAY_BASE_URL} if settings.RAZORPAY_BASE_URL else {}
    return razorpay.Client(auth=(settings.RAZORPAY_KEY_ID, settings.RAZORPAY_KEY_SECRET), **options)


def _words(error: Exception) -> str:
    """Razorpay's own text; for a network failure only the exception's name."""
    is_from_razorpay = type(error).__module__.startswith("razorpay")
    return str(error)[:200] if is_from_razorpay else type(error).__name__
