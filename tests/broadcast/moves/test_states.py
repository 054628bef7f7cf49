"""Every pair of states: a trigger guards a broadcast's, filtered UPDATEs guard a message's."""

from itertools import product

import pytest
from django.db import InternalError, transaction
from django.utils import timezone

from broadcast.followup.receipts import apply_receipts
from broadcast.models import Broadcast, BroadcastCounters, BroadcastMessage
from broadcast.moves.messages import lock_counters, move
from broadcast.moves.move_sql import Move
from broadcast.states import (
    BROADCAST_MOVES,
    BROADCAST_UI_STATUS,
    EDITABLE,
    FINISHED,
    MESSAGE_MOVES,
    RECEIPT_RANK,
    BroadcastStatus,
    MessageStatus,
)
from channels.port.events import Receipt, ReceiptStatus
from config.environment import BASE_DIR
from tests.factories import BroadcastFactory, BroadcastMessageFactory

pytestmark = pytest.mark.django_db

# The design's tables, written out a second time: the tables in states.py must equal them.
BROADCAST = """
DRAFT → SCHEDULED QUEUED CANCELLED
SCHEDULED → DRAFT QUEUED FAILED CANCELLED
QUEUED → SENDING FAILED CANCELLED
SENDING → SENT PARTIALLY_SENT FAILED CANCELLED
SENT → PARTIALLY_SENT FAILED
PARTIALLY_SENT → SENT FAILED
FAILED → SENT PARTIALLY_SENT
CANCELLED →
"""
MESSAGE = """
PENDING → SENDING SUPPRESSED CANCELLED EXPIRED ON_HOLD SENT DELIVERED READ
SENDING → PENDING ON_HOLD SENT DELIVERED READ FAILED UNKNOWN CANCELLED
UNKNOWN → PENDING ON_HOLD SENT DELIVERED READ FAILED
ON_HOLD → SENT DELIVERED READ FAILED
SENT → DELIVERED READ FAILED
FAILED → DELIVERED READ
DELIVERED → READ
READ →
SUPPRESSED → ON_HOLD SENT DELIVERED READ
CANCELLED → ON_HOLD SENT DELIVERED READ
EXPIRED → ON_HOLD SENT DELIVERED READ
"""


def table(text: str) -> dict[str, set[str]]:
    parts = (line.partition("→") for line in text.strip().splitlines())
    return {old.strip(): set(news.split()) for old, _, news in parts}


def test_the_tables_are_the_designs() -> None:
    assert {old: set(news) for old, news in BROADCAST_MOVES.items()} == table(BROADCAST)
    assert {old: set(news) for old, news in MESSAGE_MOVES.items()} == table(MESSAGE)


@pytest.mark.parametrize("name", ["Broadcast", "Message"])
def test_the_documentation_has_the_same_tables(name: str) -> None:
    moves = BROADCAST_MOVES if name == "Broadcast" else MESSAGE_MOVES
    section = (BASE_DIR / "docs/states.md").read_text().split(f"## {name}\n")[1].split("\n## ")[0]
    lines = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("| ")]
    documented: dict[str, set[str]] = {}
    for olds, news in lines[1:]:
        names = [old.strip() for old in olds.split(",")]
        for old in names:
            others = set(names) - {old}
            named = {new.strip() for new in news.split(",")} & set(moves)
            documented[old] = others if "each other" in news else named
    assert documented == {old: set(news) for old, news in moves.items()}


def is_allowed(old: BroadcastStatus, new: BroadcastStatus) -> bool:
    return new == old or new in BROADCAST_MOVES[old]


PAIRS = list(product(BroadcastStatus, BroadcastStatus))
ALLOWED = [pair for pair in PAIRS if is_allowed(*pair)]
REFUSED = [pair for pair in PAIRS if not is_allowed(*pair)]


@pytest.mark.parametrize(("old", "new"), ALLOWED)
def test_the_database_takes_the_moves_of_the_table(
    old: BroadcastStatus, new: BroadcastStatus
) -> None:
    broadcast = BroadcastFactory.create(status=old, scheduled_at=timezone.now())
    row = Broadcast.objects.filter(pk=broadcast.pk)
    assert row.update(status=new) == 1
    assert row.get().status == new


@pytest.mark.parametrize(("old", "new"), REFUSED)
def test_the_database_takes_no_other_move(old: BroadcastStatus, new: BroadcastStatus) -> None:
    broadcast = BroadcastFactory.create(status=old, scheduled_at=timezone.now())
    row = Broadcast.objects.filter(pk=broadcast.pk)
    with pytest.raises(InternalError, match=r"[Ii]nvalid transition"), transaction.atomic():
        row.update(status=new)
    assert row.get().status == old


def test_only_what_has_not_begun_can_be_edited_and_every_status_has_a_name() -> None:
    assert set(EDITABLE) == {"DRAFT", "SCHEDULED"}
    assert set(FINISHED) == {"SENT", "PARTIALLY_SENT", "FAILED"}
    assert set(BROADCAST_UI_STATUS) == set(BroadcastStatus)


@pytest.mark.parametrize(("old", "reported"), product(MessageStatus, ReceiptStatus))
def test_a_receipt_makes_a_move_of_the_table_or_none(
    old: MessageStatus, reported: ReceiptStatus
) -> None:
    message = BroadcastMessageFactory.create(status=old, attempts=1)
    counters = message.broadcast.counters
    BroadcastCounters.objects.filter(broadcast=message.broadcast).update(
        total=1, **{old.lower(): 1}
    )
    apply_receipts(
        tenant_id=message.tenant_id,
        receipts=[
            Receipt(
                provider_message_id="wamid.1",
                message_id=message.pk,
                status=reported,
                at=timezone.now(),
            )
        ],
        now=timezone.now(),
    )
    message.refresh_from_db()
    wanted = MessageStatus(reported.value)
    is_legal = wanted in MESSAGE_MOVES[old] and RECEIPT_RANK[wanted] > RECEIPT_RANK.get(old, 0)
    assert message.status == (wanted if is_legal else old)
    assert is_legal == (wanted in MESSAGE_MOVES[old])
    counters.refresh_from_db()
    assert {name for name, n in counters.by_status().items() if n} == {message.status.lower()}


@pytest.mark.parametrize(("old", "new"), product(MessageStatus, MessageStatus))
def test_a_move_matches_rows_in_its_old_status_alone(
    old: MessageStatus, new: MessageStatus
) -> None:
    """Every caller of `move` relies on it: a row that another transaction has moved stays."""
    message = BroadcastMessageFactory.create(status=old)
    counters = message.broadcast.counters
    BroadcastCounters.objects.filter(broadcast=message.broadcast).update(
        total=1, **{old.lower(): 1}
    )
    olds = [status.value for status, news in MESSAGE_MOVES.items() if new in news]
    update = Move(
        ctes="nothing AS (SELECT)",
        update="""
        UPDATE broadcast_broadcastmessage m SET status = %(new)s
        WHERE m.broadcast_id = %(broadcast)s AND m.status = ANY(%(olds)s)
        """,
    )
    lock_counters(message.broadcast_id)
    moved = move(
        broadcast_id=message.broadcast_id, update=update, params={"new": new.value, "olds": olds}
    )
    status = BroadcastMessage.objects.get(pk=message.pk).status
    assert (moved.count, status) == ((1, new) if new in MESSAGE_MOVES[old] else (0, old))
    counters.refresh_from_db()
    assert {name for name, n in counters.by_status().items() if n} == {status.lower()}
