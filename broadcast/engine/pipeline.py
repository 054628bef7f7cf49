"""Several batches under way in one process: while one waits for its answers, the next is claimed.

One thread claims and settles, the HTTP client's loop sends.
"""

from concurrent.futures import FIRST_COMPLETED, wait
from datetime import datetime
from time import monotonic
from typing import Any

import structlog
from django.conf import settings
from django.db import connection

from broadcast.engine.batch import Announce, Clock, UnderWay, begin_next_batch

SERVES_FOR = 2.0
"""Seconds that one task goes on beginning batches: a task costs more than taking a lane does, and a
worker that is told to end waits for its tasks."""
SERVES_FOR_AT_MOST = 20.0
"""Seconds that it goes on where a provider is slow: others must not wait for its answers."""
OVERLAPS_AFTER = 0.001
"""Seconds without an answer after which the next batch is begun: PostgreSQL claims it while the
requests of the last one are being written."""
LOOKS_AFTER = 0.1
"""Seconds without an answer after which another lane is looked for; each look is a statement."""

log = structlog.get_logger(__name__)


def serve_lanes(*, clock: Clock, announce: Announce) -> None:
    """Serve lanes in turn: one batch, and more while what was served is due again.

    Up to `settings.BATCHES_AT_ONCE` are under way at a time. `announce` is told of each lane's next
    batch that is left to another task. Raises what a batch raised once the others are settled.
    """
    _Pipeline(clock, announce).run()


class _Pipeline:
    def __init__(self, clock: Clock, announce: Announce) -> None:
        self._clock, self._announce = clock, announce
        self._started = self._read_at = self._looked_at = monotonic()
        self._known: dict[int, Any] = {}
        self._under_way: list[UnderWay] = []
        self._is_wanted = True
        """As far as we know a lane is due."""
        self._is_left = False
        """What is due was left to another task since the last batch was begun."""
        self._failures: list[Exception] = []

    def run(self) -> None:
        while self._under_way or self._is_wanted:
            try:
                self._step()
            except Exception as failure:  # noqa: BLE001 - the others' answers are not to be lost
                self._failures.append(failure)
                if not connection.is_usable():
                    connection.close()  # the next statement makes a new one
        for other in self._failures[1:]:
            log.error("batch_failed", error_type=type(other).__name__)
        if self._failures:
            raise self._failures[0]

    def _step(self) -> None:
        """Settle the answers that are there; begin another batch where they are waited for."""
        if self._is_wanted and not self._has_time():
            self._leave_to_others()
        elif answered := self._next_answered():
            self._settle(answered)
        elif self._may_begin():
            self._begin()

    def _begin(self) -> None:
        if monotonic() > self._read_at + SERVES_FOR:
            self._known, self._read_at = {}, monotonic()
        self._is_wanted = self._is_left = False
        begun = begin_next_batch(clock=self._clock, announce=self._announce, known=self._known)
        self._looked_at = monotonic()
        if isinstance(begun, UnderWay):
            self._under_way.append(begun)
            self._is_wanted = begun.wants_another
        else:
            self._leave(begun)

    def _settle(self, batch: UnderWay) -> None:
        self._under_way.remove(batch)  # what fails is not tried again: its lease runs out
        batch.settle()
        if batch.is_answered:
            self._leave(batch.end())
        else:
            self._under_way.append(batch)

    def _leave_to_others(self) -> None:
        """At once: answers may be waited for long."""
        self._is_wanted = False
        if not self._is_left:
            self._is_left = True
            self._announce(self._clock())

    def _leave(self, due: datetime | None) -> None:
        """A lane wants its next batch then: ours if that is now."""
        if due is None:
            return
        if due <= self._clock():
            self._is_wanted = True
        else:
            self._announce(due)

    def _has_time(self) -> bool:
        return not self._failures and monotonic() < self._ends_at()

    def _ends_at(self) -> float:
        is_slow = any(each.is_late for each in self._under_way)
        return self._started + (SERVES_FOR_AT_MOST if is_slow else SERVES_FOR)

    def _may_begin(self) -> bool:
        return len(self._under_way) < settings.BATCHES_AT_ONCE and self._has_time()

    def _next_answered(self) -> UnderWay | None:
        """The next batch that has answers; None if it is time to begin another one first."""
        if self._under_way and not any(each.delivery.cut.done() for each in self._under_way):
            until = min(each.delivery.due_by for each in self._under_way)
            if self._is_wanted:
                until = min(until, self._ends_at())
            if self._may_begin():
                patience = OVERLAPS_AFTER if self._is_wanted else LOOKS_AFTER
                until = min(until, self._looked_at + patience)
            cuts = [each.delivery.cut for each in self._under_way]
            wait(cuts, timeout=max(0.0, until - monotonic()), return_when=FIRST_COMPLETED)
        now = monotonic()
        answered = (
            each
            for each in self._under_way
            if each.delivery.cut.done() or each.delivery.due_by <= now
        )
        return next(answered, None)
