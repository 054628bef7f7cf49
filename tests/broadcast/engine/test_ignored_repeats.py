"""A provider that ignores a repeated message id: what is unknown is sent again, and once."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from broadcast import lifecycle
from broadcast.engine.batch import run_batch, sweep_batches
from broadcast.engine.settling import settle
from broadcast.models import Batch, Broadcast, BroadcastMessage
from broadcast.planning.plan import RecipientRef
from broadcast.states import MessageStatus
from channels.models import Sender
from channels.platforms import Platform
from contacts.models import Contact
from sandbox.running import RunningSandbox
from tenants.models import Tenant
from tests.channels.providers.samples import service_account
from tests.sandbox.client import Client
from wallet.models import Wallet

pytestmark = pytest.mark.django_db


@dataclass
class Run:
    """A broadcast over RCS, and what the far end saw of it."""

    broadcast: Broadcast
    client: Client

    def batch(self, *, after: float = 0) -> None:
        """The lane's next batch, as if `after` seconds had gone by."""
        run_batch(
            lane_id=self.broadcast.lanes.get().pk,
            clock=lambda: timezone.now() + timedelta(seconds=after),
        )

    def statuses(self) -> list[str]:
        rows = BroadcastMessage.objects.filter(broadcast=self.broadcast).order_by("seq")
        return list(rows.values_list("status", flat=True))

    def accepted(self) -> tuple[int, int]:
        account = self.broadcast.sender.account_id if self.broadcast.sender else ""
        summary = self.client.get(f"summary?account={account}")
        return summary["accepted"], summary["duplicates"]


@pytest.fixture
def run(
    tenant: Tenant, sandbox: RunningSandbox, rich: Wallet, now: datetime
) -> Callable[[list[str]], Run]:
    def start(phones: list[str]) -> Run:
        sender = Sender.objects.create(
            tenant=tenant,
            platform=Platform.RCS,
            provider="google_rbm",
            name="Agent",
            address="Shop",
            account_id=f"agent_{uuid4().hex[:8]}",
            credentials={"service_account": service_account()},
            base_url=sandbox.base_url,
            currency=tenant.currency,
            marketing_price=Decimal("0.02"),
            batch_delay=Decimal(0),
        )
        contacts = [Contact.objects.create(tenant=tenant, phone=phone) for phone in phones]
        made = lifecycle.create(
            tenant=tenant,
            actor=None,
            fields={"name": "News", "platform": Platform.RCS, "text": "Hello", "sender": sender},
            recipients=[RecipientRef(contact=each.pk) for each in contacts],
            now=now,
        )
        broadcast = lifecycle.send(tenant=tenant, broadcast_id=made.pk, now=now)
        return Run(broadcast, Client(sandbox.base_url))

    return start


def test_a_lost_answer_is_asked_for_again_and_nothing_goes_out_twice(
    run: Callable[[list[str]], Run],
) -> None:
    one = run(["+14155239010", "+14155239011", "+14155230001"])
    one.batch()
    assert one.statuses() == [MessageStatus.PENDING, MessageStatus.PENDING, MessageStatus.SENT]
    one.batch(after=600)
    assert one.statuses() == [MessageStatus.SENT] * 3
    assert one.accepted() == (3, 0)


def test_after_its_last_attempt_it_is_unknown_and_not_failed(
    run: Callable[[list[str]], Run],
) -> None:
    one = run(["+14155239012"])  # the connection is reset, always
    for attempt in range(6):
        one.batch(after=attempt * 7200)
    assert one.statuses() == [MessageStatus.UNKNOWN]
    row = BroadcastMessage.objects.get(broadcast=one.broadcast)
    assert row.attempts == 4


@pytest.mark.parametrize("policy", ["HOLD", "FAIL"])
def test_what_a_dead_worker_had_handed_over_is_sent_again(
    run: Callable[[list[str]], Run], monkeypatch: pytest.MonkeyPatch, policy: str
) -> None:
    one = run(["+14155230001", "+14155230002"])
    Broadcast.objects.filter(pk=one.broadcast.pk).update(unknown_policy=policy)

    def dies(**_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("broadcast.engine.batch.settle", dies)
        with pytest.raises(KeyboardInterrupt):
            one.batch()
    assert one.statuses() == [MessageStatus.SENDING] * 2
    later = timezone.now() + timedelta(hours=1)
    Batch.objects.filter(broadcast=one.broadcast).update(lease_expires_at=timezone.now())
    assert sweep_batches(now=later) == 1
    assert one.statuses() == [MessageStatus.PENDING] * 2
    codes = BroadcastMessage.objects.filter(broadcast=one.broadcast).values_list("error_code")
    assert set(codes) == {("no_answer",)}
    one.batch(after=7200)
    assert one.statuses() == [MessageStatus.SENT] * 2
    assert one.accepted() == (2, 0)


def test_after_its_last_attempt_a_dead_workers_message_is_unknown(
    run: Callable[[list[str]], Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asking again would do no harm, but nobody asks for ever: a receipt may still tell."""
    one = run(["+14155230001"])

    def dies(**_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("broadcast.engine.batch.settle", dies)
    for attempt in range(5):
        if one.statuses() == [MessageStatus.PENDING]:
            with pytest.raises(KeyboardInterrupt):
                one.batch(after=attempt * 7200)
        Batch.objects.filter(broadcast=one.broadcast).update(lease_expires_at=timezone.now())
        sweep_batches(now=timezone.now() + timedelta(hours=1 + 2 * attempt))
    assert one.statuses() == [MessageStatus.UNKNOWN]
    assert BroadcastMessage.objects.get(broadcast=one.broadcast).attempts == 4
    assert one.accepted() == (1, 0)


def test_cancelled_in_the_meantime_it_stays_unknown(
    run: Callable[[list[str]], Run], tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = run(["+14155239010"])

    def cancels_first(**answered: Any) -> Any:
        lifecycle.cancel(tenant=tenant, broadcast_id=one.broadcast.pk, now=timezone.now())
        return settle(**answered)

    monkeypatch.setattr("broadcast.engine.batch.settle", cancels_first)
    one.batch()
    assert one.statuses() == [MessageStatus.UNKNOWN]
