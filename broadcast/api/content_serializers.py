"""Serializers of a broadcast's structured content: media, buttons, fallback and audience."""

import re
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from rest_framework import serializers

from api.fields import TextMapField
from api.strict_serializers import StrictSerializer
from broadcast.models import Broadcast
from channels.models import Sender
from channels.platforms import Platform
from channels.port.messages import ButtonKind, ParameterKind
from tenants.api.scoped_fields import TenantRelatedField

CONTENT_FIELDS = (*Broadcast.CONTENT_FIELDS, "fallback")
"""Content fields of a broadcast; requests and answers use the same names."""

MAX_URL = 2000
MAX_FILENAME = 240
MAX_BUTTON_TEXT = 64
MAX_BUTTONS = 10
MAX_PAYLOAD = 256
MAX_RUNGS = 3
MAX_TAGS = 100
MAX_TAG_NAME = 100
MEDIA_KINDS = [kind.value for kind in ParameterKind if kind != ParameterKind.TEXT]
PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
is_web_address = URLValidator(schemes=("http", "https"))


class MediaSerializer(StrictSerializer):
    """An image, a video or a document at a public URL; the broadcast's text is its caption."""

    kind = serializers.ChoiceField(choices=MEDIA_KINDS)
    url = serializers.CharField(max_length=MAX_URL, validators=[is_web_address])
    filename = serializers.CharField(
        max_length=MAX_FILENAME, required=False, help_text="File name shown with a document."
    )


class ButtonSerializer(StrictSerializer):
    """`value` is the URL of a `url`, the payload of a `reply`, or the phone number of a `call`."""

    kind = serializers.ChoiceField(choices=[kind.value for kind in ButtonKind])
    text = serializers.CharField(max_length=MAX_BUTTON_TEXT)
    value = serializers.CharField(max_length=MAX_URL)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        kind, value = attrs["kind"], attrs["value"]
        if kind == ButtonKind.URL:
            _check_address(value)
        if kind == ButtonKind.CALL and not PHONE.fullmatch(value):
            raise serializers.ValidationError({"value": "Give a number like +491701234567."})
        if kind == ButtonKind.REPLY and len(value) > MAX_PAYLOAD:
            raise serializers.ValidationError({"value": f"At most {MAX_PAYLOAD} characters."})
        return attrs


def _check_address(value: str) -> None:
    try:
        is_web_address(value)
    except ValidationError as error:
        raise serializers.ValidationError({"value": "Enter a valid URL."}) from error


class SharedContentSerializer(serializers.Serializer[Any]):
    """Content fields that a broadcast and a rung of its fallback ladder share."""

    template_params = TextMapField(required=False)
    media = MediaSerializer(required=False, allow_null=True)
    buttons = ButtonSerializer(  # type: ignore[call-arg]  # max_length belongs to the list
        many=True, required=False, max_length=MAX_BUTTONS
    )


class RungListSerializer(serializers.ListSerializer[Any]):
    """Rungs of the fallback ladder in order; each platform appears at most once."""

    def validate(self, attrs: Any) -> Any:
        platforms = [rung["platform"] for rung in attrs]
        if len(platforms) != len(set(platforms)):
            raise serializers.ValidationError("Give each platform at most once.")
        return attrs


class RungSerializer(SharedContentSerializer, StrictSerializer):
    """A fallback that is sent if the previous platform could not reach the recipient.

    If the rung has no `text`, it sends the broadcast's text.
    """

    one_of = (
        {
            "required": ["template_name"],
            "properties": {"platform": {"const": Platform.WHATSAPP.value}},
        },
        {"properties": {"platform": {"not": {"const": Platform.WHATSAPP.value}}}},
    )

    platform = serializers.ChoiceField(choices=Platform.choices)
    sender = TenantRelatedField(
        queryset=Sender.objects.all(), required=False, allow_null=True, default=None
    )
    text = serializers.CharField(max_length=10_000, required=False)
    template_name = serializers.CharField(max_length=512, required=False)
    template_language = serializers.CharField(max_length=15, required=False)
    provider_template_id = serializers.CharField(max_length=64, required=False)

    class Meta:
        list_serializer_class = RungListSerializer

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["platform"] == Platform.WHATSAPP and not attrs.get("template_name"):
            raise serializers.ValidationError({"template_name": "WhatsApp needs a template name."})
        sender: Sender | None = attrs.get("sender")  # get(), because a PATCH sets no defaults
        if sender is not None and sender.platform != attrs["platform"]:
            raise serializers.ValidationError({"sender": "This sender uses another platform."})
        set_fields = {name: value for name, value in attrs.items() if value is not None}
        return {**set_fields, "sender": None if sender is None else str(sender.pk)}


class ShownRungSerializer(serializers.Serializer[Any]):
    """A rung as the broadcast stores it."""

    platform = serializers.ChoiceField(choices=Platform.choices)
    sender = serializers.UUIDField(allow_null=True, required=False)
    text = serializers.CharField(required=False)
    template_name = serializers.CharField(required=False)
    template_language = serializers.CharField(required=False)
    template_params = serializers.DictField(child=serializers.CharField(), required=False)
    media = MediaSerializer(required=False)
    buttons = ButtonSerializer(many=True, required=False)
    provider_template_id = serializers.CharField(required=False)


class TagNamesField(serializers.ListField):
    def __init__(self, **options: Any) -> None:
        child = serializers.CharField(max_length=MAX_TAG_NAME)
        super().__init__(child=child, max_length=MAX_TAGS, **options)


class AudienceTagsSerializer(StrictSerializer):
    """Names of tags: a contact has at least one of `any`, each of `all`, and none of `none`."""

    default_error_messages = {
        "invalid": 'Give lists of names, as {{"any": […], "all": […], "none": […]}}.'
    }

    any = TagNamesField(required=False)
    all = TagNamesField(required=False)
    none = TagNamesField(required=False)

    def validate(self, attrs: dict[str, list[str]]) -> dict[str, list[str]]:
        names = {key: {name.casefold() for name in attrs.get(key, ())} for key in attrs}
        if not any(names.values()):
            raise serializers.ValidationError("Name at least one tag.")
        excluded = names.get("none", set())
        wanted = names.get("any", set())
        if names.get("all", set()) & excluded or (wanted and wanted <= excluded):
            raise serializers.ValidationError("Nobody can match: `none` excludes what you want.")
        return attrs


class AudienceSerializer(StrictSerializer):
    """All contacts, or the contacts that match `tags`."""

    one_of = (
        {"required": ["all"], "properties": {"all": {"const": True}}},
        {"required": ["tags"], "properties": {"tags": {"type": "object"}}},
    )

    all = serializers.BooleanField(required=False)
    tags = AudienceTagsSerializer(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if bool(attrs.get("all")) == bool(attrs.get("tags")):
            raise serializers.ValidationError('Give either {"all": true} or {"tags": {…}}.')
        return attrs
