"""The wallet and its entries as the API shows them."""

from rest_framework import serializers

from tenants.fields import MoneyField, UtcDateTimeField
from wallet.models import LedgerEntry, Wallet


class WalletSerializer(serializers.ModelSerializer[Wallet]):
    balance = MoneyField(read_only=True)
    held = MoneyField(read_only=True)
    credit_line = MoneyField(read_only=True)
    available = MoneyField(read_only=True, help_text="What can still be held.")

    class Meta:
        model = Wallet
        fields = ("balance", "held", "available", "credit_line", "currency")
        read_only_fields = fields


class LedgerEntrySerializer(serializers.ModelSerializer[LedgerEntry]):
    balance_delta = MoneyField(read_only=True)
    held_delta = MoneyField(read_only=True)
    balance_after = MoneyField(read_only=True)
    held_after = MoneyField(read_only=True)
    currency = serializers.CharField(source="wallet.currency", read_only=True)
    created_at = UtcDateTimeField(read_only=True)

    class Meta:
        model = LedgerEntry
        fields = (
            "id",
            "kind",
            "balance_delta",
            "held_delta",
            "balance_after",
            "held_after",
            "currency",
            "subject",
            "reference",
            "reason",
            "created_at",
        )
        read_only_fields = fields
