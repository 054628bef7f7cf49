"""A message that was sent again has two ids at its provider: the earlier id cannot fail it."""

from datetime import datetime
from decimal import Decimal

import pytest
from django.utils import timezone

from broadcast.engine.claiming import claim
from broadcast.followup.receipts import apply_receipts
from broadcast.models import Batch, BroadcastMessage
from broadcast.states import UnknownPolicy
from channels.models import Sender
from channels.port.events import Receipt, ReceiptStatus
from channels.port.outcomes import Outcome, OutcomeKind
from contacts.models import Suppression
from tenants.models import Tenant
from tests.broadcast.batches import answer_batch
from tests.broadcast.books import assert_books_balance, claimed_batch
from tests.factories import name_message
from tests.fixtures.sending import PLENTY, PRICE
from tests.fixtures.types import MakeBroadcast, MakePeople, SendBroadcast
from wallet.models import Wallet

S = ReceiptStatus

pytestmark = pytest.mark.django_db


@pytest.fixture
def resent(
    rich: Wallet, people: MakePeople, sent: SendBroadcast, now: datetime
) -> BroadcastMessage:
    """SENT under the id of its second try; the first try's answer was lost, and its id with it."""
    message = sent(people(1)).messages.get()
    BroadcastMessage.objects.filter(pk=message.pk).update(attempts=2)
    return message


def apply(
    message: BroadcastMessage, now: datetime, *reports: tuple[S, str], opted_out: bool = False
) -> str:
    """Applies receipts, each a (status, provider's id), in one block; returns the new status."""
    receipts = [
        Receipt(status, now, provider_message_id, message_id=message.pk, opted_out=opted_out)
        for status, provider_message_id in reports
    ]
    assert apply_receipts(tenant_id=message.tenant_id, receipts=receipts, now=now) == []
    message.refresh_from_db()
    assert_books_balance(message.broadcast)
    return message.status


def test_a_failure_of_an_earlier_try_fails_nothing(
    resent: BroadcastMessage, rich: Wallet, now: datetime
) -> None:
    assert apply(resent, now, (S.FAILED, "first")) == "SENT"
    assert (resent.charge_state, resent.failed_at, resent.error_code) == ("CAPTURED", None, "")
    rich.refresh_from_db()
    assert (rich.balance, rich.held) == (PLENTY - PRICE, Decimal(0))


@pytest.mark.parametrize("status", [S.DELIVERED, S.READ])
def test_what_an_earlier_try_delivers_counts(
    resent: BroadcastMessage, now: datetime, status: S
) -> None:
    own = resent.provider_message_id
    assert apply(resent, now, (status, "first"), (S.FAILED, own)) == status


def test_the_failure_of_the_last_try_counts(resent: BroadcastMessage, now: datetime) -> None:
    reports = [(S.FAILED, "first"), (S.SENT, "first"), (S.FAILED, resent.provider_message_id)]
    assert apply(resent, now, *reports) == "FAILED"
    assert resent.charge_state == "REFUNDED"


def test_of_a_row_that_was_sent_once_every_failure_counts(
    rich: Wallet, people: MakePeople, sent: SendBroadcast, now: datetime
) -> None:
    """Each part of a long SMS has its own id."""
    message = sent(people(1)).messages.get()
    assert apply(message, now, (S.FAILED, "part 2")) == "FAILED"


def test_who_opted_out_after_an_earlier_try_has_opted_out(
    resent: BroadcastMessage, now: datetime
) -> None:
    assert apply(resent, now, (S.FAILED, "first"), opted_out=True) == "SENT"
    assert Suppression.objects.get().address == resent.address


def test_while_the_second_try_is_on_its_way_the_first_one_fails_nothing(
    rich: Wallet,
    tenant: Tenant,
    bot: Sender,
    people: MakePeople,
    draft: MakeBroadcast,
    now: datetime,
) -> None:
    """The first try's id is known: Meta names messages that it holds back."""
    broadcast = draft(people(1))
    name_message(broadcast.messages.get(), "first")
    broadcast.messages.update(attempts=1)
    claimed_batch(tenant, broadcast, bot, now)
    message = broadcast.messages.get()

    assert apply(message, now, (S.FAILED, "first")) == "SENDING"
    assert apply(message, now, (S.FAILED, "second")) == "FAILED"


def test_resent_and_settled_it_answers_to_its_new_id(
    rich: Wallet,
    tenant: Tenant,
    bot: Sender,
    people: MakePeople,
    draft: MakeBroadcast,
    now: datetime,
) -> None:
    """Twilio accepts the first try, whose answer is lost; the second try is answered."""
    broadcast = draft(people(1), unknown_policy=UnknownPolicy.RESEND)
    first = claimed_batch(tenant, broadcast, bot, now)
    lost = Outcome(OutcomeKind.UNKNOWN, code="connection_lost")
    answer_batch(first, [lost], now=timezone.now())
    broadcast.messages.update(next_attempt_at=now)
    lane = broadcast.lanes.get()
    second = claim(broadcast=broadcast, lane=lane, sender=bot, now=now)
    assert second is not None
    accepted = Outcome(OutcomeKind.ACCEPTED, provider_message_id="second")
    answer_batch(Batch.objects.get(pk=second.batch_id), [accepted], now=timezone.now())
    message = broadcast.messages.get()
    assert (message.status, message.attempts, message.provider_message_id) == ("SENT", 2, "second")

    assert apply(message, now, (S.FAILED, "first")) == "SENT"
    assert apply(message, now, (S.DELIVERED, "second")) == "DELIVERED"
