"""Copies templates from the provider: status, reason, quality, and templates made elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

import structlog
from django.core.exceptions import ValidationError
from django.db import transaction

from channels.http.asking import ProviderRefused, ask
from channels.models import TenantWAApp
from channels.platforms import Category
from channels.port.template_port import RemoteTemplate, TemplateSpec
from channels.providers.template_registry import templates_at
from templates_wa.models import TemplateStatus, WhatsAppTemplate
from templates_wa.rules.rules import problems

SYNC_TIMEOUT = 20.0
MAX_PAGES = 100
"""Pages of 100 templates; Meta allows 6,000 templates per account."""
LOST_AFTER = timedelta(minutes=10)
"""Age at which a submission without an answer is lost, if the provider does not list it."""
WRITTEN = (
    "status",
    "status_at",
    "archived_from",
    "rejection_reason",
    "quality",
    "category",
    "provider_template_id",
    "approved_at",
    "synced_at",
    "parameter_format",
    "header_format",
    "header_text",
    "body",
    "footer",
    "buttons",
    "cards",
    "add_security_recommendation",
    "code_expiration_minutes",
    "examples",
    "updated_at",
)
UNCHECKED = {"tenant", "app", "body"}
"""Fields that `_misfit` skips: our own keys, and the body, which has no limit in the database."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Synced:
    """Numbers of templates; `skipped` ones are of kinds that we cannot send, such as flows."""

    created: int
    updated: int
    skipped: int


def sync(*, app: TenantWAApp, now: datetime) -> Synced:
    """Copy all templates of an app. Safe to repeat. Calls the provider, so not in a transaction.

    Raises ProviderRefused, ProviderUnreachable.
    """
    remote = _fetch_all(app)
    with transaction.atomic():
        return _merge(app, remote, now)


def _fetch_all(app: TenantWAApp) -> list[RemoteTemplate]:
    provider, account = templates_at(app.provider), app.account()
    templates: list[RemoteTemplate] = []
    after = ""
    for _ in range(MAX_PAGES):
        request = partial(provider.list_request, account, app.business_account_id, after=after)
        page = provider.list_outcome(ask(request, timeout=SYNC_TIMEOUT))
        templates += page.templates
        after = page.after
        if not after:
            return templates
    raise ProviderRefused("The provider's list of templates does not end.")


def _merge(app: TenantWAApp, remote: Sequence[RemoteTemplate], now: datetime) -> Synced:
    local = list(
        WhatsAppTemplate.objects.for_tenant(app.tenant)
        .filter(app_id=app.pk)
        .select_for_update(of=("self",))
        .order_by("id")
    )
    new, changed = _merged(app, local, remote, now)
    changed += _gone(local, remote, now)
    WhatsAppTemplate.objects.bulk_create(new)
    for template in changed:
        template.synced_at = template.updated_at = now
    WhatsAppTemplate.objects.bulk_update(changed, WRITTEN, batch_size=200)
    return Synced(len(new), len(changed), len(remote) - len(new) - len(changed))


def _merged(
    app: TenantWAApp,
    local: Sequence[WhatsAppTemplate],
    remote: Sequence[RemoteTemplate],
    now: datetime,
) -> tuple[list[WhatsAppTemplate], list[WhatsAppTemplate]]:
    """(new templates, changed templates), none of them saved yet."""
    by_id = {
        template.provider_template_id: template for template in local if template.is_at_provider
    }
    by_name = {(template.name, template.language): template for template in local}
    taken: set[tuple[str, str]] = set()  # a list that changes while it is read has repetitions
    new: list[WhatsAppTemplate] = []
    changed: list[WhatsAppTemplate] = []
    for item in remote:
        name = (item.name, item.language)
        template = by_id.get(item.id) or by_name.get(name)
        if misfit := _misfit(item):
            log.warning("template_not_copied", app_id=str(app.pk), name=item.name, why=misfit)
        if template is not None:
            if misfit:
                _apply_without_text(template, item, misfit, now)
            else:
                _apply(template, item, now)
            changed.append(template)
        elif misfit or name in taken:
            continue
        elif adopted := _adopted(app, item, now):
            new.append(adopted)
            taken.add(name)
    return new, changed


def _misfit(remote: RemoteTemplate) -> str:
    """Names the values that our columns cannot hold; "" if all fit.

    One such value would fail the sync of the whole app.
    """
    probe = WhatsAppTemplate(
        name=remote.name, language=remote.language, provider_template_id=remote.id
    )
    if remote.spec is not None:
        _write(probe, remote.spec)
    try:
        probe.clean_fields(exclude=UNCHECKED)
    except ValidationError as error:
        messages = error.message_dict.items()
        return "; ".join(f"{name}: {' '.join(texts)}" for name, texts in messages)
    return ""


def _apply_without_text(
    template: WhatsAppTemplate, remote: RemoteTemplate, misfit: str, now: datetime
) -> None:
    reason = remote.reason or f"Not copied: {misfit}"
    fitting = replace(remote, id=template.provider_template_id, spec=None, reason=reason)
    _apply(template, fitting, now)


def _apply(template: WhatsAppTemplate, remote: RemoteTemplate, now: datetime) -> None:
    """Copy the provider's state. A DRAFT holds changes that are not submitted, and stays one."""
    was_at_provider = template.is_at_provider
    template.provider_template_id = remote.id
    template.quality = remote.quality or template.quality
    if remote.category in Category.values:
        template.category = remote.category
    if template.status == TemplateStatus.DRAFT and was_at_provider:
        return
    if remote.status and template.status != remote.status:
        template.set_status(TemplateStatus(remote.status), is_archived=remote.is_archived, at=now)
    elif remote.status == TemplateStatus.APPROVED:
        template.approved_at = template.approved_at or now
    template.rejection_reason = remote.reason[:500]
    if remote.spec is not None:
        _write(template, remote.spec)


def _write(template: WhatsAppTemplate, spec: TemplateSpec) -> None:
    template.parameter_format = spec.parameter_format
    template.header_format = spec.header_format
    template.header_text = spec.header_text
    template.body = spec.body
    template.footer = spec.footer
    template.buttons = [dict(button) for button in spec.buttons]
    template.cards = [
        {
            "header_format": card.header_format,
            "body": card.body,
            "buttons": [dict(button) for button in card.buttons],
        }
        for card in spec.cards
    ]
    template.add_security_recommendation = spec.add_security_recommendation
    template.code_expiration_minutes = spec.code_expiration_minutes
    template.examples = {**template.examples, **_new_samples(template, spec)}


def _new_samples(template: WhatsAppTemplate, spec: TemplateSpec) -> dict[str, str]:
    """New sample values. Our handle of a medium stays: the provider lists only a temporary URL."""
    return {
        key: value
        for key, value in spec.examples.items()
        if not (key.endswith("header_media") and key in template.examples)
    }


def _adopted(app: TenantWAApp, remote: RemoteTemplate, now: datetime) -> WhatsAppTemplate | None:
    """A new row for a template made elsewhere; None if it cannot be sent or is being deleted."""
    if remote.spec is None or remote.category not in Category.values:
        return None
    if remote.status == TemplateStatus.DISABLED:
        return None
    template = WhatsAppTemplate(
        tenant=app.tenant,
        app=app,
        name=remote.name,
        language=remote.language,
        synced_at=now,
        status=TemplateStatus.PENDING,
    )
    _write(template, remote.spec)
    _apply(template, remote, now)
    # A template that breaks our rules could not be rendered or sent correctly.
    return None if problems(template) else template


def _gone(
    local: Sequence[WhatsAppTemplate], remote: Sequence[RemoteTemplate], now: datetime
) -> list[WhatsAppTemplate]:
    """Templates that the provider has deleted (DISABLED), and lost submissions (DRAFT)."""
    ids = {template.id for template in remote}
    names = {(template.name, template.language) for template in remote}
    gone: list[WhatsAppTemplate] = []
    for template in local:
        if template.provider_template_id in ids or (template.name, template.language) in names:
            continue
        if template.is_at_provider:
            template.provider_template_id = ""
            if template.status != TemplateStatus.DISABLED:
                template.status, template.status_at = TemplateStatus.DISABLED, now
                template.rejection_reason = "The provider does not know it any more."
            gone.append(template)
        elif _is_lost(template, now):
            template.status, template.status_at = TemplateStatus.DRAFT, now
            gone.append(template)
    return gone


def _is_lost(template: WhatsAppTemplate, now: datetime) -> bool:
    return (
        not template.is_at_provider
        and template.status == TemplateStatus.PENDING
        and template.submitted_at is not None
        and template.submitted_at < now - LOST_AFTER
    )
