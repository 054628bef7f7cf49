"""Filters of the lists of senders and provider apps."""

from django_filters import rest_framework as filters

from api.list_parameters import TrueOrFalseFilter
from channels.models import ProviderApp, Sender
from channels.platforms import Platform
from channels.providers.registry import ADAPTERS

PROVIDERS = [(name, name) for name in sorted(ADAPTERS)]


class SenderFilter(filters.FilterSet):
    platform = filters.ChoiceFilter(choices=Platform.choices)
    provider = filters.ChoiceFilter(choices=PROVIDERS)
    app = filters.UUIDFilter(field_name="app_id")
    is_active = TrueOrFalseFilter()
    is_default = TrueOrFalseFilter()
    is_broken = TrueOrFalseFilter(field_name="broken_at", lookup_expr="isnull", exclude=True)

    class Meta:
        model = Sender
        fields: tuple[str, ...] = ()


class ProviderAppFilter(filters.FilterSet):
    provider = filters.ChoiceFilter(choices=PROVIDERS)
    is_active = TrueOrFalseFilter()

    class Meta:
        model = ProviderApp
        fields: tuple[str, ...] = ()
