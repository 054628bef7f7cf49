"""A send window in the API: of a tenant's sender, or of a broadcast."""

from typing import Any

from rest_framework import serializers

from api.errors import InvalidInput
from api.strict_serializers import StrictSerializer
from tenants.send_windows import read_send_window


class SendWindowSerializer(StrictSerializer):
    """Days and hours at which messages may be sent; outside of the window, messages wait."""

    days = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=7),
        min_length=1,
        max_length=7,
        help_text="Days from 1 (Monday) to 7 (Sunday).",
    )
    to = serializers.RegexField(r"^([01][0-9]|2[0-3]):[0-5][0-9]$", help_text="End, such as 20:00.")
    time_zone = serializers.CharField(
        max_length=64,
        required=False,
        allow_null=True,
        help_text="IANA name. If the recipient's own time zone is known, it is used instead.",
    )

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        # `from` is a Python keyword, so the field cannot be a class attribute.
        start = serializers.RegexField(
            r"^([01][0-9]|2[0-3]):[0-5][0-9]$", help_text="Start, such as 09:00."
        )
        return {"from": start, **super().get_fields()}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        try:
            read_send_window(attrs)
        except InvalidInput as refusal:
            raise serializers.ValidationError(refusal.detail) from refusal
        return attrs
