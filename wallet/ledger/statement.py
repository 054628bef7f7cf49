"""A wallet's statement: opening balance, every line, closing balance, and what each subject cost.

A line belongs to the time at which it was booked, which its id holds (UUIDv7, made under the
wallet's lock): the order in which balances follow each other. `created_at` is the clock of whoever
moved it, earlier by the length of a transaction.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from django.db.models import Q, QuerySet, Sum

from api.errors import InvalidInput
from postgres.ids import id_at
from wallet.models import EntryKind, LedgerEntry, Wallet
from wallet.pricing.amounts import ZERO

MAX_LINES = 10_000
"""In one JSON answer, 4 MB; the CSV is streamed and has no limit."""
CHUNK = 2_000


@dataclass(frozen=True, slots=True)
class Balances:
    balance: Decimal
    held: Decimal


@dataclass(frozen=True, slots=True)
class SubjectTotals:
    """What one subject (a broadcast) came to in the period; `net` is captured less refunded."""

    subject: str
    held: Decimal
    captured: Decimal
    released: Decimal
    refunded: Decimal

    @property
    def net(self) -> Decimal:
        return self.captured - self.refunded


@dataclass(frozen=True, slots=True)
class Statement:
    """From `start` to before `end`."""

    wallet: Wallet
    start: datetime
    end: datetime

    def opening(self) -> Balances:
        return _after(self._all().filter(id__lt=id_at(self.start)).order_by("id").last())

    def closing(self) -> Balances:
        return _after(self._all().filter(id__lt=id_at(self.end)).order_by("id").last())

    def lines(self) -> QuerySet[LedgerEntry]:
        """Oldest first."""
        return self._all().filter(id__gte=id_at(self.start), id__lt=id_at(self.end)).order_by("id")

    def few_lines(self) -> list[LedgerEntry]:
        """All of them. Raises InvalidInput for more than MAX_LINES."""
        found = list(self.lines()[: MAX_LINES + 1])
        if len(found) > MAX_LINES:
            raise InvalidInput(
                f"More than {MAX_LINES} lines: give a shorter period, or ask for CSV.", attr="from"
            )
        return found

    def stream(self) -> Iterator[LedgerEntry]:
        return self.lines().iterator(chunk_size=CHUNK)

    def subjects(self) -> list[SubjectTotals]:
        def total(kind: EntryKind, field: str) -> Sum:
            return Sum(field, filter=Q(kind=kind), default=ZERO)

        rows = (
            self.lines()
            .exclude(subject="")
            .order_by("subject")
            .values("subject")
            .annotate(
                total_held=total(EntryKind.HOLD, "held_delta"),
                total_captured=total(EntryKind.CAPTURE, "balance_delta"),
                total_released=total(EntryKind.RELEASE, "held_delta"),
                total_refunded=total(EntryKind.REFUND, "balance_delta"),
            )
        )
        return [
            SubjectTotals(
                subject=row["subject"],
                held=row["total_held"],
                captured=-row["total_captured"],
                released=-row["total_released"],
                refunded=row["total_refunded"],
            )
            for row in rows[:MAX_LINES]
        ]

    def _all(self) -> QuerySet[LedgerEntry]:
        return LedgerEntry.objects.filter(wallet=self.wallet)


def booked_at(entry: LedgerEntry) -> datetime:
    """The milliseconds in its id."""
    return datetime.fromtimestamp((entry.pk.int >> 80) / 1000, tz=UTC)


def _after(entry: LedgerEntry | None) -> Balances:
    return Balances(entry.balance_after, entry.held_after) if entry else Balances(ZERO, ZERO)
