"""Contacts of a tenant, their tags, suppressed addresses, opt-ins and imports."""

from datetime import datetime, timedelta

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from channels.platforms import Platform
from postgres.ids import new_id
from tenants.scoping import TenantQuerySet

WHATSAPP_WINDOW = timedelta(hours=24)
"""Meta's customer service window, from the customer's last message."""

LONGEST_ADDRESS = 140
"""Characters: a WhatsApp user id has up to 135 (contacts/user_ids.py), a number 16."""


class Tag(models.Model):
    """A label that selects audiences. Stored as written, unique regardless of case."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=100)

    objects = TenantQuerySet["Tag"].as_manager()

    class Meta:
        ordering = ("name",)
        constraints = (
            models.UniqueConstraint("tenant", Lower("name"), name="tag_name_once_per_tenant"),
        )

    def __str__(self) -> str:
        return self.name


class Contact(models.Model):
    """A person that a tenant writes to, with one or more addresses.

    `phone` is E.164; `country` is derived from it, else from the WhatsApp user id.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.PROTECT, related_name="+")
    external_id = models.CharField(max_length=200, null=True, blank=True)
    phone = models.CharField(max_length=16, null=True, blank=True)
    country = models.CharField(max_length=2, blank=True, editable=False)
    first_name = models.CharField(max_length=200, blank=True)
    last_name = models.CharField(max_length=200, blank=True)
    email = models.EmailField(blank=True)
    telegram_chat_id = models.BigIntegerField(null=True, blank=True)
    whatsapp_user_id = models.CharField(
        max_length=LONGEST_ADDRESS,
        null=True,
        blank=True,
        help_text="WhatsApp's business-scoped user id, for people who hide their number.",
    )
    attributes = models.JSONField(default=dict, blank=True)
    tags = models.ManyToManyField(Tag, through="ContactTag", related_name="contacts", blank=True)
    time_zone = models.CharField(max_length=64, blank=True, help_text="IANA name.")
    last_reply_at = models.DateTimeField(null=True, blank=True, editable=False)
    whatsapp_reply_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="Last reply over WhatsApp. Free text is allowed for 24 hours after it.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = TenantQuerySet["Contact"].as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
        constraints = (
            models.UniqueConstraint(
                fields=("tenant", "external_id"), name="contact_external_id_once_per_tenant"
            ),
            models.UniqueConstraint(
                fields=("tenant", "phone"), name="contact_phone_once_per_tenant"
            ),
            models.UniqueConstraint(
                fields=("tenant", "whatsapp_user_id"), name="contact_user_id_once_per_tenant"
            ),
            models.CheckConstraint(
                condition=~Q(external_id="") & ~Q(phone="") & ~Q(whatsapp_user_id=""),
                name="contact_keys_null_not_empty",
            ),
        )
        indexes = (
            models.Index(fields=("tenant", "telegram_chat_id"), name="contact_telegram"),
            models.Index(fields=("tenant", "created_at", "id"), name="contact_newest"),
            models.Index(
                fields=("tenant", "time_zone"),
                condition=~Q(time_zone=""),
                name="contact_time_zones",
            ),
            GinIndex(
                fields=("attributes",), opclasses=("jsonb_path_ops",), name="contact_attributes"
            ),
        )

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}".strip() or str(self.id)

    @property
    def addresses(self) -> list[str]:
        """All addresses of the contact, as suppressions and messages hold them."""
        chat_id = self.telegram_chat_id
        own = (self.phone, None if chat_id is None else str(chat_id), self.whatsapp_user_id)
        return [address for address in own if address]

    @property
    def whatsapp_window_until(self) -> datetime | None:
        """When WhatsApp stops taking free text for this contact; None before the first reply."""
        return self.whatsapp_reply_at and self.whatsapp_reply_at + WHATSAPP_WINDOW


class AddressPair(models.Model):
    """Two addresses of one person that a provider named together; a row for each direction."""

    pk = models.CompositePrimaryKey("tenant_id", "address", "other")
    tenant = models.ForeignKey(
        "tenants.Tenant", on_delete=models.PROTECT, db_index=False, related_name="+"
    )
    address = models.CharField(max_length=LONGEST_ADDRESS)
    other = models.CharField(max_length=LONGEST_ADDRESS)
    seen_at = models.DateTimeField(help_text="When the two were first named together.")

    objects = TenantQuerySet["AddressPair"].as_manager()

    def __str__(self) -> str:
        return f"{self.address} = {self.other}"


class ContactTag(models.Model):
    """A tag of a contact."""

    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="+")
    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = (models.UniqueConstraint(fields=("tag", "contact"), name="contact_tag_once"),)

    def __str__(self) -> str:
        return f"{self.contact_id} #{self.tag_id}"


class SuppressionScope(models.TextChoices):
    ALL = "ALL", "All messages"
    MARKETING = "MARKETING", "Marketing only"


class SuppressionSource(models.TextChoices):
    USER = "USER", "Entered by a user"
    IMPORT = "IMPORT", "Imported"
    PROVIDER = "PROVIDER", "Reported by a provider"
    RECIPIENT = "RECIPIENT", "Requested by the recipient"


class Suppression(models.Model):
    """An address that gets no messages. Keyed by address, so it outlives the contact.

    An empty `platform` means every platform. `address` is E.164, a Telegram
    chat id as text, or a WhatsApp user id.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.PROTECT, related_name="+")
    platform = models.CharField(max_length=10, choices=Platform.choices, blank=True)
    address = models.CharField(max_length=LONGEST_ADDRESS)
    scope = models.CharField(
        max_length=10, choices=SuppressionScope.choices, default=SuppressionScope.ALL
    )
    reason = models.CharField(max_length=200, blank=True)
    source = models.CharField(max_length=10, choices=SuppressionSource.choices)
    event_id = models.UUIDField(
        null=True, blank=True, help_text="Id of the stored provider event that asked for it."
    )
    created_at = models.DateTimeField(default=timezone.now)

    objects = TenantQuerySet["Suppression"].as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
        constraints = (
            models.UniqueConstraint(
                fields=("tenant", "address", "platform", "scope"), name="suppression_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.platform or 'every platform'} {self.scope} {self.id}"


class OptIn(models.Model):
    """When a recipient last opted back in: older opt-outs that arrive later are ignored."""

    pk = models.CompositePrimaryKey("tenant_id", "address", "platform")
    tenant = models.ForeignKey(
        "tenants.Tenant", on_delete=models.PROTECT, db_index=False, related_name="+"
    )
    address = models.CharField(max_length=LONGEST_ADDRESS)
    platform = models.CharField(max_length=10, choices=Platform.choices)
    at = models.DateTimeField(db_index=True)

    objects = TenantQuerySet["OptIn"].as_manager()

    def __str__(self) -> str:
        return f"{self.platform} {self.at:%Y-%m-%d %H:%M}"


class ImportStatus(models.TextChoices):
    PENDING = "PENDING", "Waiting"
    RUNNING = "RUNNING", "Running"
    DONE = "DONE", "Done"
    FAILED = "FAILED", "Failed"


class ContactImport(models.Model):
    """An import of contacts from a file. The file is deleted when the import ends."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.PROTECT, related_name="+")
    created_by = models.ForeignKey(
        "tenants.User", on_delete=models.PROTECT, null=True, related_name="+"
    )
    status = models.CharField(
        max_length=10, choices=ImportStatus.choices, default=ImportStatus.PENDING
    )
    file_name = models.CharField(max_length=255)
    content = models.BinaryField(
        null=True, help_text="The file's beginning; the rest is in ContactImportPart."
    )
    encoding = models.CharField(
        max_length=40, blank=True, db_default="", help_text="Empty until it is found out."
    )
    sheet = models.CharField(
        max_length=100, blank=True, db_default="", help_text="Of a spreadsheet; empty: the first."
    )
    is_converted = models.BooleanField(
        default=False,
        db_default=False,
        help_text="The file is a spreadsheet's rows as CSV, each after its row number.",
    )
    default_country = models.CharField(max_length=2, blank=True)
    mapping = models.JSONField(default=dict, blank=True, help_text="CSV column → contact field.")
    tags = models.JSONField(default=list, blank=True)
    dry_run = models.BooleanField(default=False)
    line = models.PositiveIntegerField(
        default=0, help_text="Number of imported lines; a restart continues after them."
    )
    rows = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    failure = models.CharField(max_length=500, blank=True)
    failure_code = models.CharField(max_length=40, blank=True, db_default="")
    worked_at = models.DateTimeField(
        null=True, help_text="When a worker last wrote a block; an old time means that it died."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    objects = TenantQuerySet["ContactImport"].as_manager()

    class Meta:
        ordering = ("-created_at", "-id")

    def __str__(self) -> str:
        return f"{self.file_name} ({self.status})"


class ContactImportPart(models.Model):
    """A piece of an import's file after `content`, so that no process holds a whole file."""

    pk = models.CompositePrimaryKey("contact_import_id", "number")
    contact_import = models.ForeignKey(
        ContactImport, on_delete=models.CASCADE, db_index=False, related_name="parts"
    )
    number = models.PositiveIntegerField()
    content = models.BinaryField()

    def __str__(self) -> str:
        return f"{self.contact_import_id} {self.number}"


class ContactImportError(models.Model):
    """A line of a file that could not be imported, and why."""

    id = models.BigAutoField(primary_key=True)
    contact_import = models.ForeignKey(
        ContactImport, on_delete=models.CASCADE, related_name="errors"
    )
    line = models.PositiveIntegerField()
    field = models.CharField(max_length=200, blank=True)
    reason = models.CharField(max_length=500)
    row = models.JSONField(default=dict)

    class Meta:
        ordering = ("line", "id")

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}"
