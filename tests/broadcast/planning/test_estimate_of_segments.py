"""SMS and RCS: estimate, hold, charges, statement and the sandbox agree on every segment."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from broadcast.engine.batch import run_batch
from broadcast.models import Broadcast
from channels.models import Sender
from contacts.models import Contact
from sandbox.running import RunningSandbox
from tenants.models import Tenant
from tests.broadcast.books import statuses
from tests.broadcast.recipients import ids_of
from tests.channels.providers.samples import service_account
from tests.sandbox.client import Client
from wallet.models import EntryKind, LedgerEntry, Rate, Wallet

pytestmark = pytest.mark.django_db

TEXT = "Dear {{first_name}}, our sale has begun. {{more|Come early.}}"
NAMES_AND_TEXTS = [
    ("Ana", ""),
    ("Ben", "x" * 120),
    ("Cem", "€" * 220),
    ("Жанна", ""),
    ("Zoë", "ж" * 120),
    ("Eva", "😀" * 50),
    ("Ida", "x" * 1600),
]
"""GSM with extension characters, UCS-2 with surrogate pairs at the seams; Ida's exceeds an SMS."""
REFUSED = "9003"
SEGMENTS = {"SMS": {1, 2, 3, 4}, "RCS": {1}}
PROVIDERS = {
    "SMS": ("twilio", lambda: {"account_sid": f"AC{uuid4().hex}", "auth_token": "token"}),
    "RCS": ("google_rbm", lambda: {"service_account": service_account()}),
}


@pytest.fixture
def sender_over(tenant: Tenant, sandbox: RunningSandbox) -> Callable[[str], Sender]:
    def make(platform: str) -> Sender:
        provider, login = PROVIDERS[platform]
        for country, message_type, price in (
            ("DE", "", "0.075300"),
            ("FR", "BASIC" if platform == "RCS" else "", "0.041700"),
        ):
            Rate.objects.create(
                platform=platform,
                country=country,
                message_type=message_type,
                price=Decimal(price),
                currency="EUR",
                valid_from=timezone.now() - timedelta(days=1),
            )
        sender: Sender = Sender.objects.create(
            tenant=tenant,
            platform=platform,
            provider=provider,
            name=provider,
            address="Shop",
            account_id=f"MG{uuid4().hex}",
            credentials=login(),
            base_url=sandbox.base_url,
            currency=tenant.currency,
            marketing_price=Decimal("0.019900"),
            batch_delay=Decimal(0),
            batch_size=6,
        )
        return sender

    return make


@pytest.fixture
def recipients(tenant: Tenant) -> list[Contact]:
    """In each of three countries: a contact for every text, and one that the provider refuses."""
    contacts = []
    for country, prefix in (("DE", "+49170123"), ("FR", "+33612345"), ("AT", "+43664123")):
        for number, (name, more) in enumerate([*NAMES_AND_TEXTS, ("Nobody", "x" * 200)]):
            ending = REFUSED if name == "Nobody" else f"{1000 + number}"
            contacts.append(
                Contact.objects.create(
                    tenant=tenant,
                    first_name=name,
                    phone=f"{prefix}{ending}",
                    country=country,
                    attributes={"more": more} if more else {},
                )
            )
    return contacts


@pytest.mark.parametrize(("platform", "suppressed"), [("SMS", {"text_too_long": 3}), ("RCS", {})])
def test_estimate_hold_charges_and_statement_agree(
    manager: APIClient,
    rich: Wallet,
    sandbox: RunningSandbox,
    sender_over: Callable[[str], Sender],
    recipients: list[Contact],
    platform: str,
    suppressed: dict[str, int],
) -> None:
    sender = sender_over(platform)
    body = {
        "name": "Sale",
        "platform": platform,
        "text": TEXT,
        "recipients": ids_of(recipients),
    }
    broadcast_id = manager.post("/broadcast/", body).data["id"]
    estimate = manager.get(f"/broadcast/{broadcast_id}/estimate/").data
    assert estimate["suppressed"] == suppressed
    broadcast = send(manager, broadcast_id, estimate)
    rich.refresh_from_db()
    assert rich.held == Decimal(estimate["cost"]) > 0
    assert broadcast.counters.total == len(recipients)

    while {"PENDING", "SENDING"} & set(statuses(broadcast)):
        run_batch(lane_id=broadcast.lanes.get().pk, clock=timezone.now)
    assert_amounts_agree(manager, rich, broadcast, estimate)
    accepted = Client(sandbox.base_url).get(
        f"accepted?account={sender.credentials.get('account_sid', sender.account_id)}"
    )["results"]
    sent = broadcast.messages.filter(status="SENT")
    assert {message.segments for message in sent} == SEGMENTS[platform]
    assert {message["to"]: message["segments"] for message in accepted} == {
        (message.address or "").lstrip("+"): message.segments for message in sent
    }


def send(manager: APIClient, broadcast_id: str, estimate: dict[str, Any]) -> Broadcast:
    answer = manager.post(
        f"/broadcast/{broadcast_id}/send/", {"estimate_hash": estimate["estimate_hash"]}
    )
    assert answer.status_code == 200, answer.data
    return Broadcast.objects.select_related("counters").get()


def assert_amounts_agree(
    manager: APIClient, wallet: Wallet, broadcast: Broadcast, estimate: dict[str, Any]
) -> None:
    """Rows, ledger, wallet and statement agree with the estimate."""
    cost = Decimal(estimate["cost"])
    rows = list(broadcast.messages.all())
    planned = [row for row in rows if row.status != "SUPPRESSED"]
    assert sum(row.price for row in planned) == cost
    assert sum(row.segments for row in planned) == estimate["segments"]
    captured = sum(row.price for row in rows if row.status == "SENT")
    released = sum(row.price for row in rows if row.status == "FAILED")
    assert captured + released == cost
    assert min(captured, released) > 0

    lines = manager.get("/wallet/statement/").data
    (subject,) = lines["subjects"]
    assert Decimal(subject["held"]) == cost
    assert Decimal(subject["captured"]) == captured
    assert Decimal(subject["released"]) == released
    entries = LedgerEntry.objects.filter(kind=EntryKind.CAPTURE)
    assert entries.count() > 1
    assert -sum(entry.balance_delta for entry in entries) == captured
    wallet.refresh_from_db()
    assert wallet.held == 0
    assert Decimal(lines["closing"]["balance"]) == wallet.balance
    assert wallet.balance == Decimal(estimate["wallet"]["available_after"]) + released
