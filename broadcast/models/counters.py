"""How many of a broadcast's messages have which status: a narrow row beside the broadcast's."""

from decimal import Decimal

from django.db import models
from django.db.models import Q

from broadcast.models.broadcast import Broadcast
from broadcast.states import COUNTED
from postgres.not_negative import none_negative


class BroadcastCounters(models.Model):
    """One column per message status, changed in the transaction that moves the messages.

    The row's lock also serialises the moves of one broadcast's messages.
    """

    broadcast = models.OneToOneField(
        Broadcast, on_delete=models.CASCADE, primary_key=True, related_name="counters"
    )
    total = models.IntegerField(default=0)
    pending = models.IntegerField(default=0)
    sending = models.IntegerField(default=0)
    on_hold = models.IntegerField(default=0, db_default=0)
    sent = models.IntegerField(default=0)
    delivered = models.IntegerField(default=0)
    read = models.IntegerField(default=0)
    failed = models.IntegerField(default=0)
    unknown = models.IntegerField(default=0)
    suppressed = models.IntegerField(default=0)
    cancelled = models.IntegerField(default=0)
    expired = models.IntegerField(default=0)
    handed_over = models.IntegerField(
        default=0, help_text="Messages that a provider ever accepted, whatever their status is now."
    )
    cost = models.DecimalField(
        max_digits=20,
        decimal_places=6,
        default=Decimal(0),
        help_text="Sum of the prices of CAPTURED messages.",
    )
    clicks = models.IntegerField(default=0)
    clicked = models.IntegerField(default=0, help_text="Messages with a click.")

    class Meta:
        verbose_name_plural = "broadcast counters"
        constraints = (
            none_negative(
                "total",
                "pending",
                "sending",
                "on_hold",
                "sent",
                "delivered",
                "read",
                "failed",
                "unknown",
                "suppressed",
                "cancelled",
                "expired",
                "handed_over",
                "clicks",
                "clicked",
                name="counters_not_negative",
            ),
        )
        indexes = (
            models.Index(
                fields=("broadcast",), condition=Q(on_hold__gt=0), name="counters_with_holds"
            ),
        )

    def __str__(self) -> str:
        return f"Counters of {self.broadcast_id}"

    def by_status(self) -> dict[str, int]:
        """Lower-case status → count; the counts add up to `total`."""
        return {name: getattr(self, name) for name in COUNTED}
