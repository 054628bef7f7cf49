"""Forms of contacts, their tags and suppressions."""

from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminTextInputWidget

from api.errors import InvalidInput
from backoffice.pages import RowForm, RowFormSet
from contacts.addresses import normalise
from contacts.models import Contact, ContactTag, Suppression, SuppressionSource, Tag
from contacts.phone_texts import InvalidPhone
from contacts.phones import to_e164
from contacts.spellings import spellings_of
from contacts.user_ids import country_of_contact, is_user_id
from tenants.admin.scoped_forms import TenantForm
from tenants.models import Tenant


class ContactForm(TenantForm):
    class Meta:
        model = Contact
        exclude = ("country", "tags")

    def clean_phone(self) -> str | None:
        """The number in E.164."""
        phone: str | None = self.cleaned_data["phone"]
        if not phone or "phone" not in self.changed_data:
            return phone or None
        try:
            return to_e164(phone, default_country=_default_country(self))
        except InvalidPhone as error:
            raise forms.ValidationError(error.detail, code=error.code) from error

    def clean_whatsapp_user_id(self) -> str | None:
        user_id: str | None = self.cleaned_data["whatsapp_user_id"]
        if user_id and not is_user_id(user_id):
            raise forms.ValidationError("A user id such as US.13491208655302741918.")
        return user_id or None

    def clean(self) -> dict[str, Any]:
        """Refuse another spelling of another contact's number; set the country."""
        cleaned = super().clean()
        values = self.cleaned_data
        tenant = values.get("tenant") or self.instance.tenant_id
        spellings = spellings_of(values.get("phone") or "")
        others = Contact.objects.filter(tenant=tenant, phone__in=spellings)
        if others.exclude(pk=self.instance.pk).exists():
            self.add_error("phone", "Another contact has this number.")
        self.instance.country = country_of_contact(
            Contact(
                phone=values.get("phone"), whatsapp_user_id=values.get("whatsapp_user_id") or None
            )
        )
        return cleaned


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
        try:
            return normalise(
                str(self.cleaned_data["address"]),
                platform=self.cleaned_data.get("platform", ""),
                default_country=_default_country(self),
            )
        except InvalidInput as error:
            raise forms.ValidationError(error.detail, code=error.code) from error


class LiftForm(forms.Form):
    reason = forms.CharField(
        max_length=200,
        widget=UnfoldAdminTextInputWidget(),
        help_text="For example how, and when, the recipient asked to be written to again.",
    )


def _default_country(form: TenantForm) -> str:
    """The country of the tenant that the form names, else of the row's."""
    tenant = form.cleaned_data.get("tenant") or getattr(form.instance, "tenant", None)
    return tenant.default_country if isinstance(tenant, Tenant) else ""
