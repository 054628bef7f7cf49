"""Announces when a lane wants its next batch."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog

Announce = Callable[[datetime], None]
"""Takes the time at which a lane's next batch is due."""

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Announcement:
    """When the lane's next batch is due, and whether that was announced already.

    Without `announce` nothing is announced: the caller of the batch gets the time instead.
    """

    due: datetime
    announce: Announce | None
    is_made: bool = False

    def make(self) -> None:
        """Announce `due`, once."""
        if self.announce is not None and not self.is_made:
            self.is_made = True
            self._call(self.announce, self.due)

    def make_for_retries(self, at: datetime, *, now: datetime) -> None:
        """Announce that some messages are to be sent again from `at` on.

        Needed only after the lane's own due time: another claim may then have put the lane to
        sleep.
        """
        if self.announce is not None and self.due <= now and (self.is_made or at > now):
            self._call(self.announce, at)

    def _call(self, announce: Announce, due: datetime) -> None:
        try:
            announce(due)
        except Exception as error:  # noqa: BLE001 - beat replaces a lost hint, but not lost answers
            log.warning("next_batch_not_announced", error_type=type(error).__name__)
