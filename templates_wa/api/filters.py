"""Filters of the list of templates."""

from django_filters import rest_framework as filters

from api.list_parameters import ChoiceUnionFilter
from channels.platforms import Category
from templates_wa.models import Quality, TemplateStatus, WhatsAppTemplate


class TemplateFilter(filters.FilterSet):
    app = filters.UUIDFilter(field_name="app_id")
    name = filters.CharFilter()
    language = filters.CharFilter()
    category = filters.ChoiceFilter(choices=Category.choices)
    quality = filters.ChoiceFilter(choices=Quality.choices)
    status = filters.ChoiceFilter(choices=TemplateStatus.choices)
    status__in = ChoiceUnionFilter(field_name="status", choices=TemplateStatus.choices)

    class Meta:
        model = WhatsAppTemplate
        fields: tuple[str, ...] = ()
