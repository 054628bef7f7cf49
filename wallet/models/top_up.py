"""Purchases of credits, and the payment events that providers reported."""

from django.db import models

from postgres.ids import new_id
from wallet.models.columns import amount_field
from wallet.models.wallet import Wallet


class TopUpStatus(models.TextChoices):
    OPEN = "OPEN", "Waiting to be paid"
    PAID = "PAID", "Paid and credited"
    FAILED = "FAILED", "Payment page not opened"
    DISPUTED = "DISPUTED", "Paid, but not credited"


class TopUp(models.Model):
    """A purchase of credits; they are added once the provider reports the payment."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="top_ups")
    provider = models.CharField(max_length=20)
    provider_id = models.CharField(max_length=200, blank=True)
    url = models.TextField(blank=True, help_text="Address of the payment page.")
    amount = amount_field()
    minor_units = models.BigIntegerField(
        help_text="The amount in the smallest unit of the currency."
    )
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=10, choices=TopUpStatus.choices, default=TopUpStatus.OPEN)
    reason = models.CharField(max_length=200, blank=True)
    created_by = models.ForeignKey(
        "tenants.User", on_delete=models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.amount} {self.currency} by {self.provider}"


class ReceivedPayment(models.Model):
    """A payment provider's verified event, unique by its id: a repeated event does nothing."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    provider = models.CharField(max_length=20)
    event_id = models.CharField(max_length=200)
    kind = models.CharField(max_length=100)
    top_up = models.ForeignKey(TopUp, on_delete=models.PROTECT, null=True, related_name="events")
    outcome = models.CharField(max_length=200, blank=True)
    received_at = models.DateTimeField()

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(fields=("provider", "event_id"), name="payment_event_once"),
        )

    def __str__(self) -> str:
        return f"{self.provider} {self.event_id}"
