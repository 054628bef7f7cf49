"""Webhook calls of Stripe and Razorpay about one payment, signed as the providers sign them."""

import hashlib
import hmac
import json
import time
from typing import Any

import stripe

STRIPE_SECRET = "whsec_a_made_up_secret"
RAZORPAY_SECRET = "a-made-up-webhook-secret"


def stripe_headers(raw: bytes, event_id: str) -> dict[str, str]:
    """Signs a body; Stripe names the event in the body."""
    at = int(time.time())
    signature = stripe.WebhookSignature._compute_signature(f"{at}.{raw.decode()}", STRIPE_SECRET)
    return {"Stripe-Signature": f"t={at},v1={signature}"}


def razorpay_headers(raw: bytes, event_id: str) -> dict[str, str]:
    # The library can only verify, so the test signs as Razorpay documents it.
    signature = hmac.new(RAZORPAY_SECRET.encode(), raw, hashlib.sha256).hexdigest()
    return {"X-Razorpay-Signature": signature, "X-Razorpay-Event-Id": event_id}


SIGNED_HEADERS = {"stripe": stripe_headers, "razorpay": razorpay_headers}


def stripe_call(top_up: str, *, event_id: str = "evt_1", **session: Any) -> dict[str, Any]:
    event = {
        "id": event_id,
        "type": "checkout.session.completed",
        "data": {
            "object": {
                "client_reference_id": top_up,
                "payment_status": "paid",
                "amount_total": 5000,
                "currency": "eur",
                **session,
            }
        },
    }
    text = json.dumps(event)
    headers = stripe_headers(text.encode(), event_id)
    return {"path": "/webhooks/stripe/", "data": text, "headers": headers}


def razorpay_call(top_up: str, *, event_id: str = "evt_1", **link: Any) -> dict[str, Any]:
    entity = {"id": "plink_1", "reference_id": top_up, "amount_paid": 5000, "currency": "EUR"}
    event = {
        "event": "payment_link.paid",
        "payload": {"payment_link": {"entity": {**entity, **link}}},
    }
    text = json.dumps(event)
    headers = razorpay_headers(text.encode(), event_id)
    return {"path": "/webhooks/razorpay", "data": text, "headers": headers}
