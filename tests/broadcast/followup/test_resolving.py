"""A person resolves UNKNOWN messages: fail and release them, or send them again; each once."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

from broadcast import lifecycle
from broadcast.errors import IllegalMove, UnknownMessages
from broadcast.followup.receipts import apply_receipts
from broadcast.followup.resolving import Decision, Resolved
from broadcast.models import Broadcast, BroadcastMessage
from channels.models import Sender
from channels.port.events import Receipt, ReceiptStatus
from tenants.models import Tenant
from tests.broadcast.batches import run_next_batch_of
from tests.broadcast.books import statuses
from tests.fixtures.sending import PLENTY, PRICE
from tests.fixtures.types import MakePeople, SendBroadcast
from wallet.models import Wallet

pytestmark = pytest.mark.django_db
ACCEPTS_THEN_5XX = 9010


@pytest.fixture
def in_doubt(
    rich: Wallet, people: MakePeople, sent: SendBroadcast, settings: Settings
) -> Broadcast:
    """A finished broadcast: one message SENT, two UNKNOWN."""
    settings.BROADCAST_UNKNOWN_GRACE = 0
    broadcast = sent([*people(1), *people(2, ending=ACCEPTS_THEN_5XX)])
    assert statuses(broadcast) == ["SENT", "UNKNOWN", "UNKNOWN"]
    assert broadcast.status == "PARTIALLY_SENT"
    return broadcast


def resolve(
    tenant: Tenant, broadcast: Broadcast, decision: Decision, now: datetime, **options: Any
) -> Resolved:
    return lifecycle.resolve_unknown(
        tenant=tenant,
        broadcast_id=broadcast.pk,
        decision=decision,
        actor=None,
        now=now,
        **options,
    )


def money(wallet: Wallet) -> tuple[Decimal, Decimal]:
    """(balance, held)."""
    wallet.refresh_from_db()
    return wallet.balance, wallet.held


def test_their_credits_are_held_until_somebody_decides(in_doubt: Broadcast, rich: Wallet) -> None:
    assert money(rich) == (PLENTY - PRICE, 2 * PRICE)


def test_fail_releases_and_corrects_the_status(
    in_doubt: Broadcast, tenant: Tenant, rich: Wallet, now: datetime
) -> None:
    assert resolve(tenant, in_doubt, Decision.FAIL, now).count == 2
    assert statuses(in_doubt) == ["SENT", "FAILED", "FAILED"]
    assert money(rich) == (PLENTY - PRICE, Decimal(0))
    again = resolve(tenant, in_doubt, Decision.FAIL, now)
    assert again.count == 0
    assert money(rich) == (PLENTY - PRICE, Decimal(0))


def test_only_the_named_ones_are_resolved(
    in_doubt: Broadcast, tenant: Tenant, rich: Wallet, now: datetime
) -> None:
    message_ids = [in_doubt.messages.get(seq=seq).pk for seq in (1, 2)]
    assert resolve(tenant, in_doubt, Decision.FAIL, now, message_ids=message_ids).count == 1
    assert statuses(in_doubt) == ["SENT", "FAILED", "UNKNOWN"]
    assert money(rich) == (PLENTY - PRICE, PRICE)


def test_an_id_of_another_broadcast_is_refused(
    in_doubt: Broadcast, tenant: Tenant, now: datetime
) -> None:
    with pytest.raises(UnknownMessages):
        resolve(tenant, in_doubt, Decision.FAIL, now, message_ids=[uuid4()])
    assert statuses(in_doubt) == ["SENT", "UNKNOWN", "UNKNOWN"]


def test_after_the_end_a_child_sends_again(
    in_doubt: Broadcast, tenant: Tenant, rich: Wallet, now: datetime
) -> None:
    resolved = resolve(tenant, in_doubt, Decision.RESEND, now)
    assert resolved.child is not None
    assert statuses(in_doubt) == ["SENT", "FAILED", "FAILED"]
    assert set(in_doubt.messages.filter(seq__gt=1).values_list("error_code", flat=True)) == {
        "resent"
    }
    assert (resolved.child.kind, statuses(resolved.child)) == ("RETRY", ["PENDING", "PENDING"])
    assert money(rich) == (PLENTY - PRICE, 2 * PRICE)
    again = resolve(tenant, in_doubt, Decision.RESEND, now)
    assert (again.count, again.child) == (0, None)
    assert Broadcast.objects.count() == 2


def test_while_it_is_being_sent_they_go_back_to_pending(
    rich: Wallet,
    tenant: Tenant,
    people: MakePeople,
    sent: SendBroadcast,
    now: datetime,
    settings: Settings,
) -> None:
    settings.BROADCAST_UNKNOWN_GRACE = 0
    Sender.objects.update(batch_size=1)
    broadcast = sent([*people(1, ending=ACCEPTS_THEN_5XX), *people(1)])
    assert statuses(broadcast) == ["UNKNOWN", "PENDING"]
    resolved = resolve(tenant, broadcast, Decision.RESEND, now)
    assert (resolved.count, resolved.child) == (1, None)
    assert statuses(broadcast) == ["PENDING", "PENDING"]
    assert money(rich) == (PLENTY, 2 * PRICE)
    for _ in range(2):
        run_next_batch_of(broadcast)
    assert statuses(broadcast) == ["UNKNOWN", "SENT"]
    assert Broadcast.objects.get(pk=broadcast.pk).status == "PARTIALLY_SENT"


@pytest.fixture
def to_be_resent(
    rich: Wallet, tenant: Tenant, people: MakePeople, sent: SendBroadcast, now: datetime
) -> BroadcastMessage:
    """The first of two messages: UNKNOWN until somebody decided to send it again."""
    Sender.objects.update(batch_size=1)
    broadcast = sent([*people(1, ending=ACCEPTS_THEN_5XX), *people(1)])
    resolve(tenant, broadcast, Decision.RESEND, now)
    return broadcast.messages.get(seq=1)


def report(message: BroadcastMessage, status: ReceiptStatus, now: datetime) -> None:
    receipt = Receipt(status, now, provider_message_id="1", message_id=message.pk)
    assert apply_receipts(tenant_id=message.tenant_id, receipts=[receipt], now=now) == []
    message.refresh_from_db()


def test_a_failure_that_is_reported_after_the_decision_leaves_the_message_to_be_resent(
    to_be_resent: BroadcastMessage, now: datetime
) -> None:
    report(to_be_resent, ReceiptStatus.FAILED, now)
    assert (to_be_resent.status, to_be_resent.next_attempt_at) == ("PENDING", now)


def test_a_receipt_that_comes_after_the_decision_saves_a_second_message(
    to_be_resent: BroadcastMessage, rich: Wallet, now: datetime
) -> None:
    report(to_be_resent, ReceiptStatus.DELIVERED, now)
    assert (to_be_resent.status, to_be_resent.charge_state) == ("DELIVERED", "CAPTURED")
    assert to_be_resent.next_attempt_at is None
    assert money(rich) == (PLENTY - PRICE, PRICE)
    broadcast = to_be_resent.broadcast
    for _ in range(2):
        run_next_batch_of(broadcast)
    assert statuses(broadcast) == ["DELIVERED", "SENT"]
    assert Broadcast.objects.get(pk=broadcast.pk).status == "SENT"


def test_of_a_cancelled_broadcast_they_can_only_be_failed(
    rich: Wallet, tenant: Tenant, people: MakePeople, sent: SendBroadcast, now: datetime
) -> None:
    Sender.objects.update(batch_size=1)
    broadcast = sent([*people(1, ending=ACCEPTS_THEN_5XX), *people(1)])
    lifecycle.cancel(tenant=tenant, broadcast_id=broadcast.pk, now=now)
    with pytest.raises(IllegalMove):
        resolve(tenant, broadcast, Decision.RESEND, now)
    assert statuses(broadcast) == ["UNKNOWN", "CANCELLED"]
    assert resolve(tenant, broadcast, Decision.FAIL, now).count == 1
    assert money(rich) == (PLENTY, Decimal(0))


def test_over_the_api_by_those_who_may_send(
    in_doubt: Broadcast, manager: APIClient, viewer: APIClient, outsider: APIClient
) -> None:
    url = f"/broadcast/{in_doubt.pk}/resolve-unknown/"
    assert viewer.post(url, {"action": "fail"}).status_code == 403
    assert outsider.post(url, {"action": "fail"}).status_code == 404
    message_id = str(in_doubt.messages.get(seq=2).pk)
    failed = manager.post(url, {"action": "fail", "messages": [message_id]})
    assert (failed.status_code, failed.data["resolved"], failed.data["child"]) == (200, 1, None)
    resent = manager.post(url, {"action": "resend"})
    assert (resent.status_code, resent.data["resolved"]) == (200, 1)
    assert resent.data["child"] == str(Broadcast.objects.get(kind="RETRY").pk)
    assert len(resent.data["broadcast"]["family"]["broadcasts"]) == 2


@pytest.mark.parametrize(
    "wrong",
    [{}, {"action": "no"}, {"action": "fail", "messages": ["x"]}, {"action": 1}, [], "fail"],
)
def test_a_wrong_decision_is_refused(in_doubt: Broadcast, manager: APIClient, wrong: Any) -> None:
    answer = manager.post(f"/broadcast/{in_doubt.pk}/resolve-unknown/", wrong)
    assert answer.status_code == 400
    assert statuses(in_doubt) == ["SENT", "UNKNOWN", "UNKNOWN"]
