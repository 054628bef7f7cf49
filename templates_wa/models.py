"""WhatsApp message templates."""

from datetime import datetime

from django.db import models

from channels.platforms import Category
from postgres.ids import new_id
from tenants.scoping import TenantQuerySet


class TemplateStatus(models.TextChoices):
    """Meta's template statuses, and DRAFT for a template or change that is not submitted."""

    DRAFT = "DRAFT", "Draft"
    PENDING = "PENDING", "In review"
    APPROVED = "APPROVED", "Approved"
    REJECTED = "REJECTED", "Rejected"
    PAUSED = "PAUSED", "Paused"
    DISABLED = "DISABLED", "Disabled"


class Quality(models.TextChoices):
    """Meta's quality rating, which follows from recipients' feedback."""

    UNKNOWN = "UNKNOWN", "Not known yet"
    GREEN = "GREEN", "High"
    YELLOW = "YELLOW", "Medium"
    RED = "RED", "Low"


class ParameterFormat(models.TextChoices):
    POSITIONAL = "POSITIONAL", "Positional: {{1}}"
    NAMED = "NAMED", "Named: {{first_name}}"


class HeaderFormat(models.TextChoices):
    NONE = "NONE", "No header"
    TEXT = "TEXT", "Text"
    IMAGE = "IMAGE", "Image"
    VIDEO = "VIDEO", "Video"
    DOCUMENT = "DOCUMENT", "Document"


class WhatsAppTemplate(models.Model):
    """A template of one WhatsApp app; only APPROVED templates can be sent."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.PROTECT, related_name="+")
    app = models.ForeignKey(
        "channels.TenantWAApp", on_delete=models.PROTECT, related_name="templates"
    )
    name = models.CharField(max_length=512)
    language = models.CharField(max_length=15, help_text="In Meta's notation: en, en_US, pt_BR.")
    category = models.CharField(max_length=15, choices=Category.choices, default=Category.MARKETING)
    parameter_format = models.CharField(
        max_length=10, choices=ParameterFormat.choices, default=ParameterFormat.POSITIONAL
    )
    header_format = models.CharField(
        max_length=10, choices=HeaderFormat.choices, default=HeaderFormat.NONE
    )
    header_text = models.CharField(max_length=60, blank=True)
    body = models.TextField(max_length=1024)
    footer = models.CharField(max_length=60, blank=True)
    buttons = models.JSONField(
        default=list,
        blank=True,
        help_text='[{"type": "URL", "text": "Shop", "url": "https://…/{{1}}"}]',
    )
    cards = models.JSONField(
        default=list,
        blank=True,
        help_text='Cards of a carousel: [{"header_format": "IMAGE", "body": "…", "buttons": []}]',
    )
    add_security_recommendation = models.BooleanField(
        default=False,
        help_text="Authentication templates only: adds the advice not to share the code.",
    )
    code_expiration_minutes = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Authentication templates only: 1 to 90."
    )
    examples = models.JSONField(
        default=dict,
        blank=True,
        help_text="A sample value for each parameter, for the review and the preview. The keys are "
        "those of a broadcast's template_params.",
    )
    default_params = models.JSONField(
        default=dict,
        blank=True,
        help_text="Values of parameters for broadcasts that do not give them; kept here, not at "
        "the provider.",
    )
    status = models.CharField(
        max_length=10, choices=TemplateStatus.choices, default=TemplateStatus.DRAFT
    )
    rejection_reason = models.CharField(
        max_length=500, blank=True, help_text="Why it was rejected, paused or disabled."
    )
    quality = models.CharField(max_length=10, choices=Quality.choices, default=Quality.UNKNOWN)
    provider_template_id = models.CharField(
        max_length=64, blank=True, help_text="Empty until it is submitted."
    )
    submitted_at = models.DateTimeField(null=True, blank=True, editable=False)
    approved_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Time of the first approval."
    )
    synced_at = models.DateTimeField(null=True, blank=True, editable=False)
    status_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Time of the last change of status."
    )
    archived_from = models.CharField(
        max_length=10,
        blank=True,
        default="",
        db_default="",
        editable=False,
        help_text="Status before the provider archived it; empty if it is not archived.",
    )
    edits = models.JSONField(
        default=list,
        blank=True,
        editable=False,
        help_text="Times of edits since the approval, ISO 8601, newest last.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = TenantQuerySet["WhatsAppTemplate"].as_manager()

    class Meta:
        ordering = ("name", "language")
        verbose_name = "WhatsApp template"
        constraints = (
            models.UniqueConstraint(
                fields=("app", "name", "language"), name="template_once_per_app_and_language"
            ),
        )
        indexes = (
            models.Index(
                fields=("provider_template_id",),
                condition=~models.Q(provider_template_id=""),
                name="template_of_provider",
            ),
        )

    def __str__(self) -> str:
        return f"{self.name} ({self.language})"

    @property
    def is_at_provider(self) -> bool:
        """True if the provider has this template; only the provider then sets its status."""
        return self.provider_template_id != ""

    def set_status(self, status: TemplateStatus, *, is_archived: bool, at: datetime) -> None:
        """Take the provider's status; if it archived the template, keep the status before.

        Does not save.
        """
        if not is_archived:
            self.archived_from = ""
        elif self.status != TemplateStatus.DISABLED:
            self.archived_from = self.status
        self.status, self.status_at = status, at
        if status == TemplateStatus.APPROVED:
            self.approved_at = self.approved_at or at
