"""What the list of contacts can be narrowed by."""

from django_filters import rest_framework as filters

from contacts.models import Contact


class ContactFilter(filters.FilterSet):
    tag = filters.CharFilter(field_name="tags__name", lookup_expr="iexact")
    country = filters.CharFilter(lookup_expr="iexact")
    do_not_contact = filters.BooleanFilter()
    created_after = filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="gte")
    created_before = filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="lt")

    class Meta:
        model = Contact
        fields: tuple[str, ...] = ()
