"""Amounts as payment providers count them: in a currency's smallest unit."""

from decimal import Decimal

from wallet.errors import InvalidAmount

# ISO 4217: units of which a currency has none, or three places; all others have two.
# fmt: off
NO_PLACES = frozenset({
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW",
    "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF",
})
THREE_PLACES = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})
# fmt: on
# docs.stripe.com/currencies: counted there in hundredths although they have none in ISO 4217.
HUNDREDTHS_AT_STRIPE = frozenset({"ISK", "UGX"})


def places_of(currency: str) -> int:
    if currency in NO_PLACES - HUNDREDTHS_AT_STRIPE:
        return 0
    return 3 if currency in THREE_PLACES else 2


def to_minor(amount: Decimal, currency: str) -> int:
    """12.34 EUR is 1234. Raises InvalidAmount for a fraction of the smallest unit."""
    scaled = amount.scaleb(places_of(currency))
    if scaled != scaled.to_integral_value() or scaled <= 0:
        raise InvalidAmount(
            f"An amount of {currency} above zero, with at most {places_of(currency)} places.",
            attr="amount",
        )
    return int(scaled)
