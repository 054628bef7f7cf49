"""Filters of the lists of broadcasts and messages."""

from django_filters import rest_framework as filters

from api.fields import UtcDateTimeFilter
from api.list_parameters import ChoiceUnionFilter
from broadcast.models import Broadcast, BroadcastMessage
from broadcast.states import BroadcastStatus, MessageStatus
from channels.platforms import Platform


class BroadcastFilter(filters.FilterSet):
    status = filters.ChoiceFilter(choices=BroadcastStatus.choices)
    status__in = ChoiceUnionFilter(field_name="status", choices=BroadcastStatus.choices)
    platform = filters.ChoiceFilter(choices=Platform.choices)
    reference = filters.CharFilter()
    created_after = UtcDateTimeFilter(field_name="created_at", lookup_expr="gte")
    created_before = UtcDateTimeFilter(field_name="created_at", lookup_expr="lt")

    class Meta:
        model = Broadcast
        fields: tuple[str, ...] = ()


class MessageFilter(filters.FilterSet):
    broadcast = filters.UUIDFilter(field_name="broadcast_id")
    contact = filters.UUIDFilter(field_name="contact_id")
    platform = filters.ChoiceFilter(field_name="broadcast__platform", choices=Platform.choices)
    status = filters.ChoiceFilter(choices=MessageStatus.choices)
    status__in = ChoiceUnionFilter(field_name="status", choices=MessageStatus.choices)

    class Meta:
        model = BroadcastMessage
        fields: tuple[str, ...] = ()
