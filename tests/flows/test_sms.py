"""SMS from end to end: a real worker, a sandbox over HTTP, receipts at a real web server."""

from collections import Counter
from decimal import Decimal
from typing import Any, Protocol

import pytest
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer
from smsutil import split

from broadcast import lifecycle
from broadcast.models import Broadcast
from broadcast.planning.plan import RecipientRef
from channels.models import ProviderApp, Sender
from channels.platforms import Platform
from contacts.models import Contact
from inbound.models import ProviderEvent
from inbound.tasks import apply_events
from sandbox.running import RunningSandbox
from tenants.models import Tenant
from tests.broadcast.books import assert_books_balance, statuses
from tests.fixtures.sending import PRICE
from tests.fixtures.types import StartWorker
from tests.flows.waiting import wait_for, wait_until_sent
from tests.sandbox.client import Client
from wallet.models import Wallet

pytestmark = pytest.mark.django_db(transaction=True)
TEXT = "Hello {{first_name}}, " + "our summer sale begins. " * 8
SECRET = "a-secret-of-the-endpoint"

CREDENTIALS = {
    "vonage": {"api_key": "abcd1234", "api_secret": SECRET},
    "msg91": {"authkey": "authkey"},
}
SECRETS = {"vonage": {"signature_secret": SECRET}, "msg91": {"url_token": SECRET}}
ACCOUNTS = {"vonage": "14155550100", "msg91": "ACMEIN"}
SANDBOX_ACCOUNTS = {"vonage": "abcd1234", "msg91": "ACMEIN"}
"""The account's name in the sandbox's records."""


class MakeSender(Protocol):
    def __call__(self, provider: str) -> Sender: ...


class SendSms(Protocol):
    def __call__(self, sender: Sender, endings: list[str], **fields: object) -> Broadcast: ...


def accepted(sandbox: RunningSandbox, provider: str) -> list[dict[str, Any]]:
    """The messages that the sandbox accepted from the provider's account."""
    path = f"accepted?account={SANDBOX_ACCOUNTS[provider]}&limit=1000"
    messages: list[dict[str, Any]] = Client(sandbox.base_url).get(path)["results"]
    return messages


@pytest.fixture
def sms(tenant: Tenant, sandbox: RunningSandbox, live_server: LiveServer) -> MakeSender:
    """`sms("vonage")`: a sender; the sandbox posts receipts to its provider app's webhook."""
    client = Client(sandbox.base_url)

    def make(provider: str) -> Sender:
        app = ProviderApp.objects.create(
            tenant=tenant, provider=provider, name=provider, secrets=SECRETS[provider]
        )
        client.control("reset", {"account": SANDBOX_ACCOUNTS[provider], "webhooks": True})
        if provider == "msg91":
            url = f"{live_server.url}{app.webhook_path}?token={SECRET}"
            target = {"provider": provider, "account": SANDBOX_ACCOUNTS[provider], "url": url}
            client.control("webhooks", target)
        return Sender.objects.create(
            tenant=tenant,
            app=app,
            platform=Platform.SMS,
            provider=provider,
            name=provider,
            address=ACCOUNTS[provider],
            account_id=ACCOUNTS[provider],
            credentials=CREDENTIALS[provider],
            base_url=sandbox.base_url,
            currency=tenant.currency,
            marketing_price=PRICE,
            batch_delay=Decimal(0),
            batch_size=40,
        )

    return make


@pytest.fixture
def send_sms(
    celery_worker_process: StartWorker,
    tenant: Tenant,
    rich: Wallet,
    live_server: LiveServer,
) -> SendSms:
    """A broadcast that a worker has sent to recipients with these endings of their numbers."""

    def send(sender: Sender, endings: list[str], **fields: object) -> Broadcast:
        contacts = Contact.objects.bulk_create(
            Contact(tenant=tenant, first_name="Ana", phone=f"+919876{number // 10:02d}{ending}")
            for number, ending in enumerate(endings)
        )
        broadcast = lifecycle.create(
            tenant=tenant,
            actor=None,
            fields={"name": "Sale", "platform": Platform.SMS, "text": TEXT, **fields},
            recipients=[RecipientRef(contact=contact.pk) for contact in contacts],
            now=timezone.now(),
        )
        celery_worker_process(TEST_PUBLIC_URL=live_server.url)
        lifecycle.send(tenant=tenant, broadcast_id=broadcast.pk, now=timezone.now())
        wait_until_sent(broadcast)
        return Broadcast.objects.get(pk=broadcast.pk)

    return send


def wait_for_statuses(broadcast: Broadcast, wanted: dict[str, int]) -> None:
    """Returns once the worker has applied the receipts that the sandbox posted."""

    def is_applied() -> bool:
        apply_events.delay()
        return Counter(statuses(broadcast)) == wanted

    wait_for(is_applied)


def test_vonage(sms: MakeSender, send_sms: SendSms, sandbox: RunningSandbox) -> None:
    assert len(split(TEXT).parts) == 2
    usual = [f"{1000 + number}" for number in range(90)]
    # Refused; failed later; accepted, then answered 5xx: only its receipt tells its fate.
    broadcast = send_sms(sms("vonage"), [*usual, "9003", "9001", "9010"])
    wait_for_statuses(broadcast, {"DELIVERED": 91, "FAILED": 2})
    codes = set(broadcast.messages.filter(status="FAILED").values_list("error_code", flat=True))
    assert codes == {"recipient_unreachable", "recipient_unavailable"}
    our_ids = [message["our_id"] for message in accepted(sandbox, "vonage")]
    assert len(our_ids) == len(set(our_ids)) == 92
    # A receipt for each of two parts: rows and counters still count one message.
    wait_for(lambda: ProviderEvent.objects.count() == 2 * 2 * 92)
    wait_for_statuses(broadcast, {"DELIVERED": 91, "FAILED": 2})
    broadcast.refresh_from_db()
    assert (broadcast.counters.total, broadcast.counters.delivered) == (93, 91)
    assert_books_balance(broadcast)
    assert set(ProviderEvent.objects.values_list("app__provider", flat=True)) == {"vonage"}


def test_msg91_in_requests_of_many(
    sms: MakeSender, send_sms: SendSms, sandbox: RunningSandbox
) -> None:
    usual = [f"{1000 + number}" for number in range(98)]
    sender = sms("msg91")
    broadcast = send_sms(sender, [*usual, "9001", "9003"], provider_template_id="64f0c0ffee")
    wait_for_statuses(broadcast, {"DELIVERED": 98, "FAILED": 2})
    messages = accepted(sandbox, "msg91")
    assert len({message["to"] for message in messages}) == len(messages) == 100
    requests = {message["message_id"].partition(":")[0] for message in messages}
    assert len(requests) == 3  # batches of 40
    assert_books_balance(broadcast)


def test_a_request_of_msg91_whose_answer_was_lost_is_resolved_by_its_reports(
    sms: MakeSender, send_sms: SendSms, sandbox: RunningSandbox
) -> None:
    endings = [*(f"{1000 + number}" for number in range(79)), "9011"]
    broadcast = send_sms(sms("msg91"), endings, provider_template_id="64f0c0ffee")
    # The reports name a request id that was in the lost answer alone, but carry our ids.
    wait_for_statuses(broadcast, {"DELIVERED": 80})
    messages = accepted(sandbox, "msg91")
    assert len({message["to"] for message in messages}) == len(messages) == 80
    assert_books_balance(broadcast)
