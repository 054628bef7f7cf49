"""Tracked links and their clicks."""

from django.db import models

from postgres.ids import new_id
from tenants.scoping import TenantQuerySet


class TrackedURL(models.Model):
    """A URL in a broadcast's text or parameters; its short links contain `position`."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.PROTECT, related_name="+")
    broadcast = models.ForeignKey(
        "broadcast.Broadcast", on_delete=models.CASCADE, related_name="tracked_urls"
    )
    position = models.PositiveSmallIntegerField()
    url = models.URLField(max_length=2000)
    clicks = models.PositiveIntegerField(default=0)
    unique_clicks = models.PositiveIntegerField(
        default=0, help_text="Number of recipients who clicked the link."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = TenantQuerySet["TrackedURL"].as_manager()

    class Meta:
        verbose_name = "tracked URL"
        ordering = ("broadcast", "position")
        constraints = (
            models.UniqueConstraint(fields=("broadcast", "position"), name="tracked_url_position"),
        )

    def __str__(self) -> str:
        return self.url


class Click(models.Model):
    """One visit of a short link. No IP address is stored."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant = models.ForeignKey(
        "tenants.Tenant", on_delete=models.PROTECT, db_constraint=False, related_name="+"
    )
    tracked_url = models.ForeignKey(TrackedURL, on_delete=models.CASCADE, related_name="click_rows")
    broadcast = models.ForeignKey("broadcast.Broadcast", on_delete=models.CASCADE, related_name="+")
    message = models.ForeignKey(
        "broadcast.BroadcastMessage",
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="clicks",
    )
    user_agent = models.CharField(max_length=300, blank=True)
    is_first = models.BooleanField(help_text="The recipient's first click on this link.")
    clicked_at = models.DateTimeField()

    objects = TenantQuerySet["Click"].as_manager()

    class Meta:
        ordering = ("-id",)
        indexes = (
            models.Index(fields=("tenant", "id"), name="click_by_tenant"),
            models.Index(fields=("broadcast", "id"), name="click_by_broadcast"),
            models.Index(fields=("message", "tracked_url"), name="click_by_message"),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("message", "tracked_url"),
                condition=models.Q(is_first=True),
                name="click_first_once",
            ),
        )

    def __str__(self) -> str:
        return f"{self.tracked_url_id} at {self.clicked_at:%Y-%m-%d %H:%M}"
