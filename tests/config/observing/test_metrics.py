"""/metrics: figures from rows, for permitted clients only."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from pytest_django import Settings

from broadcast.models import Broadcast, BroadcastCounters
from channels.models import Sender
from doctor.models import Checkup
from inbound.models import ParkedReceipt, ProviderEvent
from tests.factories import BroadcastFactory, ProviderAppFactory

pytestmark = pytest.mark.django_db
TOKEN = "a-made-up-token"


def lines(client: Client) -> list[str]:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain")
    return answer.text.splitlines()


def test_metrics_equal_the_rows(client: Client, bot: Sender) -> None:
    broadcast: Broadcast = BroadcastFactory.create(tenant=bot.tenant, sender=bot)
    Broadcast.objects.filter(pk=broadcast.pk).update(status="QUEUED")
    Broadcast.objects.filter(pk=broadcast.pk).update(status="SENDING", paused_at=datetime.now(UTC))
    BroadcastCounters.objects.filter(broadcast=broadcast).update(total=9, pending=4, unknown=5)
    Checkup.objects.create(at=datetime.now(UTC), seconds=1, breach_count=2)
    Sender.objects.update(broken_at=datetime.now(UTC))
    app = ProviderAppFactory.create(tenant=bot.tenant)
    for status in ("STORED", "FAILED", "FAILED", "APPLIED"):
        ProviderEvent.objects.create(
            app=app, body=b"{}", status=status, received_at=datetime.now(UTC)
        )
    for number in range(3):
        ParkedReceipt.objects.create(
            app=app,
            provider_message_id=f"wamid.{number}",
            status="READ",
            at=datetime.now(UTC),
            parked_at=datetime.now(UTC),
        )
    metrics = lines(client)
    assert "broadcast_events_waiting 1.0" in metrics
    assert "broadcast_events_set_aside 2.0" in metrics
    assert "broadcast_receipts_parked 3.0" in metrics
    assert 'broadcasts{status="SENDING"} 1.0' in metrics
    assert "broadcasts_paused 1.0" in metrics
    assert 'broadcast_messages_waiting{status="PENDING"} 4.0' in metrics
    assert 'broadcast_messages{status="UNKNOWN"} 5.0' in metrics
    assert "broadcast_doctor_breaches 2.0" in metrics
    assert "broadcast_senders_broken 1.0" in metrics


def test_a_doctor_that_never_ran_is_as_old_as_the_installation(client: Client) -> None:
    MigrationRecorder.Migration.objects.update(applied=datetime.now(UTC) - timedelta(hours=2))
    (age,) = (line for line in lines(client) if line.startswith("broadcast_doctor_age_seconds "))
    assert 7200 <= float(age.split()[1]) < 7300


def test_metrics_work_on_an_empty_system(client: Client) -> None:
    assert "broadcast_lane_lag_seconds 0.0" in lines(client)


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer "}, {"Authorization": TOKEN}],
)
def test_a_remote_client_without_the_token_is_refused(
    headers: dict[str, str], settings: Settings
) -> None:
    for token in ("", TOKEN):
        settings.METRICS_TOKEN = token
        answer = Client(REMOTE_ADDR="203.0.113.7").get("/metrics", headers=headers)
        assert answer.status_code == 403
        assert "broadcast" not in answer.text


def test_a_request_through_a_local_proxy_is_not_local(client: Client) -> None:
    assert client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.7"}).status_code == 403


@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
def test_the_token_opens_the_metrics_from_anywhere(settings: Settings, scheme: str) -> None:
    settings.METRICS_TOKEN = TOKEN
    client = Client(REMOTE_ADDR="203.0.113.7")
    answer = client.get("/metrics/", headers={"Authorization": f"{scheme} {TOKEN}"})
    assert answer.status_code == 200


def test_the_metrics_take_no_post(client: Client) -> None:
    assert client.post("/metrics").status_code == 405
