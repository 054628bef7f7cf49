"""Named points of a batch, at which a chaos run may stop or kill the worker.

Nothing happens at a point unless BROADCAST_CHECKPOINT_DIR is set, which only the chaos suite does.
Then a worker that reaches a point looks for a file of the point's name in that folder. If there is
one, the worker takes it away (of several workers one gets it) and sends itself the signal that the
file names: `KILL` or `STOP`.
"""

import os
import signal
import threading
from enum import StrEnum
from pathlib import Path

FOLDER = os.environ.get("BROADCAST_CHECKPOINT_DIR", "")
SIGNALS = {"KILL": signal.SIGKILL, "STOP": signal.SIGSTOP}


class Point(StrEnum):
    BEFORE_CLAIM = "before_claim"
    AFTER_CLAIM = "after_claim"
    """The claim is committed; the fence is still open."""
    AFTER_FENCE = "after_fence"
    """The fence is committed; not one byte has left."""
    MID_REQUESTS = "mid_requests"
    """Some of the batch's requests have left; none is settled."""
    AFTER_ANSWERS = "after_answers"
    """Answers have come; none of them is committed."""
    AFTER_SETTLE = "after_settle"
    """The answers are committed; this task has not yet queued the lane's next batch."""


def reached(point: Point) -> None:
    if FOLDER:
        _obey(Path(FOLDER) / point.value)


def reached_soon(point: Point, *, seconds: float) -> None:
    """Reach a point from another thread, while this one waits for answers."""
    if FOLDER:
        threading.Timer(seconds, reached, [point]).start()


def _obey(order: Path) -> None:
    mine = order.with_suffix(f".{os.getpid()}")
    try:
        order.rename(mine)
    except FileNotFoundError:
        return
    ordered = SIGNALS[mine.read_text().strip()]
    mine.unlink()
    # This very thread takes the signal, so it stops before it does anything after the point.
    signal.pthread_kill(threading.get_ident(), ordered)
