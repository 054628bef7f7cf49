"""The port to payment providers: a page to pay on, and a signed word that it was paid."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID


class PaymentProviderFailed(Exception):
    """The provider could not be reached or refused; its words are the message."""


@dataclass(frozen=True, slots=True)
class CheckoutPage:
    """Where the customer pays, and the provider's id of it."""

    provider_id: str
    url: str


@dataclass(frozen=True, slots=True)
class PaymentEvent:
    """A verified call. `top_up_id` None: it says nothing of a payment of ours."""

    event_id: str
    kind: str
    top_up_id: UUID | None = None
    minor_units: int = 0
    currency: str = ""


class PaymentProvider(Protocol):
    """Moves no credits: wallet/payments/topping_up.py does, on what `read` has verified."""

    name: str

    def is_configured(self) -> bool: ...

    def open_page(
        self, *, top_up_id: UUID, minor_units: int, currency: str, return_url: str
    ) -> CheckoutPage:
        """One call; repeated with the same id it opens no second page to pay on.

        Raises PaymentProviderFailed.
        """

    def read(self, *, body: bytes, headers: Mapping[str, str]) -> PaymentEvent | None:
        """None unless the provider has signed it. Header names in lower case."""


def uuid_or_none(text: object) -> UUID | None:
    try:
        return UUID(str(text))
    except ValueError:
        return None
