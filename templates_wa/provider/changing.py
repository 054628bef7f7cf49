"""Applies the changes of templates that providers report by webhook."""

from enum import Enum, auto
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from channels.platforms import Category
from channels.port.events import TemplateChange
from channels.port.template_port import ARCHIVED, EVENTS, UNARCHIVED
from templates_wa.models import Quality, TemplateStatus, WhatsAppTemplate


class Applied(Enum):
    """What became of a reported change."""

    APPLIED = auto()
    NO_TEMPLATE = auto()
    """No template of the tenant matches it."""
    NOT_A_MOVE = auto()
    """The event is unknown, or cannot follow the template's status: the status stays."""


@transaction.atomic
def apply_change(*, tenant_id: UUID, change: TemplateChange) -> Applied:
    """Apply a change. An older status never replaces a newer one.

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
        return Applied.NO_TEMPLATE
    template.provider_template_id = change.provider_template_id
    if change.quality in Quality.values:
        template.quality = change.quality
    if change.category in Category.values:
        template.category = change.category
    applied = _set_status(template, change) if change.status else Applied.APPLIED
    template.save()
    return applied


def _set_status(template: WhatsAppTemplate, change: TemplateChange) -> Applied:
    # Compared by the second: providers' timestamps have no fractions.
    current = template.status_at and template.status_at.replace(microsecond=0)
    is_old = current is not None and change.at < current
    if is_old or template.status == TemplateStatus.DRAFT:
        return Applied.APPLIED
    status = _next_status(template, change)
    if status is None:
        # A provider may repeat a call: the status is then already the one that followed the event.
        return Applied.APPLIED if change.at == current else Applied.NOT_A_MOVE
    if status:
        template.set_status(
            TemplateStatus(status), is_archived=change.status == ARCHIVED, at=change.at
        )
        template.rejection_reason = change.reason[:500]
    return Applied.APPLIED


def _next_status(template: WhatsAppTemplate, change: TemplateChange) -> str | None:
    """The status after the event, '' if it stays; None if the event cannot follow the status."""
    move = EVENTS.get(change.status)
    if move is None or (move.only_from and template.status not in move.only_from):
        return None
    if change.status == UNARCHIVED:
        return template.archived_from or None
    return move.status
