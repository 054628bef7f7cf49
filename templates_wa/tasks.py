"""Celery tasks that copy the providers' state of templates."""

from uuid import UUID

import structlog
from celery import shared_task

from api.errors import DomainError
from channels.models import TenantWAApp
from channels.providers.template_registry import TEMPLATE_PROVIDERS
from postgres import clock
from templates_wa.provider.syncing import sync

log = structlog.get_logger(__name__)


# Safe twice: it only starts tasks that are safe twice.
@shared_task
def sync_all() -> None:
    apps = TenantWAApp.objects.usable().filter(provider__in=TEMPLATE_PROVIDERS, broken_at=None)
    for app_id in apps.values_list("pk", flat=True):
        sync_app.delay(app_id=str(app_id))


# Safe twice: it copies the provider's state.
@shared_task
def sync_app(*, app_id: str) -> None:
    app = TenantWAApp.objects.select_related("app", "tenant").get(pk=UUID(app_id))
    try:
        sync(app=app, now=clock.now())
    except DomainError as error:
        log.warning("templates_not_synced", sender=app_id, code=error.code)
