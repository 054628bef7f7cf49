"""Asks a provider what became of messages whose answers were lost."""

import logging
from collections.abc import Sequence
from uuid import UUID

from channels.delivery.access_tokens import NoToken, authorized
from channels.delivery.delivery import GRACE_SECONDS
from channels.http.client import exchange_all
from channels.http.transport import Exchange, PreparedRequest, prepare
from channels.port.adapter import LookUpAdapter
from channels.port.events import HandedOver, Receipt
from channels.port.http_calls import HttpResponse
from channels.port.messages import SenderAccount
from channels.providers.registry import ADAPTERS, adapter_for
from channels.providers.storable import storable_event

logger = logging.getLogger(__name__)


def providers_with_look_up() -> list[str]:
    return sorted(name for name, each in ADAPTERS.items() if each.capabilities.look_up)


def look_up_messages(
    *, account: SenderAccount, asked: Sequence[HandedOver], timeout: float
) -> dict[UUID, Receipt]:
    """What became of those of which the provider shows exactly one that can be it.

    All are asked for at once. Of the others nothing is known that was not known before: no answer,
    a refusal and an empty list prove nothing. Must not run in a transaction. Raises
    UnknownProvider.
    """
    adapter = adapter_for(account.provider)
    if not isinstance(adapter, LookUpAdapter):
        return {}
    try:
        ready = authorized(account, adapter).account
    except NoToken:
        return {}
    questions = {each.message.id: each for each in asked}
    requests = {
        key: request
        for key, each in questions.items()
        if (request := _question(adapter, ready, each, timeout=timeout)) is not None
    }
    answers = exchange_all(requests, within=timeout + GRACE_SECONDS)
    found = {key: _read(adapter, ready, questions[key], answer) for key, answer in answers.items()}
    return {key: receipts[0] for key, receipts in found.items() if len(receipts) == 1}


def _question(
    adapter: LookUpAdapter, account: SenderAccount, asked: HandedOver, *, timeout: float
) -> PreparedRequest | None:
    try:
        request = adapter.look_up_request(account, asked)
        return None if request is None else prepare(request, timeout=timeout)
    except Exception as error:  # noqa: BLE001 - one message's fault must not take others with it
        _log_fault(error)
        return None


def _read(
    adapter: LookUpAdapter, account: SenderAccount, asked: HandedOver, answer: Exchange
) -> Sequence[Receipt]:
    if not isinstance(answer, HttpResponse):
        return ()
    try:
        found = adapter.look_up_receipts(account, asked, answer)
        return [storable_event(each) for each in found]
    except Exception as error:  # noqa: BLE001 - as above
        _log_fault(error)
        return ()


def _log_fault(error: Exception) -> None:
    """Only the type: the text of an exception may hold a body or a phone number."""
    logger.error("adapter_fault", extra={"what": "look_up", "error": type(error).__name__})
