"""The one module that moves credits.

Each movement locks (hold, then wallet), then in one statement updates both rows and appends its
entries, all in the caller's transaction. A movement is named by its reference: repeating it is
done already, the same reference with other amounts is an error. docs/money.md defines each sign.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction

from tenants import prepared
from tenants.models import Tenant
from wallet.amounts import ZERO, quantize
from wallet.errors import (
    HoldExceeded,
    HoldMissing,
    InsufficientCredit,
    InvalidAmount,
    ReferenceReused,
    RepeatedAtOnce,
    WalletInactive,
)
from wallet.models import EntryKind, Hold, LedgerEntry, Wallet


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
        _append(
            tenant_id=tenant.pk,
            lines=[line],
            revision=revision,
            subject=subject,
            actor=actor,
            now=now,
        )
    return new


def settle(
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
    lines = []
    if captured:
        lines.append(_Line(EntryKind.CAPTURE, -captured, -captured, f"{reference}:capture"))
    if released:
        lines.append(_Line(EntryKind.RELEASE, ZERO, -released, f"{reference}:release"))
    if refunded:
        lines.append(_Line(EntryKind.REFUND, refunded, ZERO, f"{reference}:refund"))
    # No lock first: the statement takes the hold's, then the wallet's, and where the same movement
    # runs twice at once the entries' unique reference stops the second.
    _append(
        tenant_id=tenant_id,
        lines=lines,
        revision=revision,
        captured=captured,
        released=released,
        refunded=refunded,
        movement_id=movement_id,
        subject=subject,
        actor=actor,
        now=now,
    )


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
        _append(
            tenant_id=tenant.pk,
            lines=[line],
            subject=subject,
            actor=actor,
            reason=reason,
            now=now,
        )
    return LedgerEntry.objects.get(wallet=wallet, reference=line.reference)


# A repeated reference appends nothing. Where the wallet's row was locked before, NOT EXISTS sees
# every earlier entry; else the entries' unique key does.
APPEND_SQL = """
WITH line AS (
    SELECT * FROM unnest(%(kinds)s::text[], %(balance_deltas)s::numeric[],
                         %(held_deltas)s::numeric[], %(references)s::text[])
        WITH ORDINALITY AS l(kind, balance_delta, held_delta, reference, n)
), total AS (
    SELECT sum(balance_delta) AS balance_delta, sum(held_delta) AS held_delta FROM line
), target AS (
    SELECT w.id FROM wallet_wallet w
    WHERE w.tenant_id = %(tenant_id)s
      AND NOT EXISTS (SELECT FROM wallet_ledgerentry e
                      WHERE e.wallet_id = w.id AND e.reference = ANY(%(references)s))
), held AS (
    UPDATE wallet_hold h
    SET captured = h.captured + %(captured)s, released = h.released + %(released)s,
        refunded = h.refunded + %(refunded)s
    FROM target
    WHERE h.wallet_id = target.id AND h.reference = %(subject)s AND h.revision = %(revision)s
      AND h.captured + h.released + %(captured)s + %(released)s <= h.amount
      AND h.refunded + %(refunded)s <= h.captured + %(captured)s
    RETURNING h.id
), w AS (
    UPDATE wallet_wallet w
    SET balance = w.balance + total.balance_delta, held = w.held + total.held_delta
    FROM total, target
    WHERE w.id = target.id AND (w.is_active OR NOT %(must_be_active)s)
      AND (%(revision)s::int IS NULL OR EXISTS (SELECT FROM held))
      AND (total.balance_delta - total.held_delta >= 0
           OR w.balance + total.balance_delta - w.held - total.held_delta >= -w.credit_line)
    RETURNING w.id, w.balance, w.held
)
INSERT INTO wallet_ledgerentry (id, wallet_id, kind, balance_delta, held_delta, balance_after,
    held_after, reference, subject, hold_id, movement_id, actor, reason, created_at)
SELECT uuidv7(), w.id, line.kind, line.balance_delta, line.held_delta,
       w.balance - total.balance_delta + sum(line.balance_delta) OVER (ORDER BY line.n),
       w.held - total.held_delta + sum(line.held_delta) OVER (ORDER BY line.n),
       line.reference, %(subject)s, (SELECT id FROM held), %(movement)s::uuid, %(actor)s,
       %(reason)s, %(now)s::timestamptz
FROM w, total, line ORDER BY line.n
"""

# New credit needs an open wallet; money that is owed moves on a closed one too.
NEEDS_OPEN_WALLET = frozenset({EntryKind.HOLD, EntryKind.TOP_UP})


def _append(
    *,
    tenant_id: UUID,
    lines: Sequence[_Line],
    subject: str,
    actor: str,
    now: datetime,
    revision: int | None = None,
    captured: Decimal = ZERO,
    released: Decimal = ZERO,
    refunded: Decimal = ZERO,
    movement_id: UUID | None = None,
    reason: str = "",
) -> None:
    appended = _execute(
        {
            "kinds": [line.kind.value for line in lines],
            "balance_deltas": [line.balance_delta for line in lines],
            "held_deltas": [line.held_delta for line in lines],
            "references": [line.reference for line in lines],
            "captured": captured,
            "released": released,
            "refunded": refunded,
            "movement": movement_id,
            "revision": revision,
            "tenant_id": tenant_id,
            "must_be_active": any(line.kind in NEEDS_OPEN_WALLET for line in lines),
            "subject": subject,
            "actor": actor,
            "reason": reason,
            "now": now,
        }
    )
    if appended:
        return
    wallet = Wallet.objects.get(tenant_id=tenant_id)
    _explain(
        wallet=wallet,
        lines=lines,
        subject=subject,
        revision=revision,
        spent=captured + released + refunded,
    )


def _execute(params: Mapping[str, Any]) -> int:
    try:
        with connection.cursor() as cursor:
            prepared.execute(cursor, APPEND_SQL, params)
            return int(cursor.rowcount)
    except IntegrityError as error:
        if "entry_reference_once" not in str(error):
            raise
        raise RepeatedAtOnce("This movement is being made by somebody else; try again.") from error


def _explain(
    *,
    wallet: Wallet,
    lines: Sequence[_Line],
    subject: str,
    revision: int | None,
    spent: Decimal,
) -> None:
    """Nothing was appended: done already, or why not."""
    done = {
        entry.reference: entry
        for entry in LedgerEntry.objects.filter(
            wallet=wallet, reference__in=[line.reference for line in lines]
        )
    }
    if done:
        if all(_same(done.get(line.reference), line, subject) for line in lines):
            return
        raise ReferenceReused(f"{lines[0].reference} was used for another movement.")
    if any(line.kind in NEEDS_OPEN_WALLET for line in lines) and not wallet.is_active:
        raise WalletInactive("This wallet is closed.")
    if spent:
        raise _overspent(wallet=wallet, subject=subject, revision=revision, spent=spent)
    needed = sum((line.held_delta - line.balance_delta for line in lines), ZERO)
    raise InsufficientCredit(needed=needed, available=wallet.available, currency=wallet.currency)


def _overspent(
    *, wallet: Wallet, subject: str, revision: int | None, spent: Decimal
) -> HoldMissing | HoldExceeded:
    held = Hold.objects.filter(wallet=wallet, reference=subject, revision=revision or 0).first()
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
