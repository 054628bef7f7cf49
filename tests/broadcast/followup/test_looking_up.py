"""UNKNOWN messages of a provider that can be asked: resolved by its answer, or left as they are."""

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from broadcast import lifecycle
from broadcast.engine.batch import run_batch
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
from tests.broadcast.books import statuses
from tests.channels.providers.samples import text
from tests.factories import TenantFactory
from tests.fixtures.sending import PLENTY, PRICE
from tests.sandbox.client import Client
from wallet.models import Wallet

pytestmark = pytest.mark.django_db

TAKEN, RESET = "9010", "9012"
"""The sandbox's endings: it takes the message and answers 500; it takes nothing and hangs up."""
ACCOUNTS = count(1)
TEXT = "Hello {{first_name}}: https://shop.test/sale"
Send = Callable[..., Broadcast]


@pytest.fixture
def sender(tenant: Tenant, sandbox: RunningSandbox, rich: Wallet) -> Sender:
    """Without a webhook: nothing but the look-up tells."""
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
def send(tenant: Tenant, sender: Sender, now: datetime) -> Send:
    """A broadcast to these numbers, whose first batch has run."""

    def make(*phones: str, text: str = TEXT, **fields: object) -> Broadcast:
        contacts = [
            Contact.objects.get_or_create(
                tenant=tenant, phone=phone, defaults={"first_name": "Ana"}
            )[0]
            for phone in phones
        ]
        made = lifecycle.create(
            tenant=tenant,
            actor=None,
            fields={"name": "N", "platform": "SMS", "text": text, "sender": sender, **fields},
            recipients=[RecipientRef(contact=each.pk) for each in contacts],
            now=now,
        )
        broadcast = lifecycle.send(tenant=tenant, broadcast_id=made.pk, now=now)
        run_batch(lane_id=broadcast.lanes.get().pk, clock=timezone.now)
        return broadcast

    return make


def look_up(*, after: float = 20) -> int:
    return look_up_unknown(now=timezone.now() + timedelta(seconds=after))


def behave(sandbox: RunningSandbox, to: str, how: str) -> None:
    told = {"provider": "twilio", "to": to, "behaviour": how}
    Client(sandbox.base_url).control("recipients", told)


def test_what_the_provider_has_is_sent_and_paid(
    send: Send, rich: Wallet, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    broadcast = send(f"+1415523{TAKEN}", f"+1415524{TAKEN}", "+14155230001")
    assert statuses(broadcast) == ["UNKNOWN", "UNKNOWN", "SENT"]
    with django_capture_on_commit_callbacks(execute=True):
        assert look_up() == 2
    rows = list(broadcast.messages.order_by("seq"))
    assert [each.status for each in rows] == ["SENT"] * 3
    assert [each.charge_state for each in rows] == ["CAPTURED"] * 3
    assert len({each.provider_message_id for each in rows} - {""}) == 3
    rich.refresh_from_db()
    assert (rich.balance, rich.held) == (PLENTY - 3 * PRICE, Decimal(0))
    assert Broadcast.objects.get(pk=broadcast.pk).status == "SENT"
    assert look_up() == 0


def test_what_it_does_not_have_stays_unknown(send: Send, rich: Wallet) -> None:
    """An empty list proves nothing: the message may be on its way into it."""
    broadcast = send(f"+1415523{RESET}")
    assert (look_up(), statuses(broadcast)) == (0, ["UNKNOWN"])
    rich.refresh_from_db()
    assert (rich.balance, rich.held) == (PLENTY, PRICE)


def test_two_that_look_alike_are_told_by_neither(send: Send, sender: Sender) -> None:
    """Somebody else sends the very same at the same time."""
    broadcast = send(f"+1415523{TAKEN}", text="Hello")
    other = text("Hello", to=f"+1415523{TAKEN}")
    list(deliver(account=sender.account(), messages=[other], timeout=3, first_cut=3))
    assert (look_up(), statuses(broadcast)) == (0, ["UNKNOWN"])


def test_another_of_ours_that_may_be_the_one_leaves_both_unknown(
    send: Send, sandbox: RunningSandbox
) -> None:
    to = "+14155237001"
    behave(sandbox, to, "accepts_then_5xx")
    first = send(to, text="Hello")
    behave(sandbox, to, "resets")
    second = send(to, text="Hello")
    assert (statuses(first), statuses(second)) == (["UNKNOWN"], ["UNKNOWN"])
    assert look_up() == 0
    assert (statuses(first), statuses(second)) == (["UNKNOWN"], ["UNKNOWN"])


@pytest.mark.parametrize("same_tenant", [True, False])
def test_another_senders_message_that_may_be_the_one_leaves_both_unknown(
    send: Send,
    sender: Sender,
    sandbox: RunningSandbox,
    same_tenant: bool,
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
    if not same_tenant:
        by_service.messages.update(tenant=(other := TenantFactory.create()))
        Broadcast.objects.filter(pk=by_service.pk).update(tenant=other)
    assert look_up() == 0
    assert (statuses(by_service), statuses(by_number)) == (["UNKNOWN"], ["UNKNOWN"])


def test_what_another_row_has_is_not_counted_twice(send: Send, sandbox: RunningSandbox) -> None:
    to = "+14155237002"
    assert statuses(send(to, text="Hello")) == ["SENT"]
    behave(sandbox, to, "resets")
    second = send(to, text="Hello")
    assert (look_up(), statuses(second)) == (0, ["UNKNOWN"])


def test_another_text_is_another_message(
    send: Send, sender: Sender, sandbox: RunningSandbox
) -> None:
    to = "+14155237003"
    behave(sandbox, to, "resets")
    broadcast = send(to, text="Hello")
    behave(sandbox, to, "delivers")
    other = text("Hello!", to=to)
    list(deliver(account=sender.account(), messages=[other], timeout=3, first_cut=3))
    assert (look_up(), statuses(broadcast)) == (0, ["UNKNOWN"])


@pytest.mark.parametrize("after", [1, 90], ids=["too soon", "too late"])
def test_it_is_asked_between_five_seconds_and_the_grace(send: Send, after: float) -> None:
    broadcast = send(f"+1415523{TAKEN}")
    assert (look_up(after=after), statuses(broadcast)) == (0, ["UNKNOWN"])


def test_a_copy_asks_nobody(send: Send, settings: Settings) -> None:
    broadcast = send(f"+1415523{TAKEN}")
    settings.SENDING_ENABLED = False
    assert (look_up(), statuses(broadcast)) == (0, ["UNKNOWN"])


def test_a_receipt_that_was_faster_is_not_undone(send: Send, tenant: Tenant, now: datetime) -> None:
    broadcast = send(f"+1415523{TAKEN}", f"+1415524{TAKEN}")
    row = broadcast.messages.get(seq=1)
    read = Receipt(ReceiptStatus.READ, now, provider_message_id="", message_id=row.pk)
    apply_receipts(tenant_id=tenant.pk, receipts=[read], now=now)
    assert (look_up(), statuses(broadcast)) == (1, ["READ", "SENT"])


def test_a_refused_question_changes_nothing(send: Send, sender: Sender) -> None:
    broadcast = send(f"+1415523{TAKEN}")
    sender.credentials = {**sender.credentials, "auth_token": "revoked"}
    sender.save()
    assert (look_up(), statuses(broadcast)) == (0, ["UNKNOWN"])


def test_another_of_ours_that_settles_while_it_is_judged_is_not_taken_for_it(
    send: Send, sandbox: RunningSandbox, tenant: Tenant
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
    judged: list[str] = []

    def settle_amid(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        answer = execute(sql, params, many, context)
        is_of_both = "broadcast_providermessageid" in sql or "own.sender_id" in sql
        if is_of_both and not judged:
            judged.append(sql)
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
    assert judged
    assert statuses(broadcast) == ["UNKNOWN"]


def test_another_of_ours_that_is_tried_again_after_an_id_of_its_own_may_be_the_one(
    send: Send, sandbox: RunningSandbox
) -> None:
    """The id is that of its first try, which Twilio took and failed at once."""
    to = "+14155237006"
    other = send(to, text="Hello").messages.get()
    ProviderMessageId.objects.filter(message_id=other.pk).update(provider_message_id="SMfirst")
    other.status, other.provider_message_id, other.attempts = "UNKNOWN", "SMfirst", 2
    other.save()
    behave(sandbox, to, "resets")
    broadcast = send(to, text="Hello")
    assert (look_up(), statuses(broadcast)) == (0, ["UNKNOWN"])


class Silent:
    """A provider that takes connections and never answers."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.base_url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.taken: list[socket.socket] = []
        self.was_asked = threading.Event()
        threading.Thread(target=self._take, daemon=True).start()

    def _take(self) -> None:
        while True:
            try:
                self.taken.append(self._socket.accept()[0])
            except OSError:
                return
            self.was_asked.set()

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        for each in (self._socket, *self.taken):
            each.close()


@pytest.fixture
def silent(sender: Sender, send: Send) -> Iterator[Silent]:
    """Two broadcasts with an UNKNOWN message each, of a provider that has fallen silent."""
    for ending in ("1415528", "1415529"):
        send(f"+{ending}{TAKEN}")
    provider = Silent()
    Sender.objects.filter(pk=sender.pk).update(base_url=provider.base_url)
    yield provider
    provider.close()


def test_a_silent_provider_holds_a_look_no_longer_than_one_answer(
    silent: Silent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many broadcasts it leaves in doubt: planning and receipts wait for the thread."""
    monkeypatch.setattr(looking_up, "ANSWERED_WITHIN", 0.3)
    assert look_up() == 0
    assert len(silent.taken) == 1


@pytest.mark.django_db(transaction=True)
def test_one_thread_alone_waits_for_a_silent_provider(
    silent: Silent, monkeypatch: pytest.MonkeyPatch
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
        assert len(silent.taken) == 1
        assert first.result(10) == 0
