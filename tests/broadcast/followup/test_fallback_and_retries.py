"""A retry and the fallback ladder of one broadcast: no recipient gets two messages at once."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from broadcast import lifecycle
from broadcast.errors import NothingToRetry
from broadcast.followup.fallback import fall_back
from broadcast.followup.receipts import apply_receipts
from broadcast.followup.resolving import Decision
from broadcast.models import Broadcast
from channels.port.events import Receipt, ReceiptStatus
from sandbox.running import RunningSandbox
from tenants.models import Tenant
from tests.broadcast.batches import run_next_batch_of
from tests.broadcast.followup.ladders import (
    REFUSED,
    TWO_RUNGS,
    children,
    next_rung,
    retry,
    retry_with_outcome,
)
from tests.fixtures.types import MakePeople, SendBroadcast
from wallet.models import Wallet

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_retry_and_the_next_rung_do_not_both_go_to_one_recipient(
    rich: Wallet, people: MakePeople, sent: SendBroadcast
) -> None:
    parent = sent(people(2, ending=REFUSED), fallback=TWO_RUNGS)
    first = next_rung(parent)
    run_next_batch_of(first)
    first.refresh_from_db()
    assert first.status == "FAILED"
    child = retry(parent)
    assert child.counters.pending == 2
    later = timezone.now() + timedelta(minutes=10)
    assert fall_back(now=later) == 0
    run_next_batch_of(child)
    assert fall_back(now=later) == 1, "once the retry has failed too, the ladder continues"
    assert [rung.kind for rung in children(first)] == ["FALLBACK"]


def test_a_retry_that_fails_goes_down_the_ladder_too(one_failed: Broadcast) -> None:
    """Also if it comes before the first rung, and days after the broadcast has finished."""
    finished = timezone.now() - timedelta(days=4)
    Broadcast.objects.filter(pk=one_failed.pk).update(finished_at=finished)
    child = retry(one_failed)
    later = timezone.now() + timedelta(minutes=10)
    assert fall_back(now=later) == 0, "the retry may still reach the recipient"
    run_next_batch_of(child)
    assert fall_back(now=later) == 1
    rung = Broadcast.objects.get(kind="FALLBACK")
    assert (rung.parent_id, rung.fallback_step, rung.text) == (one_failed.pk, 1, "Another way")
    failed = one_failed.messages.get(status="FAILED")
    assert [message.parent_message_id for message in rung.messages.all()] == [failed.pk]
    assert fall_back(now=later + timedelta(minutes=10)) == 0


def test_no_rung_starts_while_a_retrys_unknown_message_is_sent_again(
    one_failed: Broadcast, tenant: Tenant, sandbox: RunningSandbox
) -> None:
    """The second retry is a child of the first, not of the broadcast that has the ladder."""
    first = retry_with_outcome(one_failed, sandbox, "accepts_then_5xx")
    assert first.messages.get().status == "UNKNOWN"
    second = lifecycle.resolve_unknown(
        tenant=tenant,
        broadcast_id=first.pk,
        decision=Decision.RESEND,
        actor=None,
        now=timezone.now(),
    ).child
    assert second is not None
    assert second.parent_id == first.pk
    assert fall_back(now=timezone.now() + timedelta(minutes=10)) == 0


def test_no_rung_starts_for_whom_a_retry_found_opted_out(
    one_failed: Broadcast, sandbox: RunningSandbox
) -> None:
    child = retry_with_outcome(one_failed, sandbox, "blocked")
    assert child.messages.get().error_code == "opted_out"
    assert fall_back(now=timezone.now() + timedelta(minutes=10)) == 0


def test_no_rung_starts_for_whom_an_earlier_try_has_reached_after_all(
    rich: Wallet, tenant: Tenant, people: MakePeople, sent: SendBroadcast, settings: Settings
) -> None:
    settings.BROADCAST_UNKNOWN_GRACE = 0
    parent = sent([*people(1), *people(1, ending=REFUSED)], fallback=TWO_RUNGS)
    run_next_batch_of(next_rung(parent))
    failed = parent.messages.get(status="FAILED")
    now = timezone.now()
    read = Receipt(ReceiptStatus.READ, now, "", message_id=failed.pk)
    apply_receipts(tenant_id=tenant.pk, receipts=[read], now=now)
    assert fall_back(now=now + timedelta(minutes=10)) == 0


def test_a_rungs_failed_are_not_retried_where_a_retry_of_the_broadcast_has_reached_them(
    one_failed: Broadcast, sandbox: RunningSandbox
) -> None:
    rung = next_rung(one_failed)
    run_next_batch_of(rung)
    assert rung.messages.get().status == "FAILED"
    child = retry_with_outcome(one_failed, sandbox, "delivers")
    assert child.messages.get().status == "SENT"
    with pytest.raises(NothingToRetry):
        retry(rung)
