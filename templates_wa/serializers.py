"""What the API takes and gives for templates."""

from typing import Any

from rest_framework import serializers

from channels.models import TenantWAApp
from templates_wa.models import TemplateStatus, WhatsAppTemplate
from templates_wa.parameters import required_parameters
from tenants.fields import TenantRelatedField, UtcDateTimeField

WRITTEN = (
    "app",
    "name",
    "language",
    "category",
    "parameter_format",
    "header_format",
    "header_text",
    "body",
    "footer",
    "buttons",
    "examples",
)


class TextsField(serializers.DictField):
    """An object of texts by parameter."""

    def __init__(self, **options: Any) -> None:
        super().__init__(child=serializers.CharField(allow_blank=True, max_length=1024), **options)


class TemplateSerializer(serializers.ModelSerializer[WhatsAppTemplate]):
    """A template. `parameters`: the keys that a broadcast's template_params must hold."""

    app = TenantRelatedField(queryset=TenantWAApp.objects.all(), help_text="A sender on WhatsApp.")
    buttons = serializers.ListField(
        child=serializers.DictField(child=serializers.CharField(allow_blank=True)),
        required=False,
        max_length=10,
        help_text='[{"type": "URL", "text": "Shop", "url": "https://shop.example/{{1}}"}]; types '
        "QUICK_REPLY, URL, PHONE_NUMBER, COPY_CODE.",
    )
    examples = TextsField(
        required=False, help_text="A sample of each of `parameters`; submitting needs them all."
    )
    parameters = serializers.SerializerMethodField()
    submitted_at = UtcDateTimeField(read_only=True)
    approved_at = UtcDateTimeField(read_only=True)
    synced_at = UtcDateTimeField(read_only=True)
    created_at = UtcDateTimeField(read_only=True)
    updated_at = UtcDateTimeField(read_only=True)

    class Meta:
        model = WhatsAppTemplate
        fields = (
            "id",
            *WRITTEN,
            "parameters",
            "status",
            "rejection_reason",
            "quality",
            "provider_template_id",
            "submitted_at",
            "approved_at",
            "synced_at",
            "created_at",
            "updated_at",
        )
        # The unique key is said in words by templates_wa.editing, races included.
        validators = ()
        read_only_fields = ("status", "rejection_reason", "quality", "provider_template_id")

    def get_parameters(self, template: WhatsAppTemplate) -> list[str]:
        return required_parameters(template)


class StatusSerializer(serializers.Serializer[Any]):
    status = serializers.ChoiceField(choices=TemplateStatus.choices)
    reason = serializers.CharField(required=False, allow_blank=True, default="", max_length=500)


class PreviewValuesSerializer(serializers.Serializer[Any]):
    values = TextsField(required=False, default=dict, help_text="In place of the samples.")


class PreviewSerializer(serializers.Serializer[Any]):
    """What a recipient would read."""

    header = serializers.CharField()
    header_media = serializers.CharField()
    body = serializers.CharField()
    footer = serializers.CharField()
    buttons = serializers.ListField(child=serializers.DictField())
    missing = serializers.ListField(
        child=serializers.CharField(), help_text="Parameters without a value."
    )


class SyncSerializer(serializers.Serializer[Any]):
    app = TenantRelatedField(
        queryset=TenantWAApp.objects.select_related("app", "tenant"),
        help_text="A sender on WhatsApp.",
    )


class SyncedSerializer(serializers.Serializer[Any]):
    """How many templates; `skipped`: of kinds that cannot be sent from here, such as flows."""

    created = serializers.IntegerField()
    updated = serializers.IntegerField()
    skipped = serializers.IntegerField()
