"""Writing templates: made and changed as Meta would let them be.

An edit makes a DRAFT of a template; it can be sent again once it is approved again.
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
"""Meta's rule; what is in review or disabled stays as it is."""
MAX_EDITS = 10
"""Of an approved template in 30 days, by Meta's rule."""
RUNNING = ("QUEUED", "SENDING")
WRITES_ANEW = frozenset({"category", "body", "footer", *OPTIONS})
"""Changes after which the text of an authentication template is Meta's anew."""


class TemplateGone(DomainError):
    """Somebody else deleted it before it was locked, or while the provider was asked."""

    code = "not_found"
    status = 404


class TemplateExists(Conflict):
    """The app has a template of this name and language."""

    code = "template_exists"


class TemplateNotEditable(Conflict):
    """Its status, or where it is used, does not allow this change."""

    code = "template_not_editable"


class StatusIsTheProviders(Conflict):
    """The provider knows this template: only it says what its status is."""

    code = "status_is_the_providers"


def create(*, tenant: Tenant, fields: Mapping[str, Any]) -> WhatsAppTemplate:
    """A DRAFT. Raises TemplateInvalid, TemplateExists."""
    template = WhatsAppTemplate(tenant=tenant, **fields)
    write_text(template, given=fields)
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
        _refuse_change(template, changed)
        for name, value in changed.items():
            setattr(template, name, value)
        if changed.keys() & WRITES_ANEW:
            write_text(template, given=changed)
        check_template(template)
        if changed.keys() != {"examples"}:
            _count_edit(template, now)
            template.status, template.status_at = TemplateStatus.DRAFT, now
        _save(template)
    return template


def set_status(
    *, tenant: Tenant, template_id: UUID, status: TemplateStatus, reason: str, now: datetime
) -> WhatsAppTemplate:
    """Say by hand what became of a template that only this system knows.

    Raises StatusIsTheProviders; TemplateInvalid where a template to approve cannot be right.
    """
    with transaction.atomic():
        template = locked(tenant, template_id)
        if template.is_at_provider:
            raise StatusIsTheProviders("The provider says what the status of this template is.")
        if status == TemplateStatus.APPROVED:
            check_template(template)
            template.approved_at = template.approved_at or now
        template.status, template.status_at = status, now
        template.rejection_reason = reason
        template.save()
    return template


def check_submittable(template: WhatsAppTemplate) -> None:
    """Raises TemplateInvalid, TemplateNotEditable."""
    if template.status not in {TemplateStatus.DRAFT, TemplateStatus.REJECTED}:
        raise TemplateNotEditable(
            f"This template is {template.status}; there is nothing to submit."
        )
    check_for_review(template)


def _refuse_change(template: WhatsAppTemplate, changed: Mapping[str, Any]) -> None:
    if template.status not in EDITABLE:
        raise TemplateNotEditable(f"A template that is {template.status} cannot be edited.")
    if template.broadcasts.filter(status__in=RUNNING).exists():
        raise TemplateNotEditable("A broadcast is being sent with this template.")
    fixed = {"app", "name", "language"} if template.is_at_provider else {"app"}
    if template.is_at_provider and template.approved_at is not None:
        fixed.add("category")
    for name in sorted(fixed & changed.keys()):
        raise TemplateNotEditable("This cannot be changed any more.", attr=name)


def _count_edit(template: WhatsAppTemplate, now: datetime) -> None:
    """Meta's limits on changing an approved template; a rejected or paused one has none."""
    if not template.is_at_provider or template.status != TemplateStatus.APPROVED:
        return
    made = [datetime.fromisoformat(each) for each in template.edits]
    if any(each > now - timedelta(days=1) for each in made):
        raise TemplateNotEditable("An approved template can be edited once in 24 hours.")
    recent = [each for each in made if each > now - timedelta(days=30)]
    if len(recent) >= MAX_EDITS:
        raise TemplateNotEditable(f"An approved template can be edited {MAX_EDITS} times a month.")
    template.edits = [each.isoformat() for each in (*recent, now)]


def locked(tenant: Tenant, template_id: UUID) -> WhatsAppTemplate:
    """For this transaction alone. Raises TemplateGone."""
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
