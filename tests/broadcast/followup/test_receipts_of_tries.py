"""A row that was sent again has two ids at its provider: the earlier one fails nothing."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

import pytest
from django.utils import timezone

from broadcast.engine.claiming import claim
from broadcast.engine.settling import settle
from broadcast.followup.receipts import apply_receipts
from broadcast.models import Broadcast, BroadcastMessage
from broadcast.states import UnknownPolicy
from channels.models import Sender
from channels.port.events import Receipt, ReceiptStatus
from channels.port.outcomes import Outcome, OutcomeKind
from contacts.models import Suppression
from tenants.models import Tenant
from tests.broadcast.books import assert_books_balance, claimed_batch
from tests.factories import name_message
from tests.fixtures.sending import PLENTY, PRICE
from tests.fixtures.types import MakeBroadcast, MakePeople, SendBroadcast
from wallet.models import Wallet

S = ReceiptStatus

pytestmark = pytest.mark.django_db


@pytest.fixture
def again(rich: Wallet, people: MakePeople, sent: SendBroadcast, now: datetime) -> BroadcastMessage:
    """SENT under an id of its second try; the answer to the first, and with it its id, was lost."""
    row = sent(people(1)).messages.get()
    BroadcastMessage.objects.filter(pk=row.pk).update(attempts=2)
    return row


def told(
    row: BroadcastMessage, now: datetime, *said: tuple[S, str], opted_out: bool = False
) -> str:
    receipts = [
        Receipt(status, now, number, message_id=row.pk, opted_out=opted_out)
        for status, number in said
    ]
    assert apply_receipts(tenant_id=row.tenant_id, receipts=receipts, now=now) == []
    row.refresh_from_db()
    assert_books_balance(row.broadcast)
    return row.status


def test_a_failure_of_an_earlier_try_fails_nothing(
    again: BroadcastMessage, rich: Wallet, now: datetime
) -> None:
    assert told(again, now, (S.FAILED, "first")) == "SENT"
    assert (again.charge_state, again.failed_at, again.error_code) == ("CAPTURED", None, "")
    rich.refresh_from_db()
    assert (rich.balance, rich.held) == (PLENTY - PRICE, Decimal(0))


@pytest.mark.parametrize("status", [S.DELIVERED, S.READ])
def test_what_an_earlier_try_delivers_counts(
    again: BroadcastMessage, now: datetime, status: S
) -> None:
    own = again.provider_message_id
    assert told(again, now, (status, "first"), (S.FAILED, own)) == status


def test_the_failure_of_the_last_try_counts(again: BroadcastMessage, now: datetime) -> None:
    said = [(S.FAILED, "first"), (S.SENT, "first"), (S.FAILED, again.provider_message_id)]
    assert told(again, now, *said) == "FAILED"
    assert again.charge_state == "REFUNDED"


def test_of_a_row_that_was_sent_once_every_failure_counts(
    rich: Wallet, people: MakePeople, sent: SendBroadcast, now: datetime
) -> None:
    """Parts of a long SMS have ids of their own."""
    row = sent(people(1)).messages.get()
    assert told(row, now, (S.FAILED, "part 2")) == "FAILED"


def test_who_opted_out_after_an_earlier_try_has_opted_out(
    again: BroadcastMessage, now: datetime
) -> None:
    assert told(again, now, (S.FAILED, "first"), opted_out=True) == "SENT"
    assert [each.address for each in Suppression.objects.all()] == [again.address]


def test_while_the_second_try_is_on_its_way_the_first_one_fails_nothing(
    rich: Wallet,
    tenant: Tenant,
    bot: Sender,
    people: MakePeople,
    draft: MakeBroadcast,
    now: datetime,
) -> None:
    """Its id was known: Meta names what it holds back."""
    broadcast = draft(people(1))
    name_message(broadcast.messages.get(), "first")
    broadcast.messages.update(attempts=1)
    claimed_batch(tenant, broadcast, bot, now)
    row = broadcast.messages.get()

    assert told(row, now, (S.FAILED, "first")) == "SENDING"
    assert told(row, now, (S.FAILED, "second")) == "FAILED"


def test_resent_and_settled_it_answers_to_its_new_id(
    rich: Wallet,
    tenant: Tenant,
    bot: Sender,
    people: MakePeople,
    draft: MakeBroadcast,
    now: datetime,
) -> None:
    """Twilio takes the first and its answer is lost; the second has an answer."""
    broadcast = draft(people(1), unknown_policy=UnknownPolicy.RESEND)
    first = claimed_batch(tenant, broadcast, bot, now)
    answer(broadcast, bot, first.pk, Outcome(OutcomeKind.UNKNOWN, code="connection_lost"))
    broadcast.messages.update(next_attempt_at=now)
    lane = broadcast.lanes.get()
    second = claim(broadcast=broadcast, lane=lane, sender=bot, now=now)
    assert second is not None
    taken = Outcome(OutcomeKind.ACCEPTED, provider_message_id="second")
    answer(broadcast, bot, second.batch_id, taken)
    row = broadcast.messages.get()
    assert (row.status, row.attempts, row.provider_message_id) == ("SENT", 2, "second")

    assert told(row, now, (S.FAILED, "first")) == "SENT"
    assert told(row, now, (S.DELIVERED, "second")) == "DELIVERED"


def answer(broadcast: Broadcast, sender: Sender, batch_id: UUID, outcome: Outcome) -> None:
    settle(
        broadcast=broadcast,
        sender=sender,
        batch_id=batch_id,
        outcomes=[(broadcast.messages.get().pk, outcome)],
        is_last=True,
        now=timezone.now(),
    )
