"""The messages of a broadcast that a worker holds at a time."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from broadcast.models.broadcast import Broadcast
from broadcast.models.lane import Lane
from postgres.ids import new_id


class Batch(models.Model):
    """A claim on up to BROADCAST_BATCH_SIZE messages, good until its lease expires.

    A batch is claimed, handed over (the fence) and settled; or swept once its lease has expired.
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
