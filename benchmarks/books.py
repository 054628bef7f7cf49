"""Keeps what the sandbox accepted when the sandbox is killed: its books are in its memory."""

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from benchmarks.under_way import UnderWay
from broadcast.models import BroadcastMessage
from tests.chaos.witness import Witness

DYING = timedelta(seconds=2)
"""The time from saving the books until the sandbox is certainly dead."""


class Books:
    """`lost`: the few messages that were accepted between saving the books and the kill."""

    def __init__(self, sandbox_url: str, under_way: UnderWay) -> None:
        self._witness = Witness(sandbox_url)
        self._under_way = under_way
        self._account = under_way.scenario.sender.account_id
        self._saved: list[dict[str, Any]] = []
        self._saved_at: datetime | None = None

    def save(self) -> None:
        """Call right before the kill. Receipts that the sandbox has not sent yet are lost."""
        self._saved_at = timezone.now()
        accepted = self._witness.accepted(self._account)
        self._saved = [{**record, "behaviour": "silent"} for record in accepted]

    def accepted(self) -> list[dict[str, Any]]:
        return [*self._saved, *self._witness.accepted(self._account)]

    def lost(self) -> list[int]:
        """The numbers of messages sent around the kill that are missing in the remaining books."""
        if self._saved_at is None:
            return []
        rows = BroadcastMessage.objects.filter(
            broadcast=self._under_way.scenario.broadcast,
            sent_at__range=(self._saved_at, self._saved_at + DYING),
        ).values_list("seq", "address")
        accepted = {record["to"] for record in self.accepted()}
        return [seq for seq, address in rows if str(address).lstrip("+") not in accepted]
