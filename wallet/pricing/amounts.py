"""Rounds money; the SQL that plans (broadcast/planning/eligibility.py) rounds by the same rule."""

from decimal import ROUND_HALF_UP, Decimal

ZERO = Decimal(0)
QUANTUM = Decimal("0.000001")


def quantize(amount: Decimal) -> Decimal:
    """Rounds to the ledger's six places, half up."""
    return amount.quantize(QUANTUM, rounding=ROUND_HALF_UP)
