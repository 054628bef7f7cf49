"""A chain of batches of one broadcast."""

from django.db import models
from django.db.models import Q

from broadcast.models.broadcast import Broadcast
from postgres.not_negative import none_negative


class Lane(models.Model):
    """A chain of batches. A lane without `next_batch_at` sleeps until `wake_lanes` wakes it."""

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
        default=0, help_text="Every message up to this seq has been claimed once."
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
