"""Credits are held, captured, released and refunded exactly, once each."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, InternalError, connection, transaction
from django.utils import timezone

from tenants.models import Tenant
from tests.factories import TenantFactory
from wallet.errors import HoldExceeded, InsufficientCredit, InvalidAmount, ReferenceReused
from wallet.ledger import ledger
from wallet.models import LedgerEntry, Wallet

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant() -> Tenant:
    tenant = TenantFactory.create()
    _top_up(tenant, "10")
    return tenant


def test_hold_settle_and_refund_are_exact(tenant: Tenant) -> None:
    _hold(tenant, "6")
    _settle(tenant, "2.5", "3.5")
    _settle(tenant, "0", "0", refunded="0.5", reference="r")
    assert _state(tenant) == (Decimal("8"), Decimal(0))


def test_a_hold_beyond_the_credit_is_refused(tenant: Tenant) -> None:
    with pytest.raises(InsufficientCredit), transaction.atomic():
        _hold(tenant, "10.000001")
    assert _state(tenant) == (Decimal(10), Decimal(0))


def test_the_same_reference_and_amount_is_done_already(tenant: Tenant) -> None:
    _top_up(tenant, "10")
    assert _state(tenant) == (Decimal(10), Decimal(0))


def test_the_same_reference_with_another_amount_is_refused(tenant: Tenant) -> None:
    with pytest.raises(ReferenceReused), transaction.atomic():
        _top_up(tenant, "11")
    assert _state(tenant) == (Decimal(10), Decimal(0))


def test_a_hold_is_never_exceeded(tenant: Tenant) -> None:
    _hold(tenant, "6")
    with pytest.raises(HoldExceeded), transaction.atomic():
        _settle(tenant, "4", "2.000001")
    assert _state(tenant) == (Decimal(10), Decimal(6))


def test_an_entry_cannot_be_changed_nor_deleted(tenant: Tenant) -> None:
    entries = LedgerEntry.objects.filter(wallet__tenant=tenant)
    with pytest.raises(InternalError), transaction.atomic():
        entries.update(reason="x")
    with pytest.raises(InternalError), transaction.atomic():
        entries._raw_delete(using="default")
    assert entries.get().reason == ""


def test_no_more_is_refunded_than_was_captured(tenant: Tenant) -> None:
    _hold(tenant, "6")
    _settle(tenant, "2", "0")
    _settle(tenant, "0", "0", refunded="1.5", reference="r1")
    with pytest.raises(HoldExceeded), transaction.atomic():
        _settle(tenant, "0", "0", refunded="0.500001", reference="r2")
    assert _state(tenant) == (Decimal("9.5"), Decimal(4))


def test_what_rounds_to_nothing_is_no_movement(tenant: Tenant) -> None:
    for amount in ("0.0000004", "0", "-1", "NaN", "Infinity"):
        with pytest.raises(InvalidAmount), transaction.atomic():
            _top_up(tenant, amount)
    assert LedgerEntry.objects.count() == 1


def test_the_same_reference_for_another_subject_is_refused(tenant: Tenant) -> None:
    _hold(tenant, "6")
    _hold(tenant, "2", subject="c")
    _settle(tenant, "1", "0")
    with pytest.raises(ReferenceReused), transaction.atomic():
        _settle(tenant, "1", "0", subject="c")


@pytest.mark.parametrize(
    "attack",
    [
        "DELETE FROM wallet_hold",
        "DELETE FROM wallet_wallet",
        "UPDATE wallet_ledgerentry SET balance_delta = 1000",
        "DELETE FROM wallet_ledgerentry",
        "UPDATE wallet_hold SET amount = amount + 1",
        "UPDATE wallet_hold SET captured = captured - 1",
        "UPDATE wallet_hold SET released = released - 1",
        "UPDATE wallet_hold SET captured = amount + 1",
        "UPDATE wallet_hold SET captured = 4, released = 3",
        "UPDATE wallet_hold SET refunded = captured + 1",
        "UPDATE wallet_wallet SET held = 10.000001",
        "UPDATE wallet_wallet SET held = -1",
        "UPDATE wallet_wallet SET balance = held - 0.000001",
        "UPDATE wallet_wallet SET credit_line = -1",
        *(
            f"TRUNCATE {table} CASCADE"
            for table in ("wallet_ledgerentry", "wallet_hold", "wallet_wallet")
        ),
    ],
)
def test_the_database_itself_refuses(tenant: Tenant, attack: str) -> None:
    _hold(tenant, "6")
    _settle(tenant, "2", "1")
    with pytest.raises((InternalError, IntegrityError)), transaction.atomic():
        _execute(attack)
    assert _state(tenant) == (Decimal(8), Decimal(3))
    assert LedgerEntry.objects.count() == 4


def _execute(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        # Test databases permit TRUNCATE; this transaction does not, as in production.
        cursor.execute("SET LOCAL wallet.may_truncate = ''")
        cursor.execute(sql)


def _top_up(tenant: Tenant, amount: str) -> None:
    ledger.top_up(
        tenant=tenant,
        amount=Decimal(amount),
        reference="top-up",
        actor="t",
        reason="",
        now=timezone.now(),
    )


def _hold(tenant: Tenant, amount: str, *, subject: str = "b") -> None:
    ledger.hold(
        tenant=tenant,
        amount=Decimal(amount),
        subject=subject,
        revision=1,
        actor="t",
        now=timezone.now(),
    )


def _settle(
    tenant: Tenant,
    captured: str,
    released: str,
    *,
    refunded: str = "0",
    reference: str = "s",
    subject: str = "b",
) -> None:
    ledger.move_hold(
        tenant_id=tenant.pk,
        subject=subject,
        revision=1,
        captured=Decimal(captured),
        released=Decimal(released),
        refunded=Decimal(refunded),
        reference=reference,
        actor="t",
        now=timezone.now(),
    )


def _state(tenant: Tenant) -> tuple[Decimal, Decimal]:
    wallet = Wallet.objects.get(tenant=tenant)
    return wallet.balance, wallet.held
