"""What paces a broadcast (lanes) and what a worker holds of it at a time (batches)."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from broadcast.models.broadcast import Broadcast
from postgres.ids import new_id
from postgres.not_negative import none_negative


class Lane(models.Model):
    """A chain of batches. `next_batch_at` empty: it has nothing to do until somebody wakes it."""

    id = models.BigAutoField(primary_key=True)
    broadcast = models.ForeignKey(
        Broadcast,
        on_delete=models.CASCADE,
        db_index=False,  # lane_once_per_broadcast begins with it
        related_name="lanes",
    )
    n = models.SmallIntegerField()
    next_batch_at = models.DateTimeField(null=True)
    floor = models.IntegerField(
        default=0, help_text="Every message of this seq and below has been claimed once."
    )
    served_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("broadcast", "n"), name="lane_once_per_broadcast"),
            none_negative("n", "floor", name="lane_not_negative"),
        )
        indexes = (
            models.Index(
                fields=("next_batch_at",),
                condition=Q(next_batch_at__isnull=False),
                name="lane_due",
            ),
        )

    def __str__(self) -> str:
        return f"{self.broadcast_id}/{self.n}"


class Batch(models.Model):
    """A claim on up to BROADCAST_BATCH_SIZE messages, good until its lease expires.

    claimed → handed over (the fence) → settled; or swept once the lease has expired.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    broadcast = models.ForeignKey(Broadcast, on_delete=models.CASCADE, related_name="batches")
    lane = models.ForeignKey(Lane, on_delete=models.CASCADE, related_name="+")
    message_ids = ArrayField(models.UUIDField())
    claimed_at = models.DateTimeField()
    lease_expires_at = models.DateTimeField()
    handed_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    swept_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)
        verbose_name_plural = "batches"
        indexes = (
            models.Index(
                fields=("lease_expires_at",),
                condition=Q(settled_at__isnull=True, swept_at__isnull=True),
                name="batch_open",
            ),
        )

    def __str__(self) -> str:
        return f"{self.broadcast_id} {len(self.message_ids)}"
