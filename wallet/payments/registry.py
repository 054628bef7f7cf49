"""The payment providers, and which of them are configured."""

from django.conf import settings

from api.errors import DomainError, InvalidInput
from wallet.payments.port import PaymentProvider
from wallet.payments.razorpay import RazorpayLinks
from wallet.payments.stripe import StripeCheckout

PROVIDERS: dict[str, PaymentProvider] = {
    provider.name: provider for provider in (StripeCheckout(), RazorpayLinks())
}


class PaymentsNotConfigured(DomainError):
    code = "payments_not_configured"
    status = 503


def provider_named(name: str) -> PaymentProvider:
    """Raises InvalidInput for an unknown name, PaymentsNotConfigured if its keys are not set."""
    provider = PROVIDERS.get(name)
    if provider is None:
        raise InvalidInput(
            "There is no such payment provider.", attr="provider", data={"choices": [*PROVIDERS]}
        )
    if not provider.is_configured():
        raise PaymentsNotConfigured(
            f"Payments through {name} are not set up on this installation; ask its operator.",
            attr="provider",
        )
    return provider


def return_url() -> str:
    return str(settings.PAYMENT_RETURN_URL or settings.PUBLIC_URL)
