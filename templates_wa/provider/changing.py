"""Applies the changes of templates that providers report by webhook."""

from uuid import UUID

from django.db import transaction
from django.db.models import Q

from channels.platforms import Category
from channels.port.events import TemplateChange
from templates_wa.models import Quality, TemplateStatus, WhatsAppTemplate


@transaction.atomic
def apply_change(*, tenant_id: UUID, change: TemplateChange) -> bool:
    """Apply a change; false if it matches no template. An older status never replaces a newer one.

    A DRAFT holds changes that are not submitted yet, so its status stays.
    """
    by_name = Q(
        name=change.name,
        language=change.language,
        app__business_account_id=change.business_account_id,
        provider_template_id="",
    )
    template = (
        WhatsAppTemplate.objects.filter(tenant_id=tenant_id)
        .filter(Q(provider_template_id=change.provider_template_id) | by_name)
        .select_for_update(of=("self",))
        .order_by("id")
        .first()
    )
    if template is None:
        return False
    template.provider_template_id = change.provider_template_id
    if change.quality in Quality.values:
        template.quality = change.quality
    if change.category in Category.values:
        template.category = change.category
    if change.status:
        _set_status(template, change)
    template.save()
    return True


def _set_status(template: WhatsAppTemplate, change: TemplateChange) -> None:
    # Compared by the second: providers' timestamps have no fractions.
    current = template.status_at and template.status_at.replace(microsecond=0)
    is_old = current is not None and change.at < current
    if is_old or template.status == TemplateStatus.DRAFT:
        return
    template.status, template.status_at = TemplateStatus(change.status), change.at
    template.rejection_reason = change.reason[:500]
    if template.status == TemplateStatus.APPROVED:
        template.approved_at = template.approved_at or change.at
