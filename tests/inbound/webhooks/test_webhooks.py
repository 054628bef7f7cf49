"""Webhook calls are verified, stored raw, answered and then applied."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from time import monotonic
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone
from rest_framework.test import APIClient

from broadcast.moves.messages import lock_counters
from channels.models import ProviderApp
from contacts.models import Suppression
from inbound.applying.applying import MAX_ATTEMPTS, apply_block
from inbound.applying.due_events import newest_stored
from inbound.applying.parking import apply_parked
from inbound.models import ParkedReceipt, ProviderEvent
from inbound.tasks import apply_events
from inbound.webhooks import views
from inbound.webhooks.storing import store
from tests.factories import BroadcastMessageFactory, ProviderAppFactory, name_message
from tests.inbound.sent_messages import sent_message
from tests.inbound.webhooks.calls import body_of, post, status_body

pytestmark = pytest.mark.django_db


@pytest.fixture
def app() -> ProviderApp:
    return ProviderAppFactory.create()


def test_a_call_that_is_not_signed_is_refused_and_not_stored(
    anonymous: APIClient, app: ProviderApp
) -> None:
    assert post(anonymous, app, status_body("sent"), secret="another") == 403
    assert anonymous.post(app.webhook_path, {}).status_code == 403
    assert not ProviderEvent.objects.exists()


def test_an_unknown_endpoint_is_404(anonymous: APIClient, app: ProviderApp) -> None:
    assert anonymous.get("/webhooks/meta_cloud/aaaaaaaaaaaaaaaaaaaaaaaa/").status_code == 404


def test_an_endpoint_that_was_switched_off_is_404_within_seconds(
    anonymous: APIClient, app: ProviderApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert post(anonymous, app, status_body("sent")) == 200
    ProviderApp.objects.update(is_active=False)
    later = monotonic() + 6.0
    monkeypatch.setattr("inbound.webhooks.endpoints.monotonic", lambda: later)
    assert post(anonymous, app, status_body("sent")) == 404


def test_the_handshake_answers_the_challenge(anonymous: APIClient, app: ProviderApp) -> None:
    query = {"hub.mode": "subscribe", "hub.challenge": "42"}
    right = anonymous.get(
        app.webhook_path, {**query, "hub.verify_token": app.secrets["verify_token"]}
    )
    assert (right.status_code, right.content) == (200, b"42")
    wrong = anonymous.get(app.webhook_path, {**query, "hub.verify_token": "no"})
    assert wrong.status_code == 403


@pytest.mark.parametrize("order", [("delivered", "read"), ("read", "delivered"), ("read", "read")])
def test_receipts_in_any_order_end_the_same(
    anonymous: APIClient, app: ProviderApp, order: tuple[str, ...]
) -> None:
    message = sent_message(tenant=app.tenant)
    for status in order:
        body = status_body(status, biz_opaque_callback_data=str(message.pk))
        assert post(anonymous, app, body) == 200
        apply_block(now=timezone.now())
    message.refresh_from_db()
    assert message.status == "READ"
    message.broadcast.counters.refresh_from_db()
    assert (message.broadcast.counters.sent, message.broadcast.counters.read) == (0, 1)


def test_another_tenants_message_is_not_touched(anonymous: APIClient, app: ProviderApp) -> None:
    message = BroadcastMessageFactory.create(status="SENT")
    post(anonymous, app, status_body("read", biz_opaque_callback_data=str(message.pk)))
    apply_block(now=timezone.now())
    message.refresh_from_db()
    assert message.status == "SENT"


def test_a_message_that_went_out_twice_is_found_by_either_id(
    anonymous: APIClient, app: ProviderApp
) -> None:
    message = sent_message(tenant=app.tenant, provider_message_id="wamid.1")
    name_message(message, "wamid.2")
    assert post(anonymous, app, status_body("delivered")) == 200
    apply_block(now=timezone.now())
    message.refresh_from_db()
    assert (message.status, message.provider_message_id) == ("DELIVERED", "wamid.2")


def test_a_receipt_before_its_message_is_known_waits(
    anonymous: APIClient, app: ProviderApp
) -> None:
    assert post(anonymous, app, status_body("delivered")) == 200
    apply_block(now=timezone.now())
    assert ParkedReceipt.objects.count() == 1
    message = sent_message(tenant=app.tenant)
    name_message(message, "wamid.1")
    assert apply_parked(now=timezone.now()) == 1
    message.refresh_from_db()
    assert message.status == "DELIVERED"
    assert not ParkedReceipt.objects.exists()


def test_an_opt_out_that_came_before_its_message_is_known_is_not_forgotten(
    anonymous: APIClient, app: ProviderApp
) -> None:
    errors = [{"code": 131050, "title": "User opted out"}]
    assert post(anonymous, app, status_body("failed", errors=errors)) == 200
    apply_block(now=timezone.now())
    message = sent_message(tenant=app.tenant, address="+491701")
    name_message(message, "wamid.1")
    assert not Suppression.objects.exists()
    assert apply_parked(now=timezone.now()) == 1
    assert [suppression.address for suppression in Suppression.objects.all()] == ["+491701"]
    message.refresh_from_db()
    assert (message.status, message.error_code) == ("FAILED", "opted_out")


def test_a_poison_event_is_set_aside_and_the_rest_is_applied(
    anonymous: APIClient, app: ProviderApp
) -> None:
    post(anonymous, app, b'{"entry": 7}')
    post(anonymous, app, status_body("sent"))
    for _ in range(MAX_ATTEMPTS):
        apply_block(now=timezone.now())
    assert sorted(ProviderEvent.objects.values_list("status", flat=True)) == ["APPLIED", "FAILED"]


@pytest.mark.parametrize("bad", [{"status": "sent"}, {"from": "9" * 500}])
def test_a_bad_part_is_set_aside_with_its_call_and_the_rest_is_applied(
    anonymous: APIClient, app: ProviderApp, bad: dict[str, str]
) -> None:
    text = {"type": "text", "text": {"body": "STOP"}, "timestamp": "1700000000"}
    stop = {"id": "wamid.in1", "from": "491701234567", **text}
    sent = {"id": "wamid.1", "status": "sent", "timestamp": "1700000000"}
    value = {
        "statuses": [sent, bad] if "status" in bad else [sent],
        "messages": [{"id": "wamid.in2", **text, **bad}, stop],
    }
    assert post(anonymous, app, status_body("read", id="wamid.0")) == 200
    assert post(anonymous, app, body_of(value)) == 200
    apply_block(now=timezone.now())
    assert ProviderEvent.objects.filter(status="APPLIED").count() == 1
    aside = ProviderEvent.objects.get(status="FAILED")
    assert aside.error == ("PartlyRead" if "status" in bad else "DataError")
    parked = ParkedReceipt.objects.values_list("provider_message_id", flat=True)
    assert sorted(parked) == ["wamid.0", "wamid.1"]
    assert "+491701234567" in Suppression.objects.values_list("address", flat=True)


@pytest.mark.django_db(transaction=True)
def test_what_is_good_in_a_bad_call_is_tried_again_where_it_fails_for_a_passing_cause(
    anonymous: APIClient, app: ProviderApp
) -> None:
    message = sent_message(tenant=app.tenant)
    read = {"id": "wamid.1", "status": "read", "timestamp": "1700000000"}
    read["biz_opaque_callback_data"] = str(message.pk)
    assert post(anonymous, app, body_of({"statuses": [read, {"status": "sent"}]})) == 200
    with ThreadPoolExecutor(1) as thread, transaction.atomic():
        lock_counters(message.broadcast_id)
        thread.submit(applied_in_a_hurry).result()
    event = ProviderEvent.objects.get()
    assert (event.status, event.error) == ("STORED", "OperationalError")
    apply_block(now=timezone.now() + timedelta(minutes=1))
    message.refresh_from_db()
    event.refresh_from_db()
    assert (message.status, event.status, event.error) == ("READ", "FAILED", "PartlyRead")


def applied_in_a_hurry() -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '100ms'")
        apply_block(now=timezone.now())
    finally:
        connection.close()


def test_what_comes_while_events_are_applied_is_left_to_the_next_run(
    anonymous: APIClient, app: ProviderApp
) -> None:
    assert post(anonymous, app, status_body("sent")) == 200
    newest = newest_stored()
    assert post(anonymous, app, status_body("delivered")) == 200
    assert apply_block(now=timezone.now(), up_to=newest) == 1
    assert apply_block(now=timezone.now(), up_to=newest) == 0
    assert apply_block(now=timezone.now()) == 1


def test_large_calls_are_applied_in_several_blocks(
    app: ProviderApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hundreds of calls of 3 MB do not fit in the worker's memory at once."""
    body = status_body("sent")
    monkeypatch.setattr("inbound.applying.due_events.BLOCK_BYTES", 2 * len(body))
    for _ in range(5):
        store(app=app, event_key="", body=body, now=timezone.now())
    assert [apply_block(now=timezone.now()) for _ in range(4)] == [2, 2, 1, 0]
    store(app=app, event_key="", body=body + b" " * len(body) * 2, now=timezone.now())
    assert apply_block(now=timezone.now()) == 1


def test_a_web_server_whose_clock_is_ahead_delays_nothing(app: ProviderApp) -> None:
    ahead = timezone.now() + timedelta(minutes=1)
    store(app=app, event_key="", body=status_body("sent"), now=ahead)
    apply_events()
    assert [event.status for event in ProviderEvent.objects.all()] == ["APPLIED"]


def test_a_fault_of_ours_is_logged_once_and_under_the_requests_id(
    app: ProviderApp, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "_call", None)
    client = APIClient(raise_request_exception=False)
    answer = client.post(app.webhook_path, headers={"X-Request-ID": "abc"})
    assert (answer.status_code, answer.headers["X-Request-ID"]) == (500, "abc")
    lines: list[Any] = [record.msg for record in caplog.records]
    assert [(line["event"], line["request_id"]) for line in lines] == [("request_failed", "abc")]


def rename(table: str, name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} RENAME TO {name}")


@pytest.mark.django_db(transaction=True)
def test_a_call_that_cannot_be_stored_is_answered_with_503(
    anonymous: APIClient, app: ProviderApp
) -> None:
    """On a 503, providers call again."""
    connection.close_at = 0.0  # at its maximum age, so that the failure closes it
    rename("inbound_providerevent", "away")
    try:
        assert post(anonymous, app, status_body("sent")) == 503
    finally:
        rename("away", "inbound_providerevent")
    assert post(anonymous, app, status_body("sent")) == 200


def test_a_call_whose_key_postgresql_cannot_hold_is_stored_once(app: ProviderApp) -> None:
    for _ in range(2):
        store(app=app, event_key="SM1\x00\ud800:sent", body=b"{}", now=timezone.now())
    assert [event.event_key for event in ProviderEvent.objects.all()] == ["SM1?:sent"]
