"""Deletes templates here and at their provider, unless a broadcast still needs them."""

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
CHANGED = ("status", "status_at", "rejection_reason")


class TemplateInUse(Conflict):
    """A broadcast that is not finished uses it, or another language goes with it."""

    code = "template_in_use"


class TemplateBeingSubmitted(Conflict):
    """The provider's answer to its submission is not there yet, and may never come."""

    code = "template_being_submitted"


def delete(*, tenant: Tenant, template_id: UUID, now: datetime) -> None:
    """Gone at the provider first, then here; where the provider fails, it stays as it was.

    DISABLED while the provider is asked, so that no broadcast begins with it. Finished broadcasts
    keep its name. Must not run in a transaction: it waits for the network. Raises TemplateGone,
    TemplateInUse, TemplateBeingSubmitted, ProviderRefused, ProviderUnreachable.
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
            waiting = WhatsAppTemplate.objects.filter(pk=template.pk, status_at=now)
            waiting.filter(status=TemplateStatus.DISABLED).update(**before)
            raise
    remove(tenant, template_id)


def _refuse_use(template: WhatsAppTemplate) -> None:
    if template.broadcasts.filter(status__in=UNFINISHED).exists():
        raise TemplateInUse("A broadcast that is not finished uses this template.")


def _refuse_submission(template: WhatsAppTemplate, now: datetime) -> None:
    """The provider may have it under an id that we do not know yet."""
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
    if found := list(others.exclude(provider_template_id="").values_list("language", flat=True)):
        raise TemplateInUse(
            "The provider would delete its other languages with it.", data={"languages": found}
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
    """The row alone. Raises TemplateInUse.

    Broadcasts are locked before the template, as a retry of one of them locks them.
    """
    mine = WhatsAppTemplate.objects.for_tenant(tenant).filter(pk=template_id)
    template = mine.first()
    if template is None:
        return  # somebody else deleted it meanwhile
    template.broadcasts.exclude(status__in=UNFINISHED).update(template=None)
    try:
        locked(tenant, template_id).delete()
    except ProtectedError as error:
        raise TemplateInUse("A broadcast has begun to use this template.") from error
