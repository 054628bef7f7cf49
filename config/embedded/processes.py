"""Starts a server's process so that it ends with its starter, and ends it in order."""

import ctypes
import signal
import subprocess
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def dies_with_parent(signum: signal.Signals) -> Callable[[], None] | None:
    """A `preexec_fn`: the child gets this signal when the thread that started it ends.

    Linux only. Elsewhere a killed parent leaves its children, and the next start stops them first.
    """
    libc = _libc
    if libc is None:
        return None

    def ask_kernel() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(signum))

    return ask_kernel


def end(process: subprocess.Popen[bytes], *, by: signal.Signals, grace: float) -> None:
    """Send the signal, and SIGKILL if the process still exists after `grace` seconds."""
    if process.poll() is None:
        process.send_signal(by)
    try:
        process.wait(grace)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
