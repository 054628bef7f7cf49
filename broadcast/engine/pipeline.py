"""Several batches under way in one process: while one waits for its answers, the next is claimed.

One thread claims and settles; the HTTP client's event loop sends.
"""

from concurrent.futures import FIRST_COMPLETED, wait
from datetime import datetime
from time import monotonic

import structlog
from django.conf import settings
from django.db import connection

from broadcast.engine.announcing import Announce
from broadcast.engine.batch import begin_next_batch
from broadcast.engine.batch_lane import BatchLane
from broadcast.engine.batch_run import BatchRun, Clock
from broadcast.engine.locked_rows import LOCK_WAIT
from postgres.lock_waits import lock_waits_limited

SERVES_FOR = 2.0
"""Seconds for which a task keeps beginning batches. A task costs more than taking a lane does, but
a worker that shuts down waits for its tasks."""
SERVES_FOR_AT_MOST = 20.0
"""Seconds for which a task does so if a provider is slow: other lanes must not wait for its
answers."""
OVERLAPS_AFTER = 0.001
"""Seconds without an answer after which the next batch is begun: PostgreSQL claims it while the
requests of the last one are being written."""
LOOKS_AFTER = 0.1
"""Seconds without an answer after which the task looks for another due lane, with one statement."""

log = structlog.get_logger(__name__)


def serve_lanes(*, clock: Clock, announce: Announce) -> None:
    """Serve lanes in turn: one batch, and more while a served lane is due again.

    Up to `settings.BATCHES_AT_ONCE` batches are under way at a time. Calls `announce` for each next
    batch that is left to another task. Raises what a batch raised, once the others are settled.
    """
    with lock_waits_limited(LOCK_WAIT):
        _Pipeline(clock, announce).run()


class _Pipeline:
    _is_wanted: bool
    """A lane is due, as far as this process knows."""
    _is_left: bool
    """Since the last batch was begun, due lanes have been left to another task."""

    def __init__(self, clock: Clock, announce: Announce) -> None:
        self._clock, self._announce = clock, announce
        self._started = self._read_at = self._looked_at = monotonic()
        self._lanes: dict[int, BatchLane | None] = {}
        self._under_way: list[BatchRun] = []
        self._is_wanted, self._is_left = True, False
        self._failures: list[Exception] = []

    def run(self) -> None:
        while self._under_way or self._is_wanted:
            try:
                self._step()
            except Exception as failure:  # noqa: BLE001 - other batches' answers must not be lost
                self._failures.append(failure)
                if not connection.is_usable():
                    connection.close()  # the next statement opens a new one
        for other in self._failures[1:]:
            log.error("batch_failed", error_type=type(other).__name__)
        if self._failures:
            raise self._failures[0]

    def _step(self) -> None:
        """Settle the answers that have come; begin another batch while answers are awaited."""
        if self._is_wanted and not self._has_time():
            self._leave_to_others()
        elif answered := self._next_answered():
            self._settle(answered)
        elif self._may_begin():
            self._begin()

    def _begin(self) -> None:
        if monotonic() > self._read_at + SERVES_FOR:
            self._lanes, self._read_at = {}, monotonic()
        self._is_wanted = self._is_left = False
        begun = begin_next_batch(clock=self._clock, announce=self._announce, lanes=self._lanes)
        self._looked_at = monotonic()
        if isinstance(begun, BatchRun):
            self._under_way.append(begun)
            self._is_wanted = begun.wants_another
        else:
            self._leave(begun)

    def _settle(self, batch: BatchRun) -> None:
        self._under_way.remove(batch)  # a batch that fails is not tried again: its lease runs out
        batch.take_answers()
        if batch.is_answered:
            self._leave(batch.end())
        else:
            self._under_way.append(batch)

    def _leave_to_others(self) -> None:
        """Hint at once: this task may wait long for its answers."""
        self._is_wanted = False
        if not self._is_left:
            self._is_left = True
            self._announce(self._clock())

    def _leave(self, due: datetime | None) -> None:
        """A lane wants its next batch at `due`: this task begins it if that is now."""
        if due is None:
            return
        if due <= self._clock():
            self._is_wanted = True
        else:
            self._announce(due)

    def _has_time(self) -> bool:
        return not self._failures and monotonic() < self._ends_at()

    def _ends_at(self) -> float:
        is_slow = any(batch.is_late for batch in self._under_way)
        return self._started + (SERVES_FOR_AT_MOST if is_slow else SERVES_FOR)

    def _may_begin(self) -> bool:
        return len(self._under_way) < settings.BATCHES_AT_ONCE and self._has_time()

    def _next_answered(self) -> BatchRun | None:
        """The next batch that has answers; None if it is time to begin another one first."""
        if self._under_way and not any(batch.delivery.cut.done() for batch in self._under_way):
            until = min(batch.delivery.due_by for batch in self._under_way)
            if self._is_wanted:
                until = min(until, self._ends_at())
            if self._may_begin():
                patience = OVERLAPS_AFTER if self._is_wanted else LOOKS_AFTER
                until = min(until, self._looked_at + patience)
            cuts = [batch.delivery.cut for batch in self._under_way]
            wait(cuts, timeout=max(0.0, until - monotonic()), return_when=FIRST_COMPLETED)
        now = monotonic()
        answered = (
            batch
            for batch in self._under_way
            if batch.delivery.cut.done() or batch.delivery.due_by <= now
        )
        return next(answered, None)
