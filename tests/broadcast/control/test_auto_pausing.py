"""If the provider stops a template, the broadcasts that are being sent with it are paused."""

import pytest
from django.utils import timezone

from broadcast.control.auto_pausing import pause_for_senders, pause_for_templates
from broadcast.models import Broadcast
from tenants.models import Tenant
from tests.factories import BroadcastFactory, SenderFactory, TemplateFactory


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


def test_what_went_on_over_a_broken_sender_is_paused(tenant: Tenant) -> None:
    """Its row may have been locked when the sender broke."""
    now = timezone.now()
    broken = SenderFactory.create(tenant=tenant, broken_at=now, broken_reason="Revoked.")
    going_on = BroadcastFactory.create(tenant=tenant, sender=broken, status="SENDING")
    draft = BroadcastFactory.create(tenant=tenant, sender=broken, status="DRAFT")
    other = BroadcastFactory.create(
        tenant=tenant, sender=SenderFactory.create(tenant=tenant), status="SENDING"
    )
    assert [pause_for_senders(now=now) for _ in range(2)] == [1, 0]
    for broadcast, reason in ((going_on, "Revoked."), (draft, ""), (other, "")):
        broadcast.refresh_from_db()
        assert (broadcast.paused_at is not None, broadcast.pause_reason) == (bool(reason), reason)
