"""What the sandbox has accepted, kept over a kill of the sandbox, which keeps it in its memory."""

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from benchmarks.under_way import UnderWay
from broadcast.models import BroadcastMessage
from tests.chaos.witness import Witness

DYING = timedelta(seconds=2)
"""From the last look into the books until the sandbox is surely dead."""


class Books:
    """`lost`: messages that were accepted between the last look and the end: a handful at most."""

    def __init__(self, sandbox_url: str, under_way: UnderWay) -> None:
        self._witness = Witness(sandbox_url)
        self._under_way = under_way
        self._account = under_way.scenario.sender.account_id
        self._saved: list[dict[str, Any]] = []
        self._saved_at: datetime | None = None

    def save(self) -> None:
        """Right before the kill. Receipts that it has not sent yet die with it."""
        self._saved_at = timezone.now()
        found = self._witness.accepted(self._account)
        self._saved = [{**each, "behaviour": "silent"} for each in found]

    def accepted(self) -> list[dict[str, Any]]:
        return [*self._saved, *self._witness.accepted(self._account)]

    def lost(self) -> list[int]:
        """Numbers of messages that were sent while it died and stand in no book that is left."""
        if self._saved_at is None:
            return []
        rows = BroadcastMessage.objects.filter(
            broadcast=self._under_way.scenario.broadcast,
            sent_at__range=(self._saved_at, self._saved_at + DYING),
        ).values_list("seq", "address")
        known = {each["to"] for each in self.accepted()}
        return [seq for seq, address in rows if str(address).lstrip("+") not in known]
