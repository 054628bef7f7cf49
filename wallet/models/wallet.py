"""The wallet, its holds, and the ledger entries that explain its balance."""

from decimal import Decimal

import pgtrigger
from django.db import models
from django.db.models import F, Q

from postgres.ids import new_id
from tenants.scoping import TenantQuerySet
from wallet.models.columns import amount_field, never_truncated


class Wallet(models.Model):
    """A tenant's credits. Only wallet/ledger/ledger.py moves them; a wallet is never deleted."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant = models.OneToOneField("tenants.Tenant", on_delete=models.PROTECT, related_name="wallet")
    currency = models.CharField(max_length=3)
    balance = amount_field(default=Decimal(0))
    held = amount_field(default=Decimal(0))
    credit_line = amount_field(default=Decimal(0))
    low_balance_threshold = amount_field(null=True, blank=True)
    low_balance_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="When the low-balance e-mail was sent; empty if credit is not low.",
    )
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = TenantQuerySet["Wallet"].as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(held__gte=0), name="wallet_held_not_negative"),
            models.CheckConstraint(
                condition=Q(credit_line__gte=0), name="wallet_credit_line_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(balance__gte=F("held") - F("credit_line")),
                name="wallet_within_credit_line",
            ),
        )
        triggers = (
            pgtrigger.Protect(name="wallet_never_deleted", operation=pgtrigger.Delete),
            never_truncated("wallet_never_truncated"),
        )

    def __str__(self) -> str:
        return f"Wallet of {self.tenant} ({self.currency})"

    @property
    def available(self) -> Decimal:
        """Credit that can still be held."""
        return self.balance - self.held + self.credit_line


class Hold(models.Model):
    """Credits set aside for one reference; captures and releases never exceed `amount`.

    Reference, revision and amount never change; the sums only grow.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    wallet = models.ForeignKey(
        Wallet,
        on_delete=models.PROTECT,
        db_index=False,  # hold_once_per_revision begins with it
        related_name="holds",
    )
    reference = models.CharField(
        max_length=100,
        help_text="Purpose of the hold, such as broadcast:<id>. The wallet does not interpret it.",
    )
    revision = models.PositiveIntegerField()
    amount = amount_field()
    captured = amount_field(default=Decimal(0))
    released = amount_field(default=Decimal(0))
    refunded = amount_field(default=Decimal(0))
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("wallet", "reference", "revision"), name="hold_once_per_revision"
            ),
            models.CheckConstraint(
                condition=Q(captured__gte=0, released__gte=0)
                & Q(amount__gte=F("captured") + F("released")),
                name="hold_not_exceeded",
            ),
            models.CheckConstraint(
                condition=Q(refunded__gte=0, captured__gte=F("refunded")),
                name="hold_refunded_what_was_captured",
            ),
        )
        triggers = (
            pgtrigger.Protect(name="hold_never_deleted", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="hold_only_grows",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(
                    old__wallet_id__df=pgtrigger.F("new__wallet_id"),
                )
                | pgtrigger.Q(old__reference__df=pgtrigger.F("new__reference"))
                | pgtrigger.Q(old__revision__df=pgtrigger.F("new__revision"))
                | pgtrigger.Q(old__amount__df=pgtrigger.F("new__amount"))
                | pgtrigger.Q(old__captured__gt=pgtrigger.F("new__captured"))
                | pgtrigger.Q(old__released__gt=pgtrigger.F("new__released"))
                | pgtrigger.Q(old__refunded__gt=pgtrigger.F("new__refunded")),
            ),
            never_truncated("hold_never_truncated"),
        )

    def __str__(self) -> str:
        return f"{self.reference} r{self.revision}"

    @property
    def open_amount(self) -> Decimal:
        return self.amount - self.captured - self.released

    @property
    def refundable(self) -> Decimal:
        return self.captured - self.refunded


class EntryKind(models.TextChoices):
    """Kinds of ledger entries; each comment shows the signs of (balance, held)."""

    TOP_UP = "TOP_UP", "Top-up"  # (+, 0)
    HOLD = "HOLD", "Hold"  # (0, +)
    CAPTURE = "CAPTURE", "Capture"  # (-, -)
    RELEASE = "RELEASE", "Release"  # (0, -)
    REFUND = "REFUND", "Refund"  # (+, 0)
    ADJUSTMENT = "ADJUSTMENT", "Adjustment"  # (±, 0)


class LedgerEntry(models.Model):
    """One movement of credits. Append-only: the database refuses UPDATE, DELETE and TRUNCATE."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    wallet = models.ForeignKey(
        Wallet,
        on_delete=models.PROTECT,
        db_index=False,  # entry_reference_once and two more begin with it
        related_name="entries",
    )
    kind = models.CharField(max_length=10, choices=EntryKind.choices)
    balance_delta = amount_field()
    held_delta = amount_field()
    balance_after = amount_field()
    held_after = amount_field()
    reference = models.CharField(
        max_length=200, help_text="Unique name of the movement in this wallet."
    )
    subject = models.CharField(
        max_length=100,
        blank=True,
        help_text="Purpose of the movement. The wallet does not interpret it.",
    )
    hold = models.ForeignKey(Hold, on_delete=models.PROTECT, null=True, related_name="entries")
    movement_id = models.UUIDField(
        null=True, editable=False, help_text="The caller's key to the messages behind this entry."
    )
    actor = models.CharField(
        max_length=100,
        help_text="Id of the user, or name of the program part, that made the movement.",
    )
    reason = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("-id",)
        verbose_name_plural = "ledger entries"
        constraints = (
            models.UniqueConstraint(fields=("wallet", "reference"), name="entry_reference_once"),
        )
        indexes = (
            models.Index(fields=("wallet", "id"), name="entry_by_wallet"),
            models.Index(fields=("wallet", "subject", "id"), name="entry_by_subject"),
        )
        triggers = (
            pgtrigger.Protect(
                name="entry_append_only", operation=pgtrigger.Update | pgtrigger.Delete
            ),
            never_truncated("entry_never_truncated"),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.reference}"
