"""A pressed button of a Telegram broadcast is kept, attributed, obeyed and acknowledged."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from channels.models import Sender
from channels.port.events import Reply
from channels.senders.connecting_telegram import connect_telegram
from contacts.models import Suppression
from inbound.applying.acknowledging import MAX_AGE, acknowledge, acknowledge_soon
from inbound.models import ProviderEvent, ReceivedMessage
from inbound.tasks import apply_events
from sandbox.running import RunningSandbox
from tests.fixtures.types import MakePeople, SendBroadcast, StartWorker
from tests.flows.waiting import wait_for
from tests.sandbox.client import Client
from wallet.models import Wallet

pytestmark = pytest.mark.django_db(transaction=True)
BUTTONS = [
    {"kind": "reply", "text": "Yes!", "value": "yes"},
    {"kind": "reply", "text": "No more", "value": "stop"},
]


def press(sandbox: RunningSandbox, bot: Sender, chat: int, **pressed: Any) -> None:
    event = {
        "provider": "telegram",
        "account": bot.account_id,
        "from": chat,
        "event": "callback_query",
        **pressed,
    }
    Client(sandbox.base_url).control("inbound", event)


def acknowledgements(sandbox: RunningSandbox, bot: Sender) -> int:
    counts = sandbox.sandbox.acknowledged
    return sum(times for (account, _), times in counts.items() if account == bot.account_id)


def test_a_press_is_kept_attributed_obeyed_and_acknowledged(
    rich: Wallet,
    bot: Sender,
    people: MakePeople,
    sent: SendBroadcast,
    sandbox: RunningSandbox,
    live_server: LiveServer,
    celery_worker_process: StartWorker,
    settings: Settings,
) -> None:
    settings.PUBLIC_URL = live_server.url
    connect_telegram(sender_id=bot.pk)
    ana, ben = people(2)
    broadcast = sent([ana, ben], buttons=BUTTONS)
    for contact, button in ((ana, BUTTONS[0]), (ben, BUTTONS[1])):
        row = broadcast.messages.get(contact_id=contact.pk)
        chat, _, number = row.provider_message_id.partition(":")
        pressed = {"message_id": int(number), "data": button["value"], "text": button["text"]}
        press(sandbox, bot, int(chat), **pressed)
    wait_for(lambda: ProviderEvent.objects.count() == 2)
    assert acknowledgements(sandbox, bot) == 0  # the webhook acknowledges nothing
    celery_worker_process(TEST_PUBLIC_URL=live_server.url)
    apply_events.delay()
    wait_for(lambda: acknowledgements(sandbox, bot) == 2)
    replies = ReceivedMessage.objects.order_by("contact_id")
    assert [(reply.contact_id, reply.text, reply.broadcast_id) for reply in replies] == [
        (ana.pk, "Yes!", broadcast.pk),
        (ben.pk, "No more", broadcast.pk),
    ]
    assert Suppression.objects.get().address == str(ben.telegram_chat_id)


@pytest.mark.parametrize(
    ("token", "age", "asked"),
    [("7", MAX_AGE / 2, 1), ("7", 2 * MAX_AGE, 0), ("", MAX_AGE / 2, 0)],
)
@pytest.mark.django_db
def test_only_a_press_that_somebody_waits_on_is_acknowledged(
    bot: Sender,
    token: str,
    age: timedelta,
    asked: int,
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    now = timezone.now()
    reply = Reply("", "42", "42:pressed:7", "Yes!", now - age, acknowledge=token)
    with django_capture_on_commit_callbacks() as callbacks:
        acknowledge_soon(sender=bot, reply=reply, now=now)
        acknowledge_soon(sender=None, reply=reply, now=now)
    assert len(callbacks) == asked


def test_a_refusal_is_let_be_and_a_copy_says_nothing(
    bot: Sender, sandbox: RunningSandbox, settings: Settings
) -> None:
    assert acknowledge(sender_id=bot.pk, token="no-query") is False
    assert acknowledge(sender_id=bot.pk, token="8") is True
    settings.SENDING_ENABLED = False
    assert acknowledge(sender_id=bot.pk, token="9") is False
    assert acknowledgements(sandbox, bot) == 1
