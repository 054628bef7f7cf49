"""How amounts are rounded: the one place where money is."""

from decimal import ROUND_HALF_UP, Decimal

ZERO = Decimal(0)
QUANTUM = Decimal("0.000001")


def quantize(amount: Decimal) -> Decimal:
    """An amount as the ledger keeps it: six places, half up."""
    return amount.quantize(QUANTUM, rounding=ROUND_HALF_UP)
