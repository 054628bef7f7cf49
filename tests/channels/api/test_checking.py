"""`/senders/{id}/check/` asks the provider whether the credentials work."""

from django.utils import timezone
from rest_framework.test import APIClient

from sandbox.running import RunningSandbox
from tenants.models import Tenant
from tests.factories import SenderFactory


def test_a_good_check_is_kept_and_ends_what_was_broken(
    manager: APIClient, tenant: Tenant, sandbox: RunningSandbox
) -> None:
    token = "4711:AAbbccddeeffgghhiijjkkllmmnnooppqqr"
    sender = SenderFactory.create(
        tenant=tenant,
        account_id="4711",
        credentials={"bot_token": token},
        base_url=sandbox.base_url,
        broken_at=timezone.now(),
        broken_reason="token_revoked",
    )

    answer = manager.post(f"/senders/{sender.pk}/check/")

    assert (answer.status_code, answer.json()["works"], answer.json()["code"]) == (200, True, "")
    sender.refresh_from_db()
    assert (sender.broken_at, sender.broken_reason) == (None, "")
    assert sender.check_result == answer.json()["message"]
    assert sender.checked_at is not None


def test_a_bad_check_says_why_and_mends_nothing(
    owner: APIClient, tenant: Tenant, sandbox: RunningSandbox
) -> None:
    sender = SenderFactory.create(
        tenant=tenant,
        platform="WHATSAPP",
        provider="meta_cloud",
        account_id="106540352242923",
        credentials={"access_token": "revoked-made-up"},
        base_url=sandbox.base_url,
        broken_at=timezone.now(),
    )

    answer = owner.post(f"/senders/{sender.pk}/check/")

    assert (answer.status_code, answer.json()["works"]) == (200, False)
    sender.refresh_from_db()
    assert sender.broken_at is not None
    assert sender.check_result.startswith(f"{answer.json()['code']}: ")
    assert "made-up" not in sender.check_result


def test_a_provider_that_cannot_be_reached_is_said(owner: APIClient, tenant: Tenant) -> None:
    sender = SenderFactory.create(tenant=tenant, base_url="http://127.0.0.1:9")

    assert owner.post(f"/senders/{sender.pk}/check/").json()["code"] == "connect_failed"
