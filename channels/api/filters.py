"""Filters of the lists of senders and provider apps."""

from django_filters import rest_framework as filters

from channels.models import ProviderApp, Sender
from channels.platforms import Platform


class SenderFilter(filters.FilterSet):
    platform = filters.ChoiceFilter(choices=Platform.choices)
    provider = filters.CharFilter()
    app = filters.UUIDFilter(field_name="app_id")
    is_active = filters.BooleanFilter()
    is_default = filters.BooleanFilter()
    is_broken = filters.BooleanFilter(field_name="broken_at", lookup_expr="isnull", exclude=True)

    class Meta:
        model = Sender
        fields: tuple[str, ...] = ()


class ProviderAppFilter(filters.FilterSet):
    provider = filters.CharFilter()
    is_active = filters.BooleanFilter()

    class Meta:
        model = ProviderApp
        fields: tuple[str, ...] = ()
