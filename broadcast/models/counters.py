"""How many of a broadcast's messages are where: a narrow row of its own."""

from decimal import Decimal

from django.db import models

from broadcast.models.broadcast import Broadcast
from broadcast.states import MessageStatus


class BroadcastCounters(models.Model):
    """One column a message status, changed in the transaction that moves the messages.

    Its row lock is also what serialises the moves of one broadcast's messages.
    """

    broadcast = models.OneToOneField(
        Broadcast, on_delete=models.CASCADE, primary_key=True, related_name="counters"
    )
    total = models.PositiveIntegerField(default=0)
    pending = models.PositiveIntegerField(default=0)
    sending = models.PositiveIntegerField(default=0)
    sent = models.PositiveIntegerField(default=0)
    delivered = models.PositiveIntegerField(default=0)
    read = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    unknown = models.PositiveIntegerField(default=0)
    suppressed = models.PositiveIntegerField(default=0)
    cancelled = models.PositiveIntegerField(default=0)
    expired = models.PositiveIntegerField(default=0)
    handed_over = models.PositiveIntegerField(
        default=0, help_text="Messages that a provider ever accepted, whatever came after."
    )
    cost = models.DecimalField(
        max_digits=20,
        decimal_places=6,
        default=Decimal(0),
        help_text="Sum of the prices of CAPTURED messages.",
    )
    clicks = models.PositiveIntegerField(default=0)
    clicked = models.PositiveIntegerField(default=0, help_text="Messages with a click.")

    class Meta:
        verbose_name_plural = "broadcast counters"

    def __str__(self) -> str:
        return f"Counters of {self.broadcast_id}"

    def by_status(self) -> dict[str, int]:
        """Lower-case status → count; sums to `total`."""
        return {status.lower(): getattr(self, status.lower()) for status in MessageStatus.values}
