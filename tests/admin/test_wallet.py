"""Credits are added through the ledger."""

from decimal import Decimal
from uuid import uuid4

import pytest
from django.db.models import Model
from django.test import Client

from tests.factories import TenantFactory
from wallet.models import LedgerEntry, Wallet

Rows = dict[type[Model], Model]


@pytest.fixture
def page(rows: Rows) -> str:
    return f"/admin/wallet/wallet/{rows[Wallet].pk}/top-up/"


def test_a_top_up_is_an_entry(superuser: Client, page: str, rows: Rows) -> None:
    form = {"amount": "25.50", "reason": "Invoice 7", "reference": str(uuid4())}
    assert superuser.post(page, form).status_code == 302
    entry = LedgerEntry.objects.get(reason="Invoice 7")
    assert (entry.kind, entry.balance_delta) == ("TOP_UP", Decimal("25.50"))
    assert Wallet.objects.get().balance == Decimal("35.50")


def test_a_top_up_sent_twice_counts_once(superuser: Client, page: str) -> None:
    form = {"amount": "5", "reason": "Once", "reference": str(uuid4())}
    superuser.post(page, form)
    superuser.post(page, form)
    assert Wallet.objects.get().balance == Decimal(15)


def test_a_refusal_of_the_ledger_is_shown(superuser: Client, page: str) -> None:
    form = {"amount": "-5", "reason": "No", "reference": str(uuid4())}
    answer = superuser.post(page, form)
    assert "The amount must be more than zero." in answer.text
    assert Wallet.objects.get().balance == Decimal(10)


def test_looking_at_the_form_adds_nothing(superuser: Client, page: str) -> None:
    assert superuser.get(page).status_code == 200
    assert Wallet.objects.get().balance == Decimal(10)


def test_staff_do_not_top_up(staff: Client, page: str) -> None:
    form = {"amount": "5", "reason": "Mine", "reference": str(uuid4())}
    assert staff.post(page, form).status_code == 302
    assert Wallet.objects.get().balance == Decimal(10)


def test_an_added_wallet_is_empty_and_in_the_tenants_currency(superuser: Client) -> None:
    tenant = TenantFactory.create(currency="CHF")
    answer = superuser.post("/admin/wallet/wallet/add/", {"tenant": tenant.pk, "balance": "9"})
    assert answer.status_code == 302
    wallet = Wallet.objects.get(tenant=tenant)
    assert (wallet.currency, wallet.balance) == ("CHF", Decimal(0))
