"""What an operator posts in a sender's admin form."""

from typing import Any

from django.db.models import Model

from channels.models import Sender


def form_of(sender: Model, **fields: Any) -> dict[str, Any]:
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
