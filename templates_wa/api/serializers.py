"""What the API takes and gives for templates."""

from typing import Any

from rest_framework import serializers

from api.fields import UtcDateTimeField
from api.strict_serializers import StrictSerializer
from channels.models import TenantWAApp
from templates_wa.models import TemplateStatus, WhatsAppTemplate
from templates_wa.rules import cards as card_rules
from templates_wa.rules.authentication import OTP_TYPES
from templates_wa.rules.buttons import KEYS
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
)


class TextsField(serializers.DictField):
    """An object of texts by parameter."""

    def __init__(self, **options: Any) -> None:
        super().__init__(child=serializers.CharField(allow_blank=True, max_length=1024), **options)


class KindField(serializers.ChoiceField):
    """A choice that says what can be chosen."""

    def __init__(self, choices: Any, **options: Any) -> None:
        super().__init__(choices=choices, **options)
        self.error_messages["invalid_choice"] = f"One of {', '.join(choices)}."


class SupportedAppSerializer(StrictSerializer):
    """An Android app that a one-time password may be filled into."""

    package_name = serializers.CharField()
    signature_hash = serializers.CharField()


class TemplateButtonSerializer(StrictSerializer):
    """`url`: of a URL button, with one parameter at most at its end: `https://shop.example/{{1}}`.

    OTP, the button of an AUTHENTICATION template, has an `otp_type`; ONE_TAP and ZERO_TAP name
    their `supported_apps`, or one by `package_name` and `signature_hash`. Other kinds of Meta's
    (flows, catalogues, calls) cannot be sent from here.
    """

    type = KindField(choices=list(KEYS))
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

    header_format = KindField(choices=[each.value for each in card_rules.FORMATS])
    body = serializers.CharField(required=False, allow_blank=True)
    buttons = TemplateButtonSerializer(many=True, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        # Not as defaults of the fields: a PATCH would leave those out.
        return {"body": "", "buttons": [], **attrs}


class TemplateSerializer(StrictSerializer, serializers.ModelSerializer[WhatsAppTemplate]):
    """A template. `parameters`: the keys that a broadcast's template_params must hold.

    Of an AUTHENTICATION template Meta writes the body and the footer.
    """

    app = TenantRelatedField(queryset=TenantWAApp.objects.all(), help_text="A sender on WhatsApp.")
    body = serializers.CharField(required=False, allow_blank=True, max_length=1024, default="")
    buttons = TemplateButtonSerializer(many=True, required=False)
    cards = TemplateCardSerializer(
        many=True,
        required=False,
        help_text="Of a carousel, 2 to 10. Keys of their parameters: card_0_header_media, "
        "card_0_1, card_0_button_1.",
    )
    examples = TextsField(
        required=False,
        help_text="A sample of each of `parameters`; submitting needs them all. At Meta that of "
        "a medium is a handle: upload the sample by POST /templates/samples/.",
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
        # The unique key is said in words by templates_wa.provider.editing, races included.
        validators = ()
        read_only_fields = ("status", "rejection_reason", "quality", "provider_template_id")

    def get_parameters(self, template: WhatsAppTemplate) -> list[str]:
        return required_parameters(template)


class StatusSerializer(StrictSerializer):
    status = serializers.ChoiceField(choices=TemplateStatus.choices)
    reason = serializers.CharField(required=False, allow_blank=True, default="", max_length=500)


class PreviewValuesSerializer(StrictSerializer):
    values = TextsField(required=False, default=dict, help_text="In place of the samples.")


class PreviewCardSerializer(serializers.Serializer[Any]):
    header_media = serializers.CharField()
    body = serializers.CharField()
    buttons = serializers.ListField(child=serializers.DictField())


class PreviewSerializer(serializers.Serializer[Any]):
    """What a recipient would read."""

    header = serializers.CharField()
    header_media = serializers.CharField()
    body = serializers.CharField()
    footer = serializers.CharField()
    buttons = serializers.ListField(child=serializers.DictField())
    cards = PreviewCardSerializer(many=True)
    missing = serializers.ListField(
        child=serializers.CharField(), help_text="Parameters without a value."
    )


class SampleUploadSerializer(StrictSerializer):
    app = TenantRelatedField(
        queryset=TenantWAApp.objects.select_related("app", "tenant"),
        help_text="A sender on WhatsApp.",
    )
    file = serializers.FileField(help_text="JPEG, PNG, MP4 or PDF; 5 MB an image, else 16 MB.")


class SampleSerializer(serializers.Serializer[Any]):
    """`handle`: the sample of `header_media` or `card_0_header_media` in `examples`."""

    handle = serializers.CharField()
    media_type = serializers.CharField()
    header_format = serializers.CharField(help_text="IMAGE, VIDEO or DOCUMENT.")


class SyncSerializer(StrictSerializer):
    app = TenantRelatedField(
        queryset=TenantWAApp.objects.select_related("app", "tenant"),
        help_text="A sender on WhatsApp.",
    )


class SyncedSerializer(serializers.Serializer[Any]):
    """How many templates; `skipped`: of kinds that cannot be sent from here, such as flows."""

    created = serializers.IntegerField()
    updated = serializers.IntegerField()
    skipped = serializers.IntegerField()
