"""The broadcast: its content, its recipients, its schedule and its status."""

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q

from broadcast.states import (
    BROADCAST_MOVES,
    BROADCAST_UI_STATUS,
    BroadcastKind,
    BroadcastStatus,
    UnknownPolicy,
)
from channels.platforms import Category, Platform
from postgres.ids import new_id
from tenants.scoping import TenantQuerySet

MAX_CAP_RETRIES = 7
"""A week of daily retries: platforms that limit marketing count every further try."""


class BroadcastQuerySet(TenantQuerySet["Broadcast"]):
    def ongoing(self) -> "BroadcastQuerySet":
        return self.filter(status__in=(BroadcastStatus.QUEUED, BroadcastStatus.SENDING))

    def locked(self, *, skip_locked: bool = False) -> "BroadcastQuerySet":
        """Lock these rows (FOR NO KEY UPDATE); tenant, sender and template are read unlocked."""
        rows = self.select_for_update(of=("self",), no_key=True, skip_locked=skip_locked)
        return rows.select_related("tenant", "sender", "template")


class Broadcast(models.Model):
    """One message to many recipients.

    Only the actions of broadcast/lifecycle.py and sending itself move the status. Beside the
    status, `planning_at` says that the broadcast is being planned, `paused_at` that it is paused.
    """

    CONTENT_FIELDS = (
        "platform",
        "sender",
        "category",
        "template_name",
        "template_language",
        "template_params",
        "text",
        "media",
        "buttons",
        "provider_template_id",
    )
    """The fields of content and sender; every other list of content fields starts from these."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=200)
    reference = models.CharField(
        max_length=200, null=True, blank=True, help_text="The tenant's own id; unique per tenant."
    )
    kind = models.CharField(
        max_length=10, choices=BroadcastKind.choices, default=BroadcastKind.ORIGINAL
    )
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="children"
    )
    platform = models.CharField(max_length=10, choices=Platform.choices)
    sender = models.ForeignKey(
        "channels.Sender", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    category = models.CharField(max_length=15, choices=Category.choices, default=Category.MARKETING)

    template = models.ForeignKey(
        "templates_wa.WhatsAppTemplate",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="broadcasts",
        help_text="Found by name and language when the broadcast is scheduled or sent.",
    )
    template_name = models.CharField(max_length=512, blank=True)
    template_language = models.CharField(max_length=15, blank=True)
    template_params = models.JSONField(default=dict, blank=True)
    default_params = models.JSONField(
        default=dict,
        blank=True,
        editable=False,
        help_text="The template's default_params, as they were at the launch or the approval.",
    )
    text = models.TextField(blank=True)
    media = models.JSONField(
        null=True,
        blank=True,
        help_text='{"kind": "image" | "video" | "document", "url": "https://…", "filename": "…"}; '
        "the text is its caption.",
    )
    buttons = models.JSONField(
        default=list,
        blank=True,
        help_text='[{"kind": "url" | "reply" | "call", "text": "…", "value": "…"}]',
    )
    provider_template_id = models.CharField(
        max_length=64,
        blank=True,
        help_text="For countries where texts must be registered: India's DLT.",
    )
    fallback = models.JSONField(
        default=list,
        blank=True,
        help_text='Rungs in order: [{"platform": "SMS", "sender": null, "text": "…"}]',
    )
    fallback_step = models.PositiveSmallIntegerField(
        default=0, help_text="Position in the fallback list, from 1; 0 if it is no fallback."
    )
    track_urls = models.BooleanField(default=True)
    unknown_policy = models.CharField(
        max_length=10, choices=UnknownPolicy.choices, default=UnknownPolicy.HOLD
    )

    frequency_cap_retries = models.PositiveSmallIntegerField(
        default=0,
        db_default=0,
        validators=[MaxValueValidator(MAX_CAP_RETRIES)],
        help_text="How often, at least 24 hours apart, a recipient is tried again to whom the "
        "platform limits marketing (Meta's 131049); then the fallback ladder goes on.",
    )

    audience = models.JSONField(
        null=True,
        blank=True,
        help_text='{"all": true} or {"tags": {"any": [], "all": [], "none": []}}',
    )
    duplicates_removed = models.PositiveIntegerField(
        default=0, help_text="Recipients that were given more than once."
    )

    status = models.CharField(
        max_length=15, choices=BroadcastStatus.choices, default=BroadcastStatus.DRAFT
    )
    status_reason = models.CharField(max_length=200, blank=True)
    hold_revision = models.PositiveIntegerField(
        default=0, help_text="Number of the current hold; 0 before the first."
    )
    estimate_hash = models.CharField(
        max_length=1000,
        blank=True,
        help_text="Estimate that the launch was based on; the plan must match it.",
    )
    send_window = models.JSONField(
        null=True,
        blank=True,
        help_text="Same format as the tenant's window; narrows the sender's and the tenant's.",
    )
    approved_by = models.ForeignKey(
        "tenants.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    approved_at = models.DateTimeField(null=True, blank=True)
    approved_recipients = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="Recipients when it was approved; more recipients need a new approval.",
    )
    expires_at = models.DateTimeField(
        null=True, blank=True, help_text="Messages that are not handed over by then become EXPIRED."
    )
    scheduled_at = models.DateTimeField(null=True, blank=True)
    planning_at = models.DateTimeField(null=True, blank=True)
    planned_at = models.DateTimeField(null=True, blank=True)
    queued_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    paused_at = models.DateTimeField(null=True, blank=True)
    resumed_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="Only messages sent since then count towards an automatic pause.",
    )
    pause_reason = models.CharField(max_length=200, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)

    created_by = models.ForeignKey(
        "tenants.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    edited_by = models.ForeignKey(
        "tenants.User",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Last user to change its content or audience; may not approve it.",
    )
    authors = ArrayField(
        models.UUIDField(),
        default=list,
        blank=True,
        help_text="All users who ever changed its content or audience; none may approve it.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = BroadcastQuerySet.as_manager()

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                fields=("tenant", "reference"), name="broadcast_reference_once_per_tenant"
            ),
            models.CheckConstraint(
                condition=~Q(status=BroadcastStatus.SCHEDULED) | Q(scheduled_at__isnull=False),
                name="broadcast_scheduled_has_time",
            ),
        )
        indexes = (
            models.Index(fields=("tenant", "id"), name="broadcast_newest"),
            models.Index(
                fields=("scheduled_at",),
                condition=Q(status=BroadcastStatus.SCHEDULED),
                name="broadcast_due",
            ),
            models.Index(
                fields=("status",),
                condition=Q(status__in=(BroadcastStatus.QUEUED, BroadcastStatus.SENDING)),
                name="broadcast_ongoing",
            ),
        )
        triggers = (
            pgtrigger.FSM(
                name="broadcast_moves",
                field="status",
                transitions=[
                    (old.value, new.value)
                    for old, news in BROADCAST_MOVES.items()
                    for new in sorted(news)
                ],
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def ui_status(self) -> str:
        return BROADCAST_UI_STATUS[BroadcastStatus(self.status)]

    @property
    def all_params(self) -> dict[str, str]:
        """The values of the template's parameters: the broadcast's own, else the defaults."""
        params = {**self.default_params, **self.template_params}
        return {str(key): str(value) for key, value in params.items()}

    def withdraw_approval(self) -> None:
        """Clears the approval: the content has changed. Does not save."""
        self.approved_by = self.approved_at = self.approved_recipients = None

    @property
    def subject(self) -> str:
        """The broadcast's name in the wallet's books."""
        return f"broadcast:{self.id}"
