"""The one module that moves credits.

Each movement locks (hold, then wallet), then in one statement updates both rows and appends its
entries, all in the caller's transaction. A movement is named by its reference: repeating it is
done already, the same reference with other amounts is an error. docs/money.md defines each sign.
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
    """The tenant's wallet, opened empty in the tenant's currency at first sight."""
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
    """Correct the balance by a signed amount, for a written reason. Raises InsufficientCredit."""
    amount = quantize(amount)
    if not reason or not amount:
        raise InvalidAmount("An adjustment needs an amount other than zero and a reason.")
    line = _Line(EntryKind.ADJUSTMENT, amount, ZERO, reference)
    return _move(tenant=tenant, line=line, subject="", actor=actor, reason=reason, now=now)


def set_credit_line(*, tenant: Tenant, amount: Decimal) -> Wallet:
    """How far a balance, less what is held, may fall below zero. Raises InvalidAmount."""
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
    """Set credits aside for `subject`; None where there is nothing to hold.

    Raises InsufficientCredit (needed, available), ReferenceReused, WalletInactive.
    """
    if quantize(amount) == ZERO:
        return None
    amount = _positive(amount)
    with transaction.atomic():
        wallet = _locked_wallet(tenant)
        done = Hold.objects.filter(wallet=wallet, reference=subject, revision=revision).first()
        if done is not None:
            if done.amount != amount:
                raise ReferenceReused(f"{subject} r{revision} already holds {done.amount}.")
            return done
        new = Hold(wallet=wallet, reference=subject, revision=revision, amount=amount)
        new.save(force_insert=True)
        line = _Line(EntryKind.HOLD, ZERO, amount, f"{subject}:r{revision}:hold")
        _append(wallet=wallet, line=line, subject=subject, hold_id=new.pk, actor=actor, now=now)
    return new


def capture_or_release(
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
    """Capture, release and refund parts of a hold; one statement, whatever the number of messages.

    Never more captured and released than was held, nor more refunded than captured. `movement_id`:
    the caller's own key to what makes up these lines. Raises HoldMissing, HoldExceeded,
    ReferenceReused, RepeatedAtOnce.
    """
    captured, released, refunded = quantize(captured), quantize(released), quantize(refunded)
    if min(captured, released, refunded) < ZERO:
        raise InvalidAmount("Captures, releases and refunds are not negative.")
    if captured == released == refunded == ZERO:
        return
    # No lock first: the statement takes the hold's, then the wallet's, and where the same movement
    # runs twice at once the entries' unique reference stops the second.
    movement = HoldMovement(tenant_id, subject, revision, reference, movement_id, actor, now)
    amounts = {"captured": captured, "released": released, "refunded": refunded}
    appended = _execute(SETTLE_SQL, {**movement._asdict(), **amounts})
    check_settled(appended, movement, **amounts)


class HoldMovement(NamedTuple):
    """A settlement but for its amounts, for a statement that works these out itself.

    Such a statement holds `ledger_sql.settling`, takes this as parameters, and tells
    `check_settled` how many entries it appended. `reference` must be one that was never used.
    """

    tenant_id: UUID
    subject: str
    revision: int
    reference: str
    movement: UUID | None
    actor: str
    now: datetime


def check_settled(
    appended: int,
    movement: HoldMovement,
    *,
    captured: Decimal,
    released: Decimal,
    refunded: Decimal,
) -> None:
    """Whether all entries of these amounts were appended, now or before.

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
    """Rounded first: what rounds to nothing is no movement."""
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


# New credit needs an open wallet; money that is owed moves on a closed one too.
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
    """Of a wallet that is locked."""
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
    """The number of entries that were appended."""
    try:
        with connection.cursor() as cursor:
            prepared.execute(cursor, sql, params)
            return int(cursor.rowcount)
    except IntegrityError as error:
        if "entry_reference_once" not in str(error):
            raise
        raise RepeatedAtOnce("This movement is being made by somebody else; try again.") from error


def _was_done(lines: Sequence[_Line], *, wallet: Wallet, subject: str) -> bool:
    """Whether the same movement was made before. Raises ReferenceReused where another one was."""
    done = {
        entry.reference: entry
        for entry in LedgerEntry.objects.filter(
            wallet=wallet, reference__in=[line.reference for line in lines]
        )
    }
    if done and not all(_same(done.get(line.reference), line, subject) for line in lines):
        raise ReferenceReused(f"{lines[0].reference} was used for another movement.")
    return bool(done)


def _overspent(
    movement: HoldMovement, *, wallet: Wallet, spent: Decimal
) -> HoldMissing | HoldExceeded:
    subject, revision = movement.subject, movement.revision
    held = Hold.objects.filter(wallet=wallet, reference=subject, revision=revision).first()
    if held is None:
        return HoldMissing(f"Nothing is held for {subject} r{revision}.")
    return HoldExceeded(
        f"{spent} is more than the {held.open_amount} still held, or than the "
        f"{held.refundable} captured and not refunded."
    )


def _same(entry: LedgerEntry | None, line: _Line, subject: str) -> bool:
    return (
        entry is not None
        and entry.kind == line.kind
        and entry.subject == subject
        and entry.balance_delta == line.balance_delta
        and entry.held_delta == line.held_delta
    )
