"""Prices of messages, by place and time."""

import pgtrigger
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q

from channels.platforms import Category, Platform
from postgres.ids import new_id
from wallet.pricing.pricing import BASIC, SINGLE


class Rate(models.Model):
    """The price of one message (SMS: one segment) for a period; wallet/pricing/pricing.py reads it.

    Operators add rates and end them. A price never changes, because messages refer to their rate.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    sender = models.ForeignKey(
        "channels.Sender",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Empty: every sender of the platform.",
    )
    platform = models.CharField(max_length=10, choices=Platform.choices)
    category = models.CharField(
        max_length=15, choices=Category.choices, blank=True, help_text="Empty: any."
    )
    country = models.CharField(
        max_length=2, blank=True, help_text="ISO 3166-1 alpha-2 of the recipient's number."
    )
    calling_code = models.CharField(
        max_length=7,
        blank=True,
        validators=[RegexValidator("^[1-9][0-9]*$")],
        help_text="First digits of the number, without +, such as 49. The longest match applies.",
    )
    message_type = models.CharField(
        max_length=10,
        blank=True,
        choices=((BASIC, "Basic: text up to 160 characters"), (SINGLE, "Single: any other")),
        help_text="RCS only. Empty: any.",
    )
    price = models.DecimalField(max_digits=12, decimal_places=6)
    currency = models.CharField(max_length=3)
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True, blank=True, help_text="Exclusive. Empty: no end.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("platform", "country", "calling_code", "-valid_from")
        constraints = (
            models.CheckConstraint(condition=Q(price__gte=0), name="rate_not_negative"),
            models.CheckConstraint(
                condition=Q(country="") | Q(calling_code=""), name="rate_one_place"
            ),
            models.CheckConstraint(
                condition=Q(valid_to=None) | Q(valid_to__gt=F("valid_from")),
                name="rate_ends_after_it_begins",
            ),
        )
        indexes = (models.Index(fields=("platform", "valid_from"), name="rate_by_platform"),)
        triggers = (
            pgtrigger.Protect(name="rate_never_deleted", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="rate_only_ends",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(exclude=["valid_to"]),
            ),
        )

    def __str__(self) -> str:
        where = self.country or (f"+{self.calling_code}" if self.calling_code else "anywhere")
        return f"{self.platform} {self.category} {where} {self.price} {self.currency}"
