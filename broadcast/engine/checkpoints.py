"""Named instants of a batch, at which a chaos run may stop or kill the worker.

Nothing happens there unless BROADCAST_CHECKPOINT_DIR is set, which only the chaos suite does. Then
a worker that comes by a point looks for a file of the point's name in that folder, takes it away
(of several workers one gets it) and does to itself what it says: `KILL` or `STOP`, the signals.
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
    """Committed; the fence is still open."""
    AFTER_FENCE = "after_fence"
    """Committed; not one byte has left."""
    MID_REQUESTS = "mid_requests"
    """Some of the batch's requests have left, none is settled."""
    AFTER_ANSWERS = "after_answers"
    """Answers are here, nothing of them is committed."""
    AFTER_SETTLE = "after_settle"
    """Committed; the lane's successor is not yet queued by this task."""


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
    wanted = SIGNALS[mine.read_text().strip()]
    mine.unlink()
    # Of all threads this one takes the signal: nothing after the point is done before the stop.
    signal.pthread_kill(threading.get_ident(), wanted)
