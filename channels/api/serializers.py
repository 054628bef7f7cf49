"""Serializers of senders and provider apps. Secrets are write-only."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied

from api.errors import InvalidInput
from api.fields import MoneyField, UtcDateTimeField
from api.strict_serializers import StrictSerializer
from channels.models import ProviderApp, Sender
from channels.pacing.limiter import MAX_BATCH_SIZE
from channels.platforms import Platform
from channels.port.adapter import Adapter
from channels.providers.registry import ADAPTERS, adapter_for, providers_for
from channels.senders.identity import require_same_identity
from channels.senders.named_accounts import check_account
from channels.senders.proving import end_proof_if_changed
from channels.senders.secret_names import check_secrets
from channels.senders.switching import make_room_for_default, one_sender_an_account
from tenants.api.permissions import Action, may
from tenants.api.scoped_fields import TenantRelatedField
from tenants.api.send_window_serializer import SendWindowSerializer
from tenants.send_windows import read_send_window

MAX_BATCH_DELAY = 3600
MAX_RETRIES = 20
MAX_LANES = 32

OF_THE_ACCOUNT = frozenset(
    {"credentials", "account_id", "business_account_id", "address", "app", "provider", "platform"}
)
"""Fields that decide whose number or bot this is; changing them needs MANAGE_CREDENTIALS."""
FIXED = ("platform", "provider")
"""Fields that never change: another platform or provider needs another sender."""


class SecretsField(serializers.DictField):
    """A JSON object of strings; write-only."""

    def __init__(self, **options: Any) -> None:
        super().__init__(child=serializers.CharField(trim_whitespace=False), **options)


def _adapter(name: str) -> Adapter:
    if name not in ADAPTERS:
        names = ", ".join(sorted(ADAPTERS))
        raise serializers.ValidationError(f"Known are: {names}.", code="unknown_provider")
    return adapter_for(name)


class ProviderAppSerializer(StrictSerializer, serializers.ModelSerializer[ProviderApp]):
    """An app at a provider. The provider must call its `webhook_url`; keep that URL secret."""

    secrets = SecretsField(
        write_only=True, help_text="Secrets that verify the webhooks; replaces all of them."
    )
    webhook_url = serializers.CharField(read_only=True)
    created_at = UtcDateTimeField(read_only=True)

    class Meta:
        model = ProviderApp
        fields = ("id", "provider", "name", "secrets", "webhook_url", "is_active", "created_at")

    def validate_provider(self, value: str) -> str:
        _adapter(value)
        if self.instance is not None and self.instance.provider != value:
            raise serializers.ValidationError("This cannot be changed.", code="immutable")
        return value

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "secrets" in attrs:
            provider = self.instance.provider if self.instance else attrs["provider"]
            names = adapter_for(provider).webhook_secret_names
            attrs["secrets"] = check_secrets(attrs["secrets"], names=names, attr="secrets")
        return attrs


@extend_schema_field(SendWindowSerializer)
class SendWindowField(serializers.JSONField):
    """Raw JSON, which read_send_window() checks."""


class SenderSerializer(StrictSerializer, serializers.ModelSerializer[Sender]):
    """A number or bot that sends messages. Only the operator sets prices and `base_url`."""

    changed_by = {
        "is_active": "POST /senders/{id}/activate/ or POST /senders/{id}/deactivate/",
        "webhook_url": "Another `app`",
        **dict.fromkeys(("base_url", "currency"), "Only the operator"),
        **dict.fromkeys(
            ("marketing_price", "utility_price", "authentication_price"), "Only the operator"
        ),
        "held_until": "A limit of the provider",
        **dict.fromkeys(
            ("broken_at", "broken_reason", "checked_at", "check_result"),
            "POST /senders/{id}/check/",
        ),
    }

    app = TenantRelatedField(
        queryset=ProviderApp.objects.all(), required=False, allow_null=True, default=None
    )
    platform = serializers.ChoiceField(choices=Platform.choices)
    credentials = SecretsField(
        write_only=True,
        help_text="Keys depend on the provider, e.g. access_token; replaces all of them.",
    )
    webhook_url = serializers.SerializerMethodField(
        help_text="Webhook URL of the sender's app; shown only to members who manage credentials."
    )
    batch_size = serializers.IntegerField(
        min_value=1, max_value=MAX_BATCH_SIZE, required=False, allow_null=True
    )
    batch_delay = serializers.DecimalField(
        max_digits=7,
        decimal_places=3,
        min_value=0,
        max_value=MAX_BATCH_DELAY,
        required=False,
        allow_null=True,
        help_text="Seconds between the starts of two batches.",
    )
    max_retries = serializers.IntegerField(
        min_value=0, max_value=MAX_RETRIES, required=False, allow_null=True
    )
    daily_limit = serializers.IntegerField(
        min_value=1, max_value=2**31 - 1, required=False, allow_null=True
    )
    lanes = serializers.IntegerField(min_value=1, max_value=MAX_LANES, required=False)
    send_window = SendWindowField(
        required=False, allow_null=True, help_text="Narrows the tenant's window."
    )
    base_url = serializers.CharField(
        read_only=True,
        help_text="URL of the provider's API or of the sandbox; empty: the default URL.",
    )
    marketing_price = MoneyField(read_only=True, max_digits=12)
    utility_price = MoneyField(read_only=True, max_digits=12)
    authentication_price = MoneyField(read_only=True, max_digits=12)
    held_until = UtcDateTimeField(read_only=True, allow_null=True)
    broken_at = UtcDateTimeField(read_only=True, allow_null=True)
    checked_at = UtcDateTimeField(read_only=True, allow_null=True)
    proven_at = UtcDateTimeField(read_only=True, allow_null=True)
    created_at = UtcDateTimeField(read_only=True)
    updated_at = UtcDateTimeField(read_only=True)

    class Meta:
        model = Sender
        fields = (
            "id",
            "name",
            "platform",
            "provider",
            "address",
            "account_id",
            "business_account_id",
            "app",
            "webhook_url",
            "credentials",
            "base_url",
            "batch_size",
            "batch_delay",
            "max_retries",
            "messages_per_second",
            "daily_limit",
            "lanes",
            "send_window",
            "currency",
            "marketing_price",
            "utility_price",
            "authentication_price",
            "is_default",
            "is_active",
            "held_until",
            "broken_at",
            "broken_reason",
            "checked_at",
            "check_result",
            "proven_at",
            "created_at",
            "updated_at",
        )
        # one_sender_an_account turns violations of the unique keys into errors, races included.
        validators = ()
        read_only_fields = ("currency", "is_active", "broken_reason", "check_result")

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_webhook_url(self, sender: Sender) -> str | None:
        member = self.context["request"].auth
        allowed = sender.app is not None and may(member, Action.MANAGE_CREDENTIALS)
        return sender.app.webhook_url if sender.app and allowed else None

    def validate_provider(self, value: str) -> str:
        _adapter(value)
        return value

    def validate_send_window(self, value: Any) -> Any:
        read_send_window(value)
        return value

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        self._refuse_what_the_role_forbids(attrs)
        self._refuse_what_is_fixed(attrs)
        if self.instance is not None:
            require_same_identity(self.instance, attrs)
        provider = self._value(attrs, "provider")
        self._check_platform(provider, self._value(attrs, "platform"))
        self._check_app(provider, attrs.get("app"))
        if "credentials" in attrs:
            names = adapter_for(provider).credential_names
            attrs["credentials"] = check_secrets(
                attrs["credentials"], names=names, attr="credentials"
            )
        if {"credentials", "account_id"} & attrs.keys():
            self._check_account(provider, attrs)
        if attrs.get("is_default") and self.instance is not None and not self.instance.is_active:
            raise InvalidInput("Only an active sender can be the default.", attr="is_default")
        return attrs

    def create(self, validated_data: dict[str, Any]) -> Sender:
        tenant = validated_data["tenant"]
        with one_sender_an_account():
            if validated_data.get("is_default"):
                make_room_for_default(tenant=tenant, platform=validated_data["platform"], but=None)
            return Sender.objects.create(**validated_data, currency=tenant.currency)

    def update(self, instance: Sender, validated_data: dict[str, Any]) -> Sender:
        with one_sender_an_account():
            if validated_data.get("is_default"):
                make_room_for_default(
                    tenant=instance.tenant, platform=instance.platform, but=instance.pk
                )
            changes = {**validated_data, **end_proof_if_changed(instance, validated_data)}
            for name, value in changes.items():
                setattr(instance, name, value)
            # Save only these fields: the engine and the check write to the same row meanwhile.
            instance.save(update_fields=(*changes, "updated_at"))
        return instance

    def _refuse_what_the_role_forbids(self, attrs: dict[str, Any]) -> None:
        member = self.context["view"].membership
        if OF_THE_ACCOUNT & attrs.keys() and not may(member, Action.MANAGE_CREDENTIALS):
            raise PermissionDenied("Only owners and admins change whose account this is.")

    def _refuse_what_is_fixed(self, attrs: dict[str, Any]) -> None:
        for name in FIXED:
            if self.instance is not None and attrs.get(name, "") not in (
                "",
                getattr(self.instance, name),
            ):
                raise InvalidInput("This cannot be changed; add another sender.", attr=name)

    def _check_platform(self, provider: str, platform: str) -> None:
        if provider not in providers_for(Platform(platform)):
            raise InvalidInput(
                f"{provider} does not send over {Platform(platform).label}.",
                attr="provider",
                data={"choices": providers_for(Platform(platform))},
            )

    def _check_app(self, provider: str, app: ProviderApp | None) -> None:
        if app is not None and app.provider != provider:
            raise InvalidInput(f"This app is one at {app.provider}.", attr="app")

    def _check_account(self, provider: str, attrs: dict[str, Any]) -> None:
        stored: Any = self.instance  # None only on create, which requires both fields
        check_account(
            provider=provider,
            account_id=attrs.get("account_id") or stored.account_id,
            credentials=attrs.get("credentials") or stored.credentials,
        )

    def _value(self, attrs: dict[str, Any], name: str) -> str:
        value: str = getattr(self.instance, name) if self.instance else attrs[name]
        return value


class CheckSerializer(serializers.Serializer[Any]):
    """The result of checking the sender with its provider."""

    works = serializers.BooleanField()
    code = serializers.CharField(help_text="Our stable code; empty if the sender works.")
    message = serializers.CharField()
    checked_at = UtcDateTimeField()
