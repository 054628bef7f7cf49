"""Checks what must hold after a run, in the database and in the sandbox's books."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from broadcast.models import Batch, Broadcast, BroadcastMessage
from broadcast.states import FINISHED, BroadcastStatus
from tests.chaos.chaos import Chaos
from tests.chaos.scenario import Scenario

OPEN = ("PENDING", "SENDING")
REACHED = ("SENT", "DELIVERED", "READ")


def breaches(chaos: Chaos) -> list[str]:
    """All breaches. Some disappear as the run goes on; a message sent twice never does."""
    scenario = chaos.scenario
    return breaches_of(
        scenario,
        accepted=chaos.witness.accepted(scenario.account.books),
        unknown_explained=chaos.allowance + scenario.ambiguous * scenario.at_once,
        cancelled_by=chaos.cancelled_by,
    )


def breaches_of(
    scenario: Scenario,
    *,
    accepted: list[dict[str, Any]],
    unknown_explained: int,
    cancelled_by: float | None = None,
) -> list[str]:
    """As `breaches`, for the given records of accepted messages."""
    rows = list(BroadcastMessage.objects.filter(broadcast=scenario.broadcast).order_by("seq"))
    is_cancelled = cancelled_by is not None
    return [
        *sent_twice(accepted),
        *_not_finished(scenario, rows, is_cancelled=is_cancelled),
        *_against_the_witness(scenario, rows, accepted, is_cancelled=is_cancelled),
        *_too_many_unknown(rows, explained=unknown_explained),
        *_books(scenario),
        *_after_the_cancel(scenario, cancelled_by),
    ]


def sent_twice(accepted: list[dict[str, Any]]) -> list[str]:
    times = Counter(record["to"] for record in accepted)
    return [f"{to} was accepted {n} times" for to, n in times.items() if n > 1]


def _not_finished(
    scenario: Scenario, rows: list[BroadcastMessage], *, is_cancelled: bool
) -> list[str]:
    broadcast = Broadcast.objects.get(pk=scenario.broadcast.pk)
    still_open = Counter(row.status for row in rows if row.status in OPEN)
    wrong = [f"{count} rows are {status}" for status, count in still_open.items()]
    ends = {BroadcastStatus.CANCELLED} if is_cancelled else FINISHED
    if broadcast.status not in ends:
        wrong.append(f"the broadcast is {broadcast.status} {broadcast.pause_reason}".rstrip())
    return wrong


def _against_the_witness(
    scenario: Scenario,
    rows: list[BroadcastMessage],
    accepted: list[dict[str, Any]],
    *,
    is_cancelled: bool,
) -> list[str]:
    account = scenario.account
    is_sent_again = scenario.is_idempotent and not is_cancelled
    by_address = {str(row.address).lstrip("+"): row for row in rows}
    records = {record["to"]: record for record in accepted}
    wrong = [
        f"#{row.seq} is {row.status} but was not accepted"
        for to, row in by_address.items()
        if row.status in REACHED and to not in records
    ]
    for to, record in records.items():
        row = by_address[to]
        reported = set(record["reported"])
        if "failed" in reported:
            allowed: tuple[str, ...] = ("FAILED",)
        elif reported:
            allowed = REACHED
        else:
            # The provider answers a repeated id like the first, so a second try settles UNKNOWN.
            allowed = REACHED if is_sent_again else (*REACHED, "UNKNOWN")
        if row.status not in allowed:
            wrong.append(f"#{row.seq} was accepted, reported {sorted(reported)}, is {row.status}")
        if account.reports and not reported and record["behaviour"] != "silent":
            wrong.append(f"#{row.seq} was accepted and never reported on")
    return wrong


def _too_many_unknown(rows: list[BroadcastMessage], *, explained: int) -> list[str]:
    unknown = sum(row.status == "UNKNOWN" for row in rows)
    return [f"{unknown} rows are UNKNOWN, {explained} explained"] if unknown > explained else []


COUNTED = """
SELECT c.total, count(m.id), {columns},
       c.cost, coalesce(sum(m.price) FILTER (WHERE m.charge_state = 'CAPTURED'), 0)
FROM broadcast_broadcastcounters c
LEFT JOIN broadcast_broadcastmessage m ON m.broadcast_id = c.broadcast_id
WHERE c.broadcast_id = %s GROUP BY c.broadcast_id
"""
STATUSES = (
    "pending", "sending", "on_hold", "sent", "delivered", "read", "failed", "unknown",
    "suppressed", "cancelled", "expired",
)  # fmt: skip
MONEY = """
SELECT w.balance, (SELECT sum(balance_delta) FROM wallet_ledgerentry e WHERE e.wallet_id = w.id),
       w.held, (SELECT sum(held_delta) FROM wallet_ledgerentry e WHERE e.wallet_id = w.id),
       (SELECT sum(amount - captured - released) FROM wallet_hold h WHERE h.wallet_id = w.id),
       (SELECT sum(price) FROM broadcast_broadcastmessage m
        WHERE m.tenant_id = w.tenant_id AND m.charge_state = 'HELD'),
       (SELECT -sum(balance_delta) FROM wallet_ledgerentry e
        WHERE e.wallet_id = w.id AND kind IN ('CAPTURE', 'REFUND')),
       (SELECT sum(price) FROM broadcast_broadcastmessage m
        WHERE m.tenant_id = w.tenant_id AND m.charge_state = 'CAPTURED')
FROM wallet_wallet w WHERE w.tenant_id = %s
"""


def _books(scenario: Scenario) -> list[str]:
    """Checks that counters equal rows, and that entries, holds and prices agree."""
    columns = ", ".join(
        f"c.{name}, count(m.id) FILTER (WHERE m.status = '{name.upper()}')" for name in STATUSES
    )
    with connection.cursor() as cursor:
        cursor.execute(COUNTED.format(columns=columns), [scenario.broadcast.pk])
        counted = cursor.fetchone()
        cursor.execute(MONEY, [scenario.tenant.pk])
        balance, entries, held, held_entries, open_holds, held_rows, spent, captured = (
            amount or 0 for amount in cursor.fetchone()
        )
    pairs = list(zip(("total", *STATUSES, "cost"), counted[::2], counted[1::2], strict=True))
    pairs += [
        ("balance and its entries", balance, entries),
        ("held and its entries", held, held_entries),
        ("held and open holds", held, open_holds),
        ("held and rows", held, held_rows),
        ("captured and rows", spent, captured),
    ]
    return [f"{name}: {left} against {right}" for name, left, right in pairs if left != right]


def _after_the_cancel(scenario: Scenario, cancelled_by: float | None) -> list[str]:
    if cancelled_by is None:
        return []
    late = Batch.objects.filter(
        broadcast=scenario.broadcast,
        claimed_at__gt=datetime.fromtimestamp(cancelled_by, UTC),
    ).count()
    return [f"{late} batches were claimed after the cancel"] if late else []
