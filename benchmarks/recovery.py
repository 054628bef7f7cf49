"""`python -m benchmarks.recovery`: seconds until messages flow again and the broadcast finishes.

Three faults, each during a broadcast: a kill of the sending workers, a FLUSHALL, and an immediate
shutdown of PostgreSQL; with the stack of `make run` and production settings. Above all the lease
matters, which decides when messages of a killed worker are settled. By default the platform is
Telegram, which sends no receipts, so nothing else settles these messages; with
`--platform WHATSAPP` receipts do.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from benchmarks.own_stack import log, own_stack, write_result

if TYPE_CHECKING:
    from benchmarks.under_way import UnderWay
    from config.stack.stack import Stack

MESSAGES = 1000
PER_SECOND = 50
FAULT_AT = 5.0
"""Seconds from the start of a broadcast to its fault."""
FLOWING = 60.0
"""Most seconds until messages flow again."""
SENDING_PROCESSES = 2


@dataclass(frozen=True, slots=True)
class Fault:
    name: str
    title: str
    do: "Callable[[Stack], None]"
    sending_processes: int
    """How many sending processes the fault may stop with unsettled batches."""


@dataclass(frozen=True, slots=True)
class Interrupted:
    """A broadcast, its fault, and the fault's time by the wall clock and the monotonic clock."""

    fault: Fault
    under_way: "UnderWay"
    at: datetime
    monotonic: float
    flowing: float


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recovery", description=__doc__)
    parser.add_argument("--platform", default="TELEGRAM", choices=["TELEGRAM", "WHATSAPP"])
    options = parser.parse_args()
    with own_stack() as stack:
        # The faults come one after another; the leases then expire at the same time.
        broadcasts = [_interrupt(fault, stack, platform=options.platform) for fault in FAULTS]
        log("waiting until the leases expire")
        figures = [_finished(interrupted, stack) for interrupted in broadcasts]
    write_result("recovery", {"platform": options.platform, "faults": figures})
    return 1 if any(fault["breaches"] for fault in figures) else 0


def kill_the_sending_workers(stack: "Stack") -> None:
    """Kills the pool and its children at once, as the kernel's out-of-memory killer might."""
    from benchmarks.victims import family, kill, member

    kill(*family(member("sending")))


def flush_valkey(stack: "Stack") -> None:
    import redis

    with redis.Redis.from_url(os.environ["REDIS_URL"]) as client:
        client.flushall()


def shut_postgres_down(stack: "Stack") -> None:
    """Shuts down immediately, like a power failure; the keeper starts it again."""
    import signal

    from benchmarks.victims import postmaster

    postmaster().send_signal(signal.SIGQUIT)


FAULTS = (
    Fault("kill", "kill -9 of the sending workers", kill_the_sending_workers, SENDING_PROCESSES),
    Fault("flush", "FLUSHALL", flush_valkey, 0),
    Fault("postgres", "immediate shutdown of PostgreSQL", shut_postgres_down, SENDING_PROCESSES),
)


def _interrupt(fault: Fault, stack: "Stack", *, platform: str) -> Interrupted:
    """Returns when no message is PENDING; some may still belong to killed processes."""
    from django.utils import timezone

    from benchmarks.under_way import started, until
    from channels.platforms import Platform

    under_way = started(
        platform=Platform(platform),
        messages=MESSAGES,
        per_second=PER_SECOND,
        sandbox_url=stack.sandbox_url,
    )
    until(
        lambda: under_way.is_flowing_since(under_way.began), seconds=FLOWING, what="a first batch"
    )
    time.sleep(FAULT_AT)
    at, monotonic = timezone.now(), time.monotonic()
    fault.do(stack)
    log(fault.title)
    flowing_at = until(
        lambda: under_way.is_flowing_since(at), seconds=FLOWING, what="messages flow"
    )
    flowing = (flowing_at - at).total_seconds()
    log(f"  flows again after {flowing:.1f} s")
    until(lambda: under_way.left() == 0, seconds=FLOWING * 2, what="all claimed")
    return Interrupted(fault, under_way, at, monotonic, flowing)


def _finished(interrupted: Interrupted, stack: "Stack") -> dict[str, Any]:
    from django.conf import settings

    from benchmarks.under_way import in_hand_of, longest_silence, until
    from tests.chaos.oracle import breaches_of
    from tests.chaos.witness import Witness

    seconds = 2 * settings.BROADCAST_BATCH_LEASE + settings.BROADCAST_UNKNOWN_GRACE
    finished = until(interrupted.under_way.finished_at, seconds=seconds, what="finished")
    scenario = interrupted.under_way.scenario
    accepted = Witness(stack.sandbox_url).accepted(scenario.sender.account_id)
    explained = in_hand_of(interrupted.fault.sending_processes)
    breaches = breaches_of(scenario, accepted=accepted, unknown_explained=explained)
    statuses = interrupted.under_way.statuses()
    log(f"{interrupted.fault.title}: {statuses}, {breaches or 'no breaches'}")
    return {
        "fault": interrupted.fault.title,
        "flows_again_seconds": round(interrupted.flowing, 1),
        "longest_silence_seconds": longest_silence(accepted, around=interrupted.monotonic),
        "killed_batches_settled_seconds": _swept(interrupted),
        "finished_seconds": round((finished - interrupted.at).total_seconds(), 1),
        "lease_seconds": settings.BROADCAST_BATCH_LEASE,
        "statuses": statuses,
        "accepted_by_the_sandbox": len(accepted),
        "accepted_twice": len(accepted) - len({record["to"] for record in accepted}),
        "breaches": breaches,
    }


def _swept(interrupted: Interrupted) -> float | None:
    """Seconds until the last batch of a killed process was swept; None if there was none."""
    from django.db.models import Max

    from broadcast.models import Batch

    batches = Batch.objects.filter(broadcast=interrupted.under_way.scenario.broadcast)
    last = batches.aggregate(last=Max("swept_at"))["last"]
    return round((last - interrupted.at).total_seconds(), 1) if last else None


if __name__ == "__main__":
    sys.exit(main())
