"""Fifty threads on one wallet: exact sums, each reference once, no deadlock."""

import random
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier

import pytest
from django.db import connection, transaction
from django.db.models import Sum
from django.utils import timezone

from tenants.models import Tenant
from tests.factories import TenantFactory
from wallet.errors import HoldExceeded, InsufficientCredit, RepeatedAtOnce
from wallet.ledger import ledger
from wallet.models import Hold, LedgerEntry, Wallet
from wallet.pricing.amounts import ZERO

THREADS, STEPS, HOLDS = 50, 12, 10
START = Decimal(500)


@pytest.mark.timeout(600)
@pytest.mark.django_db(transaction=True)
def test_fifty_threads_on_one_wallet() -> None:
    tenant = TenantFactory.create()
    _top_up(tenant, START, "start")
    for n in range(HOLDS):
        _hold(tenant, f"h{n}", Decimal(20))
    together = Barrier(THREADS)

    def work(seed: int) -> None:
        # Each thread has a twin that makes the same movements with the same references.
        chance = random.Random(seed // 2)  # noqa: S311 - twins need the same seed
        together.wait()
        try:
            for step in range(STEPS):
                _once(tenant, chance, f"{seed // 2}:{step}")
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(work, range(THREADS)))

    wallet = Wallet.objects.get(tenant=tenant)
    entries = LedgerEntry.objects.filter(wallet=wallet)
    sums = entries.aggregate(balance=Sum("balance_delta"), held=Sum("held_delta"))
    assert (wallet.balance, wallet.held) == (sums["balance"], sums["held"])
    assert wallet.held == sum(hold.open_amount for hold in Hold.objects.all())
    references = list(entries.values_list("reference", flat=True))
    assert len(references) == len(set(references)) > THREADS
    _assert_a_chain(list(entries.order_by("id")))


def _assert_a_chain(entries: list[LedgerEntry]) -> None:
    balance = held = Decimal(0)
    for entry in entries:
        balance, held = balance + entry.balance_delta, held + entry.held_delta
        assert (entry.balance_after, entry.held_after) == (balance, held)


def _once(tenant: Tenant, chance: random.Random, reference: str) -> None:
    """Makes one movement; if the twin makes it at the same moment, tries again."""
    kind = chance.choice(("top_up", "hold", "settle", "settle", "refund"))
    amount = Decimal(chance.randint(1, 3_000_000)).scaleb(-6)
    subject = f"h{chance.randrange(HOLDS)}"
    for _ in range(THREADS):
        try:
            with transaction.atomic():
                if kind == "top_up":
                    _top_up(tenant, amount, reference)
                elif kind == "hold":
                    _hold(tenant, reference, amount)
                elif kind == "settle":
                    _settle(tenant, subject, reference, captured=amount, released=amount / 2)
                else:
                    _settle(tenant, subject, reference, refunded=amount)
        except RepeatedAtOnce:
            continue
        except (InsufficientCredit, HoldExceeded):
            pass
        return
    pytest.fail("never got through")


def _top_up(tenant: Tenant, amount: Decimal, reference: str) -> None:
    ledger.top_up(
        tenant=tenant, amount=amount, reference=reference, actor="t", reason="", now=timezone.now()
    )


def _hold(tenant: Tenant, subject: str, amount: Decimal) -> None:
    ledger.hold(
        tenant=tenant, amount=amount, subject=subject, revision=1, actor="t", now=timezone.now()
    )


def _settle(
    tenant: Tenant,
    subject: str,
    reference: str,
    *,
    captured: Decimal = ZERO,
    released: Decimal = ZERO,
    refunded: Decimal = ZERO,
) -> None:
    ledger.move_hold(
        tenant_id=tenant.pk,
        subject=subject,
        revision=1,
        captured=captured,
        released=released,
        refunded=refunded,
        reference=reference,
        actor="t",
        now=timezone.now(),
    )
