"""The one module that moves credits.

Each movement locks the hold, then the wallet; one statement updates both rows and appends the
entries, all in the caller's transaction. Movements are idempotent by reference: a repeated one
changes nothing, and the same reference with other amounts is an error. docs/money.md defines each
sign.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from django.db import IntegrityError, connection, transaction

from postgres import prepared
from tenants.models import Tenant
from wallet.errors import (
    HoldExceeded,
    HoldMissing,
    InsufficientCredit,
    InvalidAmount,
    ReferenceReused,
    RepeatedAtOnce,
    WalletInactive,
)
from wallet.ledger.ledger_sql import APPEND_SQL, SETTLE_SQL
from wallet.models import EntryKind, Hold, LedgerEntry, Wallet
from wallet.pricing.amounts import ZERO, quantize


def wallet_of(tenant: Tenant) -> Wallet:
    """The tenant's wallet, in the tenant's currency.

    A trigger opens it with the tenant; here it is opened only if a restore has skipped triggers.
    """
    wallet, _ = Wallet.objects.get_or_create(tenant=tenant, defaults={"currency": tenant.currency})
    return wallet


def top_up(
    *, tenant: Tenant, amount: Decimal, reference: str, actor: str, reason: str, now: datetime
) -> LedgerEntry:
    """Add credits. Raises InvalidAmount, ReferenceReused, WalletInactive."""
    line = _Line(EntryKind.TOP_UP, _positive(amount), ZERO, reference)
    return _move(tenant=tenant, line=line, subject="", actor=actor, reason=reason, now=now)


def adjust(
    *, tenant: Tenant, amount: Decimal, reference: str, actor: str, reason: str, now: datetime
) -> LedgerEntry:
    """Change the balance by a signed amount, with a reason.

    Raises InvalidAmount, InsufficientCredit, ReferenceReused.
    """
    amount = quantize(amount)
    if not reason or not amount:
        raise InvalidAmount("An adjustment needs an amount other than zero and a reason.")
    line = _Line(EntryKind.ADJUSTMENT, amount, ZERO, reference)
    return _move(tenant=tenant, line=line, subject="", actor=actor, reason=reason, now=now)


def set_credit_line(*, tenant: Tenant, amount: Decimal) -> Wallet:
    """Set how far balance minus held may fall below zero. Raises InvalidAmount."""
    with transaction.atomic():
        wallet = _locked_wallet(tenant)
        wallet.credit_line = quantize(amount)
        if wallet.credit_line < ZERO or wallet.available < ZERO:
            raise InvalidAmount("More than this is owed or held already.", attr="amount")
        wallet.save(update_fields=("credit_line",))
    return wallet


def hold(
    *, tenant: Tenant, amount: Decimal, subject: str, revision: int, actor: str, now: datetime
) -> Hold | None:
    """Set credits aside for `subject`; None if the amount rounds to zero.

    Raises InsufficientCredit (needed, available), ReferenceReused, WalletInactive.
    """
    if quantize(amount) == ZERO:
        return None
    amount = _positive(amount)
    with transaction.atomic():
        wallet = _locked_wallet(tenant)
        earlier = Hold.objects.filter(wallet=wallet, reference=subject, revision=revision).first()
        if earlier is not None:
            if earlier.amount != amount:
                raise ReferenceReused(f"{subject} r{revision} already holds {earlier.amount}.")
            return earlier
        new = Hold(wallet=wallet, reference=subject, revision=revision, amount=amount)
        new.save(force_insert=True)
        line = _Line(EntryKind.HOLD, ZERO, amount, f"{subject}:r{revision}:hold")
        _append(wallet=wallet, line=line, subject=subject, hold_id=new.pk, actor=actor, now=now)
    return new


def move_hold(
    *,
    tenant_id: UUID,
    subject: str,
    revision: int,
    captured: Decimal,
    released: Decimal,
    reference: str,
    actor: str,
    now: datetime,
    refunded: Decimal = ZERO,
    movement_id: UUID | None = None,
) -> None:
    """Capture, release and refund parts of a hold, in one statement for any number of messages.

    Captures and releases never exceed the hold, refunds never exceed the captures. `movement_id` is
    the caller's key to the messages behind these entries. Raises HoldMissing, HoldExceeded,
    InvalidAmount, ReferenceReused, RepeatedAtOnce.
    """
    captured, released, refunded = quantize(captured), quantize(released), quantize(refunded)
    if min(captured, released, refunded) < ZERO:
        raise InvalidAmount("Captures, releases and refunds are not negative.")
    if captured == released == refunded == ZERO:
        return
    # No lock before the statement: it locks the hold, then the wallet. If the same movement runs
    # twice at once, the unique reference of the entries stops the second.
    movement = HoldMovement(tenant_id, subject, revision, reference, movement_id, actor, now)
    amounts = {"captured": captured, "released": released, "refunded": refunded}
    appended = _execute(SETTLE_SQL, {**movement._asdict(), **amounts})
    check_appended(appended, movement, **amounts)


class HoldMovement(NamedTuple):
    """A movement of a hold without its amounts, for a statement that computes them.

    Such a statement contains `ledger_sql.hold_movement_sql`, takes these fields as parameters, and
    passes the number of appended entries to `check_appended`. `reference` must be new.
    """

    tenant_id: UUID
    subject: str
    revision: int
    reference: str
    movement: UUID | None
    actor: str
    now: datetime


def check_appended(
    appended: int,
    movement: HoldMovement,
    *,
    captured: Decimal,
    released: Decimal,
    refunded: Decimal,
) -> None:
    """Check that all entries of these amounts exist, from this movement or an earlier one.

    Raises HoldMissing, HoldExceeded, ReferenceReused.
    """
    lines = []
    if captured:
        name = f"{movement.reference}:capture"
        lines.append(_Line(EntryKind.CAPTURE, -captured, -captured, name))
    if released:
        name = f"{movement.reference}:release"
        lines.append(_Line(EntryKind.RELEASE, ZERO, -released, name))
    if refunded:
        lines.append(_Line(EntryKind.REFUND, refunded, ZERO, f"{movement.reference}:refund"))
    if appended == len(lines):
        return
    wallet = Wallet.objects.get(tenant_id=movement.tenant_id)
    if not _was_done(lines, wallet=wallet, subject=movement.subject):
        raise _overspent(movement, wallet=wallet, spent=captured + released + refunded)


@dataclass(frozen=True, slots=True)
class _Line:
    kind: EntryKind
    balance_delta: Decimal
    held_delta: Decimal
    reference: str


def _positive(amount: Decimal) -> Decimal:
    """The amount, rounded; an amount that rounds to zero is refused, too."""
    if not amount.is_finite() or quantize(amount) <= ZERO:
        raise InvalidAmount("The amount must be more than zero.", attr="amount")
    return quantize(amount)


def _locked_wallet(tenant: Tenant) -> Wallet:
    return Wallet.objects.select_for_update().get(pk=wallet_of(tenant).pk)


def _move(
    *, tenant: Tenant, line: _Line, subject: str, actor: str, reason: str, now: datetime
) -> LedgerEntry:
    with transaction.atomic():
        wallet = _locked_wallet(tenant)
        _append(wallet=wallet, line=line, subject=subject, actor=actor, reason=reason, now=now)
    return LedgerEntry.objects.get(wallet=wallet, reference=line.reference)


# New credit needs an open wallet; amounts already held or owed move on a closed one, too.
NEEDS_OPEN_WALLET = frozenset({EntryKind.HOLD, EntryKind.TOP_UP})


def _append(
    *,
    wallet: Wallet,
    line: _Line,
    subject: str,
    actor: str,
    now: datetime,
    hold_id: UUID | None = None,
    reason: str = "",
) -> None:
    """Append an entry to a wallet that the caller has locked."""
    appended = _execute(
        APPEND_SQL,
        {
            "wallet": wallet.pk,
            "kind": line.kind.value,
            "balance_delta": line.balance_delta,
            "held_delta": line.held_delta,
            "reference": line.reference,
            "must_be_active": line.kind in NEEDS_OPEN_WALLET,
            "subject": subject,
            "hold": hold_id,
            "actor": actor,
            "reason": reason,
            "now": now,
        },
    )
    if appended or _was_done([line], wallet=wallet, subject=subject):
        return
    if line.kind in NEEDS_OPEN_WALLET and not wallet.is_active:
        raise WalletInactive("This wallet is closed.")
    needed = line.held_delta - line.balance_delta
    raise InsufficientCredit(needed=needed, available=wallet.available, currency=wallet.currency)


def _execute(sql: str, params: Mapping[str, Any]) -> int:
    """Run an appending statement; returns how many entries it appended."""
    try:
        with connection.cursor() as cursor:
            prepared.execute(cursor, sql, params)
            return int(cursor.rowcount)
    except IntegrityError as error:
        if "entry_reference_once" not in str(error):
            raise
        raise RepeatedAtOnce("Another request is making this movement now; try again.") from error


def _was_done(lines: Sequence[_Line], *, wallet: Wallet, subject: str) -> bool:
    """True if this movement was made before. Raises ReferenceReused if a different one was."""
    entries = {
        entry.reference: entry
        for entry in LedgerEntry.objects.filter(
            wallet=wallet, reference__in=[line.reference for line in lines]
        )
    }
    if entries and not all(_same(entries.get(line.reference), line, subject) for line in lines):
        raise ReferenceReused(f"{lines[0].reference} was used for another movement.")
    return bool(entries)


def _overspent(
    movement: HoldMovement, *, wallet: Wallet, spent: Decimal
) -> HoldMissing | HoldExceeded:
    subject, revision = movement.subject, movement.revision
    hold_row = Hold.objects.filter(wallet=wallet, reference=subject, revision=revision).first()
    if hold_row is None:
        return HoldMissing(f"Nothing is held for {subject} r{revision}.")
    return HoldExceeded(
        f"{spent} is more than the {hold_row.open_amount} still held, or than the "
        f"{hold_row.refundable} captured and not refunded."
    )


def _same(entry: LedgerEntry | None, line: _Line, subject: str) -> bool:
    return (
        entry is not None
        and entry.kind == line.kind
        and entry.subject == subject
        and entry.balance_delta == line.balance_delta
        and entry.held_delta == line.held_delta
    )
