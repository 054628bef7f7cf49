"""The second half of a batch: hands its messages over, takes the answers and settles them."""

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import Error, connection

from broadcast.content.checking import content_of
from broadcast.content.rendering import Renderer
from broadcast.control.expiring import seconds_left, seconds_until_end
from broadcast.engine.announcing import Announcement
from broadcast.engine.batch_lane import BatchLane
from broadcast.engine.checkpoints import Point, reached, reached_soon
from broadcast.engine.claiming import Claim, shut_fence
from broadcast.engine.locked_rows import (
    keep_answers,
    lock_wait_for,
    postpone_lanes,
    renew_lease,
)
from broadcast.engine.settling import holds_for, settle, waits_for
from broadcast.lanes.lanes import delay_lane, wake_lanes
from broadcast.moves.finishing import finish
from channels.delivery.delivery import Delivery, deliver
from channels.port.messages import OutboundMessage
from channels.port.outcomes import Outcome
from postgres.lock_waits import limit_lock_waits
from postgres.passing_errors import is_lock_timeout, is_passing

Clock = Callable[[], datetime]

FIRST_CUT = 2.0
"""Seconds after which the answers that have come are settled; the others in a second cut."""
MID_REQUESTS = 0.03
"""Seconds after the first request at which a chaos run finds a batch amid its requests."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Answers:
    """Outcomes that are settled together. `is_last`: every message of the batch is answered."""

    outcomes: Sequence[tuple[UUID, Outcome]]
    is_last: bool
    at: datetime


class BatchRun:
    """A claimed batch: `hand_over`, then `take_answers` until `is_answered`, then `end`."""

    delivery: Delivery
    """Set by `hand_over`."""
    is_late: bool
    """Its first cut was settled, and some answers are still missing."""

    def __init__(
        self, *, lane: BatchLane, claimed: Claim, announcement: Announcement, clock: Clock
    ) -> None:
        self._lane, self._claimed = lane, claimed
        self._announcement, self._clock = announcement, clock
        self._answered = 0
        self._unsettled: deque[_Answers] = deque()
        self._is_broadcast_over = claimed.moved.is_over and not claimed.messages
        self._held_until = datetime.min.replace(tzinfo=UTC)
        self.is_late = False

    @property
    def wants_another(self) -> bool:
        """Whether the lane is due again already."""
        return not self._announcement.is_made and self._announcement.due <= self._clock()

    @property
    def is_answered(self) -> bool:
        return self.delivery.is_over

    def hand_over(self) -> bool:
        """Shut the fence and begin the requests; False if this worker may not send the batch."""
        with self._log_context():
            messages = self._render()
            broadcast = self._lane.broadcast
            # Read before the fence, from the monotonic clock, which keeps running while this
            # process is stopped: the lease counts from here, so that the last request has its
            # whole time-out before the batch can be swept.
            asked_at = monotonic()
            ends_at = asked_at + seconds_until_end(broadcast, now=self._clock())
            lease = shut_fence(batch_id=self._claimed.batch_id)
            if lease is None:
                log.warning("batch_dropped_at_the_fence")
                return False
            reached(Point.AFTER_FENCE)
            self.delivery = deliver(
                account=self._lane.sender.account(),
                messages=messages,
                timeout=settings.PROVIDER_TIMEOUT,
                first_cut=FIRST_CUT,
                starts=self._claimed.starts,
                not_after=min(ends_at, asked_at + lease - settings.PROVIDER_TIMEOUT),
            )
            reached_soon(Point.MID_REQUESTS, seconds=MID_REQUESTS)
        return True

    def _render(self) -> list[OutboundMessage]:
        broadcast = self._lane.broadcast
        renderer = Renderer(
            content_of(broadcast, links=self._lane.positions),
            valid_for=seconds_left(broadcast, now=self._clock()),
        )
        return [
            renderer.message(
                message_id=message.id,
                address=message.address,
                token=message.token,
                variables=message.variables,
            )
            for message in self._claimed.messages
        ]

    def take_answers(self) -> None:
        """Wait for the next answers and settle them.

        Answers that the database cannot take now are kept for `end` or for the next call.
        """
        with self._log_context():
            outcomes = self.delivery.take()
            reached(Point.AFTER_ANSWERS)
            self._answered += len(outcomes)
            if outcomes:
                is_last = self._answered == len(self._claimed.messages)
                self._unsettled.append(_Answers(outcomes, is_last=is_last, at=self._clock()))
                self._try_to_settle()
            if not self.is_answered:
                self.is_late = True
                self._announcement.make()

    def _try_to_settle(self) -> None:
        limit_lock_waits(lock_wait_for(self._lane.broadcast))
        try:
            self._settle_all()
        except Error as error:
            if not is_passing(error):
                raise
            log.warning("answers_kept", error_type=type(error.__cause__ or error).__name__)
            if not connection.in_atomic_block and not connection.is_usable():
                connection.close()  # the next statement opens a new one

    def _settle_all(self) -> None:
        """Settle what has been answered. Safe to repeat after a passing error."""
        while self._unsettled:
            answers = self._unsettled.popleft()
            try:
                self._settle(answers)
            except Error as error:
                if is_passing(error):
                    self._unsettled.appendleft(answers)
                raise

    def _settle(self, answers: _Answers) -> None:
        moved = settle(
            broadcast=self._lane.broadcast,
            sender=self._lane.sender,
            batch_id=self._claimed.batch_id,
            outcomes=answers.outcomes,
            is_last=answers.is_last,
            now=answers.at,
        )
        self._is_broadcast_over = moved.is_over
        if seconds := holds_for(answers.outcomes):
            self._held_until = max(self._held_until, answers.at + timedelta(seconds=seconds))
        elif moved.pending and (wait := waits_for(answers.outcomes)) is not None:
            again_at = answers.at + timedelta(seconds=wait)
            self._announcement.make_for_retries(again_at, now=self._clock())

    def end(self) -> datetime | None:
        """When the lane wants its next batch; None if never, or if that was announced already.

        If the database could not take all answers, a thread settles them as soon as it can, and the
        lanes rest.
        """
        if not self._unsettled:
            return self._end()
        keep_answers(self._lane.broadcast, self._settle_kept)
        return postpone_lanes(self._lane.broadcast, now=self._clock())

    def _settle_kept(self) -> None:
        """Settle the answers that were kept, and hint at the lane. Safe to repeat.

        The lease is renewed first: a sweep would give a message up, or send it again.
        """
        with self._log_context():
            renew_lease(batch_id=self._claimed.batch_id)
            self._settle_all()
            if not self._is_broadcast_over:
                wake_lanes(broadcast=self._lane.broadcast, at=self._clock())
            due = self._end()
            log.info("kept_answers_settled")
        if due is not None and self._announcement.announce is not None:
            self._announcement.announce(due)

    def _end(self) -> datetime | None:
        """As `end`, once all answers are settled.

        If the sender is held, the time at which the hold ends: an announced batch would find the
        sender held.
        """
        if self._is_broadcast_over:
            self._finish()
            return None
        reached(Point.AFTER_SETTLE)
        due = self._next_due()
        if self._held_until <= self._clock():
            return due
        return self._held_until if due is None else max(due, self._held_until)

    def _finish(self) -> None:
        """If the broadcast's row is locked, beat finishes the broadcast later."""
        try:
            finish(broadcast_id=self._lane.broadcast.pk, now=self._clock())
        except Error as error:
            if not is_lock_timeout(error):
                raise
            log.info("finish_left_to_beat")

    def _next_due(self) -> datetime | None:
        if self._claimed.is_idle:
            return delay_lane(lane=self._lane.row, at=self._clock())
        has_more = bool(self._claimed.moved.count) or self._claimed.next_at is not None
        return self._announcement.due if has_more and not self._announcement.is_made else None

    def _log_context(self) -> AbstractContextManager[Any]:
        """Log lines inside it carry the ids of tenant, broadcast and batch."""
        return structlog.contextvars.bound_contextvars(
            tenant=str(self._lane.broadcast.tenant_id),
            broadcast=str(self._lane.broadcast.pk),
            batch=str(self._claimed.batch_id),
        )
