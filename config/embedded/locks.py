"""File locks (flock): the kernel drops them when their last holder dies, however it dies."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def open_lock(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def share(fd: int) -> None:
    """Wait for, and take, a share in the lock."""
    fcntl.flock(fd, fcntl.LOCK_SH)


def try_take(fd: int) -> bool:
    """Take the whole lock if nobody else has a share in it."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def taken(path: Path) -> Iterator[None]:
    """Wait for, and take, the whole lock."""
    fd = open_lock(path)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


def is_taken(path: Path) -> bool:
    """Whether somebody has the whole lock now."""
    fd = open_lock(path)
    try:
        return not try_take(fd)
    finally:
        os.close(fd)
