"""Tenants, users, memberships and idempotency records."""

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.core.exceptions import ValidationError
from django.db import models

from api.errors import InvalidInput
from postgres.ids import new_id
from tenants.scoping import TenantQuerySet
from tenants.send_windows import read_send_window, zone_named


class Tenant(models.Model):
    """A customer of the platform, which is deactivated but never deleted: its ledger must stay."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=200)
    slug = models.SlugField(max_length=60, unique=True)
    currency = models.CharField(
        max_length=3, default="EUR", help_text="ISO 4217 code of the tenant's credits."
    )
    time_zone = models.CharField(max_length=64, default="UTC", help_text="IANA name.")
    default_country = models.CharField(
        max_length=2,
        blank=True,
        help_text="ISO 3166-1 alpha-2 code; for phone numbers without a country prefix.",
    )
    send_window = models.JSONField(
        null=True,
        blank=True,
        help_text='Days and hours at which messages may be sent: {"days": [1, 2, 3, 4, 5], '
        '"from": "09:00", "to": "20:00", "time_zone": "Europe/Berlin"}. Days run from 1 (Monday) '
        "to 7 (Sunday). If the recipient's own time zone is known, it is used instead. Empty: at "
        "any time.",
    )
    approval_recipients = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="A broadcast with more recipients than this needs a second person's approval.",
    )
    approval_amount = models.DecimalField(
        max_digits=20,
        decimal_places=6,
        null=True,
        blank=True,
        help_text="A broadcast that costs more than this needs a second person's approval.",
    )
    opt_out_words = models.JSONField(
        default=list, blank=True, help_text="Words beside STOP and its common translations."
    )
    opt_in_words = models.JSONField(
        default=list, blank=True, help_text="Words beside START and its common translations."
    )
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Validates the time zone and the send window for forms."""
        if zone_named(self.time_zone) is None:
            raise ValidationError({"time_zone": "Give an IANA name such as Europe/Berlin."})
        try:
            read_send_window(self.send_window)
        except InvalidInput as error:
            raise ValidationError({"send_window": error.detail}) from error


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """A person who logs in by e-mail; the role of a Membership grants rights in a tenant."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=200, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        ordering = ("email",)

    def __str__(self) -> str:
        return self.email


class Role(models.TextChoices):
    """A member's role; the permission matrix in tenants/api/permissions.py lists its rights."""

    OWNER = "OWNER", "Owner"
    ADMIN = "ADMIN", "Admin"
    MANAGER = "MANAGER", "Manager"
    VIEWER = "VIEWER", "Viewer"


class Membership(models.Model):
    """A user's role in one tenant."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        ordering = ("tenant", "user")
        constraints = (
            models.UniqueConstraint(fields=("tenant", "user"), name="membership_once_per_tenant"),
        )

    def __str__(self) -> str:
        return f"{self.user} in {self.tenant} ({self.role})"


class IdempotencyRecord(models.Model):
    """The first answer to a request with an Idempotency-Key, committed with its effect."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="+")
    key = models.CharField(max_length=255)
    operation = models.CharField(max_length=200, help_text="Method and path of the request.")
    body_hash = models.CharField(max_length=64, help_text="SHA-256 of the request's body.")
    response_status = models.PositiveSmallIntegerField()
    response_body = models.TextField(help_text="JSON of the answer as sent.")
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("tenant", "user", "operation", "key"),
                name="idempotency_key_once_per_user_and_path",
            ),
        )

    def __str__(self) -> str:
        return f"{self.operation} {self.key}"
