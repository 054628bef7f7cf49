"""A line of the ledger lists exactly the messages that it consists of."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from broadcast import lifecycle
from broadcast.engine.batch import run_batch
from broadcast.followup.receipts import apply_receipts
from broadcast.models import ChargeLine
from channels.models import Sender
from channels.port.events import Receipt, ReceiptStatus
from contacts.models import Contact, Suppression, SuppressionSource
from tenants.models import Tenant
from tests.fixtures.types import MakeBroadcast, MakePeople
from wallet.models import EntryKind, LedgerEntry, Wallet

pytestmark = pytest.mark.django_db


def test_every_line_of_a_broadcast_adds_up_from_its_messages(
    tenant: Tenant,
    owner: APIClient,
    rich: Wallet,
    people: MakePeople,
    draft: MakeBroadcast,
    bot: Sender,
) -> None:
    Sender.objects.update(batch_size=3)
    contacts = [*people(4), *people(2, ending=9003), *people(4)]
    now = timezone.now()
    broadcast = lifecycle.send(tenant=tenant, broadcast_id=draft(contacts).pk, now=now)
    _opt_out(tenant, contacts[0])
    for _ in range(3):
        run_batch(lane_id=broadcast.lanes.get().pk, clock=timezone.now)
    sent = broadcast.messages.filter(status="SENT").order_by("seq").first()
    assert sent is not None
    _fail(tenant, sent.pk, now)
    lifecycle.cancel(tenant=tenant, broadcast_id=broadcast.pk, now=now)

    lines = {entry.pk: _open(owner, entry) for entry in LedgerEntry.objects.exclude(subject="")}

    for entry in LedgerEntry.objects.exclude(subject=""):
        assert lines[entry.pk]["amount"] == max(abs(entry.balance_delta), abs(entry.held_delta))
    by_kind = {
        kind: [message_id for entry in _entries(kind) for message_id in lines[entry.pk]["ids"]]
        for kind in (EntryKind.HOLD, EntryKind.CAPTURE, EntryKind.RELEASE, EntryKind.REFUND)
    }
    assert len(by_kind[EntryKind.HOLD]) == 10
    assert by_kind[EntryKind.REFUND] == [str(sent.pk)]
    assert sorted(by_kind[EntryKind.CAPTURE] + by_kind[EntryKind.RELEASE]) == sorted(
        by_kind[EntryKind.HOLD]
    )


def test_a_replaced_plans_hold_opens_to_nothing_and_its_release_to_its_own_rows(
    tenant: Tenant, owner: APIClient, rich: Wallet, people: MakePeople, draft: MakeBroadcast
) -> None:
    now = timezone.now()
    broadcast = draft(people(3))
    at = now + timedelta(hours=1)
    lifecycle.schedule(tenant=tenant, broadcast_id=broadcast.pk, at=at, now=now)
    lifecycle.unschedule(tenant=tenant, broadcast_id=broadcast.pk, now=now)
    lifecycle.send(tenant=tenant, broadcast_id=broadcast.pk, now=now)
    first, second = _entries(EntryKind.HOLD)
    assert _open(owner, first)["ids"] == []
    assert len(_open(owner, second)["ids"]) == 3
    (release,) = _entries(EntryKind.RELEASE)
    assert _open(owner, release)["amount"] == release.held_delta.copy_abs()


def test_a_long_line_is_cut_into_blocks(
    tenant: Tenant,
    rich: Wallet,
    people: MakePeople,
    draft: MakeBroadcast,
    monkeypatch: pytest.MonkeyPatch,
    owner: APIClient,
) -> None:
    monkeypatch.setattr("broadcast.moves.messages.MESSAGES_PER_LINE", 2)
    now = timezone.now()
    broadcast = lifecycle.send(tenant=tenant, broadcast_id=draft(people(5)).pk, now=now)
    lifecycle.cancel(tenant=tenant, broadcast_id=broadcast.pk, now=now)
    assert sorted(len(line.message_ids) for line in ChargeLine.objects.all()) == [1, 2, 2]
    (release,) = _entries(EntryKind.RELEASE)
    assert len(_open(owner, release)["ids"]) == 5


def test_another_tenants_line_is_not_found(
    tenant: Tenant, outsider: APIClient, rich: Wallet
) -> None:
    entry = LedgerEntry.objects.get()
    assert outsider.get(f"/wallet/entries/{entry.pk}/messages/").status_code == 404


def _entries(kind: EntryKind) -> list[LedgerEntry]:
    return list(LedgerEntry.objects.filter(kind=kind).order_by("id"))


def _open(owner: APIClient, entry: LedgerEntry) -> dict[str, Any]:
    rows = owner.get(f"/wallet/entries/{entry.pk}/messages/").data["results"]
    return {
        "ids": [row["id"] for row in rows],
        "amount": sum((Decimal(row["price"]) for row in rows), Decimal(0)),
    }


def _opt_out(tenant: Tenant, contact: Contact) -> None:
    Suppression.objects.create(
        tenant=tenant, address=str(contact.telegram_chat_id), source=SuppressionSource.USER
    )


def _fail(tenant: Tenant, message_id: UUID, now: datetime) -> None:
    receipt = Receipt(
        provider_message_id="",
        status=ReceiptStatus.FAILED,
        at=now,
        message_id=message_id,
    )
    assert apply_receipts(tenant_id=tenant.pk, receipts=[receipt], now=now) == []
