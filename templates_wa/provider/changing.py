"""What a provider reports of a template, as it happens."""

from uuid import UUID

from django.db import transaction
from django.db.models import Q

from channels.platforms import Category
from channels.port.events import TemplateChange
from templates_wa.models import Quality, TemplateStatus, WhatsAppTemplate


@transaction.atomic
def apply_change(*, tenant_id: UUID, change: TemplateChange) -> bool:
    """Whether a template was meant. An older status never undoes a younger one.

    A DRAFT is a change that was not submitted yet: it stays one.
    """
    by_name = Q(
        name=change.name,
        language=change.language,
        app__business_account_id=change.business_account_id,
        provider_template_id="",
    )
    found = (
        WhatsAppTemplate.objects.filter(tenant_id=tenant_id)
        .filter(Q(provider_template_id=change.provider_template_id) | by_name)
        .select_for_update(of=("self",))
        .order_by("id")
        .first()
    )
    if found is None:
        return False
    found.provider_template_id = change.provider_template_id
    if change.quality in Quality.values:
        found.quality = change.quality
    if change.category in Category.values:
        found.category = change.category
    if change.status:
        _move(found, change)
    found.save()
    return True


def _move(template: WhatsAppTemplate, change: TemplateChange) -> None:
    # Providers count whole seconds.
    known = template.status_at and template.status_at.replace(microsecond=0)
    is_old = known is not None and change.at < known
    if is_old or template.status == TemplateStatus.DRAFT:
        return
    template.status, template.status_at = TemplateStatus(change.status), change.at
    template.rejection_reason = change.reason[:500]
    if template.status == TemplateStatus.APPROVED:
        template.approved_at = template.approved_at or change.at
