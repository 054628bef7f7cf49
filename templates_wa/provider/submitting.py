"""Submits templates to the provider's review."""

from datetime import datetime
from functools import partial
from uuid import UUID

from django.db import transaction

from api.errors import DomainError
from channels.http.asking import ask
from channels.platforms import Category
from channels.port.template_port import CardSpec, Submitted, TemplateSpec
from channels.providers.template_registry import templates_at
from templates_wa.models import TemplateStatus, WhatsAppTemplate
from templates_wa.provider.editing import check_submittable, locked
from tenants.models import Tenant

SUBMIT_TIMEOUT = 20.0


def submit(*, tenant: Tenant, template_id: UUID, now: datetime) -> WhatsAppTemplate:
    """Submit a new template, or a change to one that the provider has.

    It becomes PENDING before the request, so that two submissions cannot run at once; a refusal
    restores its status. If the answer is lost, `sync` finds the template by name and language.
    Raises TemplateGone, TemplateInvalid, TemplateNotEditable, ProviderRefused, ProviderUnreachable.
    """
    with transaction.atomic():
        template = locked(tenant, template_id)
        check_submittable(template)
        before = template.status
        template.status, template.submitted_at, template.status_at = "PENDING", now, now
        template.save(update_fields=("status", "submitted_at", "status_at", "updated_at"))
    try:
        submitted = _ask(template)
    except DomainError:
        WhatsAppTemplate.objects.filter(pk=template.pk, submitted_at=now, status="PENDING").update(
            status=before
        )
        raise
    with transaction.atomic():
        template = locked(tenant, template_id)
        _save_answer(template, submitted, now)
    return template


def _ask(template: WhatsAppTemplate) -> Submitted:
    app = template.app
    provider = templates_at(app.provider)
    account, spec = app.account(), spec_of(template)
    if template.is_at_provider:
        request = partial(
            provider.edit_request,
            account,
            app.business_account_id,
            template.provider_template_id,
            spec,
        )
    else:
        request = partial(provider.submit_request, account, app.business_account_id, spec)
    return provider.submit_outcome(ask(request, timeout=SUBMIT_TIMEOUT))


def _save_answer(template: WhatsAppTemplate, submitted: Submitted, now: datetime) -> None:
    """Store the provider's answer. A status set meanwhile by webhook or sync is newer and stays."""
    template.provider_template_id = submitted.id or template.provider_template_id
    if template.status_at == now:
        template.status = TemplateStatus(submitted.status)
        template.rejection_reason = ""
        if template.status == TemplateStatus.APPROVED:
            template.approved_at = template.approved_at or now
    if submitted.category in Category.values:
        template.category = submitted.category
    template.save()


def spec_of(template: WhatsAppTemplate) -> TemplateSpec:
    """The template in the form that provider adapters take."""
    return TemplateSpec(
        name=template.name,
        language=template.language,
        category=template.category,
        body=template.body,
        parameter_format=template.parameter_format,
        header_format=template.header_format,
        header_text=template.header_text,
        footer=template.footer,
        buttons=tuple(template.buttons),
        cards=tuple(
            CardSpec(card["header_format"], card.get("body", ""), tuple(card["buttons"]))
            for card in template.cards
        ),
        add_security_recommendation=template.add_security_recommendation,
        code_expiration_minutes=template.code_expiration_minutes,
        examples=template.examples,
    )
