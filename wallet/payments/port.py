"""The port to payment providers: payment pages, and signed events that report payments."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID


class PaymentProviderFailed(Exception):
    """The provider refused or could not be reached; the message is the provider's text."""


@dataclass(frozen=True, slots=True)
class CheckoutPage:
    """The payment page's address, and the provider's id of it."""

    provider_id: str
    url: str


@dataclass(frozen=True, slots=True)
class PaymentEvent:
    """A verified webhook call. If `top_up_id` is None, it reports no payment of a top-up."""

    event_id: str
    kind: str
    top_up_id: UUID | None = None
    minor_units: int = 0
    currency: str = ""


class PaymentProvider(Protocol):
    """A payment provider. wallet/payments/topping_up.py moves the credits, not the provider."""

    name: str

    def is_configured(self) -> bool: ...

    def open_page(
        self, *, top_up_id: UUID, minor_units: int, currency: str, return_url: str
    ) -> CheckoutPage:
        """Open a payment page with one request; a repeated `top_up_id` opens no second page.

        Raises PaymentProviderFailed.
        """

    def read(self, *, body: bytes, headers: Mapping[str, str]) -> PaymentEvent | None:
        """The event of a signed webhook call, else None. Header names are in lower case."""


def uuid_or_none(text: object) -> UUID | None:
    try:
        return UUID(str(text))
    except ValueError:
        return None
