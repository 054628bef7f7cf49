"""Creates and edits templates within Meta's rules.

An edited template is a DRAFT: it cannot be sent until it is approved again.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from api.errors import Conflict, DomainError
from templates_wa.models import TemplateStatus, WhatsAppTemplate
from templates_wa.rules.authentication import OPTIONS, write_text
from templates_wa.rules.rules import check_for_review, check_template
from tenants.models import Tenant

EDITABLE = frozenset(
    {
        TemplateStatus.DRAFT,
        TemplateStatus.REJECTED,
        TemplateStatus.APPROVED,
        TemplateStatus.PAUSED,
    }
)
"""Meta's rule: templates in review and disabled ones cannot be edited."""
EDIT_INTERVAL = timedelta(days=1)
"""Meta's rule: between two edits of an approved template."""
MAX_EDITS, EDITS_WITHIN = 10, timedelta(days=30)
"""Meta's rule: edits of an approved template in this time."""
RUNNING = ("QUEUED", "SENDING")
"""Statuses of broadcasts, as text: this app may not import the broadcast app above it."""
CHANGES_TEXT = frozenset({"category", "body", "footer", *OPTIONS})
"""Fields on which the text of an authentication template depends; Meta writes that text."""


OURS = frozenset({"default_params"})
"""Fields that the provider does not know, so they may change at any time."""


class TemplateGone(DomainError):
    """Another request deleted the template before it was locked, or during a provider request."""

    code = "not_found"
    status = 404


class TemplateExists(Conflict):
    """The app already has a template of this name and language."""

    code = "template_exists"


class TemplateNotEditable(Conflict):
    """The template's status, or a broadcast that uses it, does not allow this change."""

    code = "template_not_editable"


class StatusIsTheProviders(Conflict):
    """The provider has this template, so only the provider sets its status."""

    code = "status_is_the_providers"


def create(*, tenant: Tenant, fields: Mapping[str, Any]) -> WhatsAppTemplate:
    """Create a DRAFT. Raises TemplateInvalid, TemplateExists."""
    template = WhatsAppTemplate(tenant=tenant, **fields)
    write_text(template, fields=fields)
    check_template(template)
    _save(template)
    return template


def edit(
    *, tenant: Tenant, template_id: UUID, fields: Mapping[str, Any], now: datetime
) -> WhatsAppTemplate:
    """Change a template. Raises TemplateGone, TemplateInvalid, TemplateNotEditable."""
    with transaction.atomic():
        template = locked(tenant, template_id)
        changed = {
            name: value for name, value in fields.items() if getattr(template, name) != value
        }
        if not changed:
            return template
        if changed.keys() != OURS:
            _refuse_change(template, changed)
        for name, value in changed.items():
            setattr(template, name, value)
        if changed.keys() & CHANGES_TEXT:
            write_text(template, fields=changed)
        check_template(template)
        if not changed.keys() <= {"examples", *OURS}:
            _count_edit(template, now)
            template.status, template.status_at = TemplateStatus.DRAFT, now
        _save(template)
    return template


def set_status(
    *, tenant: Tenant, template_id: UUID, status: TemplateStatus, reason: str, now: datetime
) -> WhatsAppTemplate:
    """Set by hand the status of a template that the provider does not have.

    Raises TemplateGone, StatusIsTheProviders; TemplateInvalid if an approval breaks the rules.
    """
    with transaction.atomic():
        template = locked(tenant, template_id)
        if template.is_at_provider:
            raise StatusIsTheProviders("Only the provider sets the status of this template.")
        if status == TemplateStatus.APPROVED:
            check_template(template)
            template.approved_at = template.approved_at or now
        template.status, template.status_at = status, now
        template.rejection_reason = reason
        template.save()
    return template


def check_submittable(template: WhatsAppTemplate) -> None:
    """Refuse to submit a wrong template. Raises TemplateInvalid, TemplateNotEditable."""
    if template.status not in {TemplateStatus.DRAFT, TemplateStatus.REJECTED}:
        raise TemplateNotEditable(
            f"This template is {template.status}; there is nothing to submit."
        )
    check_for_review(template)


def require_editable(template: WhatsAppTemplate) -> None:
    """Check before any change. Raises TemplateNotEditable."""
    if template.status not in EDITABLE:
        raise TemplateNotEditable(f"A template that is {template.status} cannot be edited.")
    if template.broadcasts.filter(status__in=RUNNING).exists():
        raise TemplateNotEditable("A broadcast is being sent with this template.")


def fixed_fields(template: WhatsAppTemplate) -> frozenset[str]:
    """Fields that keep their value although the template may be edited."""
    if not template.is_at_provider:
        return frozenset({"app"})
    fixed = {"app", "name", "language"}
    return frozenset(fixed if template.approved_at is None else fixed | {"category"})


def _refuse_change(template: WhatsAppTemplate, changed: Mapping[str, Any]) -> None:
    require_editable(template)
    for name in sorted(fixed_fields(template) & changed.keys()):
        raise TemplateNotEditable("This cannot be changed any more.", attr=name)


def _count_edit(template: WhatsAppTemplate, now: datetime) -> None:
    """Apply Meta's limits for edits of approved templates; other templates have no limits."""
    if not template.is_at_provider or template.status != TemplateStatus.APPROVED:
        return
    edits = [datetime.fromisoformat(text) for text in template.edits]
    if any(edited_at > now - EDIT_INTERVAL for edited_at in edits):
        raise TemplateNotEditable("An approved template can be edited once in 24 hours.")
    recent = [edited_at for edited_at in edits if edited_at > now - EDITS_WITHIN]
    if len(recent) >= MAX_EDITS:
        raise TemplateNotEditable(f"An approved template can be edited {MAX_EDITS} times a month.")
    template.edits = [edited_at.isoformat() for edited_at in (*recent, now)]


def locked(tenant: Tenant, template_id: UUID) -> WhatsAppTemplate:
    """The template, locked until the end of the transaction. Raises TemplateGone."""
    templates = WhatsAppTemplate.objects.for_tenant(tenant).select_related(
        "app__tenant", "app__app"
    )
    template = templates.select_for_update(of=("self",)).filter(pk=template_id).first()
    if template is None:
        raise TemplateGone("This template is not there any more.")
    return template


def _save(template: WhatsAppTemplate) -> None:
    try:
        with transaction.atomic():
            template.save()
    except IntegrityError as error:
        if "template_once_per_app_and_language" not in str(error):
            raise
        raise TemplateExists(
            "This app has a template of this name and language.", attr="name"
        ) from error
