"""Operators change credits only through the ledger."""

from decimal import Decimal
from uuid import uuid4

import pytest
from django.contrib.admin.models import LogEntry
from django.db.models import Model
from django.test import Client

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


def test_a_tenant_has_an_empty_wallet_at_once_in_its_currency(superuser: Client) -> None:
    form = {"name": "Acme", "slug": "acme", "currency": "CHF", "time_zone": "UTC"}
    json_fields = {"send_window": "null", "opt_out_words": "[]", "opt_in_words": "[]"}
    answer = superuser.post("/admin/tenants/tenant/add/", {**form, **json_fields})
    assert answer.status_code == 302
    wallet = Wallet.objects.get(tenant__slug="acme")
    assert (wallet.currency, wallet.balance) == ("CHF", Decimal(0))


@pytest.fixture
def adjust(rows: Rows) -> str:
    return f"/admin/wallet/wallet/{rows[Wallet].pk}/adjust/"


@pytest.fixture
def credit_line(rows: Rows) -> str:
    return f"/admin/wallet/wallet/{rows[Wallet].pk}/credit-line/"


def test_an_adjustment_is_an_entry_with_its_reason_and_who_made_it(
    superuser: Client, adjust: str
) -> None:
    form = {"amount": "-2.50", "reason": "Invoice 7 was paid twice", "reference": str(uuid4())}
    for _ in range(2):  # the form is sent twice
        assert superuser.post(adjust, form).status_code == 302
    entry = LedgerEntry.objects.get(kind="ADJUSTMENT")
    assert (entry.balance_delta, entry.reason) == (Decimal("-2.50"), "Invoice 7 was paid twice")
    assert entry.actor == superuser.session["_auth_user_id"]
    assert Wallet.objects.get().balance == Decimal("7.50")


@pytest.mark.parametrize(
    "form",
    [
        {"amount": "-10.01", "reason": "More than there is"},
        {"amount": "0", "reason": "Nothing"},
        {"amount": "1", "reason": " "},
        {"amount": "NaN", "reason": "No number"},
    ],
)
def test_an_adjustment_that_cannot_be_is_shown(
    superuser: Client, adjust: str, form: dict[str, str]
) -> None:
    assert superuser.post(adjust, {**form, "reference": str(uuid4())}).status_code == 200
    assert not LedgerEntry.objects.filter(kind="ADJUSTMENT").exists()
    assert Wallet.objects.get().balance == Decimal(10)


def test_a_credit_line_is_set_and_the_history_says_by_whom_and_why(
    superuser: Client, credit_line: str
) -> None:
    assert superuser.get(credit_line).status_code == 200
    form = {"amount": "50", "reason": "Contract of May"}
    assert superuser.post(credit_line, form).status_code == 302
    assert Wallet.objects.get().credit_line == Decimal(50)
    logged = LogEntry.objects.get()
    assert logged.change_message == "Credit line set to 50.000000: Contract of May"
    assert str(logged.user_id) == superuser.session["_auth_user_id"]


@pytest.mark.parametrize(
    "form",
    [
        {"amount": "4.99", "reason": "Less than is owed"},
        {"amount": "-1", "reason": "Below zero"},
        {"amount": "90", "reason": ""},
    ],
)
def test_a_credit_line_that_cannot_be_is_shown(
    superuser: Client, credit_line: str, adjust: str, form: dict[str, str]
) -> None:
    superuser.post(credit_line, {"amount": "5", "reason": "First"})
    everything = str(-Wallet.objects.get().available)
    owed = {"amount": everything, "reason": "Owed", "reference": str(uuid4())}
    assert superuser.post(adjust, owed).status_code == 302
    assert superuser.post(credit_line, form).status_code == 200
    wallet = Wallet.objects.get()
    assert (wallet.credit_line, wallet.available) == (Decimal(5), Decimal(0))


def test_staff_change_neither_balance_nor_credit_line(
    staff: Client, adjust: str, credit_line: str
) -> None:
    for page in (adjust, credit_line):
        form = {"amount": "5", "reason": "Mine", "reference": str(uuid4())}
        assert staff.post(page, form).status_code == 302
    wallet = Wallet.objects.get()
    assert (wallet.balance, wallet.credit_line) == (Decimal(10), Decimal(0))
