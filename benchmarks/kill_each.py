"""`python -m benchmarks.kill_each`: each process of `make run` killed in turn, in mid-broadcast.

Prints a log of what was killed, when it was there again and when messages flowed again; ends with
what the database, the ledger and the sandbox's own books say. WhatsApp, so that receipts come
through the web server and the worker all the time.
"""

import argparse
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from benchmarks.own_stack import own_stack, say, tell

if TYPE_CHECKING:
    import psutil

    from benchmarks.books import Books
    from benchmarks.under_way import UnderWay
    from benchmarks.victims import Victim

PER_SECOND = 30
BACK = 60.0
"""Seconds within which a process must be there again, and messages must flow."""
RECEIPTS = 45.0
"""For as long the sandbox tries to deliver them."""
BETWEEN = 3.0
"""Seconds from one recovery to the next kill."""


@dataclass(slots=True)
class Rig:
    under_way: "UnderWay"
    books: "Books"
    explained: int = 0
    log: list[dict[str, Any]] = field(default_factory=list)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kill_each", description=__doc__)
    parser.add_argument("--messages", type=int, default=4500)
    parser.add_argument("--only", nargs="+", default=[], help="these victims alone")
    given = parser.parse_args()
    with own_stack() as stack:
        from benchmarks.books import Books
        from benchmarks.under_way import started
        from benchmarks.victims import victims
        from channels.platforms import Platform

        under_way = started(
            platform=Platform.WHATSAPP,
            messages=given.messages,
            per_second=PER_SECOND,
            sandbox_url=stack.sandbox_url,
        )
        say(f"a broadcast to {given.messages} at {PER_SECOND} messages a second")
        rig = Rig(under_way, Books(stack.sandbox_url, under_way))
        for victim in victims(stack):
            if not given.only or victim.name in given.only:
                _kill(victim, rig)
        figures = _ended(rig)
    tell("kill_each", figures)
    return 1 if figures["breaches"] else 0


def _kill(victim: "Victim", rig: Rig) -> None:
    from django.utils import timezone

    from benchmarks.under_way import in_hand_of, until
    from benchmarks.victims import killed

    time.sleep(BETWEEN)
    if rig.under_way.left() == 0:
        raise RuntimeError(f"All is sent already: too few messages to kill {victim.name} amid.")
    process = victim.find()
    if victim.name == "sandbox":
        rig.books.save()
    at, began = timezone.now(), time.monotonic()
    killed(process)
    rig.explained += in_hand_of(victim.sending_processes)
    say(f"kill -9 {victim.name} (pid {process.pid})")
    until(lambda: _is_another(victim, process), seconds=BACK, of=f"another {victim.name}")
    again = time.monotonic() - began
    until(lambda: victim.works(at), seconds=BACK, of=f"{victim.name} works")
    works = time.monotonic() - began
    flowing = until(lambda: rig.under_way.is_flowing_since(at), seconds=BACK, of="messages flow")
    seconds = (flowing - at).total_seconds()
    say(
        f"    started again after {again:.1f} s, works after {works:.1f} s; "
        f"the next batch was handed over after {seconds:.1f} s"
    )
    rig.log.append(
        {
            "killed": victim.name,
            "monotonic": began,
            "started_again_seconds": round(again, 1),
            "works_seconds": round(works, 1),
            "next_batch_seconds": round(seconds, 1),
        }
    )


def _is_another(victim: "Victim", killed: "psutil.Process") -> bool:
    import psutil

    try:
        found = victim.find()
        return found != killed and found.status() != psutil.STATUS_ZOMBIE
    except (LookupError, ValueError, OSError, RuntimeError, psutil.Error):
        return False


def _ended(rig: Rig) -> dict[str, Any]:
    from django.conf import settings

    from benchmarks.under_way import longest_silence, until

    say("all were killed once; waiting for the end")
    seconds = 300 + settings.BROADCAST_BATCH_LEASE + settings.BROADCAST_UNKNOWN_GRACE
    until(rig.under_way.finished_at, seconds=seconds, of="finished")
    breaches = _breaches(rig)
    accepted = rig.books.accepted()
    for each in rig.log:
        each["longest_silence_seconds"] = longest_silence(accepted, around=each.pop("monotonic"))
    statuses = rig.under_way.statuses()
    say(f"finished: {statuses}; {breaches or 'nothing amiss'}")
    return {
        "kills": rig.log,
        "statuses": statuses,
        "accepted_by_the_sandbox": len(accepted),
        "accepted_twice": len(accepted) - len({each["to"] for each in accepted}),
        "unknown_at_most": rig.explained,
        "in_books_that_died": len(rig.books.lost()),
        "breaches": breaches,
    }


def _breaches(rig: Rig) -> list[str]:
    """What is still amiss once the last receipts have had time to come."""
    from tests.chaos.oracle import breaches_of

    deadline = time.monotonic() + RECEIPTS
    while True:
        found = breaches_of(
            rig.under_way.scenario, accepted=rig.books.accepted(), unknown_explained=rig.explained
        )
        lost = {f"#{seq} " for seq in rig.books.lost()}
        found = [each for each in found if not each.startswith(tuple(lost))]
        if not found or time.monotonic() > deadline:
            return found
        time.sleep(1)


if __name__ == "__main__":
    sys.exit(main())
