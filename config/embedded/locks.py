"""File locks (flock): the kernel frees a lock when its last holder ends, however it ends."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def open_lock(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def share(fd: int) -> None:
    """Wait for a shared lock and take it."""
    fcntl.flock(fd, fcntl.LOCK_SH)


def try_take(fd: int) -> bool:
    """Take the exclusive lock if no process shares it."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def taken(path: Path) -> Iterator[None]:
    """Wait for the exclusive lock and take it."""
    fd = open_lock(path)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


def is_taken(path: Path) -> bool:
    """Whether a process has the exclusive lock now."""
    fd = open_lock(path)
    try:
        return not try_take(fd)
    finally:
        os.close(fd)
