"""Takes over what the provider has: statuses, reasons, quality, and templates made elsewhere."""

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
"""Meta allows 6,000 templates an account; a page has 100."""
LOST_AFTER = timedelta(minutes=10)
"""When a submission whose answer was lost, and which the provider does not know, never arrived."""
WRITTEN = (
    "status",
    "status_at",
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
ONLY_OURS = {"tenant", "app", "body"}
"""Not looked at: keys of ours, and a text that may be of any length or none."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Synced:
    """`skipped`: templates of kinds that cannot be sent from here, such as flows."""

    created: int
    updated: int
    skipped: int


def sync(*, app: TenantWAApp, now: datetime) -> Synced:
    """Safe to repeat. Must not run in a transaction: it waits for the network.

    Raises ProviderRefused, ProviderUnreachable.
    """
    remote = _read(app)
    with transaction.atomic():
        return _take_over(app, remote, now)


def _read(app: TenantWAApp) -> list[RemoteTemplate]:
    provider, account = templates_at(app.provider), app.account()
    found: list[RemoteTemplate] = []
    after = ""
    for _ in range(MAX_PAGES):
        request = partial(provider.list_request, account, app.business_account_id, after=after)
        page = provider.list_outcome(ask(request, timeout=SYNC_TIMEOUT))
        found += page.templates
        after = page.after
        if not after:
            return found
    raise ProviderRefused("The provider's list of templates does not end.")


def _take_over(app: TenantWAApp, remote: Sequence[RemoteTemplate], now: datetime) -> Synced:
    local = list(
        WhatsAppTemplate.objects.for_tenant(app.tenant)
        .filter(app_id=app.pk)
        .select_for_update(of=("self",))
        .order_by("id")
    )
    by_id = {each.provider_template_id: each for each in local if each.is_at_provider}
    by_name = {(each.name, each.language): each for each in local}
    taken: set[tuple[str, str]] = set()  # a list that changes while it is read repeats itself
    new: list[WhatsAppTemplate] = []
    changed: list[WhatsAppTemplate] = []
    for each in remote:
        known = by_id.get(each.id) or by_name.get((each.name, each.language))
        if unfit := _unfit(each):
            log.warning("template_not_taken_over", app_id=str(app.pk), name=each.name, why=unfit)
        if known is not None:
            if unfit:
                _apply_but_text(known, each, unfit, now)
            else:
                _apply(known, each, now)
            changed.append(known)
        elif unfit or (each.name, each.language) in taken:
            continue
        elif made := _adopted(app, each, now):
            new.append(made)
            taken.add((each.name, each.language))
    changed += _gone(local, remote, now)
    WhatsAppTemplate.objects.bulk_create(new)
    for template in changed:
        template.synced_at = template.updated_at = now
    WhatsAppTemplate.objects.bulk_update(changed, WRITTEN, batch_size=200)
    return Synced(len(new), len(changed), len(remote) - len(new) - len(changed))


def _unfit(told: RemoteTemplate) -> str:
    """What of it no column of ours can hold, and would fail the whole sync; '' where all fits."""
    probe = WhatsAppTemplate(name=told.name, language=told.language, provider_template_id=told.id)
    if told.spec is not None:
        _write(probe, told.spec)
    try:
        probe.clean_fields(exclude=ONLY_OURS)
    except ValidationError as error:
        found = error.message_dict.items()
        return "; ".join(f"{name}: {' '.join(said)}" for name, said in found)
    return ""


def _apply_but_text(
    template: WhatsAppTemplate, told: RemoteTemplate, unfit: str, now: datetime
) -> None:
    reason = told.reason or f"Not taken over: {unfit}"
    fitting = replace(told, id=template.provider_template_id, spec=None, reason=reason)
    _apply(template, fitting, now)


def _apply(template: WhatsAppTemplate, told: RemoteTemplate, now: datetime) -> None:
    """The provider's word; but a DRAFT is a change that was not submitted yet and stays one."""
    was_known = template.is_at_provider
    template.provider_template_id = told.id
    template.quality = told.quality
    if told.category in Category.values:
        template.category = told.category
    if template.status == TemplateStatus.DRAFT and was_known:
        return
    if template.status != told.status:
        template.status, template.status_at = TemplateStatus(told.status), now
    template.rejection_reason = told.reason[:500]
    if template.status == TemplateStatus.APPROVED:
        template.approved_at = template.approved_at or now
    if told.spec is not None:
        _write(template, told.spec)


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
    """A medium's sample comes back as a passing address: the handle that was given is kept."""
    return {
        key: value
        for key, value in spec.examples.items()
        if not (key.endswith("header_media") and key in template.examples)
    }


def _adopted(app: TenantWAApp, told: RemoteTemplate, now: datetime) -> WhatsAppTemplate | None:
    """None for what cannot be sent from here, and what is on its way out at the provider."""
    if told.spec is None or told.category not in Category.values:
        return None
    if told.status == TemplateStatus.DISABLED:
        return None
    template = WhatsAppTemplate(
        tenant=app.tenant,
        app=app,
        name=told.name,
        language=told.language,
        synced_at=now,
        status=TemplateStatus.PENDING,
    )
    _write(template, told.spec)
    _apply(template, told, now)
    # What our rules call wrong could not be rendered or sent rightly.
    return None if problems(template) else template


def _gone(
    local: Sequence[WhatsAppTemplate], remote: Sequence[RemoteTemplate], now: datetime
) -> list[WhatsAppTemplate]:
    """Templates that the provider knew and knows no more, and submissions that never arrived."""
    ids = {each.id for each in remote}
    names = {(each.name, each.language) for each in remote}
    found: list[WhatsAppTemplate] = []
    for template in local:
        if template.provider_template_id in ids or (template.name, template.language) in names:
            continue
        if template.is_at_provider:
            template.provider_template_id = ""
            if template.status != TemplateStatus.DISABLED:
                template.status, template.status_at = TemplateStatus.DISABLED, now
                template.rejection_reason = "The provider does not know it any more."
            found.append(template)
        elif _never_arrived(template, now):
            template.status, template.status_at = TemplateStatus.DRAFT, now
            found.append(template)
    return found


def _never_arrived(template: WhatsAppTemplate, now: datetime) -> bool:
    return (
        not template.is_at_provider
        and template.status == TemplateStatus.PENDING
        and template.submitted_at is not None
        and template.submitted_at < now - LOST_AFTER
    )
