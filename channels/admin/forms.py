"""Forms of senders and provider apps. A secret can be entered but is never shown."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django import forms
from unfold.widgets import UnfoldAdminSelectWidget

from api.errors import InvalidInput
from backoffice.choices import NOT_CHOSEN
from channels.models import ProviderApp, Sender, TenantWAApp
from channels.platforms import Platform
from channels.providers.registry import ADAPTERS, adapter_for, providers_for
from channels.senders.named_accounts import check_account
from channels.senders.secret_names import check_secrets
from tenants.admin.scoped_forms import TenantForm

if TYPE_CHECKING:
    from django.forms import Textarea
else:
    from unfold.widgets import UnfoldAdminTextareaWidget as Textarea


class BlindTextarea(Textarea):
    """Never renders its value, not even when the form is shown again with an error."""

    def format_value(self, value: Any) -> str:
        return ""


class SecretsFormField(forms.JSONField):
    """A JSON object of strings."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("widget", BlindTextarea)
        options.setdefault("required", False)
        options.setdefault(
            "help_text",
            'A JSON object, for example {"access_token": "…"}. Stored secrets are never shown; '
            "a value here replaces all of them, an empty field keeps them.",
        )
        super().__init__(**options)

    def validate(self, value: Any) -> None:
        super().validate(value)
        if value is None:
            return
        if not isinstance(value, dict) or not all(isinstance(v, str) for v in value.values()):
            raise forms.ValidationError("This must be a JSON object whose values are strings.")

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(data)


def _one_of(providers: Iterable[str]) -> forms.ChoiceField:
    return forms.ChoiceField(
        choices=[NOT_CHOSEN, *((name, name) for name in providers)],
        widget=UnfoldAdminSelectWidget,
    )


class ProviderAppForm(TenantForm):
    provider = _one_of(sorted(ADAPTERS))
    new_secrets = SecretsFormField(label="Secrets")

    class Meta:
        model = ProviderApp
        fields = ("tenant", "provider", "name", "is_active")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        provider = cleaned.get("provider", self.instance.provider)
        if cleaned.get("new_secrets") and provider:
            names = adapter_for(provider).webhook_secret_names
            try:
                self.instance.secrets = check_secrets(
                    cleaned["new_secrets"], names=names, attr="new_secrets"
                )
            except InvalidInput as refusal:
                self.add_error(refusal.attr, refusal.detail)
        return cleaned


OF_FORM = {"credentials": "new_credentials"}
"""The attr of a refusal → the form's field."""
PROVEN_TOGETHER = frozenset({"account_id", "new_credentials", "base_url", "is_active"})
"""If one of these changes, a new check must prove that the account is the sender's."""


class SenderForm(TenantForm):
    provider = _one_of(sorted(ADAPTERS))
    new_credentials = SecretsFormField(label="Credentials")

    class Meta:
        model = Sender
        exclude: tuple[str, ...] = ("credentials",)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        self._check_provider(cleaned)
        self._check_account(cleaned)
        self._check_that_it_is_the_only_one(cleaned)
        self._check_currency(cleaned)
        if PROVEN_TOGETHER & set(self.changed_data):
            self.instance.proven_at, self.instance.proven_scope = None, ""
        return cleaned

    def _check_provider(self, cleaned: dict[str, Any]) -> None:
        """Needed only when a sender is added: platform and provider never change later."""
        platform = cleaned.get("platform", self.instance.platform)
        provider = cleaned.get("provider", self.instance.provider)
        if platform and provider and provider not in providers_for(Platform(platform)):
            self.add_error(
                "provider" if "provider" in self.fields else None,
                f"{provider} does not send over {Platform(platform).label}.",
            )

    def _check_account(self, cleaned: dict[str, Any]) -> None:
        """Only if the fields changed: stored values may be older than this rule."""
        provider = cleaned.get("provider", self.instance.provider)
        if not provider or not {"account_id", "new_credentials"} & set(self.changed_data):
            return
        new_credentials = cleaned.get("new_credentials")
        try:
            if new_credentials:
                self.instance.credentials = check_secrets(
                    new_credentials,
                    names=adapter_for(provider).credential_names,
                    attr="credentials",
                )
            check_account(
                provider=provider,
                account_id=cleaned.get("account_id", self.instance.account_id),
                credentials=self.instance.credentials,
            )
        except InvalidInput as refusal:
            self.add_error(OF_FORM.get(refusal.attr or "", refusal.attr), refusal.detail)

    def _check_that_it_is_the_only_one(self, cleaned: dict[str, Any]) -> None:
        tenant_id = getattr(cleaned.get("tenant"), "pk", self.instance.tenant_id)
        others = Sender.objects.filter(
            tenant_id=tenant_id,
            provider=cleaned.get("provider", self.instance.provider),
            account_id=cleaned.get("account_id", self.instance.account_id),
            is_active=True,
        ).exclude(pk=self.instance.pk)
        if cleaned.get("is_active") and others.exists():
            self.add_error("account_id", "Another active sender of the tenant uses this account.")

    def _check_currency(self, cleaned: dict[str, Any]) -> None:
        tenant = cleaned.get("tenant") or (
            self.instance.tenant if self.instance.tenant_id else None
        )
        if tenant and cleaned.get("currency") not in (None, tenant.currency):
            self.add_error("currency", f"This tenant's credits are in {tenant.currency}.")


class WhatsAppForm(SenderForm):
    PLATFORM = Platform.WHATSAPP
    provider = _one_of(providers_for(PLATFORM))

    class Meta(SenderForm.Meta):
        model = TenantWAApp
        exclude = ("credentials", "platform")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.platform = self.PLATFORM
