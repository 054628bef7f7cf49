"""Filters of the lists of contacts and suppressions."""

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django_filters import rest_framework as filters

from api.fields import UtcDateTimeFilter
from api.list_parameters import TrueOrFalseFilter
from channels.platforms import Platform
from contacts.models import Contact, Suppression, SuppressionScope, SuppressionSource
from contacts.spellings import spellings_of

E164 = re.compile(r"\+[1-9][0-9]{3,14}")
PUNCTUATION = str.maketrans("", "", " -./()\u00a0")


class NumberField(forms.CharField):
    def clean(self, value: Any) -> str:
        text: str = super().clean(value).translate(PUNCTUATION)
        if text and not E164.fullmatch(text):
            raise ValidationError(
                "Give the whole number, such as +491701234567, and encode its plus sign in a URL.",
                code="invalid",
            )
        return text


class CountryField(forms.RegexField):
    def __init__(self, **options: Any) -> None:
        options["error_messages"] = {"invalid": "Give a country's two letters, such as DE."}
        super().__init__(regex="^[A-Za-z]{2}$", **options)


class NumberFilter(filters.CharFilter):
    """A whole number in E.164, in any spelling of its line, with or without punctuation."""

    field_class = NumberField

    def filter(self, qs: Any, value: str) -> Any:
        return qs.filter(**{f"{self.field_name}__in": spellings_of(value)}) if value else qs


class AddressFilter(filters.CharFilter):
    """An address as it is stored; a number also with punctuation between its digits."""

    def filter(self, qs: Any, value: str) -> Any:
        number = value.translate(PUNCTUATION)
        return super().filter(qs, number if E164.fullmatch(number) else value)


class EmailFilter(filters.CharFilter):
    field_class = forms.EmailField


class CountryFilter(filters.CharFilter):
    field_class = CountryField


class ContactFilter(filters.FilterSet):
    external_id = filters.CharFilter()
    phone = NumberFilter(help_text="A whole number, such as +491701234567.")
    whatsapp_user_id = filters.CharFilter(
        help_text="A WhatsApp user id, such as US.13491208655302741918."
    )
    email = EmailFilter(lookup_expr="iexact")
    tag = filters.CharFilter(field_name="tags__name", lookup_expr="iexact")
    country = CountryFilter(lookup_expr="iexact", help_text="Two letters: DE.")
    do_not_contact = TrueOrFalseFilter()
    created_after = UtcDateTimeFilter(field_name="created_at", lookup_expr="gte")
    created_before = UtcDateTimeFilter(field_name="created_at", lookup_expr="lt")

    class Meta:
        model = Contact
        fields: tuple[str, ...] = ()


class SuppressionFilter(filters.FilterSet):
    address = AddressFilter()
    platform = filters.ChoiceFilter(
        choices=Platform.choices,
        help_text="Suppressions of this platform only, without those of every platform.",
    )
    scope = filters.ChoiceFilter(choices=SuppressionScope.choices)
    source = filters.ChoiceFilter(choices=SuppressionSource.choices)

    class Meta:
        model = Suppression
        fields: tuple[str, ...] = ()
