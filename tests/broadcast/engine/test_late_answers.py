"""A worker that was stopped past its lease, and what its answers do when it wakes up."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.utils import timezone
from pytest_django import Settings

from broadcast import lifecycle
from broadcast.engine.batch import run_batch, sweep_batches
from broadcast.errors import NothingToRetry
from broadcast.followup.fallback import fall_back
from broadcast.followup.receipts import apply_receipts
from broadcast.models import Batch, Broadcast, BroadcastMessage
from broadcast.moves.finishing import finish_all
from broadcast.states import UnknownPolicy
from channels.port.events import Receipt, ReceiptStatus
from channels.port.outcomes import Outcome, OutcomeKind
from tenants.models import Tenant
from tests.broadcast.books import assert_books_balance, statuses
from tests.broadcast.engine.late import (
    LateAnswers,
    StopWorker,
    cancelled,
    deferred,
    expired,
    handed_over,
    killed_after_the_fence,
    killed_before_the_fence,
    soon,
    suppressed,
    swept_with_the_policy_hold,
)
from tests.fixtures.sending import PLENTY
from tests.fixtures.types import MakePeople, SendBroadcast
from wallet.models import Wallet

pytestmark = pytest.mark.django_db

ACCEPTED = Outcome(OutcomeKind.ACCEPTED, provider_message_id="1:2")
PASSING = Outcome(OutcomeKind.PASSING, code="provider_busy")
LIMITED = Outcome(OutcomeKind.LIMITED, code="rate_limited", retry_after=1.0)
UNKNOWN = Outcome(OutcomeKind.UNKNOWN, code="provider_unavailable")


@pytest.mark.parametrize("outcome", [PASSING, LIMITED])
def test_a_late_passing_failure_leaves_nothing_pending_in_what_is_over(
    stop_worker: StopWorker,
    rich: Wallet,
    people: MakePeople,
    settings: Settings,
    outcome: Outcome,
) -> None:
    settings.BROADCAST_UNKNOWN_GRACE = 0
    broadcast, late = stop_worker(people(2))
    sweep_batches(now=timezone.now())
    finish_all(now=timezone.now())
    broadcast.refresh_from_db()
    assert (broadcast.status, statuses(broadcast)) == ("PARTIALLY_SENT", ["UNKNOWN", "UNKNOWN"])
    late.settle(outcome)
    assert statuses(broadcast) == ["FAILED", "FAILED"]
    rich.refresh_from_db()
    assert (rich.balance, rich.held) == (PLENTY, Decimal(0))


def test_a_late_lost_answer_of_what_is_over_stays_unknown(
    stop_worker: StopWorker, rich: Wallet, people: MakePeople, settings: Settings
) -> None:
    settings.BROADCAST_UNKNOWN_GRACE = 0
    broadcast, late = stop_worker(people(1))
    sweep_batches(now=timezone.now())
    finish_all(now=timezone.now())
    Broadcast.objects.filter(pk=broadcast.pk).update(unknown_policy=UnknownPolicy.RESEND)
    late.arguments["broadcast"].unknown_policy = UnknownPolicy.RESEND
    late.settle(UNKNOWN)
    assert statuses(broadcast) == ["UNKNOWN"]


def swept(late: LateAnswers) -> None:
    sweep_batches(now=timezone.now())


def settled_as_unknown(late: LateAnswers) -> None:
    late.settle(UNKNOWN)


@pytest.mark.parametrize("end_batch", [swept, settled_as_unknown])
def test_nothing_of_a_cancelled_broadcast_is_sent_again_and_its_fate_stays_unknown(
    stop_worker: StopWorker,
    rich: Wallet,
    people: MakePeople,
    end_batch: Callable[[LateAnswers], None],
) -> None:
    broadcast, late = stop_worker(people(2), unknown_policy=UnknownPolicy.RESEND)
    cancelled(broadcast)
    end_batch(late)
    assert statuses(broadcast) == ["UNKNOWN", "UNKNOWN"]


@pytest.mark.parametrize(
    ("outcome", "status", "charge"),
    [
        (ACCEPTED, "SENT", "CAPTURED"),
        (Outcome(OutcomeKind.PERMANENT, code="refused"), "PENDING", "HELD"),
        (LIMITED, "PENDING", "HELD"),
    ],
)
def test_a_late_acceptance_saves_a_message_from_being_sent_again(
    stop_worker: StopWorker,
    rich: Wallet,
    people: MakePeople,
    outcome: Outcome,
    status: str,
    charge: str,
) -> None:
    broadcast, late = stop_worker(people(1), unknown_policy=UnknownPolicy.RESEND)
    sweep_batches(now=timezone.now())
    assert statuses(broadcast) == ["PENDING"]
    for _ in range(2):
        late.settle(outcome)
    message = broadcast.messages.get()
    assert (message.status, message.charge_state, message.attempts) == (status, charge, 1)
    assert (message.next_attempt_at is None) == (status == "SENT")
    assert_books_balance(broadcast)


@pytest.mark.parametrize(
    ("second_batch", "status", "attempts"),
    [
        (deferred, "PENDING", 1),
        (killed_before_the_fence, "PENDING", 1),
        (handed_over, "SENDING", 2),
        (swept_with_the_policy_hold, "UNKNOWN", 2),
        (killed_after_the_fence, "PENDING", 2),
    ],
)
def test_a_late_acceptance_counts_whatever_became_of_the_next_batch(
    stop_worker: StopWorker,
    rich: Wallet,
    people: MakePeople,
    second_batch: Callable[[Broadcast], None],
    status: str,
    attempts: int,
) -> None:
    broadcast, late = stop_worker(people(1), unknown_policy=UnknownPolicy.RESEND)
    sweep_batches(now=timezone.now())
    second_batch(broadcast)
    message = broadcast.messages.get()
    assert (message.status, message.attempts) == (status, attempts)
    late.settle(LIMITED)
    message.refresh_from_db()
    assert (message.status, message.attempts) == (status, attempts)
    late.settle(ACCEPTED)
    message.refresh_from_db()
    assert (message.status, message.charge_state, message.attempts) == (
        "SENT",
        "CAPTURED",
        attempts,
    )
    assert (message.provider_message_id, message.next_attempt_at) == ("1:2", None)
    assert_books_balance(broadcast)


def test_a_late_acceptance_gives_no_older_id_to_what_was_sent_again(
    stop_worker: StopWorker, rich: Wallet, people: MakePeople
) -> None:
    broadcast, late = stop_worker(people(1), unknown_policy=UnknownPolicy.RESEND)
    sweep_batches(now=timezone.now())
    run_batch(lane_id=broadcast.lanes.get().pk, clock=soon)
    before = broadcast.messages.get()
    assert before.status == "SENT"
    late.settle(ACCEPTED)
    after = broadcast.messages.get()
    assert after.provider_message_id == before.provider_message_id != "1:2"


def by_receipt(message: BroadcastMessage, late: LateAnswers) -> None:
    report(message, ReceiptStatus.SENT)


def by_late_answer(message: BroadcastMessage, late: LateAnswers) -> None:
    late.settle(ACCEPTED)


ENDS = [(cancelled, "CANCELLED"), (expired, "EXPIRED"), (suppressed, "SUPPRESSED")]


@pytest.mark.parametrize("confirm", [by_receipt, by_late_answer])
@pytest.mark.parametrize(("end", "status"), ENDS)
def test_what_ended_while_it_waited_to_be_sent_again_was_sent_where_the_provider_says_so(
    stop_worker: StopWorker,
    rich: Wallet,
    people: MakePeople,
    end: Callable[[Broadcast], None],
    status: str,
    confirm: Callable[[BroadcastMessage, LateAnswers], None],
) -> None:
    """The end has released the message's credit; the credit stays released."""
    broadcast, late = stop_worker(people(1), unknown_policy=UnknownPolicy.RESEND)
    sweep_batches(now=timezone.now())
    end(broadcast)
    message = broadcast.messages.get()
    assert (message.status, message.charge_state, message.attempts) == (status, "RELEASED", 1)
    late.settle(LIMITED)
    report(message, ReceiptStatus.FAILED)
    message.refresh_from_db()
    assert message.status == status
    confirm(message, late)
    message.refresh_from_db()
    assert (message.status, message.charge_state, message.error_code) == ("SENT", "RELEASED", "")
    assert message.provider_message_id == "1:2"
    assert_books_balance(broadcast)


@pytest.mark.parametrize(("end", "status"), ENDS)
def test_what_was_never_handed_over_stays_as_it_ended(
    stop_worker: StopWorker,
    rich: Wallet,
    people: MakePeople,
    end: Callable[[Broadcast], None],
    status: str,
) -> None:
    broadcast, _ = stop_worker(people(1), unknown_policy=UnknownPolicy.RESEND)
    Batch.objects.filter(broadcast=broadcast).update(handed_at=None)
    sweep_batches(now=timezone.now())
    end(broadcast)
    message = broadcast.messages.get()
    report(message, ReceiptStatus.DELIVERED)
    message.refresh_from_db()
    assert (message.status, message.attempts) == (status, 0)


def test_whom_a_cancelled_rung_has_reached_is_not_written_to_again(
    rich: Wallet, tenant: Tenant, people: MakePeople, sent: SendBroadcast
) -> None:
    rungs = [{"platform": "TELEGRAM", "text": "Once more"}]
    refused = people(1, ending=9003)
    parent = sent([*people(1), *refused], fallback=rungs, unknown_policy=UnknownPolicy.RESEND)
    assert fall_back(now=timezone.now()) == 1
    rung = parent.children.get()
    Broadcast.objects.filter(pk=rung.pk).update(status="SENDING")
    killed_after_the_fence(rung)
    assert statuses(rung) == ["PENDING"]
    cancelled(rung)
    report(rung.messages.get(), ReceiptStatus.DELIVERED)
    with pytest.raises(NothingToRetry):
        lifecycle.retry_failed(
            tenant=tenant,
            broadcast_id=parent.pk,
            actor=None,
            now=timezone.now(),
            include_unreachable=True,
        )


def report(message: BroadcastMessage, status: ReceiptStatus) -> None:
    """Applies a receipt under the id of ACCEPTED."""
    receipt = Receipt(status, timezone.now(), "1:2", message_id=message.pk)
    apply_receipts(tenant_id=message.tenant_id, receipts=[receipt], now=timezone.now())


def test_a_second_answer_to_the_same_messages_is_paid_for_by_itself(
    stop_worker: StopWorker, rich: Wallet, people: MakePeople
) -> None:
    """Two answers of one batch that cost the same are still two movements of the ledger."""
    broadcast, late = stop_worker(people(2))
    accepted = Outcome(OutcomeKind.ACCEPTED)
    late.settle_each([accepted, UNKNOWN])
    late.settle_each([accepted, accepted])
    assert statuses(broadcast) == ["SENT", "SENT"]
    assert_books_balance(broadcast)
