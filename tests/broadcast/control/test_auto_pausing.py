"""If the provider stops a template, the broadcasts that are being sent with it are paused."""

import pytest
from django.utils import timezone

from broadcast.control.auto_pausing import pause_for_templates
from broadcast.models import Broadcast
from tenants.models import Tenant
from tests.factories import BroadcastFactory, TemplateFactory


def going(tenant: Tenant, template_status: str, status: str = "SENDING") -> Broadcast:
    template = TemplateFactory.create(
        tenant=tenant, name="sale", status=template_status, rejection_reason="low quality"
    )
    return BroadcastFactory.create(
        tenant=tenant, platform="WHATSAPP", template=template, status=status
    )


@pytest.mark.parametrize("template_status", ["PAUSED", "DISABLED", "REJECTED", "PENDING"])
def test_a_stopped_template_pauses_its_broadcast(tenant: Tenant, template_status: str) -> None:
    broadcast = going(tenant, template_status)
    now = timezone.now()

    assert pause_for_templates(now=now) == 1
    assert pause_for_templates(now=now) == 0

    broadcast.refresh_from_db()
    assert (broadcast.status, broadcast.paused_at) == ("SENDING", now)
    assert broadcast.pause_reason == f"Template sale is {template_status}: low quality"


@pytest.mark.parametrize(
    ("template_status", "status"),
    [("APPROVED", "SENDING"), ("PAUSED", "DRAFT"), ("PAUSED", "SENT")],
)
def test_nothing_else_is_paused(tenant: Tenant, template_status: str, status: str) -> None:
    broadcast = going(tenant, template_status, status)

    assert pause_for_templates(now=timezone.now()) == 0
    broadcast.refresh_from_db()
    assert broadcast.paused_at is None
