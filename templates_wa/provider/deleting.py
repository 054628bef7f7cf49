"""Deletes templates here and at their provider, unless an unfinished broadcast uses them."""

from datetime import datetime
from functools import partial
from uuid import UUID

from django.db import transaction
from django.db.models import ProtectedError

from api.errors import Conflict, DomainError
from channels.http.asking import ask
from channels.providers.template_registry import templates_at
from templates_wa.models import TemplateStatus, WhatsAppTemplate
from templates_wa.provider.editing import locked
from templates_wa.provider.syncing import LOST_AFTER
from tenants.models import Tenant

DELETE_TIMEOUT = 20.0
UNFINISHED = ("DRAFT", "SCHEDULED", "QUEUED", "SENDING")
"""Statuses of broadcasts, as text: this app may not import the broadcast app above it."""
CHANGED = ("status", "status_at", "rejection_reason")


class TemplateInUse(Conflict):
    """An unfinished broadcast uses it, or the provider would delete other languages with it."""

    code = "template_in_use"


class TemplateBeingSubmitted(Conflict):
    """The provider has not answered its submission yet."""

    code = "template_being_submitted"


def delete(*, tenant: Tenant, template_id: UUID, now: datetime) -> None:
    """Delete a template at the provider, then here; if the provider fails, it stays unchanged.

    It is DISABLED during the request, so that no broadcast starts with it. Finished broadcasts keep
    its name. Calls the provider, so not inside a transaction. Raises TemplateGone, TemplateInUse,
    TemplateBeingSubmitted, ProviderRefused, ProviderUnreachable.
    """
    with transaction.atomic():
        template = locked(tenant, template_id)
        _refuse_use(template)
        _refuse_submission(template, now)
        before = {name: getattr(template, name) for name in CHANGED}
        if template.is_at_provider:
            _refuse_other_languages(template)
            template.status, template.status_at = TemplateStatus.DISABLED, now
            template.rejection_reason = "It is being deleted."
            template.save(update_fields=(*CHANGED, "updated_at"))
    if template.is_at_provider:
        try:
            _ask(template)
        except DomainError:
            disabled = WhatsAppTemplate.objects.filter(pk=template.pk, status_at=now)
            disabled.filter(status=TemplateStatus.DISABLED).update(**before)
            raise
    remove(tenant, template_id)


def _refuse_use(template: WhatsAppTemplate) -> None:
    if template.broadcasts.filter(status__in=UNFINISHED).exists():
        raise TemplateInUse("A broadcast that is not finished uses this template.")


def _refuse_submission(template: WhatsAppTemplate, now: datetime) -> None:
    """Until the answer arrives, the provider may have the template under an id unknown to us."""
    if template.is_at_provider or template.status != TemplateStatus.PENDING:
        return
    if template.submitted_at is not None and template.submitted_at > now - LOST_AFTER:
        raise TemplateBeingSubmitted("It is being submitted: sync it, then delete it.")


def _refuse_other_languages(template: WhatsAppTemplate) -> None:
    if not templates_at(template.app.provider).deletes_all_languages:
        return
    others = WhatsAppTemplate.objects.filter(app=template.app_id, name=template.name).exclude(
        pk=template.pk
    )
    at_provider = others.exclude(provider_template_id="")
    if languages := list(at_provider.values_list("language", flat=True)):
        raise TemplateInUse(
            "The provider would delete its other languages with it.", data={"languages": languages}
        )


def _ask(template: WhatsAppTemplate) -> None:
    app = template.app
    provider = templates_at(app.provider)
    request = partial(
        provider.delete_request,
        app.account(),
        app.business_account_id,
        template.provider_template_id,
        template.name,
    )
    provider.delete_outcome(ask(request, timeout=DELETE_TIMEOUT))


@transaction.atomic
def remove(tenant: Tenant, template_id: UUID) -> None:
    """Delete only the row. Raises TemplateInUse.

    Locks the broadcasts before the template, in the order in which a broadcast's retry locks them.
    """
    template = WhatsAppTemplate.objects.for_tenant(tenant).filter(pk=template_id).first()
    if template is None:
        return  # another request has deleted it
    template.broadcasts.exclude(status__in=UNFINISHED).update(template=None)
    try:
        locked(tenant, template_id).delete()
    except ProtectedError as error:
        raise TemplateInUse("A broadcast has begun to use this template.") from error
