"""Filters of the lists of contacts and suppressions."""

from django_filters import rest_framework as filters

from api.fields import UtcDateTimeFilter
from channels.platforms import Platform
from contacts.models import Contact, Suppression, SuppressionScope, SuppressionSource


class ContactFilter(filters.FilterSet):
    external_id = filters.CharFilter()
    phone = filters.CharFilter()
    email = filters.CharFilter(lookup_expr="iexact")
    tag = filters.CharFilter(field_name="tags__name", lookup_expr="iexact")
    country = filters.CharFilter(lookup_expr="iexact")
    do_not_contact = filters.BooleanFilter()
    created_after = UtcDateTimeFilter(field_name="created_at", lookup_expr="gte")
    created_before = UtcDateTimeFilter(field_name="created_at", lookup_expr="lt")

    class Meta:
        model = Contact
        fields: tuple[str, ...] = ()


class SuppressionFilter(filters.FilterSet):
    address = filters.CharFilter()
    platform = filters.ChoiceFilter(
        choices=Platform.choices,
        help_text="Suppressions of this platform only, without those of every platform.",
    )
    scope = filters.ChoiceFilter(choices=SuppressionScope.choices)
    source = filters.ChoiceFilter(choices=SuppressionSource.choices)

    class Meta:
        model = Suppression
        fields: tuple[str, ...] = ()
