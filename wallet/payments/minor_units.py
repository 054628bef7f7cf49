"""Amounts in a currency's smallest unit, as payment providers take them."""

from decimal import Decimal

from wallet.errors import InvalidAmount

# Decimal places by ISO 4217: none, or three; all other currencies have two.
# fmt: off
NO_PLACES = frozenset({
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW",
    "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF",
})
THREE_PLACES = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})
# fmt: on
# Stripe takes these in hundredths, although ISO 4217 gives them no places:
# docs.stripe.com/currencies.
HUNDREDTHS_AT_STRIPE = frozenset({"ISK", "UGX"})


def places_of(currency: str) -> int:
    if currency in NO_PLACES - HUNDREDTHS_AT_STRIPE:
        return 0
    return 3 if currency in THREE_PLACES else 2


def to_minor(amount: Decimal, currency: str) -> int:
    """Converts 12.34 EUR to 1234. Raises InvalidAmount for 0 or parts of the smallest unit."""
    scaled = amount.scaleb(places_of(currency))
    if scaled != scaled.to_integral_value() or scaled <= 0:
        raise InvalidAmount(
            f"An amount of {currency} above zero, with at most {places_of(currency)} places.",
            attr="amount",
        )
    return int(scaled)
