"""A Telegram group that became a supergroup gets its message under its new id."""

import pytest
from pytest_django import Settings

from contacts.models import Contact
from tests.broadcast.batches import run_next_batch_of
from tests.broadcast.books import assert_books_balance, statuses
from tests.fixtures.types import MakePeople, SendBroadcast
from wallet.models import Wallet

pytestmark = pytest.mark.django_db(transaction=True)

OLD, NEW = -4239030, -1004239030


def test_the_message_goes_to_the_new_chat_once(
    rich: Wallet, people: MakePeople, sent: SendBroadcast, settings: Settings
) -> None:
    settings.BROADCAST_RETRY_DELAY = 0
    group, other = people(2)
    Contact.objects.filter(pk=group.pk).update(telegram_chat_id=OLD)

    broadcast = sent([group, other])
    run_next_batch_of(broadcast)

    assert statuses(broadcast) == ["SENT", "SENT"]
    group.refresh_from_db()
    assert group.telegram_chat_id == NEW
    message = broadcast.messages.get(contact=group)
    assert (message.address, message.attempts) == (str(NEW), 2)
    assert message.provider_message_id.startswith(f"{NEW}:")
    assert_books_balance(broadcast)
