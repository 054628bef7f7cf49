"""UNKNOWN messages of a provider that can be asked: its answer resolves them, or they stay."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any, Protocol
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from broadcast import lifecycle
from broadcast.followup import looking_up
from broadcast.followup.looking_up import look_up_unknown
from broadcast.followup.receipts import apply_receipts
from broadcast.models import Broadcast, ProviderMessageId
from broadcast.planning.plan import RecipientRef
from channels.delivery.delivery import deliver
from channels.models import Sender
from channels.platforms import Platform
from channels.port.events import Receipt, ReceiptStatus
from contacts.models import Contact
from sandbox.running import RunningSandbox
from tenants.models import Tenant
from tests.broadcast.batches import run_next_batch_of
from tests.broadcast.books import statuses
from tests.broadcast.followup.silent_provider import SilentProvider
from tests.channels.providers.samples import text
from tests.factories import TenantFactory
from tests.fixtures.sending import PLENTY, PRICE
from tests.sandbox.client import Client
from wallet.models import Wallet

pytestmark = pytest.mark.django_db

TAKEN, RESET = "9010", "9012"
"""The sandbox accepts a message to TAKEN and answers 500; it hangs up on a message to RESET."""
ACCOUNTS = count(1)
TEXT = "Hello {{first_name}}: https://shop.test/sale"


class SendSms(Protocol):
    """`send("+14155230001")`: a broadcast to these numbers, whose first batch has run."""

    def __call__(self, *phones: str, text: str = ..., **fields: object) -> Broadcast: ...


@pytest.fixture
def sender(tenant: Tenant, sandbox: RunningSandbox, rich: Wallet) -> Sender:
    """A Twilio number without a webhook: only a look-up can resolve its messages."""
    number = next(ACCOUNTS)
    return Sender.objects.create(
        tenant=tenant,
        platform=Platform.SMS,
        provider="twilio",
        name="Number",
        address="+14155552345",
        account_id=f"+1415555{number:04d}",
        credentials={"account_sid": f"AC{number:032x}", "auth_token": "token"},
        base_url=sandbox.base_url,
        currency=tenant.currency,
        marketing_price=PRICE,
        batch_delay=Decimal(0),
    )


@pytest.fixture
def send(tenant: Tenant, sender: Sender, now: datetime) -> SendSms:
    def make(*phones: str, text: str = TEXT, **fields: object) -> Broadcast:
        contacts = [
            Contact.objects.get_or_create(
                tenant=tenant, phone=phone, defaults={"first_name": "Ana"}
            )[0]
            for phone in phones
        ]
        draft = lifecycle.create(
            tenant=tenant,
            actor=None,
            fields={"name": "N", "platform": "SMS", "text": text, "sender": sender, **fields},
            recipients=[RecipientRef(contact=contact.pk) for contact in contacts],
            now=now,
        )
        broadcast = lifecycle.send(tenant=tenant, broadcast_id=draft.pk, now=now)
        run_next_batch_of(broadcast)
        return broadcast

    return make


def look_up(*, after: float = 20) -> int:
    return look_up_unknown(now=timezone.now() + timedelta(seconds=after))


def behave(sandbox: RunningSandbox, to: str, behaviour: str) -> None:
    """The sandbox behaves like this to the recipient from now on."""
    recipient = {"provider": "twilio", "to": to, "behaviour": behaviour}
    Client(sandbox.base_url).control("recipients", recipient)


def test_what_the_provider_has_is_sent_and_paid(
    send: SendSms, rich: Wallet, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    broadcast = send(f"+1415523{TAKEN}", f"+1415524{TAKEN}", "+14155230001")
    assert statuses(broadcast) == ["UNKNOWN", "UNKNOWN", "SENT"]
    with django_capture_on_commit_callbacks(execute=True):
        assert look_up() == 2
    messages = list(broadcast.messages.order_by("seq"))
    assert [message.status for message in messages] == ["SENT"] * 3
    assert [message.charge_state for message in messages] == ["CAPTURED"] * 3
    assert len({message.provider_message_id for message in messages} - {""}) == 3
    rich.refresh_from_db()
    assert (rich.balance, rich.held) == (PLENTY - 3 * PRICE, Decimal(0))
    assert Broadcast.objects.get(pk=broadcast.pk).status == "SENT"
    assert look_up() == 0


def test_what_it_does_not_have_stays_unknown(send: SendSms, rich: Wallet) -> None:
    """An empty list proves nothing: the provider may list the message later."""
    broadcast = send(f"+1415523{RESET}")
    assert (look_up(), statuses(broadcast)) == (0, ["UNKNOWN"])
    rich.refresh_from_db()
    assert (rich.balance, rich.held) == (PLENTY, PRICE)


def test_two_that_look_alike_are_told_by_neither(send: SendSms, sender: Sender) -> None:
    """Another program of the account sends the same text at the same time."""
    broadcast = send(f"+1415523{TAKEN}", text="Hello")
    other = text("Hello", to=f"+1415523{TAKEN}")
    list(deliver(account=sender.account(), messages=[other], timeout=3, first_cut=3))
    assert (look_up(), statuses(broadcast)) == (0, ["UNKNOWN"])


def test_another_of_ours_that_may_be_the_one_leaves_both_unknown(
    send: SendSms, sandbox: RunningSandbox
) -> None:
    to = "+14155237001"
    behave(sandbox, to, "accepts_then_5xx")
    first = send(to, text="Hello")
    behave(sandbox, to, "resets")
    second = send(to, text="Hello")
    assert (statuses(first), statuses(second)) == (["UNKNOWN"], ["UNKNOWN"])
    assert look_up() == 0
    assert (statuses(first), statuses(second)) == (["UNKNOWN"], ["UNKNOWN"])


def give_to_another_tenant(broadcast: Broadcast) -> None:
    tenant = TenantFactory.create()
    broadcast.messages.update(tenant=tenant)
    Broadcast.objects.filter(pk=broadcast.pk).update(tenant=tenant)


def leave_to_its_tenant(broadcast: Broadcast) -> None:
    """Both senders belong to one tenant."""


@pytest.mark.parametrize("choose_tenant", [leave_to_its_tenant, give_to_another_tenant])
def test_another_senders_message_that_may_be_the_one_leaves_both_unknown(
    send: SendSms,
    sender: Sender,
    sandbox: RunningSandbox,
    choose_tenant: Callable[[Broadcast], None],
) -> None:
    """A messaging service may have the other sender's number in its pool."""
    service = Sender.objects.get(pk=sender.pk)
    service.pk, service.account_id = uuid4(), "MG" + service.credentials["account_sid"][2:]
    service.save(force_insert=True)
    to = "+14155237008"
    behave(sandbox, to, "resets")
    by_service = send(to, text="Hello", sender=service)
    behave(sandbox, to, "accepts_then_5xx")
    by_number = send(to, text="Hello")
    assert (statuses(by_service), statuses(by_number)) == (["UNKNOWN"], ["UNKNOWN"])
    choose_tenant(by_service)
    assert look_up() == 0
    assert (statuses(by_service), statuses(by_number)) == (["UNKNOWN"], ["UNKNOWN"])


def test_what_another_row_has_is_not_counted_twice(send: SendSms, sandbox: RunningSandbox) -> None:
    to = "+14155237002"
    assert statuses(send(to, text="Hello")) == ["SENT"]
    behave(sandbox, to, "resets")
    second = send(to, text="Hello")
    assert (look_up(), statuses(second)) == (0, ["UNKNOWN"])


def test_another_text_is_another_message(
    send: SendSms, sender: Sender, sandbox: RunningSandbox
) -> None:
    to = "+14155237003"
    behave(sandbox, to, "resets")
    broadcast = send(to, text="Hello")
    behave(sandbox, to, "delivers")
    other = text("Hello!", to=to)
    list(deliver(account=sender.account(), messages=[other], timeout=3, first_cut=3))
    assert (look_up(), statuses(broadcast)) == (0, ["UNKNOWN"])


@pytest.mark.parametrize("after", [1, 90], ids=["too soon", "too late"])
def test_it_is_asked_between_five_seconds_and_the_grace(send: SendSms, after: float) -> None:
    broadcast = send(f"+1415523{TAKEN}")
    assert (look_up(after=after), statuses(broadcast)) == (0, ["UNKNOWN"])


def test_a_copy_asks_nobody(send: SendSms, settings: Settings) -> None:
    broadcast = send(f"+1415523{TAKEN}")
    settings.SENDING_ENABLED = False
    assert (look_up(), statuses(broadcast)) == (0, ["UNKNOWN"])


def test_a_receipt_that_was_faster_is_not_undone(
    send: SendSms, tenant: Tenant, now: datetime
) -> None:
    broadcast = send(f"+1415523{TAKEN}", f"+1415524{TAKEN}")
    message = broadcast.messages.get(seq=1)
    read = Receipt(ReceiptStatus.READ, now, provider_message_id="", message_id=message.pk)
    apply_receipts(tenant_id=tenant.pk, receipts=[read], now=now)
    assert (look_up(), statuses(broadcast)) == (1, ["READ", "SENT"])


def test_a_refused_question_changes_nothing(send: SendSms, sender: Sender) -> None:
    broadcast = send(f"+1415523{TAKEN}")
    sender.credentials = {**sender.credentials, "auth_token": "revoked"}
    sender.save()
    assert (look_up(), statuses(broadcast)) == (0, ["UNKNOWN"])


def test_another_of_ours_that_settles_while_it_is_judged_is_not_taken_for_it(
    send: SendSms, sandbox: RunningSandbox, tenant: Tenant
) -> None:
    to = "+14155237005"
    other = send(to, text="Hello").messages.get()
    sid = other.provider_message_id
    names = ProviderMessageId.objects.filter(message_id=other.pk)
    other.status, other.provider_message_id = "SENDING", ""
    other.save()
    names.delete()
    behave(sandbox, to, "resets")
    broadcast = send(to, text="Hello")
    statements: list[str] = []

    def settle_amid(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        answer = execute(sql, params, many, context)
        is_of_both = "broadcast_providermessageid" in sql or "own.sender_id" in sql
        if is_of_both and not statements:
            statements.append(sql)
            other.status, other.provider_message_id = "SENT", sid
            other.save()
            ProviderMessageId.objects.create(
                provider_message_id=sid,
                message_id=other.pk,
                tenant=tenant,
                broadcast_id=other.broadcast_id,
            )
        return answer

    with connection.execute_wrapper(settle_amid):
        assert look_up() == 0
    assert statements
    assert statuses(broadcast) == ["UNKNOWN"]


def test_another_of_ours_that_is_tried_again_after_an_id_of_its_own_may_be_the_one(
    send: SendSms, sandbox: RunningSandbox
) -> None:
    """The id belongs to its first try, which Twilio accepted and failed at once."""
    to = "+14155237006"
    other = send(to, text="Hello").messages.get()
    ProviderMessageId.objects.filter(message_id=other.pk).update(provider_message_id="SMfirst")
    other.status, other.provider_message_id, other.attempts = "UNKNOWN", "SMfirst", 2
    other.save()
    behave(sandbox, to, "resets")
    broadcast = send(to, text="Hello")
    assert (look_up(), statuses(broadcast)) == (0, ["UNKNOWN"])


@pytest.fixture
def silent(sender: Sender, send: SendSms) -> Iterator[SilentProvider]:
    """The provider of two broadcasts with an UNKNOWN message each; it has fallen silent."""
    for prefix in ("1415528", "1415529"):
        send(f"+{prefix}{TAKEN}")
    provider = SilentProvider()
    Sender.objects.filter(pk=sender.pk).update(base_url=provider.base_url)
    yield provider
    provider.close()


def test_a_silent_provider_holds_a_look_no_longer_than_one_answer(
    silent: SilentProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The number of its broadcasts does not matter; planning and receipts need the thread."""
    monkeypatch.setattr(looking_up, "ANSWERED_WITHIN", 0.3)
    assert look_up() == 0
    assert len(silent.connections) == 1


@pytest.mark.django_db(transaction=True)
def test_one_thread_alone_waits_for_a_silent_provider(
    silent: SilentProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking_up, "ANSWERED_WITHIN", 2.0)

    def look() -> int:
        try:
            return look_up()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as thread:
        first = thread.submit(look)
        assert silent.was_asked.wait(10)
        assert look_up() == 0
        assert not first.done()
        assert len(silent.connections) == 1
        assert first.result(10) == 0
