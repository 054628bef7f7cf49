"""Senders, and the provider apps that receive their webhooks."""

import secrets
from decimal import Decimal
from typing import Self, TypeVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from channels.pacing.limiter import MAX_BATCH_SIZE
from channels.platforms import Category, Platform
from channels.port.http_calls import WebhookSecrets
from channels.port.messages import SenderAccount
from channels.providers.registry import adapter_for
from postgres.encrypted_json import EncryptedJSONField
from postgres.ids import new_id
from tenants.models import Tenant
from tenants.scoping import TenantQuerySet


def new_endpoint_token() -> str:
    """192 random bits: the secret part of a webhook's path."""
    return secrets.token_urlsafe(24)


class ProviderApp(models.Model):
    """An app at a provider, with the secrets that verify its webhooks, for one or many senders."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.PROTECT, related_name="+")
    provider = models.CharField(max_length=40)
    name = models.CharField(max_length=200)
    endpoint_token = models.CharField(
        max_length=64, unique=True, default=new_endpoint_token, editable=False
    )
    secrets = EncryptedJSONField()
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = TenantQuerySet["ProviderApp"].as_manager()

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return f"{self.name} ({self.provider})"

    @property
    def webhook_path(self) -> str:
        return f"/webhooks/{self.provider}/{self.endpoint_token}/"

    @property
    def webhook_url(self) -> str:
        return f"{settings.PUBLIC_URL}{self.webhook_path}".rstrip("/")

    def webhook_secrets(self) -> WebhookSecrets:
        return WebhookSecrets(secrets=self.secrets)


SenderT = TypeVar("SenderT", bound="Sender")


class SenderQuerySet(TenantQuerySet[SenderT]):
    def usable(self) -> Self:
        return self.filter(is_active=True)


class Sender(models.Model):
    """A phone number or bot that sends messages. A used sender is deactivated, never deleted."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.PROTECT, related_name="+")
    app = models.ForeignKey(
        ProviderApp, on_delete=models.PROTECT, null=True, blank=True, related_name="senders"
    )
    platform = models.CharField(max_length=10, choices=Platform.choices)
    provider = models.CharField(max_length=40)
    name = models.CharField(max_length=200)
    address = models.CharField(max_length=64, help_text="Phone number (E.164) or bot name.")
    account_id = models.CharField(
        max_length=64,
        help_text="The sender's id at the provider: Meta's phone number id, a bot's numeric id.",
    )
    business_account_id = models.CharField(
        max_length=64,
        blank=True,
        help_text="Id of the WhatsApp Business Account, which owns the templates.",
    )
    credentials = EncryptedJSONField()
    base_url = models.URLField(
        blank=True, help_text="URL of the provider's API or of the sandbox; empty: the default URL."
    )

    batch_size = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_BATCH_SIZE)],
    )
    batch_delay = models.DecimalField(
        max_digits=7,
        decimal_places=3,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal(0))],
        help_text="Seconds between the starts of two batches of one lane.",
    )
    max_retries = models.PositiveSmallIntegerField(null=True, blank=True)
    messages_per_second = models.DecimalField(
        max_digits=9,
        decimal_places=3,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal("0.001"))],
    )
    daily_limit = models.PositiveIntegerField(null=True, blank=True)
    lanes = models.PositiveSmallIntegerField(
        default=1,
        validators=[MinValueValidator(1)],
        help_text="Number of lanes (chains of batches) that one broadcast of this sender runs on.",
    )

    send_window = models.JSONField(
        null=True,
        blank=True,
        help_text="Same format as the tenant's window; narrows it. Empty: no narrowing.",
    )

    currency = models.CharField(
        max_length=3, help_text="Currency of the prices; must be the tenant's."
    )
    marketing_price = models.DecimalField(max_digits=12, decimal_places=6, default=Decimal(0))
    utility_price = models.DecimalField(max_digits=12, decimal_places=6, default=Decimal(0))
    authentication_price = models.DecimalField(max_digits=12, decimal_places=6, default=Decimal(0))

    is_default = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    held_until = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="No message of this sender is sent before then: a provider's rate limit.",
    )
    broken_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="When the provider last refused the configuration; a successful check clears it.",
    )
    broken_reason = models.CharField(max_length=200, blank=True, editable=False)
    checked_at = models.DateTimeField(null=True, blank=True, editable=False)
    check_result = models.CharField(max_length=500, blank=True, editable=False)
    worked_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When a check last succeeded."
    )
    proven_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="Since when the account is this sender's: a check with its credentials passed. "
        "Other credentials or another account need a new check.",
    )
    proven_scope = models.CharField(
        max_length=64,
        blank=True,
        editable=False,
        help_text="Digest of the credentials that name the customer of the provider.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = SenderQuerySet["Sender"].as_manager()

    class Meta:
        ordering = ("platform", "name")
        constraints = (
            models.UniqueConstraint(
                fields=("tenant", "platform"),
                condition=Q(is_default=True, is_active=True),
                name="sender_one_default_per_platform",
            ),
            models.UniqueConstraint(
                fields=("provider", "account_id", "proven_scope"),
                condition=Q(is_active=True, proven_at__isnull=False),
                name="sender_account_once",
            ),
            models.UniqueConstraint(
                fields=("tenant", "provider", "account_id"),
                condition=Q(is_active=True),
                name="sender_account_once_per_tenant",
            ),
            models.CheckConstraint(
                condition=Q(marketing_price__gte=0)
                & Q(utility_price__gte=0)
                & Q(authentication_price__gte=0),
                name="sender_prices_not_negative",
            ),
        )

    def __str__(self) -> str:
        return f"{self.name} ({self.get_platform_display()})"

    def price_for(self, category: str) -> Decimal:
        """The price of one message of this category, in `currency`."""
        return {
            Category.MARKETING: self.marketing_price,
            Category.UTILITY: self.utility_price,
            Category.AUTHENTICATION: self.authentication_price,
        }[Category(category)]

    def account(self) -> SenderAccount:
        """The sender as its adapter needs it."""
        base_url = self.base_url or adapter_for(self.provider).default_base_url
        return SenderAccount(
            provider=self.provider,
            base_url=base_url.rstrip("/"),
            account_id=self.account_id,
            credentials=self.credentials,
            platform=Platform(self.platform),
            address=self.address,
            webhook_url=self.app.webhook_url if self.app else "",
        )

    @property
    def effective_batch_size(self) -> int:
        return settings.BROADCAST_BATCH_SIZE if self.batch_size is None else self.batch_size

    @property
    def effective_batch_delay(self) -> Decimal:
        """Seconds between the starts of two batches of one lane."""
        delay = settings.BROADCAST_BATCH_DELAY if self.batch_delay is None else self.batch_delay
        return Decimal(str(delay))

    @property
    def effective_max_retries(self) -> int:
        return settings.BROADCAST_MAX_RETRIES if self.max_retries is None else self.max_retries


class SenderDay(models.Model):
    """How much of a sender's `daily_limit` is used on one day of the tenant's time zone."""

    id = models.BigAutoField(primary_key=True)
    sender = models.ForeignKey(Sender, on_delete=models.CASCADE, related_name="+")
    day = models.DateField()
    taken = models.PositiveIntegerField()

    class Meta:
        ordering = ("-day",)
        constraints = (models.UniqueConstraint(fields=("sender", "day"), name="sender_day_once"),)

    def __str__(self) -> str:
        return f"{self.day}: {self.taken}"


class TenantWAAppManager(models.Manager["TenantWAApp"]):
    """Senders on WhatsApp.

    The methods stand here by name, because mypy checks no call of a method that
    `Manager.from_queryset()` copies.
    """

    def get_queryset(self) -> SenderQuerySet["TenantWAApp"]:
        return SenderQuerySet(self.model, using=self._db).filter(platform=Platform.WHATSAPP)

    def for_tenant(self, tenant: Tenant) -> SenderQuerySet["TenantWAApp"]:
        return self.get_queryset().for_tenant(tenant)

    def usable(self) -> SenderQuerySet["TenantWAApp"]:
        return self.get_queryset().usable()


class TenantWAApp(Sender):
    """A tenant's WhatsApp number: it has templates, and its prices depend on the category."""

    # The proxy has its own manager; the type stubs allow one per class.
    objects = TenantWAAppManager()  # type: ignore[assignment, misc]

    class Meta:
        proxy = True
        verbose_name = "WhatsApp app"
