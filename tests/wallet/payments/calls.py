"""Webhook calls of Stripe and Razorpay about one payment, signed as the providers sign them."""

import hashlib
import hmac
import json
import time
from typing import Any

import stripe

STRIPE_SECRET = "whsec_a_made_up_secret"


RAZORPAY_SECRET = "a-made-up-webhook-secret"


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
    at = int(time.time())
    signature = stripe.WebhookSignature._compute_signature(f"{at}.{text}", STRIPE_SECRET)
    return {
        "path": "/webhooks/stripe/",
        "data": text,
        "headers": {"Stripe-Signature": f"t={at},v1={signature}"},
    }


def razorpay_call(top_up: str, *, event_id: str = "evt_1", **link: Any) -> dict[str, Any]:
    entity = {"id": "plink_1", "reference_id": top_up, "amount_paid": 5000, "currency": "EUR"}
    event = {
        "event": "payment_link.paid",
        "payload": {"payment_link": {"entity": {**entity, **link}}},
    }
    text = json.dumps(event)
    # The library can only verify, so the test signs as Razorpay documents it.
    signature = hmac.new(RAZORPAY_SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()
    return {
        "path": "/webhooks/razorpay",
        "data": text,
        "headers": {"X-Razorpay-Signature": signature, "X-Razorpay-Event-Id": event_id},
    }
