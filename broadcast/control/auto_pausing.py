"""Automatic pauses: by a stopped template, a deactivated tenant or a broken sender."""

from datetime import datetime
from uuid import UUID

from django.db.models import Q

from broadcast.control.pausing import pause_all
from broadcast.models import Broadcast
from channels.models import Sender
from templates_wa.models import TemplateStatus

TENANT_IS_INACTIVE = "The tenant is not active."


def pause_for_templates(*, now: datetime) -> int:
    """Pause broadcasts whose template is no longer APPROVED; returns how many were paused.

    The rows decide, whether a webhook, a sync or a user changed the template.
    """
    stopped = (
        Broadcast.objects.ongoing()
        .filter(paused_at=None, template__isnull=False)
        .exclude(template__status=TemplateStatus.APPROVED)
        .values_list("pk", "template__name", "template__status", "template__rejection_reason")
    )
    paused = 0
    for broadcast_id, name, status, reason in stopped:
        text = f"Template {name} is {status}" + (f": {reason}" if reason else ".")
        paused += pause_all(broadcast_ids=[broadcast_id], reason=text, now=now)
    return paused


def pause_for_tenants(*, now: datetime) -> int:
    """Pause the broadcasts of inactive tenants, whose users cannot; returns how many."""
    broadcasts = Broadcast.objects.ongoing().filter(tenant__is_active=False, paused_at=None)
    return pause_all(
        broadcast_ids=broadcasts.values_list("pk", flat=True), reason=TENANT_IS_INACTIVE, now=now
    )


def hold_sender(*, sender_id: UUID, until: datetime) -> None:
    """Send nothing over this sender before `until`: the provider asks to slow down."""
    Sender.objects.filter(Q(held_until=None) | Q(held_until__lt=until), pk=sender_id).update(
        held_until=until
    )


def mark_broken(*, sender_id: UUID, reason: str, now: datetime) -> None:
    """Keeps the first reason; later ones are usually consequences."""
    longest = Sender._meta.get_field("broken_reason").max_length
    Sender.objects.filter(pk=sender_id, broken_at=None).update(
        broken_at=now, broken_reason=reason[:longest]
    )
