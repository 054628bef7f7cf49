"""Serializers of contacts and suppressions."""

from typing import Any
from zoneinfo import available_timezones

from django.db import transaction
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from api.errors import InvalidInput
from api.fields import UtcDateTimeField
from api.parsers import MAX_NUMBER
from api.strict_serializers import StrictSerializer
from contacts.addresses import normalise
from contacts.attributes import (
    MAX_ATTRIBUTES,
    MAX_BYTES,
    MAX_DEPTH,
    MAX_NAME,
    check_attributes,
    exact,
)
from contacts.models import Contact, Suppression
from contacts.phone_texts import InvalidPhone
from contacts.phones import to_e164
from contacts.spellings import spellings_of
from contacts.tagging import set_tags
from contacts.user_ids import country_of_contact, is_user_id

MAX_TAGS = 100
IDENTIFYING = (
    "phone",
    "telegram_chat_id",
    "whatsapp_user_id",
    "external_id",
    "email",
    "first_name",
    "last_name",
)
"""A contact needs one of these. A name is enough: a link connects its Telegram chat later."""


class TagNamesField(serializers.ListField):
    """Names of tags; unknown tags are created."""

    def to_representation(self, data: Any) -> list[str]:
        return [tag.name for tag in data.all()]


@extend_schema_field(
    {
        "type": "object",
        "additionalProperties": {},
        "maxProperties": MAX_ATTRIBUTES,
        "propertyNames": {"maxLength": MAX_NAME},
        "description": f"Any values, in {MAX_DEPTH} levels at most, of {MAX_BYTES} bytes at most. "
        "Whole numbers beyond 2⁵³ are texts.",
    }
)
class AttributesField(serializers.DictField):
    """A JSON object within the limits of contacts/attributes.py."""

    def to_internal_value(self, data: Any) -> Any:
        attributes = super().to_internal_value(data)
        check_attributes(attributes)
        return attributes

    def to_representation(self, value: Any) -> Any:
        return exact(value)


class ContactSerializer(StrictSerializer, serializers.ModelSerializer[Contact]):
    """Needs one of phone, telegram_chat_id, whatsapp_user_id, external_id, email and the names."""

    changed_by = {
        "do_not_contact": "POST /contacts/{id}/do-not-contact/",
        "country": "A change of `phone`",
        "last_reply_at": "Only a message from the contact",
        "whatsapp_window_until": "Only a message from the contact",
    }

    tags = TagNamesField(
        child=serializers.CharField(max_length=100), required=False, max_length=MAX_TAGS
    )
    attributes = AttributesField(required=False)
    do_not_contact = serializers.BooleanField(read_only=True)
    last_reply_at = UtcDateTimeField(read_only=True, allow_null=True)
    whatsapp_window_until = serializers.SerializerMethodField(
        help_text="End of WhatsApp's free-text window: 24 hours after the last reply."
    )
    created_at = UtcDateTimeField(read_only=True)
    updated_at = UtcDateTimeField(read_only=True)

    class Meta:
        model = Contact
        fields = (
            "id",
            "external_id",
            "phone",
            "country",
            "first_name",
            "last_name",
            "email",
            "telegram_chat_id",
            "whatsapp_user_id",
            "attributes",
            "tags",
            "time_zone",
            "do_not_contact",
            "last_reply_at",
            "whatsapp_window_until",
            "created_at",
            "updated_at",
        )
        read_only_fields = ("country",)
        extra_kwargs = {
            "phone": {"max_length": 40},
            "telegram_chat_id": {"min_value": -MAX_NUMBER, "max_value": MAX_NUMBER},
        }

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_whatsapp_window_until(self, contact: Contact) -> str | None:
        until = contact.whatsapp_window_until
        return None if until is None else UtcDateTimeField().to_representation(until)

    def validate_phone(self, value: str | None) -> str | None:
        if not value:
            return None
        if self.instance is not None and value == self.instance.phone:
            return value  # stored before, perhaps by the rules of its time
        try:
            phone = to_e164(value, default_country=self.context["view"].tenant.default_country)
        except InvalidPhone as error:
            raise serializers.ValidationError(error.detail, code=error.code) from error
        self._refuse_taken(phone__in=spellings_of(phone))
        return phone

    def validate_whatsapp_user_id(self, value: str | None) -> str | None:
        if not value:
            return None
        if not is_user_id(value):
            raise serializers.ValidationError("A user id such as US.13491208655302741918.")
        self._refuse_taken(whatsapp_user_id=value)
        return value

    def validate_external_id(self, value: str | None) -> str | None:
        if value:
            self._refuse_taken(external_id=value)
        return value or None

    def validate_time_zone(self, value: str) -> str:
        if value and value not in available_timezones():
            raise serializers.ValidationError("An IANA name such as Europe/Berlin.")
        return value

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Require an identifying field, for a new contact or when one of these fields changes."""
        if self.instance is None or attrs.keys() & set(IDENTIFYING):
            values = (attrs.get(name, getattr(self.instance, name, None)) for name in IDENTIFYING)
            if all(value in (None, "") for value in values):
                raise InvalidInput(
                    f"A contact needs at least one of: {', '.join(IDENTIFYING)}.",
                    data={"one_of": list(IDENTIFYING)},
                )
        return attrs

    def _refuse_taken(self, **key: Any) -> None:
        others = Contact.objects.for_tenant(self.context["view"].tenant).filter(**key)
        if self.instance is not None:
            others = others.exclude(pk=self.instance.pk)
        if others.exists():
            raise serializers.ValidationError("Another contact has this.", code="unique")

    @transaction.atomic
    def create(self, validated_data: dict[str, Any]) -> Contact:
        names = validated_data.pop("tags", [])
        contact = Contact(**validated_data)
        contact.country = country_of_contact(contact)
        contact.save(force_insert=True)
        set_tags(contact=contact, names=names)
        return contact

    @transaction.atomic
    def update(self, instance: Contact, validated_data: dict[str, Any]) -> Contact:
        names = validated_data.pop("tags", None)
        for name, value in validated_data.items():
            setattr(instance, name, value)
        instance.country = country_of_contact(instance)
        instance.save()
        if names is not None:
            set_tags(contact=instance, names=names)
        return instance


class DoNotContactSerializer(StrictSerializer):
    value = serializers.BooleanField()
    reason = serializers.CharField(required=False, allow_blank=True, default="", max_length=200)


class SuppressionSerializer(StrictSerializer, serializers.ModelSerializer[Suppression]):
    created_at = UtcDateTimeField(read_only=True)

    class Meta:
        model = Suppression
        fields = ("id", "platform", "address", "scope", "reason", "source", "created_at")
        read_only_fields = ("source",)
        # No unique check: suppressing an address again answers with the existing suppression.
        validators = ()
        extra_kwargs = {
            "address": {
                "help_text": "A phone number, stored in E.164, a Telegram chat id or a WhatsApp "
                "user id. Name the platform, or begin a number with its plus sign."
            }
        }

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        country = self.context["view"].tenant.default_country
        attrs["address"] = normalise(
            attrs["address"], platform=attrs.get("platform", ""), default_country=country
        )
        return attrs
