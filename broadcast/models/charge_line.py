"""The messages whose money a line of the ledger is made of."""

from decimal import Decimal

from django.contrib.postgres.fields import ArrayField
from django.db import models

from broadcast.models.broadcast import Broadcast
from broadcast.states import ChargeState
from postgres.ids import new_id


class ChargeLine(models.Model):
    """Messages whose money one move captured, released or refunded.

    The statement that moves the messages writes the row. The wallet's entries carry the same
    `movement_id`; a long line is cut into several rows.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    broadcast = models.ForeignKey(Broadcast, on_delete=models.CASCADE, related_name="charge_lines")
    movement_id = models.UUIDField(db_index=True)
    charge_state = models.CharField(max_length=10, choices=ChargeState.choices)
    amount: "models.DecimalField[Decimal, Decimal]" = models.DecimalField(
        max_digits=20, decimal_places=6, help_text="Sum of the messages' prices."
    )
    message_ids = ArrayField(models.UUIDField())

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.movement_id} {self.charge_state} {self.amount}"
