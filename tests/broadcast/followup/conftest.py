"""Broadcasts that have finished with failed messages."""

from typing import Any

import pytest
from pytest_django import Settings

from broadcast.models import Broadcast
from contacts.models import Contact
from tests.broadcast.followup.ladders import REFUSED, RUNGS, SendWithRung
from tests.fixtures.types import MakePeople, SendBroadcast
from wallet.models import Wallet


@pytest.fixture
def sent_on(sent: SendBroadcast, settings: Settings) -> SendWithRung:
    """`sent_on(people(3))`: a finished broadcast with one rung; UNKNOWN messages get no grace."""
    settings.BROADCAST_UNKNOWN_GRACE = 0

    def make(contacts: list[Contact], **fields: Any) -> Broadcast:
        broadcast = sent(contacts, fallback=RUNGS, **fields)
        assert broadcast.finished_at is not None
        return broadcast

    return make


@pytest.fixture
def one_failed(rich: Wallet, people: MakePeople, sent_on: SendWithRung) -> Broadcast:
    """A finished broadcast with one rung: one message SENT, one FAILED."""
    return sent_on([*people(1), *people(1, ending=REFUSED)])
