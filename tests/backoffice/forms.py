"""Forms as the operators' pages post them."""

from typing import Any

from django.db.models import Model

from channels.models import Sender


def form_of(sender: Model, **fields: Any) -> dict[str, Any]:
    """The change form of a bot, with `fields` in place of its own."""
    assert isinstance(sender, Sender)
    return {
        "name": sender.name,
        "address": "@bot",
        "account_id": sender.account_id,
        "app": str(sender.app_id),
        "is_active": "on",
        "lanes": "1",
        "currency": "EUR",
        "marketing_price": "0.05",
        "utility_price": "0",
        "authentication_price": "0",
        **fields,
    }
