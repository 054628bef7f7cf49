"""SMS from end to end: a real worker, a sandbox over HTTP, its receipts at a real web server."""

import json
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.request import Request, urlopen

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
from wallet.models import Wallet

pytestmark = pytest.mark.django_db(transaction=True)
DEADLINE = 30.0
TEXT = "Hello {{first_name}}, " + "our summer sale begins. " * 8
SECRET = "a-secret-of-the-endpoint"

CREDENTIALS = {
    "vonage": {"api_key": "abcd1234", "api_secret": SECRET},
    "msg91": {"authkey": "authkey"},
}
SECRETS = {"vonage": {"signature_secret": SECRET}, "msg91": {"url_token": SECRET}}
ACCOUNTS = {"vonage": "14155550100", "msg91": "ACMEIN"}
BOOKS = {"vonage": "abcd1234", "msg91": "ACMEIN"}
"""What the sandbox calls the account."""


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)


def control(sandbox: RunningSandbox, path: str, body: dict[str, Any]) -> None:
    url, raw = f"{sandbox.base_url}/_sandbox/{path}", json.dumps(body).encode()
    urlopen(Request(url, raw, {"Content-Type": "application/json"})).close()  # noqa: S310 - own server


def accepted(sandbox: RunningSandbox, provider: str) -> list[dict[str, Any]]:
    url = f"{sandbox.base_url}/_sandbox/accepted?account={BOOKS[provider]}&limit=1000"
    with urlopen(url) as answer:  # noqa: S310 - a server of this test
        found: list[dict[str, Any]] = json.load(answer)["results"]
        return found


@pytest.fixture
def sms(tenant: Tenant, sandbox: RunningSandbox, live_server: LiveServer) -> Callable[..., Sender]:
    """A sender whose provider app's endpoint the sandbox reports to."""

    def make(provider: str) -> Sender:
        app = ProviderApp.objects.create(
            tenant=tenant, provider=provider, name=provider, secrets=SECRETS[provider]
        )
        control(sandbox, "reset", {"account": BOOKS[provider], "webhooks": True})
        if provider == "msg91":
            url = f"{live_server.url}{app.webhook_path}?token={SECRET}"
            target = {"provider": provider, "account": BOOKS[provider], "url": url}
            control(sandbox, "webhooks", target)
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
) -> Callable[..., Broadcast]:
    """A broadcast that a worker has sent to recipients of these endings."""

    def send(sender: Sender, endings: list[str], **fields: Any) -> Broadcast:
        contacts = Contact.objects.bulk_create(
            Contact(tenant=tenant, first_name="Ana", phone=f"+919876{number // 10:02d}{ending}")
            for number, ending in enumerate(endings)
        )
        broadcast = lifecycle.create(
            tenant=tenant,
            actor=None,
            fields={"name": "Sale", "platform": Platform.SMS, "text": TEXT, **fields},
            recipients=[RecipientRef(contact=each.pk) for each in contacts],
            now=timezone.now(),
        )
        celery_worker_process(TEST_PUBLIC_URL=live_server.url)
        lifecycle.send(tenant=tenant, broadcast_id=broadcast.pk, now=timezone.now())
        wait_for(lambda: not {"PENDING", "SENDING"} & set(statuses(broadcast)))
        return Broadcast.objects.get(pk=broadcast.pk)

    return send


def settle_receipts(broadcast: Broadcast, wanted: dict[str, int]) -> None:
    """Until the worker has applied what the sandbox posted."""

    def has_come() -> bool:
        apply_events.delay()
        found = statuses(broadcast)
        return {each: found.count(each) for each in set(found)} == wanted

    wait_for(has_come)


def test_vonage(
    sms: Callable[..., Sender], send_sms: Callable[..., Broadcast], sandbox: RunningSandbox
) -> None:
    assert len(split(TEXT).parts) == 2
    usual = [f"{1000 + number}" for number in range(90)]
    # Refused · failed later · accepted, then a 5xx: its receipt says what became of it.
    broadcast = send_sms(sms("vonage"), [*usual, "9003", "9001", "9010"])
    settle_receipts(broadcast, {"DELIVERED": 91, "FAILED": 2})
    codes = set(broadcast.messages.filter(status="FAILED").values_list("error_code", flat=True))
    assert codes == {"recipient_unreachable", "recipient_unavailable"}
    told = [each["our_id"] for each in accepted(sandbox, "vonage")]
    assert len(told) == len(set(told)) == 92
    # Two parts, of which each was reported on: one message in the rows and in the counters.
    wait_for(lambda: ProviderEvent.objects.count() == 2 * 2 * 92)
    settle_receipts(broadcast, {"DELIVERED": 91, "FAILED": 2})
    broadcast.refresh_from_db()
    assert (broadcast.counters.total, broadcast.counters.delivered) == (93, 91)
    assert_books_balance(broadcast)
    assert set(ProviderEvent.objects.values_list("app__provider", flat=True)) == {"vonage"}


def test_msg91_in_requests_of_many(
    sms: Callable[..., Sender], send_sms: Callable[..., Broadcast], sandbox: RunningSandbox
) -> None:
    usual = [f"{1000 + number}" for number in range(98)]
    sender = sms("msg91")
    broadcast = send_sms(sender, [*usual, "9001", "9003"], provider_template_id="64f0c0ffee")
    settle_receipts(broadcast, {"DELIVERED": 98, "FAILED": 2})
    books = accepted(sandbox, "msg91")
    assert len({each["to"] for each in books}) == len(books) == 100
    requests = {each["message_id"].partition(":")[0] for each in books}
    assert len(requests) == 3  # batches of 40
    assert_books_balance(broadcast)


def test_a_request_of_msg91_whose_answer_was_lost_is_resolved_by_its_reports(
    sms: Callable[..., Sender], send_sms: Callable[..., Broadcast], sandbox: RunningSandbox
) -> None:
    endings = [*(f"{1000 + number}" for number in range(79)), "9011"]
    broadcast = send_sms(sms("msg91"), endings, provider_template_id="64f0c0ffee")
    # The reports name a request that we were never told of, but carry our ids.
    settle_receipts(broadcast, {"DELIVERED": 80})
    books = accepted(sandbox, "msg91")
    assert len({each["to"] for each in books}) == len(books) == 80
    assert_books_balance(broadcast)
