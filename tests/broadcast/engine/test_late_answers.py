"""A worker that was stopped past its lease, and what its answers do when it wakes up."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone
from pytest_django import Settings

from broadcast import lifecycle
from broadcast.control.expiring import expire_due
from broadcast.engine.batch import run_batch, sweep_batches
from broadcast.engine.claiming import claim, shut_fence
from broadcast.engine.settling import settle
from broadcast.errors import NothingToRetry
from broadcast.followup.fallback import fall_back
from broadcast.followup.receipts import apply_receipts
from broadcast.models import Batch, Broadcast, BroadcastMessage
from broadcast.moves.finishing import finish_all
from broadcast.states import UnknownPolicy
from channels.models import Sender
from channels.port.events import Receipt, ReceiptStatus
from channels.port.outcomes import Outcome, OutcomeKind
from contacts.models import Contact, Suppression
from tenants.models import Tenant
from tests.broadcast.books import assert_books_balance, statuses
from tests.fixtures.sending import PLENTY, PRICE
from wallet.models import Wallet

People = Callable[..., list[Contact]]

pytestmark = pytest.mark.django_db

PASSING = Outcome(OutcomeKind.PASSING, code="provider_busy")
LIMITED = Outcome(OutcomeKind.LIMITED, code="rate_limited", retry_after=1.0)
UNKNOWN = Outcome(OutcomeKind.UNKNOWN, code="provider_unavailable")


class Stopped(BaseException):
    """The worker was stopped here."""


@pytest.fixture
def stopped(
    draft: Callable[..., Broadcast],
    tenant: Tenant,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., tuple[Broadcast, dict[str, Any]]]:
    """`stopped(people)`: a broadcast handed over, and what its worker has yet to settle."""

    def make(contacts: list[Contact], **fields: object) -> tuple[Broadcast, dict[str, Any]]:
        made = draft(contacts, **fields)
        broadcast = lifecycle.send(tenant=tenant, broadcast_id=made.pk, now=now)
        late: dict[str, Any] = {}

        def stop(**answers: Any) -> None:
            late.update(answers)
            raise Stopped

        with monkeypatch.context() as patched:
            patched.setattr("broadcast.engine.batch.settle", stop)
            with pytest.raises(Stopped):
                run_batch(lane_id=broadcast.lanes.get().pk, clock=timezone.now)
        Batch.objects.filter(broadcast=broadcast).update(lease_expires_at=now)
        return broadcast, late

    return make


def settle_late(late: dict[str, Any], outcome: Outcome) -> None:
    answers = [(message_id, outcome) for message_id, _ in late["outcomes"]]
    settle(**{**late, "outcomes": answers, "now": timezone.now()})


@pytest.mark.parametrize("outcome", [PASSING, LIMITED])
def test_a_late_passing_failure_leaves_nothing_pending_in_what_is_over(
    stopped: Callable[..., tuple[Broadcast, dict[str, Any]]],
    rich: Wallet,
    people: People,
    settings: Settings,
    outcome: Outcome,
) -> None:
    settings.BROADCAST_UNKNOWN_GRACE = 0
    broadcast, late = stopped(people(2))
    sweep_batches(now=timezone.now())
    finish_all(now=timezone.now())
    broadcast.refresh_from_db()
    assert (broadcast.status, statuses(broadcast)) == ("PARTIALLY_SENT", ["UNKNOWN", "UNKNOWN"])
    settle_late(late, outcome)
    assert statuses(broadcast) == ["FAILED", "FAILED"]
    rich.refresh_from_db()
    assert (rich.balance, rich.held) == (PLENTY, Decimal(0))


def test_a_late_lost_answer_of_what_is_over_stays_unknown(
    stopped: Callable[..., tuple[Broadcast, dict[str, Any]]],
    rich: Wallet,
    people: People,
    settings: Settings,
) -> None:
    settings.BROADCAST_UNKNOWN_GRACE = 0
    broadcast, late = stopped(people(1))
    sweep_batches(now=timezone.now())
    finish_all(now=timezone.now())
    Broadcast.objects.filter(pk=broadcast.pk).update(unknown_policy=UnknownPolicy.RESEND)
    late["broadcast"].unknown_policy = UnknownPolicy.RESEND
    settle_late(late, UNKNOWN)
    assert statuses(broadcast) == ["UNKNOWN"]


@pytest.mark.parametrize("is_swept", [True, False])
def test_nothing_of_a_cancelled_broadcast_is_sent_again_and_its_fate_stays_unknown(
    stopped: Callable[..., tuple[Broadcast, dict[str, Any]]],
    rich: Wallet,
    tenant: Tenant,
    people: People,
    is_swept: bool,
) -> None:
    broadcast, late = stopped(people(2), unknown_policy=UnknownPolicy.RESEND)
    lifecycle.cancel(tenant=tenant, broadcast_id=broadcast.pk, now=timezone.now())
    if is_swept:
        sweep_batches(now=timezone.now())
    else:
        settle_late(late, UNKNOWN)
    assert statuses(broadcast) == ["UNKNOWN", "UNKNOWN"]


def test_what_is_to_be_sent_again_comes_back_after_a_sweep(
    stopped: Callable[..., tuple[Broadcast, dict[str, Any]]], rich: Wallet, people: People
) -> None:
    broadcast, _ = stopped(people(2), unknown_policy=UnknownPolicy.RESEND)
    sweep_batches(now=timezone.now())
    assert statuses(broadcast) == ["PENDING", "PENDING"]
    later = timezone.now() + timedelta(minutes=1)
    run_batch(lane_id=broadcast.lanes.get().pk, clock=lambda: later)
    assert statuses(broadcast) == ["SENT", "SENT"]


@pytest.mark.parametrize("tried", [3, 4])
def test_a_sweep_sends_nothing_again_beyond_the_senders_retries(
    stopped: Callable[..., tuple[Broadcast, dict[str, Any]]],
    rich: Wallet,
    people: People,
    tried: int,
) -> None:
    """Three retries are four hand-overs: after the fourth it is given up, and not charged."""
    Sender.objects.update(max_retries=3)
    broadcast, _ = stopped(people(2), unknown_policy=UnknownPolicy.RESEND)
    broadcast.messages.filter(seq=1).update(attempts=tried)
    sweep_batches(now=timezone.now())
    row = broadcast.messages.get(seq=1)
    if tried == 3:
        assert (row.status, row.charge_state, row.error_code) == ("PENDING", "HELD", "no_answer")
    else:
        assert (row.status, row.charge_state, row.error_code) == (
            "FAILED",
            "RELEASED",
            "retries_exhausted",
        )
        assert row.failed_at is not None
    assert statuses(broadcast)[1] == "PENDING"
    rich.refresh_from_db()
    assert rich.held == (2 * PRICE if tried == 3 else PRICE)


def test_what_was_never_handed_over_goes_back_however_often_it_was_tried(
    stopped: Callable[..., tuple[Broadcast, dict[str, Any]]], rich: Wallet, people: People
) -> None:
    broadcast, _ = stopped(people(1), unknown_policy=UnknownPolicy.RESEND)
    Batch.objects.filter(broadcast=broadcast).update(handed_at=None)
    broadcast.messages.update(attempts=9)
    sweep_batches(now=timezone.now())
    row = broadcast.messages.get()
    assert (row.status, row.attempts) == ("PENDING", 8)


@pytest.mark.parametrize(
    ("outcome", "status", "charge"),
    [
        (Outcome(OutcomeKind.ACCEPTED, provider_message_id="1:2"), "SENT", "CAPTURED"),
        (Outcome(OutcomeKind.PERMANENT, code="refused"), "PENDING", "HELD"),
        (LIMITED, "PENDING", "HELD"),
    ],
)
def test_a_late_acceptance_saves_a_message_from_being_sent_again(
    stopped: Callable[..., tuple[Broadcast, dict[str, Any]]],
    rich: Wallet,
    people: People,
    outcome: Outcome,
    status: str,
    charge: str,
) -> None:
    broadcast, late = stopped(people(1), unknown_policy=UnknownPolicy.RESEND)
    sweep_batches(now=timezone.now())
    assert statuses(broadcast) == ["PENDING"]
    for _ in range(2):
        settle_late(late, outcome)
    row = broadcast.messages.get()
    assert (row.status, row.charge_state, row.attempts) == (status, charge, 1)
    assert (row.next_attempt_at is None) == (status == "SENT")
    assert_books_balance(broadcast)


def claim_again(broadcast: Broadcast) -> UUID:
    lane = broadcast.lanes.select_related("broadcast__sender__tenant").get()
    assert lane.broadcast.sender is not None
    claimed = claim(broadcast=lane.broadcast, lane=lane, sender=lane.broadcast.sender, now=soon())
    assert claimed is not None
    return claimed.batch_id


def deferred(broadcast: Broadcast) -> None:
    Sender.objects.update(daily_limit=0)
    claim_again(broadcast)


def killed_before_the_fence(broadcast: Broadcast) -> None:
    Batch.objects.filter(pk=claim_again(broadcast)).update(lease_expires_at=timezone.now())
    sweep_batches(now=timezone.now())


def handed_over(broadcast: Broadcast) -> None:
    assert shut_fence(batch_id=claim_again(broadcast))


def swept_when_nothing_is_sent_again(broadcast: Broadcast) -> None:
    Broadcast.objects.update(unknown_policy=UnknownPolicy.HOLD)
    killed_after_the_fence(broadcast)


def killed_after_the_fence(broadcast: Broadcast) -> None:
    handed_over(broadcast)
    Batch.objects.filter(swept_at=None).update(lease_expires_at=timezone.now())
    sweep_batches(now=timezone.now())


def soon() -> datetime:
    return timezone.now() + timedelta(minutes=1)


@pytest.mark.parametrize(
    ("second", "status", "attempts"),
    [
        (deferred, "PENDING", 1),
        (killed_before_the_fence, "PENDING", 1),
        (handed_over, "SENDING", 2),
        (swept_when_nothing_is_sent_again, "UNKNOWN", 2),
        (killed_after_the_fence, "PENDING", 2),
    ],
)
def test_a_late_acceptance_counts_whatever_became_of_the_next_batch(
    stopped: Callable[..., tuple[Broadcast, dict[str, Any]]],
    rich: Wallet,
    people: People,
    second: Callable[[Broadcast], None],
    status: str,
    attempts: int,
) -> None:
    broadcast, late = stopped(people(1), unknown_policy=UnknownPolicy.RESEND)
    sweep_batches(now=timezone.now())
    second(broadcast)
    row = broadcast.messages.get()
    assert (row.status, row.attempts) == (status, attempts)
    settle_late(late, LIMITED)
    row.refresh_from_db()
    assert (row.status, row.attempts) == (status, attempts)
    settle_late(late, Outcome(OutcomeKind.ACCEPTED, provider_message_id="1:2"))
    row.refresh_from_db()
    assert (row.status, row.charge_state, row.attempts) == ("SENT", "CAPTURED", attempts)
    assert (row.provider_message_id, row.next_attempt_at) == ("1:2", None)
    assert_books_balance(broadcast)


def test_a_late_acceptance_gives_no_older_id_to_what_was_sent_again(
    stopped: Callable[..., tuple[Broadcast, dict[str, Any]]], rich: Wallet, people: People
) -> None:
    broadcast, late = stopped(people(1), unknown_policy=UnknownPolicy.RESEND)
    sweep_batches(now=timezone.now())
    run_batch(lane_id=broadcast.lanes.get().pk, clock=soon)
    row = broadcast.messages.get()
    assert row.status == "SENT"
    settle_late(late, Outcome(OutcomeKind.ACCEPTED, provider_message_id="1:2"))
    again = broadcast.messages.get()
    assert again.provider_message_id == row.provider_message_id != "1:2"


def cancelled(broadcast: Broadcast) -> None:
    lifecycle.cancel(tenant=broadcast.tenant, broadcast_id=broadcast.pk, now=timezone.now())


def expired(broadcast: Broadcast) -> None:
    Broadcast.objects.filter(pk=broadcast.pk).update(expires_at=timezone.now())
    assert expire_due(now=soon()) == 1


def suppressed(broadcast: Broadcast) -> None:
    address = broadcast.messages.get().address or ""
    Suppression.objects.create(tenant=broadcast.tenant, address=address, source="USER")
    claim_again(broadcast)


ENDS = [(cancelled, "CANCELLED"), (expired, "EXPIRED"), (suppressed, "SUPPRESSED")]


@pytest.mark.parametrize("is_receipt", [True, False])
@pytest.mark.parametrize(("end", "status"), ENDS)
def test_what_ended_while_it_waited_to_be_sent_again_was_sent_where_the_provider_says_so(
    stopped: Callable[..., tuple[Broadcast, dict[str, Any]]],
    rich: Wallet,
    people: People,
    end: Callable[[Broadcast], None],
    status: str,
    is_receipt: bool,
) -> None:
    """Its credit is released already, and stays so."""
    broadcast, late = stopped(people(1), unknown_policy=UnknownPolicy.RESEND)
    sweep_batches(now=timezone.now())
    end(broadcast)
    row = broadcast.messages.get()
    assert (row.status, row.charge_state, row.attempts) == (status, "RELEASED", 1)
    settle_late(late, LIMITED)
    told(row, ReceiptStatus.FAILED)
    row.refresh_from_db()
    assert row.status == status
    if is_receipt:
        told(row, ReceiptStatus.SENT)
    else:
        settle_late(late, Outcome(OutcomeKind.ACCEPTED, provider_message_id="1:2"))
    row.refresh_from_db()
    assert (row.status, row.charge_state, row.error_code) == ("SENT", "RELEASED", "")
    assert row.provider_message_id == "1:2"
    assert_books_balance(broadcast)


@pytest.mark.parametrize(("end", "status"), ENDS)
def test_what_was_never_handed_over_stays_as_it_ended(
    stopped: Callable[..., tuple[Broadcast, dict[str, Any]]],
    rich: Wallet,
    people: People,
    end: Callable[[Broadcast], None],
    status: str,
) -> None:
    broadcast, _ = stopped(people(1), unknown_policy=UnknownPolicy.RESEND)
    Batch.objects.filter(broadcast=broadcast).update(handed_at=None)
    sweep_batches(now=timezone.now())
    end(broadcast)
    row = broadcast.messages.get()
    told(row, ReceiptStatus.DELIVERED)
    row.refresh_from_db()
    assert (row.status, row.attempts) == (status, 0)


def test_whom_a_cancelled_rung_has_reached_is_not_written_to_again(
    rich: Wallet, tenant: Tenant, people: People, sent: Callable[..., Broadcast]
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
    told(rung.messages.get(), ReceiptStatus.DELIVERED)
    with pytest.raises(NothingToRetry):
        lifecycle.retry_failed(
            tenant=tenant,
            broadcast_id=parent.pk,
            actor=None,
            now=timezone.now(),
            include_unreachable=True,
        )


def told(row: BroadcastMessage, status: ReceiptStatus) -> None:
    receipt = Receipt(status, timezone.now(), "1:2", message_id=row.pk)
    apply_receipts(tenant_id=row.tenant_id, receipts=[receipt], now=timezone.now())


def test_a_second_answer_to_the_same_messages_is_paid_for_by_itself(
    stopped: Callable[..., tuple[Broadcast, dict[str, Any]]], rich: Wallet, people: People
) -> None:
    """Of the same batch, and as dear as the first: it is another movement all the same."""
    broadcast, late = stopped(people(2))
    (one, _), (other, _) = late["outcomes"]
    accepted = Outcome(OutcomeKind.ACCEPTED)
    for answers in ([(one, accepted), (other, UNKNOWN)], [(one, accepted), (other, accepted)]):
        settle(**{**late, "outcomes": answers, "now": timezone.now()})
    assert statuses(broadcast) == ["SENT", "SENT"]
    assert_books_balance(broadcast)
