"""Stripe Checkout: docs.stripe.com/api/checkout/sessions, docs.stripe.com/webhooks."""

import json
from collections.abc import Mapping
from uuid import UUID

import stripe
from django.conf import settings

from postgres.text import storable
from wallet.payments.port import CheckoutPage, PaymentEvent, PaymentProviderFailed, uuid_or_none

PAID_LATER = "checkout.session.async_payment_succeeded"
COMPLETED = "checkout.session.completed"

SIGNATURE_ERRORS = (
    stripe.SignatureVerificationError,
    AttributeError,
    KeyError,
    OverflowError,
    RecursionError,
    TypeError,
    ValueError,
)
"""Errors of a call that Stripe has not signed, or whose body Stripe would not send."""


class StripeCheckout:
    name = "stripe"

    def is_configured(self) -> bool:
        return bool(settings.STRIPE_SECRET_KEY and settings.STRIPE_WEBHOOK_SECRET)

    def open_page(
        self, *, top_up_id: UUID, minor_units: int, currency: str, return_url: str
    ) -> CheckoutPage:
        client = stripe.StripeClient(
            settings.STRIPE_SECRET_KEY,
            base_addresses={"api": settings.STRIPE_BASE_URL} if settings.STRIPE_BASE_URL else {},
            http_client=stripe.RequestsClient(timeout=settings.PAYMENT_TIMEOUT),
            max_network_retries=0,
        )
        try:
            session = client.v1.checkout.sessions.create(
                {
                    "mode": "payment",
                    "client_reference_id": str(top_up_id),
                    "success_url": return_url,
                    "cancel_url": return_url,
                    "line_items": [
                        {
                            "quantity": 1,
                            "price_data": {
                                "currency": currency.lower(),
                                "unit_amount": minor_units,
                                "product_data": {"name": "Messaging credits"},
                            },
                        }
                    ],
                },
                {"idempotency_key": str(top_up_id)},
            )
        except stripe.StripeError as error:
            raise PaymentProviderFailed(error.user_message or type(error).__name__) from error
        return CheckoutPage(provider_id=storable(session.id), url=storable(session.url or ""))

    def read(self, *, body: bytes, headers: Mapping[str, str]) -> PaymentEvent | None:
        if not self.is_configured():
            return None
        try:
            text = body.decode()
            stripe.WebhookSignature.verify_header(
                text,
                headers.get("stripe-signature", ""),
                settings.STRIPE_WEBHOOK_SECRET,
                stripe.Webhook.DEFAULT_TOLERANCE,
            )
            event = json.loads(text)
            kind, session = storable(str(event["type"])), event["data"]["object"]
            event_id = storable(str(event["id"]))
            is_paid = kind == PAID_LATER or (
                kind == COMPLETED and session.get("payment_status") == "paid"
            )
            if not is_paid:
                return PaymentEvent(event_id=event_id, kind=kind)
            return PaymentEvent(
                event_id=event_id,
                kind=kind,
                top_up_id=uuid_or_none(session.get("client_reference_id")),
                minor_units=int(session.get("amount_total") or 0),
                currency=str(session.get("currency") or "").upper(),
            )
        except SIGNATURE_ERRORS:
            return None
