"""Looks up, at the provider, messages whose answer was lost."""

from collections.abc import Sequence
from uuid import UUID

import structlog

from channels.delivery.access_tokens import NoToken, authorized
from channels.http.client import exchange_all
from channels.http.transport import GRACE_SECONDS, Exchange, PreparedRequest, prepare
from channels.port.adapter import LookUpAdapter
from channels.port.events import HandedOver, Receipt
from channels.port.http_calls import HttpResponse
from channels.port.messages import SenderAccount
from channels.providers.registry import ADAPTERS, adapter_for
from channels.providers.storable import storable_event

log = structlog.get_logger(__name__)


def providers_with_look_up() -> list[str]:
    return sorted(name for name, adapter in ADAPTERS.items() if adapter.capabilities.look_up)


def look_up_messages(
    *, account: SenderAccount, asked: Sequence[HandedOver], timeout: float
) -> dict[UUID, Receipt]:
    """The receipt of each message for which the provider shows exactly one candidate, by our id.

    All messages are looked up at once. A message is left out if there was no answer, a refusal, an
    empty list or several candidates: none of these proves anything. Must not run in a transaction.
    Raises UnknownProvider.
    """
    adapter = adapter_for(account.provider)
    if not isinstance(adapter, LookUpAdapter):
        return {}
    try:
        ready = authorized(account, adapter).account
    except NoToken:
        return {}
    by_id = {handed_over.message.id: handed_over for handed_over in asked}
    requests = {
        message_id: request
        for message_id, handed_over in by_id.items()
        if (request := _request(adapter, ready, handed_over, timeout=timeout)) is not None
    }
    answers = exchange_all(requests, within=timeout + GRACE_SECONDS)
    candidates = {
        message_id: _receipts(adapter, ready, by_id[message_id], answer)
        for message_id, answer in answers.items()
    }
    return {
        message_id: receipts[0] for message_id, receipts in candidates.items() if len(receipts) == 1
    }


def _request(
    adapter: LookUpAdapter, account: SenderAccount, asked: HandedOver, *, timeout: float
) -> PreparedRequest | None:
    try:
        request = adapter.look_up_request(account, asked)
        return None if request is None else prepare(request, timeout=timeout)
    except Exception as error:  # noqa: BLE001 - one bad message must not stop the others
        _log_fault(error)
        return None


def _receipts(
    adapter: LookUpAdapter, account: SenderAccount, asked: HandedOver, answer: Exchange
) -> Sequence[Receipt]:
    if not isinstance(answer, HttpResponse):
        return ()
    try:
        receipts = adapter.look_up_receipts(account, asked, answer)
        return [storable_event(receipt) for receipt in receipts]
    except Exception as error:  # noqa: BLE001 - as above
        _log_fault(error)
        return ()


def _log_fault(error: Exception) -> None:
    """Logs only the error's type: its text may hold a body or a phone number."""
    log.error("adapter_fault", what="look_up", error_type=type(error).__name__)
