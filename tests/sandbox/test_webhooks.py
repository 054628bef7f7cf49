import hashlib
import hmac
import json
import threading
import time
from typing import Any

import pytest

from sandbox.running import running_sandbox
from sandbox.webhooks.bodies import signature
from tests.channels.providers import protocols
from tests.sandbox.client import ACCOUNT, BOT, Client, text_to
from tests.sandbox.receiver import Receiver, receiving, until


def value_of(body: bytes) -> Any:
    return json.loads(body)["entry"][0]["changes"][0]["value"]


def send_many(client: Client, count: int) -> None:
    for number in range(count):
        assert client.meta(text_to(f"+9198765{number:05d}", f"id-{number}"))[0] == 200


def acknowledged(client: Client) -> int:
    return int(client.get("summary")["receipts"]["acknowledged"])


@pytest.mark.parametrize("case", [0, 1])
def test_signatures_agree_with_the_vectors(case: int) -> None:
    vector = protocols.load("vectors/meta_x_hub_signature_256.json")["cases"][case]
    signed = signature(vector["app_secret"], vector["raw_body"].encode())
    assert f"sha256={signed}" == vector["X-Hub-Signature-256"]


def test_statuses_are_signed_over_their_bytes(client: Client, webhook: Receiver) -> None:
    send_many(client, 1)
    until(lambda: webhook.calls)
    headers, body = webhook.calls[0]
    digest = hmac.new(b"app-secret", body, hashlib.sha256).hexdigest()
    assert headers["x-hub-signature-256"] == f"sha256={digest}"


def test_statuses_have_the_documented_shape(client: Client, webhook: Receiver) -> None:
    message_id = client.meta(text_to("+919876540001", "ours"))[1]["messages"][0]["id"]
    until(lambda: webhook.calls)
    value = value_of(webhook.calls[0][1])
    documented = protocols.load("webhooks/meta/message_status.json")["sent"]
    shape = documented["entry"][0]["changes"][0]["value"]
    assert set(value) == set(shape)
    # The example is older than user ids, which Meta sends since 2026.
    added = {"biz_opaque_callback_data", "recipient_user_id"}
    assert set(value["statuses"][0]) == {*shape["statuses"][0], *added}
    assert value["statuses"][0]["id"] == message_id
    assert value["statuses"][0]["biz_opaque_callback_data"] == "ours"
    assert value["metadata"]["phone_number_id"] == ACCOUNT


def test_refused_calls_are_made_again(client: Client, webhook: Receiver) -> None:
    webhook.refuse_next = 3
    send_many(client, 2)
    until(lambda: acknowledged(client) == 6)
    receipts = client.get("summary")["receipts"]
    assert (receipts["failed_calls"], receipts["given_up"], receipts["pending"]) == (3, 0, 0)


def test_calls_are_given_up_after_their_attempts() -> None:
    with receiving() as stopped:
        url = stopped.url
    with running_sandbox(receipt_delay=0, webhook_attempts=2, meta_webhook_url=url) as running:
        client = Client(running.base_url)
        client.meta(text_to("+919876549002"))
        until(lambda: client.get("summary")["receipts"]["given_up"] == 2)


def test_what_is_due_at_once_goes_in_one_call() -> None:
    with (
        receiving() as receiver,
        running_sandbox(
            receipt_delay=0, batch_window=0.5, batch_size=50, meta_webhook_url=receiver.url
        ) as running,
    ):
        client = Client(running.base_url)
        send_many(client, 20)
        until(lambda: client.get("summary")["receipts"]["pending"] == 0)
        assert len(receiver.calls) <= 3


def test_no_call_holds_more_than_the_batch_size() -> None:
    with (
        receiving() as receiver,
        running_sandbox(receipt_delay=0, batch_size=2, meta_webhook_url=receiver.url) as running,
    ):
        client = Client(running.base_url)
        send_many(client, 10)
        until(lambda: client.get("summary")["receipts"]["pending"] == 0)
        assert max(len(value_of(body)["statuses"]) for _, body in receiver.calls) == 2


def test_about_seventy_percent_are_read() -> None:
    with running_sandbox() as running:
        client = Client(running.base_url)
        send_many(client, 200)
        read = client.get("summary")["final_status"]["read"]
    assert 110 <= read <= 170


def test_metas_handshake_has_to_succeed(client: Client, receiver: Receiver) -> None:
    target = {"provider": "meta", "account": ACCOUNT, "url": receiver.url, "secret": "s"}
    refusal = client.call("POST", "/_sandbox/webhooks", target | {"verify_token": "wrong"})
    assert refusal[0] == 400
    assert client.get("webhooks")["results"] == []
    client.control("webhooks", target | {"verify_token": receiver.verify_token})
    assert client.get("webhooks")["results"][0]["url"] == receiver.url


def test_telegram_updates_carry_the_secret_of_set_webhook(
    client: Client, receiver: Receiver
) -> None:
    client.telegram("setWebhook", {"url": receiver.url, "secret_token": "hush"})
    assert client.telegram("getWebhookInfo")[1]["result"]["url"] == receiver.url
    event = {"provider": "telegram", "account": BOT, "from": 42}
    client.control("inbound", event | {"text": "/start abc"})
    client.control("inbound", event | {"event": "my_chat_member", "status": "kicked"})
    until(lambda: len(receiver.calls) == 2)
    assert {call[0]["x-telegram-bot-api-secret-token"] for call in receiver.calls} == {"hush"}
    updates = [json.loads(body) for _, body in receiver.calls]
    updates.sort(key=lambda update: update["update_id"])
    assert updates[0]["message"]["text"] == "/start abc"
    assert updates[1]["my_chat_member"]["new_chat_member"]["status"] == "kicked"
    assert updates[0]["update_id"] < updates[1]["update_id"]


def test_telegram_forgets_a_deleted_webhook(client: Client, receiver: Receiver) -> None:
    client.telegram("setWebhook", {"url": receiver.url})
    client.telegram("deleteWebhook")
    assert client.telegram("getWebhookInfo")[1]["result"]["url"] == ""


def test_meta_recipients_write_and_opt_out(client: Client, webhook: Receiver) -> None:
    event = {"provider": "meta", "account": ACCOUNT, "from": "+919876540001"}
    client.control("inbound", event | {"text": "STOP"})
    until(lambda: len(webhook.calls) == 1)
    client.control("inbound", event | {"event": "user_preferences", "value": "stop"})
    until(lambda: len(webhook.calls) == 2)
    assert value_of(webhook.calls[0][1])["messages"][0]["text"] == {"body": "STOP"}
    assert value_of(webhook.calls[1][1])["user_preferences"][0]["value"] == "stop"


def test_it_stops_at_once_while_calls_hang_and_receipts_wait() -> None:
    before = threading.active_count()
    with running_sandbox(receipt_delay=60) as running:
        client = Client(running.base_url)
        with pytest.raises(TimeoutError):
            client.meta(text_to("+919876549009"), timeout=0.2)
        start = time.monotonic()
    assert time.monotonic() - start < 5
    until(lambda: threading.active_count() <= before)
