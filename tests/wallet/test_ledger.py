"""Credits are held, captured, released and refunded to the last place, once each."""

from decimal import Decimal

import pytest
from django.db import InternalError, transaction
from django.utils import timezone

from tenants.models import Tenant
from tests.factories import TenantFactory
from wallet import ledger
from wallet.errors import HoldExceeded, InsufficientCredit, ReferenceReused
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
    ledger.refund(
        tenant=tenant,
        amount=Decimal("0.5"),
        subject="b",
        reference="r",
        actor="t",
        now=timezone.now(),
    )
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


def _top_up(tenant: Tenant, amount: str) -> None:
    ledger.top_up(
        tenant=tenant,
        amount=Decimal(amount),
        reference="top-up",
        actor="t",
        reason="",
        now=timezone.now(),
    )


def _hold(tenant: Tenant, amount: str) -> None:
    ledger.hold(
        tenant=tenant,
        amount=Decimal(amount),
        subject="b",
        revision=1,
        actor="t",
        now=timezone.now(),
    )


def _settle(tenant: Tenant, captured: str, released: str) -> None:
    ledger.settle(
        tenant_id=tenant.pk,
        subject="b",
        revision=1,
        captured=Decimal(captured),
        released=Decimal(released),
        reference="s",
        actor="t",
        now=timezone.now(),
    )


def _state(tenant: Tenant) -> tuple[Decimal, Decimal]:
    wallet = Wallet.objects.get(tenant=tenant)
    return wallet.balance, wallet.held
