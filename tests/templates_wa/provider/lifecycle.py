"""A template's way to its provider: drafted, submitted, reviewed."""

import time
from typing import Any

from rest_framework.test import APIClient

from channels.models import TenantWAApp
from templates_wa.models import WhatsAppTemplate
from tests.factories import TemplateFactory

REVIEWED = 0.4
"""Seconds; a little longer than the sandbox's review takes."""


def draft(app: TenantWAApp, **fields: Any) -> WhatsAppTemplate:
    return TemplateFactory.create(tenant=app.tenant, app=app, **fields)


def submit(client: APIClient, template: WhatsAppTemplate) -> Any:
    return client.post(f"/templates/{template.pk}/submit/")


def reviewed(client: APIClient, template: WhatsAppTemplate) -> Any:
    time.sleep(REVIEWED)
    return client.post(f"/templates/{template.pk}/sync/").json()
