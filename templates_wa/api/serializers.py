"""Serializers of templates, previews, samples and syncs."""

from collections.abc import Mapping, Sequence
from typing import Any

from rest_framework import serializers

from api.fields import TextMapField, UtcDateTimeField
from api.strict_serializers import StrictSerializer
from channels.models import TenantWAApp
from templates_wa.models import TemplateStatus, WhatsAppTemplate
from templates_wa.rules.authentication import OTP_TYPES
from templates_wa.rules.buttons import KEYS
from templates_wa.rules.cards import CARD_FORMATS
from templates_wa.rules.parameters import required_parameters
from tenants.api.scoped_fields import TenantRelatedField

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
    "cards",
    "add_security_recommendation",
    "code_expiration_minutes",
    "examples",
    "default_params",
)

SUBMIT = "POST /templates/{id}/submit/"
SYNC = "POST /templates/{id}/sync/"
REVIEW = f"{SUBMIT}, {SYNC} or POST /templates/{{id}}/status/"


BUTTON_TYPES = list(KEYS)
REQUIRED: Mapping[str, Sequence[str]] = {
    "QUICK_REPLY": ("text",),
    "URL": ("text", "url"),
    "PHONE_NUMBER": ("text", "phone_number"),
    "COPY_CODE": (),
    "OTP": ("otp_type",),
}
"""What a button of each type must have, for the document; templates_wa.rules checks it."""


class KindField(serializers.ChoiceField):
    """A choice whose error lists the allowed values."""

    def __init__(self, choices: Any, **options: Any) -> None:
        super().__init__(choices=choices, **options)
        self.error_messages["invalid_choice"] = f"One of {', '.join(choices)}."


class SupportedAppSerializer(StrictSerializer):
    """An Android app that may fill in a one-time password."""

    package_name = serializers.CharField()
    signature_hash = serializers.CharField()


class TemplateButtonSerializer(StrictSerializer):
    """A button. The `url` of a URL button may end with a parameter: `https://shop.example/{{1}}`.

    OTP, the button of an AUTHENTICATION template, has an `otp_type`. ONE_TAP and ZERO_TAP need
    `supported_apps`, or a single app as `package_name` and `signature_hash`. Meta's other kinds of
    buttons (flows, catalogues, calls) are not supported.
    """

    one_of = tuple(
        {"required": ["type", *names], "properties": {"type": {"const": kind}}}
        for kind, names in REQUIRED.items()
    )

    type = KindField(choices=BUTTON_TYPES)
    text = serializers.CharField(required=False, allow_blank=True)
    url = serializers.CharField(required=False, allow_blank=True)
    phone_number = serializers.CharField(required=False, allow_blank=True)
    otp_type = KindField(choices=OTP_TYPES, required=False)
    autofill_text = serializers.CharField(required=False, max_length=25)
    supported_apps = SupportedAppSerializer(many=True, required=False)
    package_name = serializers.CharField(required=False)
    signature_hash = serializers.CharField(required=False)
    zero_tap_terms_accepted = serializers.BooleanField(required=False)


class TemplateCardSerializer(StrictSerializer):
    """A card of a carousel; all cards have the same kind of medium and the same buttons."""

    header_format = KindField(choices=[kind.value for kind in CARD_FORMATS])
    body = serializers.CharField(required=False, allow_blank=True)
    buttons = TemplateButtonSerializer(many=True, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        # Not as defaults of the fields, because a PATCH ignores field defaults.
        return {"body": "", "buttons": [], **attrs}


class TemplateSerializer(StrictSerializer, serializers.ModelSerializer[WhatsAppTemplate]):
    """A template. `parameters` lists the keys that need a value.

    A broadcast gives the values in its `template_params`; the template's `default_params` are used
    for the others.

    Meta writes the body and the footer of an AUTHENTICATION template.
    """

    changed_by = {
        "status": REVIEW,
        "rejection_reason": REVIEW,
        "approved_at": REVIEW,
        "quality": SYNC,
        "synced_at": SYNC,
        "provider_template_id": SUBMIT,
        "submitted_at": SUBMIT,
        "parameters": "A change of the texts that hold them",
    }

    app = TenantRelatedField(queryset=TenantWAApp.objects.all(), help_text="A sender on WhatsApp.")
    body = serializers.CharField(required=False, allow_blank=True, max_length=1024, default="")
    buttons = TemplateButtonSerializer(many=True, required=False)
    cards = TemplateCardSerializer(
        many=True,
        required=False,
        help_text="The 2 to 10 cards of a carousel. Keys of their parameters: card_0_header_media, "
        "card_0_1, card_0_button_1.",
    )
    examples = TextMapField(
        required=False,
        help_text="A sample value for each of `parameters`; submitting needs all of them. At Meta, "
        "the sample of a medium is a handle: upload its file by POST /templates/samples/.",
    )
    default_params = TextMapField(
        required=False,
        help_text="Values that a broadcast need not repeat; its `template_params` go before them. "
        "A change needs no new approval by the provider.",
    )
    parameters = serializers.SerializerMethodField()
    submitted_at = UtcDateTimeField(read_only=True, allow_null=True)
    approved_at = UtcDateTimeField(read_only=True, allow_null=True)
    synced_at = UtcDateTimeField(read_only=True, allow_null=True)
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
        # templates_wa.provider.editing reports a duplicate, also in a race.
        validators = ()
        read_only_fields = ("status", "rejection_reason", "quality", "provider_template_id")

    def get_parameters(self, template: WhatsAppTemplate) -> list[str]:
        return required_parameters(template)


class StatusSerializer(StrictSerializer):
    status = serializers.ChoiceField(choices=TemplateStatus.choices)
    reason = serializers.CharField(required=False, allow_blank=True, default="", max_length=500)


class PreviewValuesSerializer(StrictSerializer):
    values = TextMapField(
        required=False, default=dict, help_text="Values to use instead of the samples."
    )


class PreviewButtonSerializer(serializers.Serializer[Any]):
    """A button as a recipient would see it; `code` is a coupon's or a one-time password."""

    type = serializers.ChoiceField(choices=BUTTON_TYPES)
    text = serializers.CharField(required=False)
    url = serializers.CharField(required=False)
    phone_number = serializers.CharField(required=False)
    autofill_text = serializers.CharField(required=False)
    code = serializers.CharField(required=False)


class PreviewCardSerializer(serializers.Serializer[Any]):
    header_media = serializers.CharField()
    body = serializers.CharField()
    buttons = PreviewButtonSerializer(many=True)


class PreviewSerializer(serializers.Serializer[Any]):
    """The template as a recipient would see it."""

    header = serializers.CharField()
    header_media = serializers.CharField()
    body = serializers.CharField()
    footer = serializers.CharField()
    buttons = PreviewButtonSerializer(many=True)
    cards = PreviewCardSerializer(many=True)
    missing = serializers.ListField(
        child=serializers.CharField(), help_text="Parameters without a value."
    )


class SampleUploadSerializer(StrictSerializer):
    app = TenantRelatedField(
        queryset=TenantWAApp.objects.select_related("app", "tenant"),
        help_text="A sender on WhatsApp.",
    )
    file = serializers.FileField(help_text="JPEG or PNG up to 5 MB, MP4 or PDF up to 16 MB.")


class SampleSerializer(serializers.Serializer[Any]):
    """Use `handle` as the value of `header_media` or `card_0_header_media` in `examples`."""

    handle = serializers.CharField()
    media_type = serializers.CharField()
    header_format = serializers.CharField(help_text="IMAGE, VIDEO or DOCUMENT.")


class SyncSerializer(StrictSerializer):
    app = TenantRelatedField(
        queryset=TenantWAApp.objects.select_related("app", "tenant"),
        help_text="A sender on WhatsApp.",
    )


class SyncedSerializer(serializers.Serializer[Any]):
    """Numbers of templates. `skipped` ones are of kinds that cannot be sent here, such as flows."""

    created = serializers.IntegerField()
    updated = serializers.IntegerField()
    skipped = serializers.IntegerField()
