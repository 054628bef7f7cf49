"""Refusals of the wallet."""

from decimal import Decimal

from api.errors import DomainError


class InsufficientCredit(DomainError):
    """The wallet has less available credit than the movement needs."""

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
    """An earlier movement has the same reference but other amounts, kind or subject."""

    code = "reference_reused"
    status = 409


class RepeatedAtOnce(DomainError):
    """Another transaction is making the same movement now; a retry finds it done."""

    code = "repeated_at_once"
    status = 409


class HoldExceeded(DomainError):
    """The movement would capture or release more than is held, or refund more than was captured."""

    code = "hold_exceeded"
    status = 409


class HoldMissing(DomainError):
    code = "hold_missing"
    status = 409


class InvalidAmount(DomainError):
    code = "invalid_amount"
    status = 400


class CurrencyMismatch(DomainError):
    """The sender's prices and the wallet are in different currencies."""

    code = "currency_mismatch"
    status = 409
