"""A statement's lines add up from its opening to its closing balance."""

import csv
import io
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core import mail
from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from rest_framework.test import APIClient

from tenants.models import Role, Tenant
from tests.fixtures.api import MakeClient
from wallet.ledger import ledger
from wallet.ledger.low_balance import notify_low_balances
from wallet.models import Wallet

pytestmark = pytest.mark.django_db


@pytest.fixture
def moved(tenant: Tenant) -> None:
    now = timezone.now()
    ledger.top_up(
        tenant=tenant, amount=Decimal(10), reference="t", actor="t", reason="=1+1", now=now
    )
    ledger.hold(
        tenant=tenant, amount=Decimal(6), subject="broadcast:1", revision=1, actor="t", now=now
    )
    for reference, captured, released, refunded in (("a", 3, 1, 0), ("b", 0, 0, 2)):
        ledger.move_hold(
            tenant_id=tenant.pk,
            subject="broadcast:1",
            revision=1,
            captured=Decimal(captured),
            released=Decimal(released),
            refunded=Decimal(refunded),
            reference=reference,
            actor="t",
            now=now,
        )


def test_lines_lead_from_opening_to_closing(viewer: APIClient, moved: None) -> None:
    shown = viewer.get("/wallet/statement/").data
    assert shown["opening"] == {"balance": "0.000000", "held": "0.000000"}
    assert [line["kind"] for line in shown["lines"]] == [
        "TOP_UP",
        "HOLD",
        "CAPTURE",
        "RELEASE",
        "REFUND",
    ]
    assert sum(Decimal(line["balance_delta"]) for line in shown["lines"]) == 9
    assert shown["closing"] == {"balance": "9.000000", "held": "2.000000"}
    assert shown["subjects"] == [
        {
            "subject": "broadcast:1",
            "held": "6.000000",
            "captured": "3.000000",
            "released": "1.000000",
            "refunded": "2.000000",
            "net": "1.000000",
        }
    ]


def test_the_next_period_opens_where_this_one_closes(viewer: APIClient, moved: None) -> None:
    tomorrow = (timezone.now() + timedelta(days=1)).date().isoformat()
    shown = viewer.get(f"/wallet/statement/?from={tomorrow}&to={tomorrow}").data
    assert shown["opening"] == shown["closing"] == {"balance": "9.000000", "held": "2.000000"}
    assert (shown["lines"], shown["subjects"]) == ([], [])


def test_the_csv_says_the_same_and_holds_no_formula(viewer: APIClient, moved: None) -> None:
    answer: HttpResponseBase = viewer.get("/wallet/statement/?format=csv")
    assert isinstance(answer, StreamingHttpResponse)
    text = b"".join(iter(answer)).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["kind"] for row in rows] == [
        "OPENING",
        "TOP_UP",
        "HOLD",
        "CAPTURE",
        "RELEASE",
        "REFUND",
        "CLOSING",
    ]
    assert (rows[-1]["balance_after"], rows[-1]["held_after"]) == ("9.000000", "2.000000")
    assert rows[1]["reason"] == "'=1+1"


@pytest.mark.parametrize(
    "query",
    [
        "from=x",
        "to=2027-13-01",
        "from=2027-02-01&to=2027-01-01",
        "to=9999-12-31",
        "from=0001-01-01T00:00:00Z",
    ],
)
def test_a_period_that_is_none_is_refused(viewer: APIClient, query: str) -> None:
    assert viewer.get(f"/wallet/statement/?{query}").status_code in {200, 400}
    assert viewer.get(f"/wallet/statement/?format=csv&{query}").status_code in {200, 400}


def test_another_tenant_s_statement_is_empty(outsider: APIClient, moved: None) -> None:
    assert outsider.get("/wallet/statement/").data["lines"] == []


def test_a_low_balance_is_told_once_and_again_after_it_was_higher(
    api: MakeClient, tenant: Tenant, moved: None
) -> None:
    owner, admin, manager = api(Role.OWNER), api(Role.ADMIN), api(Role.MANAGER)
    assert manager.patch("/wallet/", {"low_balance_threshold": "8"}).status_code == 403
    assert owner.patch("/wallet/", {"low_balance_threshold": "8"}).status_code == 200
    assert admin.get("/wallet/").data["low_balance_threshold"] == "8.000000"
    now = timezone.now()
    assert [notify_low_balances(now=now) for _ in range(3)] == [1, 0, 0]
    ((to, subject),) = [(message.to, message.subject) for message in mail.outbox]
    assert len(to) == 2
    assert "credit is low" in subject

    _top_up(tenant, "5")
    assert notify_low_balances(now=now) == 0
    assert Wallet.objects.get().low_balance_at is None
    ledger.adjust(tenant=tenant, amount=Decimal(-5), reference="x", actor="t", reason="r", now=now)
    assert notify_low_balances(now=now) == 1
    assert len(mail.outbox) == 2


def _top_up(tenant: Tenant, amount: str) -> None:
    ledger.top_up(
        tenant=tenant,
        amount=Decimal(amount),
        reference=f"more:{amount}",
        actor="t",
        reason="",
        now=timezone.now(),
    )
