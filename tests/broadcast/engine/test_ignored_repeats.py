"""A provider that ignores a repeated message id: a lost answer is asked for again, safely."""

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
from tests.broadcast.books import statuses
from tests.channels.providers.samples import service_account
from tests.fixtures.engine import replace_settle
from tests.sandbox.client import Client
from wallet.models import Wallet

pytestmark = pytest.mark.django_db


@dataclass
class Run:
    """A broadcast over RCS, and the sandbox that it is sent to."""

    broadcast: Broadcast
    client: Client

    def batch(self, *, after: float = 0) -> None:
        """Runs the lane's next batch, `after` seconds from now."""
        run_batch(
            lane_id=self.broadcast.lanes.get().pk,
            clock=lambda: timezone.now() + timedelta(seconds=after),
        )

    def statuses(self) -> list[str]:
        return statuses(self.broadcast)

    def accepted(self) -> tuple[int, int]:
        """(messages that the sandbox accepted, repeats that it ignored)."""
        account = self.broadcast.sender.account_id if self.broadcast.sender else ""
        summary = self.client.get(f"summary?account={account}")
        return summary["accepted"], summary["duplicates"]


StartRun = Callable[[list[str]], Run]


@pytest.fixture
def run(tenant: Tenant, sandbox: RunningSandbox, rich: Wallet, now: datetime) -> StartRun:
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
        draft = lifecycle.create(
            tenant=tenant,
            actor=None,
            fields={"name": "News", "platform": Platform.RCS, "text": "Hello", "sender": sender},
            recipients=[RecipientRef(contact=contact.pk) for contact in contacts],
            now=now,
        )
        broadcast = lifecycle.send(tenant=tenant, broadcast_id=draft.pk, now=now)
        return Run(broadcast, Client(sandbox.base_url))

    return start


def test_a_lost_answer_is_asked_for_again_and_nothing_goes_out_twice(
    run: StartRun,
) -> None:
    rcs_run = run(["+14155239010", "+14155239011", "+14155230001"])
    rcs_run.batch()
    assert rcs_run.statuses() == [MessageStatus.PENDING, MessageStatus.PENDING, MessageStatus.SENT]
    rcs_run.batch(after=600)
    assert rcs_run.statuses() == [MessageStatus.SENT] * 3
    assert rcs_run.accepted() == (3, 0)


def test_after_its_last_attempt_it_is_unknown_and_not_failed(
    run: StartRun,
) -> None:
    rcs_run = run(["+14155239012"])  # the sandbox always resets the connection
    for attempt in range(6):
        rcs_run.batch(after=attempt * 7200)
    assert rcs_run.statuses() == [MessageStatus.UNKNOWN]
    row = BroadcastMessage.objects.get(broadcast=rcs_run.broadcast)
    assert row.attempts == 4


def die(**_: object) -> None:
    """The worker dies before it settles."""
    raise KeyboardInterrupt


@pytest.mark.parametrize("policy", ["HOLD", "FAIL"])
def test_what_a_dead_worker_had_handed_over_is_sent_again(
    run: StartRun, monkeypatch: pytest.MonkeyPatch, policy: str
) -> None:
    rcs_run = run(["+14155230001", "+14155230002"])
    Broadcast.objects.filter(pk=rcs_run.broadcast.pk).update(unknown_policy=policy)

    with monkeypatch.context() as patched:
        replace_settle(patched, die)
        with pytest.raises(KeyboardInterrupt):
            rcs_run.batch()
    assert rcs_run.statuses() == [MessageStatus.SENDING] * 2
    later = timezone.now() + timedelta(hours=1)
    Batch.objects.filter(broadcast=rcs_run.broadcast).update(lease_expires_at=timezone.now())
    assert sweep_batches(now=later) == 1
    assert rcs_run.statuses() == [MessageStatus.PENDING] * 2
    codes = BroadcastMessage.objects.filter(broadcast=rcs_run.broadcast).values_list("error_code")
    assert set(codes) == {("no_answer",)}
    rcs_run.batch(after=7200)
    assert rcs_run.statuses() == [MessageStatus.SENT] * 2
    assert rcs_run.accepted() == (2, 0)


def test_after_its_last_attempt_a_dead_workers_message_is_unknown(
    run: StartRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asking again would be safe, but it ends; a receipt may still resolve the message."""
    rcs_run = run(["+14155230001"])

    replace_settle(monkeypatch, die)
    for attempt in range(5):
        if rcs_run.statuses() == [MessageStatus.PENDING]:
            with pytest.raises(KeyboardInterrupt):
                rcs_run.batch(after=attempt * 7200)
        Batch.objects.filter(broadcast=rcs_run.broadcast).update(lease_expires_at=timezone.now())
        sweep_batches(now=timezone.now() + timedelta(hours=1 + 2 * attempt))
    assert rcs_run.statuses() == [MessageStatus.UNKNOWN]
    assert BroadcastMessage.objects.get(broadcast=rcs_run.broadcast).attempts == 4
    assert rcs_run.accepted() == (1, 0)


def test_cancelled_in_the_meantime_it_stays_unknown(
    run: StartRun, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    rcs_run = run(["+14155239010"])

    def cancel_first(**answers: Any) -> Any:
        lifecycle.cancel(tenant=tenant, broadcast_id=rcs_run.broadcast.pk, now=timezone.now())
        return settle(**answers)

    replace_settle(monkeypatch, cancel_first)
    rcs_run.batch()
    assert rcs_run.statuses() == [MessageStatus.UNKNOWN]
