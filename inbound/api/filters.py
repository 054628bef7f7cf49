"""Filters of the lists of replies."""

from django_filters import rest_framework as filters

from api.list_parameters import TrueOrFalseFilter
from inbound.models import REPLY_KINDS, ReceivedMessage


class ContactMessageFilter(filters.FilterSet):
    kind = filters.ChoiceFilter(choices=REPLY_KINDS)
    may_want_out = TrueOrFalseFilter(
        help_text="True: only replies that may ask for an end, for a person to read."
    )

    class Meta:
        model = ReceivedMessage
        fields: tuple[str, ...] = ()


class ReplyFilter(ContactMessageFilter):
    contact = filters.UUIDFilter(field_name="contact_id")
    broadcast = filters.UUIDFilter(field_name="broadcast_id")
