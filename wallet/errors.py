"""Refusals of the wallet."""

from decimal import Decimal

from api.errors import DomainError


class InsufficientCredit(DomainError):
    """The wallet cannot hold that much."""

    code = "insufficient_credit"
    status = 402

    def __init__(self, *, needed: Decimal, available: Decimal, currency: str) -> None:
        super().__init__(
            f"This needs {needed} {currency} of credit and {available} {currency} is available. "
            "Top up the wallet or choose fewer recipients.",
            data={"needed": str(needed), "available": str(available), "currency": currency},
        )


class WalletInactive(DomainError):
    code = "wallet_inactive"
    status = 409


class ReferenceReused(DomainError):
    """A movement's reference was used before for another movement."""

    code = "reference_reused"
    status = 409


class RepeatedAtOnce(DomainError):
    """The same movement was made at the same moment by somebody else; repeating finds it done."""

    code = "repeated_at_once"
    status = 409


class HoldExceeded(DomainError):
    """More would be captured or released than is held, or more refunded than was captured."""

    code = "hold_exceeded"
    status = 409


class HoldMissing(DomainError):
    code = "hold_missing"
    status = 409


class InvalidAmount(DomainError):
    code = "invalid_amount"
    status = 400


class CurrencyMismatch(DomainError):
    """Prices are in another currency than the wallet."""

    code = "currency_mismatch"
    status = 409
