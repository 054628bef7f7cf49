"""Provider events as they were received, replies, and receipts of unknown messages."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from channels.platforms import Platform
from channels.port.events import ReceiptStatus, ReplyKind
from channels.port.outcomes import FailureCause
from contacts.models import LONGEST_ADDRESS
from contacts.opting.words import Wish
from postgres.ids import new_id
from tenants.scoping import TenantQuerySet

REPLY_KINDS = [(kind.value, kind.value) for kind in ReplyKind]


class EventStatus(models.TextChoices):
    STORED = "STORED", "Stored"
    APPLIED = "APPLIED", "Applied"
    PARTLY = "PARTLY", "Partly understood"
    FAILED = "FAILED", "Set aside"


class ProviderEvent(models.Model):
    """A verified webhook call, stored raw with one INSERT before it is applied."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    app = models.ForeignKey("channels.ProviderApp", on_delete=models.PROTECT, related_name="+")
    event_key = models.CharField(
        max_length=200,
        null=True,
        blank=True,
        help_text="The provider's id of the call, if it has one.",
    )
    body = models.BinaryField()
    status = models.CharField(
        max_length=10, choices=EventStatus.choices, default=EventStatus.STORED
    )
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=500, blank=True)
    not_understood = ArrayField(
        models.CharField(max_length=80),
        default=list,
        db_default=[],
        blank=True,
        help_text="Parts with values that we do not know, such as “status: held”.",
    )
    retry_at = models.DateTimeField(null=True, blank=True)
    received_at = models.DateTimeField()
    applied_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(fields=("app", "event_key"), name="provider_event_once"),
        )
        indexes = (
            models.Index(
                fields=("id",), condition=Q(status=EventStatus.STORED), name="provider_event_to_do"
            ),
            # A small index: every scrape of the metrics counts these events.
            models.Index(
                fields=("id",),
                condition=Q(status=EventStatus.FAILED),
                name="provider_event_set_aside",
            ),
            models.Index(
                fields=("id",),
                condition=Q(status=EventStatus.PARTLY),
                name="provider_event_partly",
            ),
        )

    def __str__(self) -> str:
        return f"{self.app_id} {self.received_at:%Y-%m-%d %H:%M:%S}"


class ReceivedMessage(models.Model):
    """A message of any kind from a recipient to one of a tenant's senders, or in a group."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.PROTECT, related_name="+")
    app = models.ForeignKey("channels.ProviderApp", on_delete=models.PROTECT, related_name="+")
    sender = models.ForeignKey(
        "channels.Sender", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    platform = models.CharField(max_length=10, choices=Platform.choices)
    address = models.CharField(
        max_length=LONGEST_ADDRESS,
        help_text="Address of the writer: E.164, a Telegram chat id or a WhatsApp user id.",
    )
    group_id = models.CharField(
        max_length=128,
        blank=True,
        default="",
        db_default="",
        help_text="Group in which it was written; empty for a private message.",
    )
    kind = models.CharField(
        max_length=12,
        choices=REPLY_KINDS,
        default=ReplyKind.TEXT.value,
        db_default=ReplyKind.TEXT.value,
    )
    contact = models.ForeignKey(
        "contacts.Contact",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="received_messages",
    )
    text = models.TextField(
        blank=True, help_text="A message, a caption, the title of an option, a form's answers."
    )
    provider_message_id = models.CharField(max_length=200)
    broadcast = models.ForeignKey(
        "broadcast.Broadcast",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="replies",
        help_text="Broadcast of the answered message: the quoted one, else the last one sent.",
    )
    message_id = models.UUIDField(null=True, blank=True, help_text="Id of the answered message.")
    wish = models.CharField(
        max_length=10, choices=[(wish.value, wish.value) for wish in Wish], blank=True
    )
    may_want_out = models.BooleanField(
        default=False,
        db_default=False,
        help_text="The text may ask for an end, but is no opt-out by itself: a person should read.",
    )
    at = models.DateTimeField(help_text="Time of writing, as the provider reports it.")
    received_at = models.DateTimeField()

    objects = TenantQuerySet["ReceivedMessage"].as_manager()

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                fields=("app", "provider_message_id"), name="received_message_once"
            ),
        )
        indexes = (
            models.Index(fields=("contact", "id"), name="received_by_contact"),
            models.Index(fields=("tenant", "id"), name="received_by_tenant"),
            # A small index: every scrape of the metrics counts these replies.
            models.Index(
                fields=("tenant", "id"),
                condition=Q(may_want_out=True),
                name="received_may_want_out",
            ),
        )

    def __str__(self) -> str:
        return f"{self.platform} {self.at:%Y-%m-%d %H:%M}"


class ParkedReceipt(models.Model):
    """A receipt of a message that is not known yet; dropped if it stays unknown for 7 days."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    app = models.ForeignKey("channels.ProviderApp", on_delete=models.PROTECT, related_name="+")
    provider_message_id = models.CharField(max_length=200)
    status = models.CharField(
        max_length=10, choices=[(status.value, status.value) for status in ReceiptStatus]
    )
    at = models.DateTimeField()
    code = models.CharField(max_length=64, blank=True)
    provider_code = models.CharField(max_length=64, blank=True)
    message = models.CharField(max_length=500, blank=True)
    opted_out = models.BooleanField(default=False, db_default=False)
    cause = models.CharField(
        max_length=10,
        choices=[(cause.value, cause.value) for cause in FailureCause if cause],
        blank=True,
        default="",
        db_default="",
        help_text="What a failure is about.",
    )
    holds_sender_for = models.FloatField(
        default=0, db_default=0, help_text="Seconds for which the failure holds the sender."
    )
    parked_at = models.DateTimeField(db_index=True)
    tried_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(
                fields=("app", "provider_message_id", "status"), name="parked_receipt_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.status} {self.provider_message_id}"


class MessageAlias(models.Model):
    """A second id that a provider has for a message; some receipts carry only this id."""

    MAX = 200

    app = models.ForeignKey("channels.ProviderApp", on_delete=models.PROTECT, related_name="+")
    alias = models.CharField(max_length=MAX)
    provider_message_id = models.CharField(
        max_length=MAX, help_text="The id that the message is stored with."
    )
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name_plural = "message aliases"
        constraints = (models.UniqueConstraint(fields=("app", "alias"), name="message_alias_once"),)

    def __str__(self) -> str:
        return self.alias
