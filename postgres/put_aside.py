"""Repeats what the database could not do now, in a thread of its own, until it succeeds.

For work that must not be lost while the process lives and that nobody waits for: answers of
providers, clicks. The thread has its own connection, so that no other work waits with it. It starts
with the first action and ends when none is left.
"""

from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from threading import Condition, Thread
from time import monotonic

import structlog
from django.db import connection

from postgres.lock_waits import limit_lock_waits
from postgres.passing_errors import is_lock_timeout, is_passing

FIRST_WAIT = 0.1
"""Seconds until an action is repeated; doubled after each failure."""
LONGEST_WAIT = 2.0
LOCK_WAIT = 300
"""Milliseconds for which an action waits for each lock: other actions wait with it."""

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Group:
    """Actions that probably wait for the same row, in their order."""

    actions: deque[Callable[[], None]] = field(default_factory=deque)
    wait: float = FIRST_WAIT
    again_at: float = 0.0


class PutAside:
    """Actions by group; the groups do not wait for each other, the actions of a group do.

    An action runs outside a transaction and must be safe to repeat. It is repeated after a passing
    error; after any other error it is dropped and logged.
    """

    def __init__(self, name: str, *, most: int) -> None:
        self._name, self._most = name, most
        self._groups: dict[Hashable, _Group] = {}
        self._count = 0
        self._changes = Condition()
        self._thread: Thread | None = None

    def __contains__(self, group: Hashable) -> bool:
        return group in self._groups

    def __len__(self) -> int:
        return self._count

    def add(self, action: Callable[[], None], *, group: Hashable) -> bool:
        """Put an action behind those of its group; False if there are too many already."""
        with self._changes:
            if self._count >= self._most:
                log.error("put_aside_is_full", name=self._name, actions=self._count)
                return False
            self._count += 1
            waiting = self._groups.setdefault(group, _Group(again_at=monotonic() + FIRST_WAIT))
            waiting.actions.append(action)
            if self._thread is None:
                self._thread = Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
            self._changes.notify_all()
            return True

    def wait_until_empty(self, *, seconds: float) -> int:
        """Wait until everything is done, at most so long; returns how many actions are left."""
        with self._changes:
            self._changes.wait_for(lambda: not self._groups, timeout=seconds)
            return self._count

    def _run(self) -> None:
        try:
            while (group := self._next_group()) is not None:
                self._work_off(group)
        finally:
            connection.close()

    def _next_group(self) -> Hashable | None:
        """Waits for the next group that is due; None, and the thread is over, if none is left."""
        with self._changes:
            while self._groups:
                group = min(self._groups, key=lambda name: self._groups[name].again_at)
                wait = self._groups[group].again_at - monotonic()
                if wait <= 0:
                    return group
                self._changes.wait(wait)
            self._thread = None
            return None

    def _work_off(self, group: Hashable) -> None:
        waiting = self._groups[group]
        while waiting.actions:
            if not self._try(waiting.actions[0]):
                # Another action of the group may wait for another row.
                waiting.actions.rotate(-1)
                waiting.again_at = monotonic() + waiting.wait
                waiting.wait = min(2 * waiting.wait, LONGEST_WAIT)
                return
            waiting.wait = FIRST_WAIT
            with self._changes:
                waiting.actions.popleft()
                self._count -= 1
        self._forget(group)

    def _forget(self, group: Hashable) -> None:
        with self._changes:
            if not self._groups[group].actions:
                del self._groups[group]
            self._changes.notify_all()

    def _try(self, action: Callable[[], None]) -> bool:
        """False if the action must be repeated."""
        try:
            limit_lock_waits(LOCK_WAIT)
            action()
        except Exception as error:  # noqa: BLE001 - one action must not stop the others
            if is_passing(error):
                if not is_lock_timeout(error):
                    connection.close()  # the next action opens a new one
                return False
            log.error("put_aside_failed", name=self._name, error_type=type(error).__name__)  # noqa: TRY400
        return True
