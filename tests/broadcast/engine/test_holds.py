"""A message that the provider took and holds back is never sent again; receipts settle it."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from broadcast import lifecycle
from broadcast.engine.batch import sweep_batches
from broadcast.engine.claiming import claim, shut_fence
from broadcast.followup.ending_holds import end_holds
from broadcast.followup.fallback import fall_back
from broadcast.followup.receipts import apply_receipts
from broadcast.followup.resolving import Decision
from broadcast.models import Batch, Broadcast, BroadcastMessage
from broadcast.moves.finishing import finish
from channels.models import Sender
from channels.port.events import Receipt, ReceiptStatus
from channels.port.outcomes import Outcome, OutcomeKind
from doctor.checkup import find_breaches
from tenants.models import Tenant
from tests.broadcast.batches import answer_batch
from tests.broadcast.books import assert_books_balance, statuses
from tests.fixtures.types import MakeBroadcast, MakePeople
from wallet.models import Wallet

pytestmark = pytest.mark.django_db(transaction=True)
HELD = Outcome(
    OutcomeKind.WAITING,
    provider_message_id="wamid.N",
    code="held_for_quality",
    provider_code="held_for_quality_assessment",
    message="Meta holds the message.",
)
LOST = Outcome(OutcomeKind.UNKNOWN, code="no_answer")

Claimed = Callable[[str], tuple[Broadcast, Batch]]


@pytest.fixture
def claimed(
    rich: Wallet,
    tenant: Tenant,
    people: MakePeople,
    draft: MakeBroadcast,
    bot: Sender,
    now: datetime,
) -> Claimed:
    """`claimed("RESEND")`: a broadcast of one message with this policy, handed over."""

    def make(policy: str) -> tuple[Broadcast, Batch]:
        parent = draft(people(1), unknown_policy=policy, fallback=[RUNG])
        broadcast = lifecycle.send(tenant=tenant, broadcast_id=parent.pk, now=now)
        Broadcast.objects.filter(pk=broadcast.pk).update(status="SENDING", started_at=now)
        return broadcast, hand_over(broadcast, bot, now)

    return make


RUNG = {"platform": "TELEGRAM", "text": "Another way"}


def hand_over(broadcast: Broadcast, bot: Sender, at: datetime) -> Batch:
    made = claim(broadcast=fresh(broadcast), lane=broadcast.lanes.get(), sender=bot, now=at)
    assert made is not None
    assert made.messages
    assert shut_fence(batch_id=made.batch_id) is not None
    return Batch.objects.select_related("broadcast__sender").get(pk=made.batch_id)


def fresh(broadcast: Broadcast) -> Broadcast:
    return Broadcast.objects.select_related("tenant", "sender", "counters").get(pk=broadcast.pk)


def only_message(broadcast: Broadcast) -> BroadcastMessage:
    return broadcast.messages.get()


def report(broadcast: Broadcast, status: ReceiptStatus) -> None:
    receipt = Receipt(status, timezone.now(), "wamid.N")
    unplaced = apply_receipts(tenant_id=broadcast.tenant_id, receipts=[receipt], now=timezone.now())
    assert unplaced == []


@pytest.mark.parametrize("policy", ["HOLD", "RESEND", "FAIL"])
def test_no_policy_sends_it_again(
    claimed: Claimed, tenant: Tenant, now: datetime, policy: str
) -> None:
    broadcast, batch = claimed(policy)
    answer_batch(batch, [HELD], now=now)
    message = only_message(broadcast)
    assert (message.status, message.charge_state) == ("ON_HOLD", "HELD")
    assert (message.error_code, message.provider_message_id) == ("held_for_quality", "wamid.N")
    assert message.sent_at is None
    lane = broadcast.lanes.get()
    later = now + timedelta(hours=1)
    again = claim(broadcast=fresh(broadcast), lane=lane, sender=fresh(broadcast).sender, now=later)  # type: ignore[arg-type]
    assert again is None or again.messages == []
    resolved = lifecycle.resolve_unknown(
        tenant=tenant,
        broadcast_id=broadcast.pk,
        decision=Decision.RESEND,
        actor=None,
        now=now,
    )
    assert resolved.count == 0
    assert statuses(broadcast) == ["ON_HOLD"]
    assert fresh(broadcast).counters.by_status()["on_hold"] == 1
    assert_books_balance(broadcast)


@pytest.mark.parametrize(
    ("reported", "status", "charge"),
    [
        (ReceiptStatus.SENT, "SENT", "CAPTURED"),
        (ReceiptStatus.DELIVERED, "DELIVERED", "CAPTURED"),
        (ReceiptStatus.READ, "READ", "CAPTURED"),
        (ReceiptStatus.FAILED, "FAILED", "RELEASED"),
    ],
)
def test_what_follows_settles_it(
    claimed: Claimed, now: datetime, reported: ReceiptStatus, status: str, charge: str
) -> None:
    broadcast, batch = claimed("RESEND")
    answer_batch(batch, [HELD], now=now)
    report(broadcast, reported)
    message = only_message(broadcast)
    assert (message.status, message.charge_state) == (status, charge)
    assert message.next_attempt_at is None
    assert_books_balance(broadcast)


def test_a_receipt_before_the_answer_wins(claimed: Claimed, now: datetime) -> None:
    broadcast, batch = claimed("RESEND")
    delivered = Receipt(
        ReceiptStatus.DELIVERED, now, "wamid.N", message_id=only_message(broadcast).pk
    )
    apply_receipts(tenant_id=broadcast.tenant_id, receipts=[delivered], now=now)
    answer_batch(batch, [HELD], now=now)
    assert statuses(broadcast) == ["DELIVERED"]


def test_a_late_hold_ends_the_wait_to_be_sent_again(claimed: Claimed, now: datetime) -> None:
    """The worker outlived its lease: the sweep has put the message back."""
    broadcast, batch = claimed("RESEND")
    sweep_batches(now=now + timedelta(seconds=settings.BROADCAST_BATCH_LEASE + 1))
    assert statuses(broadcast) == ["PENDING"]
    answer_batch(batch, [HELD], now=now)
    assert statuses(broadcast) == ["ON_HOLD"]
    assert_books_balance(broadcast)


def test_a_queued_callback_ends_the_wait_to_be_sent_again(claimed: Claimed, now: datetime) -> None:
    """Twilio's answer was lost, and its callback says `queued`."""
    broadcast, batch = claimed("RESEND")
    answer_batch(batch, [LOST], now=now)
    message = only_message(broadcast)
    assert message.status == "PENDING"
    queued = Receipt(ReceiptStatus.SENT, now, "SM1", message_id=message.pk)
    apply_receipts(tenant_id=broadcast.tenant_id, receipts=[queued], now=now)
    message.refresh_from_db()
    assert (message.status, message.provider_message_id) == ("SENT", "SM1")
    assert message.charge_state == "CAPTURED"


def test_a_hold_ends_after_its_time(claimed: Claimed, now: datetime) -> None:
    broadcast, batch = claimed("HOLD")
    answer_batch(batch, [HELD], now=now)
    assert end_holds(now=now + timedelta(hours=23)) == 0
    later = now + timedelta(hours=25)
    assert end_holds(now=later) == 1
    message = only_message(broadcast)
    assert (message.status, message.error_code) == ("FAILED", "hold_expired")
    assert message.charge_state == "RELEASED"
    assert fresh(broadcast).status == "FAILED"
    assert fall_back(now=later) == 0, "it may still arrive"
    assert end_holds(now=later) == 0
    report(broadcast, ReceiptStatus.DELIVERED)
    assert statuses(broadcast) == ["DELIVERED"]
    assert_books_balance(broadcast)


def test_a_broadcast_with_a_held_message_finishes_and_says_so(
    claimed: Claimed, now: datetime
) -> None:
    broadcast, batch = claimed("HOLD")
    answer_batch(batch, [HELD], now=now)
    lifecycle_status = finish_and_read(broadcast, now)
    assert lifecycle_status == ("PARTIALLY_SENT", "The provider holds 1 message back.")
    report(broadcast, ReceiptStatus.SENT)
    assert fresh(broadcast).status == "SENT"
    assert find_breaches(now=timezone.now()) == []


def finish_and_read(broadcast: Broadcast, now: datetime) -> tuple[str, str]:
    finish(broadcast_id=broadcast.pk, now=now)
    finished = fresh(broadcast)
    return finished.status, finished.status_reason
