"""Reads the rates that apply to a sender at a time."""

from datetime import datetime

from django.db.models import Q

from channels.models import Sender
from wallet.models import Rate
from wallet.pricing.pricing import Tariff, tariff


def tariff_for(*, sender: Sender, category: str, at: datetime) -> Tariff:
    """The sender's tariff for `category`, from rates in the sender's currency. One query."""
    rates = Rate.objects.filter(
        Q(sender=None) | Q(sender=sender),
        Q(valid_to=None) | Q(valid_to__gt=at),
        Q(category="") | Q(category=category),
        platform=sender.platform,
        currency=sender.currency,
        valid_from__lte=at,
    )
    return tariff(
        rates,
        sender_id=sender.pk,
        platform=sender.platform,
        category=category,
        own_price=sender.price_for(category),
        at=at,
    )
