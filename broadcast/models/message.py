"""One message to one recipient."""

from decimal import Decimal

from django.db import models
from django.db.models import Q

from broadcast.models.broadcast import Broadcast
from broadcast.states import ChargeState, MessageStatus
from contacts.models import LONGEST_ADDRESS
from postgres.ids import new_id
from postgres.not_negative import none_negative
from tenants.scoping import TenantQuerySet


class BroadcastMessage(models.Model):
    """A recipient's row: planned with the broadcast, moved by claim, settle, sweep and receipts.

    Columns that planning does not set have their defaults in the database (`db_default`), so an
    INSERT … SELECT names only the others.

    In the database, the primary key is (id, broadcast_id) and every unique key holds broadcast_id,
    so the table can be partitioned by broadcast. No index holds a column that most moves change, so
    these moves are heap-only updates. Receipts find `provider_message_id` in ProviderMessageId.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant = models.ForeignKey(
        "tenants.Tenant",
        on_delete=models.PROTECT,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    broadcast = models.ForeignKey(
        Broadcast, on_delete=models.CASCADE, db_index=False, related_name="messages"
    )
    seq = models.IntegerField(help_text="1…n within the broadcast.")
    contact = models.ForeignKey(
        "contacts.Contact",
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    address = models.CharField(
        max_length=LONGEST_ADDRESS,
        null=True,
        blank=True,
        help_text="E.164, a Telegram chat id or a WhatsApp user id.",
    )
    overrides = models.JSONField(
        null=True, blank=True, help_text="Variables given with the recipient."
    )
    variables = models.JSONField(
        default=dict,
        db_default={},
        blank=True,
        help_text="The recipient's values, resolved when the broadcast was planned.",
    )
    token = models.BigIntegerField(
        help_text="60 random bits that identify the message in its short links."
    )
    parent_message_id = models.UUIDField(
        null=True,
        blank=True,
        help_text="In a child broadcast: the parent's message that this one follows.",
    )

    status = models.CharField(
        max_length=10,
        choices=MessageStatus.choices,
        default=MessageStatus.PENDING,
        db_default=MessageStatus.PENDING.value,
    )
    error_code = models.CharField(max_length=64, blank=True, default="", db_default="")
    provider_error_code = models.CharField(max_length=64, blank=True, default="", db_default="")
    error_message = models.CharField(max_length=500, blank=True, default="", db_default="")
    provider_message_id = models.CharField(max_length=200, blank=True, default="", db_default="")

    batch_id = models.UUIDField(null=True, blank=True, help_text="Last batch that claimed it.")
    attempts = models.SmallIntegerField(
        default=0,
        db_default=0,
        help_text="Hand-overs to a provider; a refusal by a rate limit does not count.",
    )
    next_attempt_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="Set only while the message waits to be sent again, and while it is ON_HOLD: the "
        "time after which it counts as failed.",
    )

    price = models.DecimalField(
        max_digits=12, decimal_places=6, default=Decimal(0), db_default=Decimal(0)
    )
    currency = models.CharField(max_length=3, blank=True, default="", db_default="")
    country = models.CharField(max_length=2, blank=True, default="", db_default="")
    segments = models.SmallIntegerField(default=1, db_default=1)
    rate_id = models.UUIDField(
        null=True, blank=True, help_text="The wallet's rate row that gave the price, if one did."
    )
    charge_state = models.CharField(
        max_length=10,
        choices=ChargeState.choices,
        default=ChargeState.NONE,
        db_default=ChargeState.NONE.value,
        blank=True,
    )
    clicked = models.BooleanField(default=False, db_default=False)

    created_at = models.DateTimeField()
    status_at = models.DateTimeField(help_text="When the message got its status.")
    sent_at = models.DateTimeField(
        null=True, blank=True, help_text="When the provider accepted the message."
    )
    delivered_at = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True)

    objects = TenantQuerySet["BroadcastMessage"].as_manager()

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(fields=("broadcast", "seq"), name="message_seq_once"),
            models.UniqueConstraint(fields=("contact", "broadcast"), name="message_contact_once"),
            models.UniqueConstraint(
                fields=("broadcast", "address"),
                condition=Q(address__isnull=False),
                name="message_address_once",
            ),
            none_negative("seq", "attempts", "segments", name="message_not_negative"),
        )
        indexes = (
            models.Index(fields=("tenant", "id"), name="message_by_tenant"),
            models.Index(fields=("token",), name="message_by_token"),
            models.Index(
                fields=("broadcast", "next_attempt_at"),
                condition=Q(next_attempt_at__isnull=False),
                name="message_deferred",
            ),
        )

    def __str__(self) -> str:
        return f"{self.broadcast_id} #{self.seq}"
