"""Filters of the lists of replies."""

from django_filters import rest_framework as filters

from inbound.models import REPLY_KINDS, ReceivedMessage


class ContactMessageFilter(filters.FilterSet):
    kind = filters.ChoiceFilter(choices=REPLY_KINDS)
    may_want_out = filters.BooleanFilter(
        help_text="True: only replies that may ask for an end, for a person to read."
    )

    class Meta:
        model = ReceivedMessage
        fields: tuple[str, ...] = ()


class ReplyFilter(ContactMessageFilter):
    contact = filters.UUIDFilter(field_name="contact_id")
    broadcast = filters.UUIDFilter(field_name="broadcast_id")
