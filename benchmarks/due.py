"""`python -m benchmarks.due`: from the time it was scheduled for to the first hand-over.

Broadcasts of several tenants fall due at different instants, some of them together, alone and then
beside another tenant's big one that is sent without a delay; with the workers and the beat that
`make run` starts, as they are set for production. Then that big one is paused and resumed over the
API again and again, and at last cancelled: what still reached the provider after the answer?
"""

import argparse
import sys
import time
from collections.abc import Sequence
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, Any

from benchmarks.own_stack import own_stack, say, tell

if TYPE_CHECKING:
    from broadcast.models import Broadcast
    from channels.models import Sender

BAR = 5.0
"""Seconds from the time that was asked for to the first hand-over, of 99 in 100."""
TENANTS = 6
TOGETHER = 0.25
"""The share that falls due at one instant: people schedule for nine o'clock."""
RECIPIENTS = 50
SPREAD = 30.0
LEAD = 5.0
DEADLINE = 120.0

FIRST = """
SELECT extract(epoch FROM queued_at - scheduled_at)::float,
       extract(epoch FROM (SELECT min(handed_at) FROM broadcast_batch WHERE broadcast_id = b.id)
                          - scheduled_at)::float
FROM broadcast_broadcast b WHERE id = ANY(%s)
"""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.due", description=__doc__)
    parser.add_argument("--broadcasts", type=int, default=120)
    parser.add_argument("--big", type=int, default=400_000, help="the other tenant's recipients")
    given = parser.parse_args()
    with own_stack() as stack:
        from benchmarks.halting import halted
        from benchmarks.processes import stub
        from benchmarks.scene import send

        with stub() as (url, _):
            senders = _senders(url)
            # All planned before anything is measured: what counts is the starting.
            first, second = (_planned(senders, given.broadcasts) for _ in range(2))
            big = _big(given.big, url=url)
            say(f"{given.broadcasts} broadcasts of {TENANTS} tenants, alone")
            figures: dict[str, Any] = {"alone": _measured(first, seed=1)}
            send(big)
            say("the same beside a big one")
            figures["beside"] = _measured(second, seed=2)
            big.refresh_from_db()
            figures["beside"]["big_was_still_sending"] = big.status == "SENDING"
            say("pausing and cancelling")
            figures |= halted(big, web_url=stack.web_url, stub_url=url)
    tell("due", figures)
    kept = all(figures[name]["handed_over"]["p99"] <= BAR for name in ("alone", "beside"))
    return 0 if kept and figures["beside"]["big_was_still_sending"] else 1


def _senders(url: str) -> "list[Sender]":
    """One for each tenant, with the delay that senders have where nobody has said another one."""
    from benchmarks.scene import Case, sender_for, tenant_with
    from channels.models import Sender
    from channels.platforms import Platform

    case = Case(Platform.TELEGRAM)
    made = [sender_for(case, tenant=tenant_with(0), stub_url=url, lanes=1) for _ in range(TENANTS)]
    Sender.objects.filter(pk__in=[each.pk for each in made]).update(batch_delay=None)
    return list(Sender.objects.select_related("tenant").filter(pk__in=[each.pk for each in made]))


def _planned(senders: "Sequence[Sender]", count: int) -> "list[Broadcast]":
    return [_planned_one(senders[n % len(senders)]) for n in range(count)]


def _planned_one(sender: "Sender") -> "Broadcast":
    """To people of its own: one person is not written to twice in a second (Telegram's limit)."""
    from django.utils import timezone

    from benchmarks.accounts import TEXT
    from benchmarks.scene import more_contacts
    from broadcast import lifecycle
    from broadcast.planning.plan import RecipientRef

    now = timezone.now()
    made = lifecycle.create(
        tenant=sender.tenant,
        actor=None,
        fields={"name": "Due", "platform": sender.platform, "sender": sender, "text": TEXT},
        recipients=[
            RecipientRef(contact=each)
            for each in more_contacts(tenant=sender.tenant, count=RECIPIENTS)
        ],
        now=now,
    )
    return lifecycle.schedule(
        tenant=sender.tenant, broadcast_id=made.pk, at=now + timedelta(hours=1), now=now
    )


def _big(recipients: int, *, url: str) -> "Broadcast":
    from benchmarks.scene import Case, planned, sender_for, tenant_with
    from channels.platforms import Platform

    case = Case(Platform.TELEGRAM)
    return planned(
        case, sender=sender_for(case, tenant=tenant_with(recipients), stub_url=url, lanes=2)
    )


def _measured(broadcasts: "Sequence[Broadcast]", *, seed: int) -> dict[str, Any]:
    from django.db import connection

    from benchmarks.percentiles import percentiles

    _schedule(broadcasts, random=Random(seed))  # noqa: S311 - to be repeated
    deadline = time.monotonic() + LEAD + SPREAD + DEADLINE
    while True:
        with connection.cursor() as cursor:
            cursor.execute(FIRST, [[each.pk for each in broadcasts]])
            rows = cursor.fetchall()
        if all(handed is not None for _, handed in rows):
            break
        if time.monotonic() > deadline:
            raise RuntimeError("Some were never handed over.")
        time.sleep(0.5)
    return {
        "broadcasts": len(broadcasts),
        "together": int(len(broadcasts) * TOGETHER),
        "queued": percentiles([queued for queued, _ in rows]),
        "handed_over": percentiles([handed for _, handed in rows]),
    }


def _schedule(broadcasts: "Sequence[Broadcast]", *, random: Random) -> None:
    """All in one statement: they are SCHEDULED already, only their time changes."""
    from django.utils import timezone

    from broadcast.models import Broadcast

    start = timezone.now() + timedelta(seconds=LEAD)
    at_once = start + timedelta(seconds=SPREAD / 2)
    for n, broadcast in enumerate(broadcasts):
        own = start + timedelta(seconds=random.uniform(0, SPREAD))
        broadcast.scheduled_at = at_once if n < len(broadcasts) * TOGETHER else own
    Broadcast.objects.bulk_update(broadcasts, ["scheduled_at"])


if __name__ == "__main__":
    sys.exit(main())
