"""Plans the receipts of a message: which statuses, and how long after its acceptance."""

from collections.abc import Sequence
from typing import Final
from zlib import crc32

from sandbox.behaviour.magic import Behaviour
from sandbox.books.witness import Status
from sandbox.options import Options

Plan = Sequence[tuple[float, Status]]
"""Pairs of (seconds after accepting, status)."""

RANK: Final = (Status.SENT, Status.FAILED, Status.DELIVERED, Status.READ)

# (delay as a multiple of the receipt delay, status)
FIXED: Final[dict[Behaviour, Plan]] = {
    Behaviour.SILENT: (),
    Behaviour.FAILS_LATER: ((1, Status.SENT), (2, Status.FAILED)),
    Behaviour.NEVER_READ: ((1, Status.SENT), (2, Status.DELIVERED)),
    Behaviour.RECEIPTS_DISORDERED: ((1, Status.READ), (2, Status.DELIVERED), (3, Status.SENT)),
    Behaviour.ALWAYS_READ: ((1, Status.SENT), (2, Status.DELIVERED), (4, Status.READ)),
}


def plan_receipts(behaviour: Behaviour, message_key: str, options: Options) -> Plan:
    """The receipts of a message; the same message id always gets the same plan."""
    step = options.receipt_delay
    if behaviour in FIXED:
        return [(steps * step, status) for steps, status in FIXED[behaviour]]
    read = is_read(message_key, options.read_percent)
    if behaviour is Behaviour.RECEIPTS_FIRST:
        return _usual(0.0, read=read)
    usual = _usual(step, read=read)
    if behaviour is Behaviour.RECEIPTS_LATE:
        return [(options.late_seconds + delay, status) for delay, status in usual]
    if behaviour is Behaviour.RECEIPTS_TWICE:
        return [*usual, *((delay + step, status) for delay, status in usual)]
    return usual


def is_read(message_key: str, percent: int) -> bool:
    return crc32(message_key.encode()) % 100 < percent


def final_status(plan: Plan) -> Status | None:
    """The highest status that the plan reports, in any order; None if it reports nothing."""
    return max((status for _, status in plan), key=RANK.index, default=None)


def _usual(step: float, *, read: bool) -> Plan:
    plan = ((step, Status.SENT), (2 * step, Status.DELIVERED))
    return (*plan, (4 * step, Status.READ)) if read else plan
