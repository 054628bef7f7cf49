"""Serializers of wallets, ledger entries and top-ups."""

from rest_framework import serializers

from api.fields import MoneyField, UtcDateTimeField
from api.strict_serializers import StrictSerializer
from wallet.models import LedgerEntry, TopUp, Wallet


class WalletSerializer(serializers.ModelSerializer[Wallet]):
    balance = MoneyField(read_only=True)
    held = MoneyField(read_only=True)
    credit_line = MoneyField(read_only=True)
    available = MoneyField(read_only=True, help_text="Credit that can still be held.")
    low_balance_threshold = MoneyField(read_only=True, allow_null=True)

    class Meta:
        model = Wallet
        fields = (
            "balance",
            "held",
            "available",
            "credit_line",
            "currency",
            "low_balance_threshold",
        )
        read_only_fields = fields


class LowBalanceSerializer(StrictSerializer):
    shown_by = WalletSerializer
    changed_by = {
        "balance": "POST /wallet/top-ups/",
        "available": "POST /wallet/top-ups/",
        "held": "The planning and the sending of a broadcast",
        "credit_line": "Only the operator",
        "currency": "Only the operator",
    }
    low_balance_threshold = MoneyField(
        required=False,  # as in every PATCH
        allow_null=True,
        min_value=0,
        help_text="Owners and admins get an e-mail when available credit is lower than this.",
    )


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


class NewTopUpSerializer(StrictSerializer):
    provider = serializers.CharField(max_length=20, help_text="`stripe` or `razorpay`.")
    amount = MoneyField(max_digits=14, help_text="In the wallet's currency.")


class TopUpSerializer(serializers.ModelSerializer[TopUp]):
    amount = MoneyField(read_only=True)
    url = serializers.CharField(read_only=True, help_text="The payment page.")
    created_at = UtcDateTimeField(read_only=True)
    paid_at = UtcDateTimeField(read_only=True, allow_null=True)

    class Meta:
        model = TopUp
        fields = (
            "id",
            "provider",
            "amount",
            "currency",
            "status",
            "reason",
            "url",
            "created_at",
            "paid_at",
        )
        read_only_fields = fields
