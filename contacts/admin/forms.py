"""Forms of contacts, their tags and suppressions."""

import re
from typing import Any

import phonenumbers
from django import forms
from unfold.widgets import UnfoldAdminTextInputWidget

from backoffice.pages import RowForm, RowFormSet
from contacts.models import Contact, ContactTag, Suppression, SuppressionSource, Tag
from tenants.admin.scoped_forms import TenantForm

# E.164 with its plus sign, or a Telegram chat id (negative for groups).
ADDRESS = re.compile(r"\+[1-9]\d{6,14}|-?[1-9]\d{0,18}")


class ContactForm(TenantForm):
    class Meta:
        model = Contact
        exclude = ("country", "tags")

    def clean_phone(self) -> str | None:
        """Convert the number to E.164, and set the country that it belongs to."""
        phone: str | None = self.cleaned_data["phone"]
        if phone is None:
            self.instance.country = ""
            return None
        try:
            number = phonenumbers.parse(phone)
        except phonenumbers.NumberParseException as error:
            raise forms.ValidationError("A number such as +491701234567.") from error
        self.instance.country = phonenumbers.region_code_for_number(number) or ""
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


class ContactTagForm(RowForm):
    class Meta:
        model = ContactTag
        fields = ("tag",)

    def clean_tag(self) -> Tag:
        tag: Tag = self.cleaned_data["tag"]
        if tag.tenant_id != self.instance.contact.tenant_id:
            raise forms.ValidationError("This belongs to another tenant.")
        return tag


class TagFormSet(RowFormSet):
    @classmethod
    def get_default_prefix(cls) -> str:
        """Django's default prefix is the related name "+", which is no valid CSS selector."""
        return "tags"


class SuppressionForm(TenantForm):
    class Meta:
        model = Suppression
        fields = ("tenant", "platform", "address", "scope", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance.source:
            self.instance.source = SuppressionSource.USER

    def clean_address(self) -> str:
        address = str(self.cleaned_data["address"]).strip()
        if not ADDRESS.fullmatch(address):
            raise forms.ValidationError("A number such as +491701234567, or a Telegram chat id.")
        return address


class LiftForm(forms.Form):
    reason = forms.CharField(
        max_length=200,
        widget=UnfoldAdminTextInputWidget(),
        help_text="For example how, and when, the recipient asked to be written to again.",
    )
